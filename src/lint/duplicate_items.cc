// RR008: a list that is a set has the same item twice.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "lint/passes.h"

namespace rr {
namespace {

// Fields whose lists are sets. Elsewhere (shapes, ops, places of elements) items may be equal.
constexpr std::array<std::string_view, 11> kSets = {
    "model_type", "architectures", "extends", "pass", "replicate",      "replace",
    "require",    "marks",         "unless",  "base", "target_modules+"};

// Takes the item out together with what separates it from the one before, where that is all there
// is between them.
void AddFix(const YamlNode& before, const YamlNode& item, Diagnostic* finding) {
  finding->help = "remove it";
  const Place& place = item.place;
  const std::string_view gap = std::string_view(place.source->text())
                                   .substr(before.place.end, place.begin - before.place.end);
  if (gap.find_first_not_of(" \n,-") == std::string_view::npos)
    finding->fix = {{Place{place.source, before.place.end, place.end, {}}, ""}};
}

void CheckList(const YamlNode& list, std::string_view name, Diagnostics* diagnostics) {
  std::map<std::string_view, const YamlNode*> seen;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode& item = list.items[i];
    if (!item.IsText()) continue;
    const auto [first, is_new] = seen.emplace(item.text.text, &item);
    if (is_new) continue;
    Diagnostic& finding = diagnostics->Add(
        Code::kDuplicateItem, item.place, fmt::format("`{}` has `{}` twice", name, item.text.text));
    finding.notes.push_back({first->second->place, "it is here"});
    AddFix(list.items[i - 1], item, &finding);
  }
}

void Walk(const YamlNode& node, std::string_view name, Diagnostics* diagnostics) {
  const bool is_set = std::find(kSets.begin(), kSets.end(), name) != kSets.end();
  if (node.IsList() && is_set) CheckList(node, name, diagnostics);
  for (const YamlNode& item : node.items) Walk(item, "", diagnostics);
  for (const YamlMember& member : node.members) Walk(member.value, member.key.text, diagnostics);
}

}  // namespace

void FindDuplicateItems(const YamlNode& tree, Diagnostics* diagnostics) {
  Walk(tree, "", diagnostics);
}

}  // namespace rr
