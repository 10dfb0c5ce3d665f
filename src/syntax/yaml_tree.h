// A rule file's YAML as a tree of maps, lists and text, with the true place of everything.
//
// Enters: the bytes of one file. Leaves: a tree, or the faults found (RR001, RR002). Built from
// yaml-cpp's events because its nodes accept duplicate keys and lose columns. Scalars keep a map
// from every byte of their value to the byte of the file it was written at, through quotes,
// escapes, folding and block indentation, so that an error inside an expression is shown where the
// author typed it. YAML's own typing is never used: every scalar is text, except an unquoted `null`
// (`Null`, `NULL`),
// `~` or empty value, which is null. Refused: aliases, anchors, tags, merge keys (`<<`), keys that
// are no text or have no colon
// (`{a, b: c}`: text with a comma that lacks quotes), empty items of `[ ]`, a second document,
// bytes that are not UTF-8, control characters, nesting deeper than 32, files above 1 MB. Nesting
// needs no check before the parser: its scanner does not recurse, and the events stop it at 32.
#ifndef RULE_RUNNER_SYNTAX_YAML_TREE_H_
#define RULE_RUNNER_SYNTAX_YAML_TREE_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace rr {

struct YamlNode;

struct YamlMember;

struct YamlNode {
  enum class Kind { kNull, kText, kList, kMap };
  Kind kind = Kind::kNull;
  Place place;  // all of it: for text the scalar as written, quotes included; an empty value has an
                // empty place
  SpannedText text;                 // kText
  std::vector<YamlNode> items;      // kList
  std::vector<YamlMember> members;  // kMap, in the order of the file

  bool IsNull() const { return kind == Kind::kNull; }
  bool IsText() const { return kind == Kind::kText; }
  bool IsList() const { return kind == Kind::kList; }
  bool IsMap() const { return kind == Kind::kMap; }
  // The value of a map's member, or nullptr.
  const YamlNode* Find(std::string_view key) const;
};

struct YamlMember {
  SpannedText key;
  YamlNode value;
};

// "text", "a list", "a map", "null"
std::string_view NameOf(YamlNode::Kind kind);

// nullopt after RR001; of those up to 10 are reported. Duplicate keys (RR002) are all reported and
// still give a tree, in which the first one stays.
std::optional<YamlNode> ParseYaml(SourcePtr source, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_YAML_TREE_H_
