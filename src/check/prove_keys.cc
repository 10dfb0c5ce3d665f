// The keys of a layout are decodable and pairwise disjoint, once prefixes are chosen.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "check/proofs.h"
#include "syntax/key_in_tree.h"
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
    std::vector<const KeyPart*> parts;  // empty: nobody asked yet
    std::string start;                  // the literal text that it begins with
    std::string ending;                 // the literal text that it ends with, backwards

    KeyTemplate Key() const {  // its text only
      KeyTemplate key;
      for (const KeyPart* part : parts)
        key.parts.push_back({part->kind, part->text, part->words, {}});
      return Normalized(std::move(key));
    }
  };

  ChosenKey(const CheckedLayout& layout, const KeyTemplate& key) : layout_(&layout), key_(&key) {
    AddNames(key);
    size_t choices = 1;
    for (size_t name = 0; name < layout.prefixes.size(); ++name) {
      if ((names_ & BitOf(name)) != 0) choices *= layout.prefixes[name].second.size();
    }
    known_.resize(choices);
  }
  uint64_t names() const { return names_; }
  const Chosen& At(const Choice& choice) {
    size_t own = 0;  // which choice of the names that stand in it
    for (size_t name = 0; name < choice.variants.size(); ++name) {
      if ((names_ & BitOf(name)) != 0)
        own = own * layout_->prefixes[name].second.size() + choice.variants[name];
    }
    Chosen& chosen = known_[own];
    if (chosen.parts.empty()) {
      chosen.parts.reserve(key_->parts.size() + 2);
      AddParts(*key_, choice, 0, &chosen.parts);
      bool begun = false;
      for (const KeyPart* part : chosen.parts) {
        if (part->kind == KeyPart::Kind::kLiteral) {
          chosen.ending += part->text;
          continue;
        }
        if (!begun) chosen.start = chosen.ending;
        begun = true;
        chosen.ending.clear();
      }
      if (!begun) chosen.start = chosen.ending;
      std::reverse(chosen.ending.begin(), chosen.ending.end());
    }
    return chosen;
  }

 private:
  // A named string may have others in it.
  void AddNames(const KeyTemplate& key) {
    for (const KeyPart& part : key.parts) {
      for (size_t name = 0; name < layout_->prefixes.size(); ++name) {
        const auto& [text, variants] = layout_->prefixes[name];
        if (part.kind != KeyPart::Kind::kName || part.text != text) continue;
        if ((names_ & BitOf(name)) != 0) continue;
        names_ |= BitOf(name);
        for (const KeyTemplate& variant : variants) AddNames(variant);
      }
    }
  }

  // The parts of `key` with the names from `first` on put in. In the text of a name only those
  // behind it are names.
  void AddParts(const KeyTemplate& key, const Choice& choice, size_t first,
                std::vector<const KeyPart*>* parts) const {
    for (const KeyPart& part : key.parts) {
      if (part.kind == KeyPart::Kind::kName) {
        size_t name = first;
        while (name < layout_->prefixes.size() && layout_->prefixes[name].first != part.text)
          ++name;
        if (name < layout_->prefixes.size()) {
          AddParts(layout_->prefixes[name].second[choice.variants[name]], choice, name + 1, parts);
          continue;
        }
      }
      parts->push_back(&part);
    }
  }

  const CheckedLayout* layout_;
  const KeyTemplate* key_;
  uint64_t names_ = 0;
  std::vector<Chosen> known_;
};

bool BeginAlike(const std::string& a, const std::string& b) {
  const size_t common = std::min(a.size(), b.size());
  return a.compare(0, common, b, 0, common) == 0;
}

