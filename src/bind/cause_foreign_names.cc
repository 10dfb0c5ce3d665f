// Keys that fit after one or two renames: another prefix (a model's wrapper, an older name of the
// language model), or another name of one module on the way (`attn` for `self_attn`).
//
// Every unknown form of key is laid beside every template of the layouts that may be meant. Where
// they differ in one run of names, and the name of the module itself is the same, that run is a
// proposal. The proposal that makes the most keys known wins; shapes must agree.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/dotted_name.h"
#include "bind/each_cause.h"
#include "bind/key_rename.h"

namespace rr {
namespace {

using Names = std::vector<std::string>;

constexpr size_t kForms = 24;     // unknown forms that are laid beside templates
constexpr size_t kProposals = 8;  // of each round, those with the most votes are tried
constexpr size_t kRounds = 3;
constexpr size_t kFamilies = 3;

bool IsEnding(const std::string& name) {
  return name == "weight" || name == "bias" || name.starts_with("lora_") || name == "base_layer";
}

// How many names at the end are the module's own and what follows it: "q_proj.lora_A.weight".
size_t OwnNames(const Names& names) {
  size_t own = 0;
  while (own < names.size() && IsEnding(names[names.size() - 1 - own])) ++own;
  return own + 1;
}

// The templates of a layout under every choice of prefixes; an index is '#'.
std::set<Names> TemplatesOf(const CheckedLayout& layout) {
  std::vector<LayoutChoice> choices{DefaultChoice(layout)};
  for (const auto& [name, variants] : layout.prefixes) {
    const size_t before = choices.size();
    for (size_t v = 1; v < variants.size(); ++v) {
      for (size_t c = 0; c < before; ++c) {
        choices.push_back(choices[c]);
        choices.back().prefixes[name] = v;
      }
    }
  }
  std::set<Names> templates;
  for (const LayoutChoice& choice : choices) {
    for (const CheckedEntry& entry : layout.entries) {
      std::string text;
      for (const KeyPart& part : ConcreteKey(layout, entry, choice).parts)
        text += part.kind == KeyPart::Kind::kCapture ? "#" : part.text;
      templates.insert(DottedParts(text));
    }
  }
  return templates;
}

// The rename that makes `wanted` of `found`, when it is one run of names.
std::optional<KeyRename> RunBetween(const Names& found, const Names& wanted) {
  const size_t shorter = std::min(found.size(), wanted.size());
  size_t tail = 0, head = 0;
  while (tail < shorter && found[found.size() - 1 - tail] == wanted[wanted.size() - 1 - tail])
    ++tail;
  while (head < shorter - tail && found[head] == wanted[head]) ++head;
  if (tail < OwnNames(found) || head + tail >= std::max(found.size(), wanted.size()))
    return std::nullopt;
  const size_t old_end = found.size() - tail, new_end = wanted.size() - tail;
  const auto index = std::find(found.begin(), found.end(), "#") - found.begin();
  if (static_cast<ptrdiff_t>(old_end) <= index) {
    // Before the first index: from the start of the key.
    const auto with_dot = [](std::string text) { return text.empty() ? text : text + "."; };
    return KeyRename{with_dot(DottedName(found, 0, old_end)),
                     with_dot(DottedName(wanted, 0, new_end)), true};
  }
  // A run that is empty on one side takes its neighbour along; indices are no names.
  if (head == old_end || head == new_end) {
    if (head == 0) return std::nullopt;
    --head;
  }
  const std::string from = DottedName(found, head, old_end), to = DottedName(wanted, head, new_end);
  if (from.find('#') != std::string::npos || to.find('#') != std::string::npos) return std::nullopt;
  return KeyRename{from, to, false};
}

struct Fit {
  size_t known = 0;
  const CheckedRules* rules = nullptr;
  const CheckedLayout* layout = nullptr;
};

class Search {
 public:
  explicit Search(const CauseScene& scene) : scene_(scene) {
    if (scene.layout != nullptr && scene.rules != nullptr) {
      Add(*scene.rules, *scene.layout);
      return;
    }
    if (scene.families.size() > kFamilies) return;
    for (const RulesPtr& rules : scene.families) {
      for (const CheckedLayout& layout : rules->layouts) {
        if (!layout.IsInternal()) Add(*rules, layout);
      }
    }
    // Of layouts that would know as many keys, what PEFT writes is meant.
    std::stable_partition(meant_.begin(), meant_.end(), [](const Meant& one) {
      return one.layout->name.text.starts_with("peft-");
    });
  }

  // The renames that help, in order; empty when none does.
  std::vector<KeyRename> Run(Fit* best) {
    std::vector<KeyRename> chosen;
    KeyTable table = *scene_.table;
    *best = Count(table);
    for (size_t round = 0; round < kRounds && best->known < table.keys.size(); ++round) {
      std::optional<KeyRename> better;
      KeyTable renamed;
      for (const KeyRename& rename : Proposals(table)) {
        std::optional<KeyTable> tried = Apply(rename, table);
        if (!tried) continue;
        const Fit fit = Count(*tried);
        if (fit.known <= best->known || !ShapesFit(fit, *tried)) continue;
        *best = fit;
        better = rename;
        renamed = std::move(*tried);
      }
      if (!better) break;
      chosen.push_back(*better);
      table = std::move(renamed);
    }
    return chosen;
  }

