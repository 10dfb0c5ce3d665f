// The keys of a layout are decodable and pairwise disjoint, once prefixes are chosen.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "check/proofs.h"
#include "syntax/regex.h"

namespace rr {
namespace {

// More names than bits share some: then a few choices are looked at in vain.
uint64_t BitOf(size_t name) { return uint64_t{1} << (name % 64); }

// One choice of variant for every named string of the layout, as indices. A key, or a pair of keys,
// needs only the choices of the names that stand in it: those in which all others have their first.
struct Choice {
  std::vector<size_t> variants;
  uint64_t moved = 0;  // the names that have not their first variant, by bit
};

std::vector<Choice> ChoicesOf(const CheckedLayout& layout) {
  std::vector<Choice> choices{{}};
  for (size_t name = 0; name < layout.prefixes.size(); ++name) {
    std::vector<Choice> next;
    for (const Choice& choice : choices) {
      for (size_t v = 0; v < layout.prefixes[name].second.size(); ++v) {
        next.push_back(choice);
        next.back().variants.push_back(v);
        if (v > 0) next.back().moved |= BitOf(name);
      }
    }
    choices = std::move(next);
  }
  return choices;
}

// A key of the layout, with the named strings of each choice put in when it is asked for.
class ChosenKey {
 public:
  struct Chosen {
    KeyTemplate key;
    KeyEnds ends;
  };

  ChosenKey(const CheckedLayout& layout, const KeyTemplate& key) : layout_(layout), key_(key) {
    AddNames(key);
  }
  uint64_t names() const { return names_; }
  const Chosen& At(const Choice& choice) {
    std::vector<size_t> own;
    for (size_t name = 0; name < choice.variants.size(); ++name)
      own.push_back((names_ & BitOf(name)) != 0 ? choice.variants[name] : 0);
    if (const auto known = known_.find(own); known != known_.end()) return known->second;
    KeyTemplate key = key_;
    for (size_t name = 0; name < own.size(); ++name) {
      const auto& [text, variants] = layout_.prefixes[name];
      if ((names_ & BitOf(name)) != 0)
        key = ReplacePart(key, KeyPart::Kind::kName, text, variants[own[name]]);
    }
    key = Normalized(std::move(key));
    KeyEnds ends = EndsOf(key);
    return known_.emplace(std::move(own), Chosen{std::move(key), std::move(ends)}).first->second;
  }

 private:
  // A named string may have others in it.
  void AddNames(const KeyTemplate& key) {
    for (const KeyPart& part : key.parts) {
      for (size_t name = 0; name < layout_.prefixes.size(); ++name) {
        const auto& [text, variants] = layout_.prefixes[name];
        if (part.kind != KeyPart::Kind::kName || part.text != text) continue;
        if ((names_ & BitOf(name)) != 0) continue;
        names_ |= BitOf(name);
        for (const KeyTemplate& variant : variants) AddNames(variant);
      }
    }
  }

  const CheckedLayout& layout_;
  const KeyTemplate& key_;
  uint64_t names_ = 0;
  std::map<std::vector<size_t>, Chosen> known_;
};

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
    std::vector<ChosenKey> keys;
    keys.reserve(layout.entries.size());
    for (const CheckedEntry& entry : layout.entries) keys.emplace_back(layout, entry.key);
    std::vector<const ChosenKey::Chosen*> chosen(keys.size());
    for (const Choice& choice : ChoicesOf(layout)) {
      for (size_t i = 0; i < keys.size(); ++i) chosen[i] = &keys[i].At(choice);
      for (size_t i = 0; i < keys.size(); ++i) {
        if (!reported[i][i] && (choice.moved & ~keys[i].names()) == 0) {
          if (const auto example = AmbiguousKey(chosen[i]->key)) {
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
          if ((choice.moved & ~(keys[i].names() | keys[j].names())) != 0) continue;
          if (reported[i][j] || Differ(chosen[i]->ends, chosen[j]->ends)) continue;
          const size_t before = diagnostics->all().size();
          CheckPair(rules, layout, layout.entries[j], layout.entries[i], chosen[j]->key,
                    chosen[i]->key, &exclusions, diagnostics);
          reported[i][j] = diagnostics->all().size() > before;
        }
      }
    }
  }
}

}  // namespace rr
