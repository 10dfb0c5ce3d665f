// RR906: no element test of a part would see two neighbouring axes exchanged.
//
// The last element of [G D] lies where that of [D G] does, and [3, 3] of two dimensions where [3,
// 3] of the exchanged two does: tests that follow such elements only prove less than they seem to.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "lint/passes.h"
#include "syntax/axis_expression.h"
#include "syntax/formula_poly.h"

namespace rr {
namespace {

class BlindTests {
 public:
  BlindTests(const LintContext& context, Diagnostics* diagnostics)
      : context_(context), rules_(context.rules), diagnostics_(diagnostics) {}

  void Look(const CheckedLayout& layout, const CheckedEntry& entry) {
    Diagnostics none;
    const std::optional<ExpandedExpr> expanded = Expand(entry.expr, &none);
    if (!expanded) return;
    for (const Leaf& leaf : expanded->leaves) {
      const std::optional<int> tensor = TensorOf(entry, leaf);
      if (!tensor) continue;
      const auto& reached = context_.reached.Of(entry, *tensor);
      if (reached.empty()) continue;  // RR904
      for (size_t i = 0; i + 1 < leaf.axes.size(); ++i) {
        const LeafAxis& a = leaf.axes[i];
        const LeafAxis& b = leaf.axes[i + 1];
        const bool blind = std::all_of(reached.begin(), reached.end(), [&](const auto& reach) {
          return IsBlind(leaf, a, b, *tensor, reach);
        });
        if (!blind || !seen_.insert({entry.rule, {a.axis, b.axis}}).second) continue;
        diagnostics_
            ->Add(Code::kBlindTest, entry.rule->place,
                  fmt::format("no element test of `{}` would see {} and {} exchanged here in "
                              "layout `{}`",
                              rules_.tensors[static_cast<size_t>(*tensor)].name, a.axis, b.axis,
                              layout.name.text))
            .help = "follow an element in the middle, with different indices";
      }
    }
  }

 private:
  // A part that names no tensor, of an entry that has several, is shared by them: not looked at.
  std::optional<int> TensorOf(const CheckedEntry& entry, const Leaf& leaf) const {
    for (const CheckedLeaf& checked : entry.leaves) {
      const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(checked.tensor)];
      if (leaf.tensor.empty() ? entry.leaves.size() == 1 : tensor.name == leaf.tensor)
        return checked.tensor;
    }
    return std::nullopt;
  }

  // Whether the element lies at the same place once a and b have changed their names. What cannot
  // be computed is taken to be seen.
  bool IsBlind(const Leaf& leaf, const LeafAxis& a, const LeafAxis& b, int tensor,
               const ReachedParts::Reach& reach) const {
    const std::optional<int64_t> size_a = SizeOf(a.axis, *reach.test);
    const std::optional<int64_t> size_b = SizeOf(b.axis, *reach.test);
    const std::optional<int64_t> at_a = IndexOf(a.axis, tensor, reach);
    const std::optional<int64_t> at_b = IndexOf(b.axis, tensor, reach);
    if (!at_a || !at_b) return false;
    if (a.dim == b.dim) {
      if (!size_a || !size_b || !(a.stride == b.stride * Poly::Axis(b.axis))) return false;
      return *at_a * (*size_b - 1) == *at_b * (*size_a - 1);
    }
    const auto alone = [&](const LeafAxis& axis) {
      return leaf.offsets[static_cast<size_t>(axis.dim)].IsZero() &&
             std::count_if(leaf.axes.begin(), leaf.axes.end(),
                           [&](const LeafAxis& other) { return other.dim == axis.dim; }) == 1;
    };
    return alone(a) && alone(b) && *at_a == *at_b;
  }

  std::optional<int64_t> SizeOf(const std::string& axis, const TestRule& test) const {
    for (const auto& [name, size] : test.sizes) {
      if (name.text == axis) return size;
    }
    const AxisRule* rule = rules_.file->FindAxis(axis);
    if (rule == nullptr) return std::nullopt;
    if (rule->kind == AxisRule::Kind::kWords) return static_cast<int64_t>(rule->words.size());
    const std::optional<Poly> size = rule->formula ? ToPoly(*rule->formula) : std::nullopt;
    return size ? size->AsConstant() : std::nullopt;
  }

  // nullopt for a factor of an axis.
  std::optional<int64_t> IndexOf(const std::string& axis, int tensor,
                                 const ReachedParts::Reach& reach) const {
    const std::vector<std::string>& axes = rules_.tensors[static_cast<size_t>(tensor)].axes;
    const auto found = std::find(axes.begin(), axes.end(), axis);
    if (found == axes.end()) return std::nullopt;
    return reach.indices[static_cast<size_t>(found - axes.begin())];
  }

  const LintContext& context_;
  const CheckedRules& rules_;
  Diagnostics* diagnostics_;
  std::set<std::pair<const EntryRule*, std::pair<std::string, std::string>>> seen_;
};

}  // namespace

void FindBlindTests(const LintContext& context, Diagnostics* diagnostics) {
  BlindTests blind(context, diagnostics);
  for (const CheckedLayout& layout : context.rules.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      if (!entry.rule->tied && !entry.rule->drop) blind.Look(layout, entry);
    }
  }
}

}  // namespace rr
