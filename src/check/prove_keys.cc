// The keys of a layout are decodable and pairwise disjoint, once prefixes are chosen.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "check/proofs.h"
#include "syntax/regex.h"

namespace rr {
namespace {

// One choice of variant for every named string of the layout.
std::vector<std::vector<std::pair<std::string, const KeyTemplate*>>> PrefixChoices(
    const CheckedLayout& layout) {
  std::vector<std::vector<std::pair<std::string, const KeyTemplate*>>> choices{{}};
  for (const auto& [name, variants] : layout.prefixes) {
    std::vector<std::vector<std::pair<std::string, const KeyTemplate*>>> next;
    for (const auto& choice : choices) {
      for (const KeyTemplate& variant : variants) {
        next.push_back(choice);
        next.back().push_back({name, &variant});
      }
    }
    choices = std::move(next);
  }
  return choices;
}

// Pairs of blocks whose conditions exclude each other, each decided once.
class Exclusions {
 public:
  explicit Exclusions(const RuleFile& file) : file_(file) {}
  bool Exclude(int a, int b) {
    if (a == b) return false;
    const auto [known, is_new] = known_.emplace(std::minmax(a, b), false);
    if (is_new) {
      known->second = rr::Exclude(file_, file_.blocks[static_cast<size_t>(a)].where,
                                  file_.blocks[static_cast<size_t>(b)].where);
    }
    return known->second;
  }

 private:
  const RuleFile& file_;
  std::map<std::pair<int, int>, bool> known_;
};

void CheckPair(const CheckedRules& rules, const CheckedLayout& layout, const CheckedEntry& a,
               const CheckedEntry& b, const KeyTemplate& key_a, const KeyTemplate& key_b,
               Exclusions* exclusions, Diagnostics* diagnostics) {
  if (a.block == b.block && a.variant != b.variant)
    return;  // `one of`: the file has one or the other
  if (a.rule->drop && b.rule->drop) return;
  if (exclusions->Exclude(a.block, b.block)) return;
  const std::optional<std::string> common = CommonKey(key_a, key_b);
  if (!common) return;
  const auto& blocks = rules.file->blocks;
  Diagnostic& d =
      diagnostics->Add(Code::kOverlappingKeys, b.rule->place,
                       fmt::format("in layout `{}` two keys can be the same, for instance `{}`",
                                   layout.name.text, *common));
  d.notes.push_back({a.rule->place, "the other one"});
  if (a.block != b.block) {
    d.help =
        fmt::format("give blocks `{}` and `{}` conditions (`where`) of which only one can hold",
                    blocks[static_cast<size_t>(a.block)].name.text,
                    blocks[static_cast<size_t>(b.block)].name.text);
  }
}

}  // namespace

void ProveKeys(const CheckedRules& rules, Diagnostics* diagnostics) {
  std::set<std::pair<const Source*, uint32_t>> checked;
  Exclusions exclusions(*rules.file);
  for (const CheckedLayout& layout : rules.layouts) {
    // A layout has the regexes of those that it is like: each is checked once.
    auto check = [&](const SpannedText& regex) {
      const Place place = regex.place();
      if (checked.insert({place.source.get(), place.begin}).second) CheckRegex(regex, diagnostics);
    };
    for (const RegexRule& ignore : layout.ignore) check(ignore.regex);
    for (const SpannedText& pass : layout.pass) check(pass);
    std::vector<std::vector<bool>> reported(layout.entries.size(),
                                            std::vector<bool>(layout.entries.size()));
    for (const auto& choice : PrefixChoices(layout)) {
      std::vector<KeyTemplate> keys;
      std::vector<KeyEnds> ends;
      for (const CheckedEntry& entry : layout.entries) {
        KeyTemplate key = entry.key;
        for (const auto& [name, variant] : choice)
          key = ReplacePart(key, KeyPart::Kind::kName, name, *variant);
        ends.push_back(EndsOf(key));
        keys.push_back(std::move(key));
      }
      for (size_t i = 0; i < keys.size(); ++i) {
        if (!reported[i][i]) {
          if (const auto example = AmbiguousKey(keys[i])) {
            reported[i][i] = true;
            diagnostics
                ->Add(Code::kAmbiguousKey, layout.entries[i].rule->place,
                      fmt::format("it does not show where a capture ends in a key such as `{}`",
                                  *example))
                .help =
                "put literal text between captures that separates them, no digit behind a number";
          }
        }
        for (size_t j = 0; j < i; ++j) {
          if (reported[i][j] || Differ(ends[i], ends[j])) continue;
          const size_t before = diagnostics->all().size();
          CheckPair(rules, layout, layout.entries[j], layout.entries[i], keys[j], keys[i],
                    &exclusions, diagnostics);
          reported[i][j] = diagnostics->all().size() > before;
        }
      }
    }
  }
}

}  // namespace rr
