// Reads the members of a YAML map by name, and reports what a map has that it should not.
#ifndef RULE_RUNNER_SYNTAX_FIELDS_H_
#define RULE_RUNNER_SYNTAX_FIELDS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "syntax/formula.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// Each function returns nothing after an error (RR004: the wrong form).
bool ExpectMap(const YamlNode& node, std::string_view what, Diagnostics* diagnostics);
bool ExpectText(const YamlNode& node, std::string_view what, Diagnostics* diagnostics);
// A list, or one item standing for a list of one.
std::vector<YamlNode> ItemsOf(const YamlNode& node);
std::vector<SpannedText> TextsOf(const YamlNode& node, std::string_view what,
                                 Diagnostics* diagnostics);
std::optional<Formula> FormulaOf(const YamlNode& node, std::string_view what,
                                 Diagnostics* diagnostics);
std::optional<int64_t> IntegerOf(const YamlNode& node, std::string_view what,
                                 Diagnostics* diagnostics);
std::optional<bool> YesNoOf(const YamlNode& node, std::string_view what, Diagnostics* diagnostics);
Name NameFrom(const SpannedText& text);

// RR007 for a file that is of another version of the language, or does not say of which.
void ExpectVersion(const YamlNode& root, std::string_view what, Diagnostics* diagnostics);
// RR003 with "did you mean" for every member that is not in `allowed`; true when there is none.
bool RefuseUnknownFields(const YamlNode& map, std::string_view what,
                         const std::vector<std::string>& allowed, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_FIELDS_H_
