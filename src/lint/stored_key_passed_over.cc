// RR107: `ignore` or `pass` says something of a key that a table stores. The table wins.
#include <fmt/format.h>

#include <optional>

#include "lint/passes.h"
#include "syntax/regex.h"

namespace rr {
namespace {

// A key that the template stands for: every capture 0, every named string its variant `n`.
std::string SampleKey(const CheckedLayout& layout, KeyTemplate key, size_t n) {
  for (const auto& [name, variants] : layout.prefixes) {
    if (!variants.empty())
      key =
          ReplacePart(key, KeyPart::Kind::kName, name, variants[std::min(n, variants.size() - 1)]);
  }
  return FormatKey(key, [](const std::string&) { return 0; });
}

}  // namespace

void FindStoredKeysPassedOver(const LintContext& context, Diagnostics* diagnostics) {
  for (const CheckedLayout& layout : context.rules.layouts) {
    std::vector<const SpannedText*> regexes;
    for (const RegexRule& rule : layout.ignore) regexes.push_back(&rule.regex);
    for (const SpannedText& regex : layout.pass) regexes.push_back(&regex);
    if (regexes.empty()) continue;
    size_t variants = 1;
    for (const auto& [name, texts] : layout.prefixes) variants = std::max(variants, texts.size());
    std::vector<std::string> keys;
    for (const CheckedEntry& entry : layout.entries) {
      for (size_t n = 0; n < variants; ++n) keys.push_back(SampleKey(layout, entry.key, n));
    }
    for (const SpannedText* regex : regexes) {
      const std::optional<size_t> match = FirstMatch(regex->text, keys);
      if (!match) continue;
      const CheckedEntry& entry = layout.entries[*match / variants];
      Diagnostic& finding =
          diagnostics->Add(Code::kStoredKeyPassedOver, regex->place(),
                           fmt::format("layout `{}` stores `{}`, which this regex matches",
                                       layout.name.text, keys[*match]));
      finding.notes.push_back({entry.rule->place, "it is stored here"});
    }
  }
}

}  // namespace rr
