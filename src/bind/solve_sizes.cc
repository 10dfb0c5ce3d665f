#include "bind/solve_sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bind/captured_index.h"
#include "syntax/adapter_style.h"
#include "syntax/axis_expression.h"

namespace rr {
namespace {

// What one dimension of a key found says: an extent in terms of axes, and its size.
struct Equation {
  Poly extent;
  int64_t value = 0;
  uint32_t key = 0;
  bool operator<(const Equation& o) const {
    return std::tuple(extent.ToString(), value) < std::tuple(o.extent.ToString(), o.value);
  }
};

class SizeSolver {
 public:
  SizeSolver(const CheckedLayout& layout, const LayoutMatch& match, const KeyTable& table,
             Model* model)
      : layout_(layout), match_(match), table_(table), model_(model) {}

  void Run() {
    model_->UseDefaults(false);
    SolveCaptures();
    FindEquations();
    // What no shape shows has the default that it has where a config leaves it out.
    bool defaults = false;
    for (bool progress = true; progress;) {
      progress = SolveEach();
      if (!progress) progress = Divide();
      if (!progress && !defaults) {
        model_->UseDefaults(true);
        progress = defaults = true;
      }
      if (!progress) progress = LetOneStandIn();
    }
  }

 private:
  const std::string& KeyOf(uint32_t key) const { return table_.keys[key].name; }

  // A layout parameter follows what is found, unless it was given.
  bool IsOpen(const std::string& axis) const {
    const AxisRule* rule = model_->rules().file->FindAxis(axis);
    return rule != nullptr && rule->kind == AxisRule::Kind::kFree && !model_->IsGiven(axis) &&
           !model_->IsSolved(axis) && !(model_->rules().file->adapters && axis == kRankAxis);
  }
  std::optional<int64_t> Known(const std::string& axis) const {
    return IsOpen(axis) ? std::nullopt : model_->SizeOf(axis);
  }
  Poly Rest(const Poly& extent) const {
    return extent.Substitute([this](const std::string& axis) { return Known(axis); });
  }

  // An axis in keys is as large as its largest index says.
  void SolveCaptures() {
    std::map<std::string, std::pair<int64_t, uint32_t>> largest;  // and the key that has it
    for (const EntryMatch& one : match_.matches) {
      for (const auto& [axis, value] : one.captures) {
        auto [at, is_new] = largest.emplace(axis, std::pair{value, one.key});
        if (!is_new && value > at->second.first) at->second = {value, one.key};
      }
    }
    for (const auto& [axis, at] : largest) {
      if ((model_->SizeOf(axis) && !IsOpen(axis)) || model_->IsByKind(axis) ||
          at.first == INT64_MAX)
        continue;
      model_->Solve(axis, at.first + 1, fmt::format("the largest index, in {}", KeyOf(at.second)));
    }
  }

  // One equation per different (entry, extent): a checkpoint of 18,867 tensors has few.
  void FindEquations() {
    std::set<std::pair<int, std::vector<int64_t>>> seen;
    for (const EntryMatch& one : match_.matches) matches_of_.emplace(one.key, &one);
    for (const EntryMatch& one : match_.matches) {
      const CheckedEntry& entry = layout_.entries[static_cast<size_t>(one.entry)];
      if (entry.variant != match_.choice.variants[static_cast<size_t>(entry.block)]) continue;
      const auto& shape = table_.keys[one.key].shape;
      if (!shape || shape->size() != entry.shape.size() || seen.count({one.entry, *shape}) > 0 ||
          BelongsToAnother(one))
        continue;
      seen.insert({one.entry, *shape});
      for (size_t d = 0; d < shape->size(); ++d) {
        if (std::optional<Poly> extent = ExtentOf(entry, d))
          equations_.insert({std::move(*extent), (*shape)[d], one.key});
      }
    }
  }

  std::optional<bool> Exists(const EntryMatch& match) const {
    const int block = layout_.entries[static_cast<size_t>(match.entry)].block;
    const std::string& axis = model_->IndexAxisOf(block);
    if (axis.empty()) return model_->Exists(block, std::nullopt);
    const std::optional<int64_t> index = CapturedIndex(axis, layout_, match, *model_);
    return index ? model_->Exists(block, index) : std::nullopt;
  }

  // Whether the key is that of a block that exists where the entry's own does not.
  bool BelongsToAnother(const EntryMatch& match) const {
    const auto [first, last] = matches_of_.equal_range(match.key);
    if (std::distance(first, last) < 2 || Exists(match).value_or(true)) return false;
    return std::any_of(first, last,
                       [&](const auto& other) { return Exists(*other.second).value_or(false); });
  }

