#include "run/code_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/shape.h"

namespace rr {
namespace {

// A digit of an axis within one dimension.
struct Atom {
  size_t axis = 0, digit = 0;  // which of the axis's digits, slowest first
  int64_t n = 1, stride = 1;   // in positions of the dimension
};

// A dimension that is not yet taken apart: the leaf begins at `start` in it.
struct Pending {
  int64_t extent = 1, start = 0;
  std::vector<Atom> atoms;  // slowest first
  int64_t step = 0;         // of the moving position
};

// A dimension of the view as it is made: an atom, or one that is still pending.
struct Dim {
  bool done = false;
  Atom atom;
  Pending pending;
};

class Viewer {
 public:
  Viewer(const MovingDim& moving, const NumberText& number) : moving_(moving), number_(number) {}

  void Split(const std::vector<int64_t>& shape, const BoundLeaf& leaf, int64_t start,
             const std::vector<size_t>& axes) {
    int64_t row = ElementCount(shape);
    for (size_t d = 0; d < shape.size(); ++d) {
      const int64_t above = row;
      row /= shape[d];
      Dim dim;
      dim.pending.extent = shape[d];
      dim.pending.start = start / row;
      start %= row;
      if (moving_.dim == static_cast<int>(d)) dim.pending.step = moving_.step;
      for (const size_t a : axes) {
        for (size_t i = 0; i < leaf.axes[a].digits.size(); ++i) {
          const BoundLeaf::Digit& digit = leaf.axes[a].digits[i];
          if (digit.n > 1 && digit.stride >= row && digit.stride < above)
            dim.pending.atoms.push_back({a, i, digit.n, digit.stride / row});
        }
      }
      std::stable_sort(dim.pending.atoms.begin(), dim.pending.atoms.end(),
                       [](const Atom& x, const Atom& y) { return x.stride > y.stride; });
      dims_.push_back(std::move(dim));
    }
    while (Round()) {
    }
  }

  const std::string& text() const { return text_; }
  int ops() const { return ops_; }
  const std::vector<Dim>& dims() const { return dims_; }

 private:
  // One slice and one reshape; false when there is nothing left to do.
  bool Round() {
    if (std::all_of(dims_.begin(), dims_.end(), [](const Dim& dim) { return dim.done; }))
      return false;
    std::vector<std::string> index, shape;
    std::vector<Dim> next;
    bool sliced = false, split = false;
    for (Dim& dim : dims_) {
      if (dim.done) {
        index.push_back(":");
        shape.push_back(number_(dim.atom.n));
        next.push_back(dim);
        continue;
      }
      const std::string slice = Slice(&dim.pending);
      sliced = sliced || slice != ":";
      index.push_back(slice);
      if (dim.pending.atoms.empty()) continue;  // one position: the dimension is gone
      const size_t before = next.size();
      Open(dim.pending, &next, &shape);
      split = split || next.size() != before + 1;
    }
    while (!index.empty() && index.back() == ":") index.pop_back();
    if (sliced) text_ += fmt::format("[{}]", fmt::join(index, ", "));
    if (split) text_ += fmt::format(".reshape({})", fmt::join(shape, ", "));
    ops_ += (sliced ? 1 : 0) + (split ? 1 : 0);
    dims_ = std::move(next);
    return true;
  }

  std::string At(const Pending& dim, int64_t plus) const {
    const int64_t fixed = dim.start + plus;
    if (dim.step == 0) return number_(fixed);
    const std::string moved = dim.step == 1
                                  ? moving_.variable
                                  : fmt::format("{}*{}", number_(dim.step), moving_.variable);
    return fixed == 0 ? moved : fmt::format("{} + {}", moved, number_(fixed));
  }

  // Cuts the dimension to what the slowest atom spans; what is left of `start` is within a step of
  // that atom.
  std::string Slice(Pending* dim) {
    if (dim->atoms.empty()) return At(*dim, 0);
    const Atom& first = dim->atoms.front();
    if (dim->atoms.size() == 1 && first.stride > 1 && dim->step == 0) {
      const bool to_end = dim->start + first.n * first.stride >= dim->extent;
      const std::string text =
          fmt::format("{}:{}:{}", dim->start == 0 ? "" : number_(dim->start),
                      to_end ? "" : number_(dim->start + (first.n - 1) * first.stride + 1),
                      number_(first.stride));
      dim->extent = first.n;
      dim->start = 0;
      dim->atoms.front().stride = 1;
      return text;
    }
    const int64_t span = first.n * first.stride;
    const int64_t inner =
        dim->step != 0 ? 0 : std::max<int64_t>(0, dim->start - (dim->extent - span));
    const int64_t base = dim->start - inner;
    std::string text = ":";
    if (dim->step != 0 || base != 0 || span != dim->extent) {
      dim->start = base;
      text = fmt::format("{}:{}", base == 0 && dim->step == 0 ? "" : At(*dim, 0), At(*dim, span));
    }
    dim->extent = span;
    dim->start = inner;
    dim->step = 0;
    return text;
  }

  // The slowest atom, and what is within one step of it; as many atoms at once as fill their steps.
  static void Put(const Atom& atom, std::vector<Dim>* next) {
    Dim dim;
    dim.done = true;
    dim.atom = atom;
    next->push_back(dim);
  }
  void Open(Pending dim, std::vector<Dim>* next, std::vector<std::string>* shape) {
    while (true) {
      const Atom first = dim.atoms.front();
      Put(first, next);
      shape->push_back(number_(first.n));
      dim.atoms.erase(dim.atoms.begin());
      dim.extent = first.stride;
      if (dim.extent == 1) return;
      const bool fills = dim.start == 0 && !dim.atoms.empty() &&
                         dim.atoms.front().n * dim.atoms.front().stride == dim.extent;
      if (!fills) break;
    }
    shape->push_back(number_(dim.extent));
    Dim rest;
    rest.pending = std::move(dim);
    next->push_back(std::move(rest));
  }

  const MovingDim& moving_;
  const NumberText& number_;
  std::vector<Dim> dims_;
  std::string text_;
  int ops_ = 0;
};

}  // namespace

CodeView ViewOf(const std::vector<int64_t>& shape, const BoundLeaf& leaf, int64_t start,
                const std::vector<size_t>& axes, const MovingDim& moving, const NumberText& number,
                const std::string& permute) {
  Viewer viewer(moving, number);
  viewer.Split(shape, leaf, start, axes);
  CodeView view;
  view.text = viewer.text();
  view.is_index = viewer.ops() == 1 && view.text.starts_with("[");
  std::vector<std::string> order;
  bool in_order = true;
  for (const size_t a : axes) {
    int64_t extent = 1;
    for (size_t i = 0; i < leaf.axes[a].digits.size(); ++i) {
      extent *= leaf.axes[a].digits[i].n;
      for (size_t d = 0; d < viewer.dims().size(); ++d) {
        const Atom& atom = viewer.dims()[d].atom;
        if (atom.axis != a || atom.digit != i) continue;
        in_order = in_order && d == order.size();
        order.push_back(std::to_string(d));
        view.digits.push_back(number(atom.n));
      }
    }
    view.merged.push_back(number(extent));
  }
  if (!in_order) {
    view.text += fmt::format(".{}({})", permute, fmt::join(order, ", "));
    view.is_index = false;
  }
  view.whole = view.text.empty();
  return view;
}

}  // namespace rr