 private:
  struct Meant {
    const CheckedRules* rules;
    const CheckedLayout* layout;
    std::set<Names> templates;
  };

  void Add(const CheckedRules& rules, const CheckedLayout& layout) {
    meant_.push_back({&rules, &layout, TemplatesOf(layout)});
  }

  Fit Count(const KeyTable& table) const {
    Fit best;
    for (const Meant& one : meant_) {
      const size_t known = CountKnownKeys(*one.layout, table);
      if (known > best.known) best = {known, one.rules, one.layout};
    }
    return best;
  }

  // Those that the most unknown forms vote for; of equals the shortest.
  std::vector<KeyRename> Proposals(const KeyTable& table) const {
    std::map<std::tuple<bool, std::string, std::string>, size_t> votes;
    size_t forms = 0;
    for (const KeyForm& form : table.forms) {
      if (++forms > kForms) break;
      const Names found = DottedParts(form.pattern);
      std::set<std::tuple<bool, std::string, std::string>> own;
      for (const Meant& one : meant_) {
        if (one.templates.count(found) > 0) break;
        for (const Names& wanted : one.templates) {
          if (const auto rename = RunBetween(found, wanted))
            own.insert({rename->prefix, rename->from, rename->to});
        }
      }
      for (const auto& rename : own) votes[rename] += form.keys.size();
    }
    std::vector<std::pair<size_t, KeyRename>> ranked;
    for (const auto& [rename, count] : votes)
      ranked.push_back({count, {std::get<1>(rename), std::get<2>(rename), std::get<0>(rename)}});
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
      const auto length = [](const KeyRename& r) { return r.from.size() + r.to.size(); };
      return a.first != b.first ? a.first > b.first : length(a.second) < length(b.second);
    });
    std::vector<KeyRename> best;
    for (size_t i = 0; i < ranked.size() && i < kProposals; ++i) best.push_back(ranked[i].second);
    return best;
  }

  static std::optional<KeyTable> Apply(const KeyRename& rename, const KeyTable& table) {
    std::vector<std::string> names;
    for (const FoundKey& key : table.keys) names.push_back(key.name);
    Diagnostics ignored;
    if (!RenameKeys({rename}, &names, &ignored)) return std::nullopt;
    std::vector<FoundKey> keys = table.keys;
    for (size_t i = 0; i < keys.size(); ++i) keys[i].name = names[i];
    return MakeKeyTable(std::move(keys));
  }

  bool ShapesFit(const Fit& fit, const KeyTable& table) const {
    Diagnostics findings;
    const auto bound =
        BindSource(*fit.rules, *fit.layout, *scene_.config, *scene_.given, table, {}, &findings);
    const size_t odd = scene_.bound == nullptr ? 0 : scene_.bound->odd_shapes.size();
    return bound && bound->odd_shapes.size() <= odd;
  }

  const CauseScene& scene_;
  std::vector<Meant> meant_;
};

// A composite model whose language model is under the names of the text model alone, or under older
// ones: the rules know them, newer loaders do not.
void OlderPrefix(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr || !scene.config->Lookup("text_config")) return;
  for (const auto& [name, variants] : scene.layout->prefixes) {
    const size_t chosen = scene.bound->layout.choice.prefixes.at(name);
    if (name != "m" || chosen == 0) continue;
    const std::string& from = variants[chosen].text.text;
    const std::string& to = variants[0].text.text;
    std::string before;  // what stands before it in this file
    for (const FoundKey& key : scene.table->keys) {
      const size_t at = key.name.find(from + "layers.");
      if (at != std::string::npos) before = key.name.substr(0, at);
    }
    const KeyRename rename{before + from + "layers.", before + to + "layers.", true};
    causes->push_back(
        {"older-prefix",
         fmt::format("keys begin with `{}`, the names of the text model alone or of an older "
                     "transformers; within this composite model the language model is `{}`, and a "
                     "loader of today finds none of these keys",
                     rename.from, rename.to),
         ConvertCommand(scene, scene.layout->name.text, FlagOf(rename))});
  }
}

}  // namespace

void CauseForeignNames(const CauseScene& scene, std::vector<Cause>* causes) {
  OlderPrefix(scene, causes);
  if (UnknownKeys(scene).empty()) return;
  Fit fit;
  const std::vector<KeyRename> renames = Search(scene).Run(&fit);
  if (renames.empty()) return;
  std::string flags, words;
  for (const KeyRename& rename : renames) {
    flags += (flags.empty() ? "" : " ") + FlagOf(rename);
    words += fmt::format("{}`{}` stands where {} has `{}`", words.empty() ? "" : ", ", rename.from,
                         fit.layout->name.text, rename.to);
  }
  causes->push_back(
      {renames[0].prefix ? "foreign-prefix" : "foreign-name",
       fmt::format("{}: read so, {} {} knows {} of {} keys", words, fit.rules->file->family.text,
                   fit.layout->name.text, fit.known, scene.table->keys.size()),
       ConvertCommand(scene, fit.layout->name.text, flags)});
}

}  // namespace rr
