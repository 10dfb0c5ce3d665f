#include "syntax/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "base/text.h"

namespace rr {

bool ExpectMap(const YamlNode& node, std::string_view what, Diagnostics* diagnostics) {
  if (node.IsMap()) return true;
  diagnostics->Add(Code::kWrongYamlType, node.place,
                   fmt::format("{} is a map, this is {}", what, NameOf(node.kind)));
  return false;
}

bool ExpectText(const YamlNode& node, std::string_view what, Diagnostics* diagnostics) {
  if (node.IsText()) return true;
  diagnostics->Add(Code::kWrongYamlType, node.place,
                   fmt::format("{} is text, this is {}", what, NameOf(node.kind)));
  return false;
}

std::vector<YamlNode> ItemsOf(const YamlNode& node) {
  if (node.IsList()) return node.items;
  if (node.IsNull()) return {};
  return {node};
}

std::vector<SpannedText> TextsOf(const YamlNode& node, std::string_view what,
                                 Diagnostics* diagnostics) {
  std::vector<SpannedText> texts;
  for (const YamlNode& item : ItemsOf(node)) {
    if (ExpectText(item, what, diagnostics)) texts.push_back(item.text);
  }
  return texts;
}

std::optional<Formula> FormulaOf(const YamlNode& node, std::string_view what,
                                 Diagnostics* diagnostics) {
  if (!ExpectText(node, what, diagnostics)) return std::nullopt;
  return Formula::Parse(node.text, diagnostics);
}

std::optional<int64_t> IntegerOf(const YamlNode& node, std::string_view what,
                                 Diagnostics* diagnostics) {
  if (!ExpectText(node, what, diagnostics)) return std::nullopt;
  const std::string& text = node.text.text;
  const std::optional<int64_t> n = ParseNumber<int64_t>(text);
  if (!n)
    diagnostics->Add(Code::kWrongYamlType, node.place,
                     fmt::format("{} is a whole number, this is `{}`", what, text));
  return n;
}

std::optional<bool> YesNoOf(const YamlNode& node, std::string_view what, Diagnostics* diagnostics) {
  if (node.IsText() && (node.text.text == "yes" || node.text.text == "true")) return true;
  if (node.IsText() && (node.text.text == "no" || node.text.text == "false")) return false;
  diagnostics->Add(Code::kWrongYamlType, node.place, fmt::format("{} is yes or no", what));
  return std::nullopt;
}

Name NameFrom(const SpannedText& text) { return {text.text, text.place()}; }

void ExpectVersion(const YamlNode& root, std::string_view what, Diagnostics* diagnostics) {
  const YamlNode* version = root.Find("rule-runner");
  if (version == nullptr) {
    diagnostics->Add(Code::kBadVersion, root.place,
                     fmt::format("{} begins with `rule-runner: 1`", what));
  } else if (!version->IsText() || version->text.text != "1") {
    diagnostics->Add(Code::kBadVersion, version->place,
                     "this build reads version 1 of the language: `rule-runner: 1`");
  }
}

bool RefuseUnknownFields(const YamlNode& map, std::string_view what,
                         const std::vector<std::string>& allowed, Diagnostics* diagnostics) {
  bool known = true;
  for (const YamlMember& member : map.members) {
    if (std::find(allowed.begin(), allowed.end(), member.key.text) != allowed.end()) continue;
    known = false;
    Diagnostic& d = diagnostics->Add(Code::kUnknownField, member.key.place(),
                                     fmt::format("{} has no field `{}`", what, member.key.text));
    Suggest(&d, member.key.text, allowed);
    if (d.help.empty()) d.help = fmt::format("fields: {}", JoinWords(allowed, allowed.size()));
  }
  return known;
}

}  // namespace rr
