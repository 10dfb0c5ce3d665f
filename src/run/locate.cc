#include "run/locate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "syntax/adapter_style.h"

namespace rr {
namespace {

// Only the tensor's own block is needed: sizes that other blocks need may be unknown.
LayoutChoice ChoiceOfBlock(const Model& model, LayoutChoice choice, int tensor) {
  const int block = model.rules().tensors[static_cast<size_t>(tensor)].block;
  for (size_t b = 0; b < choice.present.size(); ++b)
    choice.present[b] = choice.present[b] && b == static_cast<size_t>(block);
  return choice;
}

// The flat position of an element that a piece holds.
std::optional<int64_t> PositionIn(const BoundPiece& piece, const BoundLeaf& leaf,
                                  const std::vector<int64_t>& indices) {
  int64_t position = piece.start;
  for (size_t a = 0; a < indices.size(); ++a) {
    if (leaf.axes[a].fixed) {
      if (piece.fixed[a] != indices[a]) return std::nullopt;
      continue;
    }
    int64_t size = 1, rest = indices[a];
    for (const BoundLeaf::Digit& digit : leaf.axes[a].digits) size *= digit.n;
    if (indices[a] >= size) return std::nullopt;
    for (auto digit = leaf.axes[a].digits.rbegin(); digit != leaf.axes[a].digits.rend(); ++digit) {
      position += (rest % digit->n) * digit->stride;
      rest /= digit->n;
    }
  }
  return position;
}

// More than one where the layout has copies.
std::vector<Located> LocateIn(const Model& model, const CheckedLayout& layout,
                              const LayoutChoice& choice, int tensor,
                              const std::vector<int64_t>& indices, Diagnostics* diagnostics) {
  const std::optional<BoundLayout> bound = Instantiate(
      model, layout, ChoiceOfBlock(model, choice, tensor), OptionsOf(model), diagnostics);
  if (!bound) return {};
  std::vector<Located> places;
  for (const BoundPiece& piece : bound->pieces) {
    const BoundLeaf& leaf = bound->leaves[piece.leaf];
    if (leaf.tensor != tensor) continue;
    std::optional<int64_t> position = PositionIn(piece, leaf, indices);
    if (!position) continue;
    const BoundTensor& stored = bound->tensors[piece.stored];
    std::vector<int64_t> at(stored.shape.size());
    for (size_t d = stored.shape.size(); d-- > 0;) {
      at[d] = *position % stored.shape[d];
      *position /= stored.shape[d];
    }
    places.push_back({stored.key, std::move(at), stored.entry});
  }
  return places;
}

std::string Small(std::string name) {
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

// "2*I*e + i": slow indices first.
std::string DimensionText(const CheckedLeaf& leaf, int dim) {
  std::vector<AxisUse::Atom> atoms;
  for (const AxisUse& use : leaf.axes) {
    for (const AxisUse::Atom& atom : use.atoms) {
      if (!atom.captured && atom.dim == dim && !use.replicated) atoms.push_back(atom);
    }
  }
  for (const AxisUse::Atom& atom : leaf.copies) {
    if (atom.dim == dim) atoms.push_back(atom);
  }
  std::stable_sort(atoms.begin(), atoms.end(), [](const auto& a, const auto& b) {
    return a.stride.DividedBy(b.stride * Poly::Axis(b.axis)).has_value();
  });
  std::vector<std::string> terms;
  const Poly& offset = leaf.offsets[static_cast<size_t>(dim)];
  if (!offset.IsZero()) terms.push_back(offset.ToString());
  for (const AxisUse::Atom& atom : atoms) {
    const bool one = atom.stride == Poly::Constant(1);
    const bool sum = atom.stride.TermCount() > 1;
    terms.push_back(one ? Small(atom.axis)
                        : fmt::format("{}{}{}*{}", sum ? "(" : "", atom.stride.ToString(),
                                      sum ? ")" : "", Small(atom.axis)));
  }
  return terms.empty() ? "0" : fmt::format("{}", fmt::join(terms, " + "));
}

}  // namespace

InstantiateOptions OptionsOf(const Model& model) {
  InstantiateOptions options;
  options.rank_of = [&model](const std::string&) { return model.SizeOf(kRankAxis); };
  return options;
}

Located Locate(const Model& model, const CheckedLayout& layout, int tensor,
               const std::vector<int64_t>& indices, Diagnostics* diagnostics) {
  std::vector<Located> places =
      LocateIn(model, layout, DefaultChoice(layout), tensor, indices, diagnostics);
  return places.empty() ? Located{} : std::move(places[0]);
}

std::vector<Located> LocateAll(const Model& model, const CheckedLayout& layout, int tensor,
                               const std::vector<int64_t>& indices, Diagnostics* diagnostics) {
  const auto block = static_cast<size_t>(model.rules().tensors[static_cast<size_t>(tensor)].block);
  std::vector<Located> places;
  for (LayoutChoice& choice : PrefixChoices(layout)) {
    for (int variant = 0; variant < std::max(layout.variant_counts[block], 1); ++variant) {
      choice.variants[block] = variant;
      const size_t errors = diagnostics->ErrorCount();
      std::vector<Located> here = LocateIn(model, layout, choice, tensor, indices, diagnostics);
      if (diagnostics->ErrorCount() > errors) return {};
      if (here.empty()) here.emplace_back();
      for (Located& place : here) {
        const bool known = std::any_of(places.begin(), places.end(), [&](const Located& other) {
          return other.key == place.key && other.position == place.position;
        });
        if (!known) places.push_back(std::move(place));
      }
    }
  }
  return places;
}

std::string PlaceText(const std::string& key, const std::vector<int64_t>& position) {
  return key.empty() ? "nowhere" : fmt::format("{} [{}]", key, fmt::join(position, ", "));
}

std::vector<std::string> IndexFormulas(const CheckedRules& rules, const CheckedEntry& entry,
                                       int tensor) {
  const LogicalTensor& logical = rules.tensors[static_cast<size_t>(tensor)];
  std::vector<std::string> lines;
  for (const CheckedLeaf& leaf : entry.leaves) {
    if (leaf.tensor != tensor) continue;
    // An index that the layout takes apart is written as its factors.
    std::vector<std::string> indices, dims;
    for (size_t a = 0; a < logical.axes.size(); ++a) {
      std::vector<std::string> atoms;
      for (const AxisUse::Atom& atom : leaf.axes[a].atoms) atoms.push_back(Small(atom.axis));
      indices.push_back(leaf.axes[a].replicated ? Small(logical.axes[a])
                        : atoms.size() == 1     ? atoms[0]
                                                : fmt::format("({})", fmt::join(atoms, " ")));
    }
    for (size_t d = 0; d < entry.shape.size(); ++d)
      dims.push_back(DimensionText(leaf, static_cast<int>(d)));
    lines.push_back(fmt::format("{}[{}] is at {} [{}]", logical.name, fmt::join(indices, ", "),
                                entry.key.ToString(), fmt::join(dims, ", ")));
  }
  return lines;
}

}  // namespace rr
