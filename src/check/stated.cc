// What an entry says besides its expression: `match`, `replicate`, `shape`, the end of its ops,
// `pad`.
#include <fmt/format.h>

#include <algorithm>

#include "check/proofs.h"
#include "syntax/formula_poly.h"
#include "syntax/regex.h"

namespace rr {
namespace {

bool CheckReplicate(const EntryRule& rule, const std::vector<LogicalTensor>& tensors,
                    const CheckedEntry& entry, Diagnostics* diagnostics) {
  for (const Name& axis : rule.replicate) {
    bool replicated = false;
    for (const CheckedLeaf& leaf : entry.leaves) {
      const std::vector<std::string>& axes = tensors[static_cast<size_t>(leaf.tensor)].axes;
      for (size_t a = 0; a < axes.size(); ++a)
        replicated = replicated || (axes[a] == axis.text && leaf.axes[a].replicated);
    }
    if (replicated) continue;
    diagnostics
        ->Add(Code::kBadValueWord, axis.place,
              fmt::format("no tensor of this key is replicated over {}", axis.text))
        .help = "`replicate` names axes of the tensor that neither the key nor the expression has";
    return false;
  }
  return true;
}

// A stated shape must be the expression's, as polynomials.
bool CheckShape(const EntryRule& rule, const CheckedEntry& entry, Diagnostics* diagnostics) {
  if (!rule.has_shape || rule.long_form) return true;
  if (rule.shape.size() != entry.shape.size()) {
    diagnostics->Add(Code::kFalseShape, rule.place,
                     fmt::format("`shape` has {} dimensions, the expression {}", rule.shape.size(),
                                 entry.shape.size()));
    return false;
  }
  for (size_t i = 0; i < rule.shape.size(); ++i) {
    std::optional<Formula> formula = Formula::Parse(rule.shape[i], diagnostics);
    if (!formula) return false;
    const std::optional<Poly> stated = ToPoly(*formula);
    if (stated && *stated == entry.shape[i]) continue;
    diagnostics->Add(Code::kFalseShape, rule.shape[i].place(),
                     fmt::format("dimension {} is {} by the expression, not {}", i,
                                 entry.shape[i].ToString(), rule.shape[i].text));
    return false;
  }
  return true;
}

// The ops must end with the tensor's axes in order, less those that stand in the key (or are
// stacked from it).
bool CheckOps(const EntryRule& rule, const std::vector<LogicalTensor>& tensors,
              const CheckedEntry& entry, Diagnostics* diagnostics) {
  for (const auto& [name, dims] : rule.ops_results) {
    const std::string tensor_name = name.empty() && !entry.leaves.empty()
                                        ? tensors[static_cast<size_t>(entry.leaves[0].tensor)].name
                                        : name;
    const auto tensor = std::find_if(tensors.begin(), tensors.end(), [&](const LogicalTensor& t) {
      return t.block == entry.block && t.name == tensor_name;
    });
    if (tensor == tensors.end()) continue;
    std::vector<std::string> wanted;
    const std::vector<std::string> captures = rule.key.Captures();
    for (const std::string& axis : tensor->axes) {
      const bool captured = std::find(captures.begin(), captures.end(), axis) != captures.end();
      const bool named = std::find(dims.begin(), dims.end(), axis) != dims.end();
      if (!captured || named) wanted.push_back(axis);
    }
    if (wanted == dims) continue;
    diagnostics->Add(Code::kBadOps, rule.place,
                     fmt::format("the ops end with `{}` as [{}], its axes are [{}]", tensor->name,
                                 fmt::join(dims, " "), fmt::join(wanted, " ")));
    return false;
  }
  return true;
}

bool CheckPad(const EntryRule& rule, const CheckedEntry& entry, Diagnostics* diagnostics) {
  if (!rule.pad) return true;
  if (rule.pad->dim >= 0 && rule.pad->dim < static_cast<int64_t>(entry.shape.size())) return true;
  diagnostics->Add(Code::kBadValueWord, rule.pad->place,
                   fmt::format("there is no dimension {} to pad", rule.pad->dim));
  return false;
}

}  // namespace

void CheckMatch(const EntryRule& rule, Diagnostics* diagnostics) {
  if (!CheckRegex(*rule.match, diagnostics)) return;
  std::vector<std::string> groups = GroupNames(rule.match->text);
  std::vector<std::string> captures = rule.key.Captures();
  std::sort(groups.begin(), groups.end());
  std::sort(captures.begin(), captures.end());
  if (groups == captures) return;
  diagnostics->Add(
      Code::kBadKeyRegex, rule.match->place(),
      fmt::format("`match` has the groups [{}], `write` the captures [{}]: they must be the same",
                  fmt::join(groups, " "), fmt::join(captures, " ")));
}

bool CheckStated(const EntryRule& rule, const std::vector<LogicalTensor>& tensors,
                 const CheckedEntry& entry, Diagnostics* diagnostics) {
  return CheckReplicate(rule, tensors, entry, diagnostics) &&
         CheckShape(rule, entry, diagnostics) && CheckOps(rule, tensors, entry, diagnostics) &&
         CheckPad(rule, entry, diagnostics);
}

}  // namespace rr
