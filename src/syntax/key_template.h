// Key templates: literal text with captures `{AXIS}` and named strings `{name}`.
//
//   "{L}mlp.experts.{E}.gate_proj.weight"
//
// A capture is a decimal integer without leading zeros, unless it carries its own regex
// (`{P:gate|up}`: one of these words, in the order of the axis). Named strings are the layout's
// prefixes and constants. Where an axis has a `place`, `{L}` stands for that text. Templates are
// invertible by construction: they compile to anchored RE2 and, with values, to a key.
// grammar/key_template.ebnf.
#ifndef RULE_RUNNER_SYNTAX_KEY_TEMPLATE_H_
#define RULE_RUNNER_SYNTAX_KEY_TEMPLATE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace rr {

struct KeyPart {
  enum class Kind { kLiteral, kCapture, kName };
  Kind kind = Kind::kLiteral;
  std::string text;                // the literal, the axis, or the name of a named string
  std::vector<std::string> words;  // kCapture with alternatives: the text of value 0, 1, ...
  Place place;
};

struct KeyTemplate {
  std::vector<KeyPart> parts;
  SpannedText text;  // as written

  std::vector<std::string> Captures() const;  // axis names in the order of the key
  std::string ToString() const;               // canonical text
};

// Whether a value of a capture may be written so: letters, digits, `_`, `.` and `-`.
bool IsCaptureWord(std::string_view word);

// nullopt after RR101.
std::optional<KeyTemplate> ParseKeyTemplate(const SpannedText& text, Diagnostics* diagnostics);

// Joins neighbouring literals and drops empty ones.
KeyTemplate Normalized(KeyTemplate key);
// Replaces every capture of `axis` (when `kind` is kCapture) or every named string `name` by the
// parts of `by`.
KeyTemplate ReplacePart(KeyTemplate key, KeyPart::Kind kind, std::string_view name,
                        const KeyTemplate& by);

// The anchored regex, one group per capture; named strings must have been replaced.
std::string ToRegex(const KeyTemplate& key);
// Whether the text is a key of the template; named strings must have been replaced.
bool IsKeyOf(const KeyTemplate& key, std::string_view text);
// The key of given capture values.
std::string FormatKey(const KeyTemplate& key,
                      const std::function<int64_t(const std::string& axis)>& value_of);
// The value of a capture's text: an integer, or the index of a word. nullopt when it is neither, or
// beyond 63 bits.
std::optional<int64_t> CaptureValue(const KeyPart& part, std::string_view text);

// The literal text that a key begins and ends with: most keys of a layout differ there.
struct KeyEnds {
  std::string start, end;
};
KeyEnds EndsOf(const KeyTemplate& key);
// Whether no text can begin and end like both.
bool Differ(const KeyEnds& a, const KeyEnds& b);
// A shortest key that both templates match (captures stand for any text that they accept), or
// nullopt when none exists. Decided on the product of the two automata.
std::optional<std::string> CommonKey(const KeyTemplate& a, const KeyTemplate& b);
// Whether behind every capture stands text that begins with no digit, and no capture has words:
// then a key has one reading.
bool HasClearBorders(const std::vector<const KeyPart*>& parts);
// A shortest key that the template can read in two ways, or one in which a literal digit follows an
// integer; nullopt when there is none.
std::optional<std::string> AmbiguousKey(const KeyTemplate& key);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_KEY_TEMPLATE_H_