// Pairs of keys that begin and end with the same text, the greater index first, in order. Sorted by
// their endings, the keys that end like one follow it.
std::vector<std::pair<size_t, size_t>> Alike(const std::vector<const ChosenKey::Chosen*>& keys) {
  std::vector<size_t> order(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return keys[a]->ending < keys[b]->ending; });
  std::vector<std::pair<size_t, size_t>> pairs;
  for (auto a = order.begin(); a != order.end(); ++a) {
    for (auto b = a + 1; b != order.end() && keys[*b]->ending.starts_with(keys[*a]->ending); ++b) {
      if (BeginAlike(keys[*a]->start, keys[*b]->start))
        pairs.emplace_back(std::max(*a, *b), std::min(*a, *b));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
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
               const CheckedEntry& b, const ChosenKey::Chosen& key_a,
               const ChosenKey::Chosen& key_b, Exclusions* exclusions, Diagnostics* diagnostics) {
  if (a.block == b.block && a.variant != b.variant)
    return;  // `one of`: the file has one or the other
  if (a.rule->drop && b.rule->drop) return;
  if (exclusions->Exclude(a.block, b.block)) return;
  const std::optional<std::string> common = CommonKey(key_a.Key(), key_b.Key());
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

// A key begins as one tree of `pass` does, or it would have two names in another layout.
void RefuseNestedTrees(const CheckedLayout& layout, Diagnostics* diagnostics) {
  for (const SpannedText& pass : layout.pass) {
    const auto tree = TreeOf(pass.text);
    for (const SpannedText& around : layout.pass) {
      const auto other = TreeOf(around.text);
      if (!tree || !other || &pass == &around || !FindInTree(*other, BeginningWith(*tree, "0")))
        continue;
      diagnostics->Add(Code::kOverlappingKeys, pass.place(),
                       fmt::format("in layout `{}` keys of the tree `{}` are keys of `{}` as well",
                                   layout.name.text, tree->name, other->name));
      return;
    }
  }
}

// A tree has a number in all layouts or in none, or it would be lost.
void CheckTreeNumbers(const CheckedRules& rules, Diagnostics* diagnostics) {
  std::map<std::string, std::pair<bool, Place>> first;
  std::set<std::string> reported;
  for (const CheckedLayout& layout : rules.layouts) {
    for (const SpannedText& pass : layout.pass) {
      const auto tree = TreeOf(pass.text);
      if (!tree) continue;
      const auto [found, is_new] =
          first.emplace(tree->name, std::pair{HasNumber(*tree), pass.place()});
      if (is_new || found->second.first == HasNumber(*tree)) continue;
      if (!reported.insert(tree->name).second) continue;
      Diagnostic& d = diagnostics->Add(
          Code::kBadKeyRegex, pass.place(),
          fmt::format("the tree `{}` has a number `{{}}` in one layout and none in another",
                      tree->name));
      d.notes.push_back({found->second.second, "the other layout's"});
    }
  }
}

}  // namespace

void ProveKeys(const CheckedRules& rules, Diagnostics* diagnostics) {
  std::set<std::pair<const Source*, uint32_t>> checked;
  Exclusions exclusions(*rules.file);
  CheckTreeNumbers(rules, diagnostics);
  for (const CheckedLayout& layout : rules.layouts) {
    // A layout has the regexes of those that it is like: each is checked once.
    auto check = [&](const SpannedText& regex) {
      const Place place = regex.place();
      if (checked.insert({place.source, place.begin}).second) CheckRegex(regex, diagnostics);
    };
    for (const RegexRule& ignore : layout.ignore) check(ignore.regex);
    for (const SpannedText& pass : layout.pass) check(pass);
    RefuseNestedTrees(layout, diagnostics);
    std::set<std::pair<size_t, size_t>> reported;
    std::vector<ChosenKey> keys;
    keys.reserve(layout.entries.size());
    for (const CheckedEntry& entry : layout.entries) keys.emplace_back(layout, entry.key);
    std::vector<const ChosenKey::Chosen*> chosen(keys.size());
    for (const Choice& choice : ChoicesOf(layout)) {
      const auto needs = [&](uint64_t names) { return (choice.moved & ~names) == 0; };
      for (size_t i = 0; i < keys.size(); ++i) {
        chosen[i] = &keys[i].At(choice);
        if (!needs(keys[i].names()) || reported.count({i, i}) > 0) continue;
        if (HasClearBorders(chosen[i]->parts)) continue;
        const std::optional<std::string> example = AmbiguousKey(chosen[i]->Key());
        if (!example) continue;
        reported.insert({i, i});
        diagnostics
            ->Add(Code::kAmbiguousKey, layout.entries[i].rule->place,
                  fmt::format("it does not show where a capture ends in a key such as `{}`",
                              *example))
            .help =
            "put literal text between captures that separates them, no digit behind a number";
      }
      for (const auto& [i, j] : Alike(chosen)) {
        if (!needs(keys[i].names() | keys[j].names()) || reported.count({i, j}) > 0) continue;
        const size_t before = diagnostics->all().size();
        CheckPair(rules, layout, layout.entries[j], layout.entries[i], *chosen[j], *chosen[i],
                  &exclusions, diagnostics);
        if (diagnostics->all().size() > before) reported.insert({i, j});
      }
    }
  }
}

}  // namespace rr