  // nullopt for a dimension that tells no size.
  std::optional<Poly> ExtentOf(const CheckedEntry& entry, size_t dim) const {
    Poly extent = entry.shape[dim];
    if (entry.rule->pad && entry.rule->pad->dim == static_cast<int64_t>(dim)) {
      // The stored size of a padded dimension is the pad's own axis.
      if (!IsAxisName(entry.rule->pad->to.text)) return std::nullopt;
      extent = Poly::Axis(entry.rule->pad->to.text);
    }
    // Every factor of an adapter has a rank of its own.
    if (model_->rules().file->adapters && extent.Has(kRankAxis)) return std::nullopt;
    // A stacked index counts only the layers where the block exists.
    const std::string& index_axis = model_->IndexAxisOf(entry.block);
    if (!index_axis.empty() && extent.Has(index_axis)) return std::nullopt;
    return extent;
  }

  bool SolveEach() {
    bool progress = false;
    for (const Equation& equation : equations_) {
      if (Solve(Rest(equation.extent), equation.value, equation.extent.Axes(),
                fmt::format("the shape of {}", KeyOf(equation.key))))
        progress = true;
    }
    return progress;
  }

  // Solves `rest` = `value` for its only axis. What follows from a size that stands in stands in.
  bool Solve(const Poly& rest, int64_t value, const std::vector<std::string>& used,
             const std::string& why) {
    const auto linear = rest.AsLinear();
    if (!linear || model_->IsByKind(linear->axis) || done_.count(linear->axis) > 0) return false;
    const int64_t numerator = value - linear->constant;
    if (linear->factor <= 0 || numerator < 0 || numerator % linear->factor != 0) return false;
    model_->Solve(linear->axis, numerator / linear->factor, why);
    if (std::any_of(used.begin(), used.end(),
                    [&](const std::string& axis) { return model_->IsStandIn(axis); }))
      model_->MarkStandIn(linear->axis);
    done_.insert(linear->axis);
    return true;
  }

  // Of two products that differ by one size: their quotient. (G Q D) / (G D) is Q.
  bool Divide() {
    for (const Equation& product : equations_) {
      const Poly rest = Rest(product.extent);
      if (rest.TermCount() != 1 || rest.Axes().size() < 2) continue;
      for (const Equation& part : equations_) {
        const Poly divisor = Rest(part.extent);
        if (divisor.TermCount() != 1 || divisor.Axes().empty() || part.value <= 0 ||
            product.value % part.value != 0)
          continue;
        const auto quotient = rest.DividedBy(divisor);
        if (!quotient) continue;
        std::vector<std::string> used = product.extent.Axes();
        std::erase_if(used, [&](const std::string& axis) { return Known(axis) == std::nullopt; });
        if (Solve(*quotient, product.value / part.value, used,
                  fmt::format("the shapes of {} and {}", KeyOf(product.key), KeyOf(part.key))))
          return true;
      }
    }
    return false;
  }

  // Of a product of unknown sizes only the product can be known. The first of its sizes stands in
  // as 1; whoever needs the sizes themselves must be told them.
  bool LetOneStandIn() {
    const Equation* best = nullptr;
    std::vector<std::string> axes;
    for (const Equation& equation : equations_) {
      const Poly rest = Rest(equation.extent);
      const std::vector<std::string> own = rest.Axes();
      if (own.size() < 2 || rest.TermCount() != 1) continue;
      // A size per kind has no single value that could stand in.
      if (model_->IsByKind(own[0]) || tried_.count(own[0]) > 0) continue;
      if (best == nullptr || own.size() < axes.size()) best = &equation, axes = own;
    }
    if (best == nullptr) return false;
    tried_.insert(axes[0]);
    model_->StandIn(axes[0], 1, "only a product with it is known");
    for (const std::string& axis : axes) model_->MarkStandIn(axis);
    return true;
  }

  const CheckedLayout& layout_;
  const LayoutMatch& match_;
  const KeyTable& table_;
  Model* model_;
  std::multimap<uint32_t, const EntryMatch*> matches_of_;  // of each key
  std::set<Equation> equations_;
  std::set<std::string> done_;   // each axis once: a size that the config gets wrong stays wrong
  std::set<std::string> tried_;  // one that stood in and is still unknown tells nothing new
};

}  // namespace

void SolveSizes(const CheckedLayout& layout, const LayoutMatch& match, const KeyTable& table,
                Model* model) {
  SizeSolver(layout, match, table, model).Run();
}

}  // namespace rr
