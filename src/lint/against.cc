#include "lint/against.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/value.h"
#include "lint/layout_meaning.h"

namespace rr {
namespace {

using Kind = RuleChange::Kind;

// In text a layout lists this many changes of one kind; json has all of them.
constexpr size_t kMostShown = 6;

class Comparer {
 public:
  Comparer(const CheckedRules& before, const CheckedRules& after, std::vector<RuleChange>* changes)
      : before_(before), after_(after), changes_(changes) {
    AxisLabels of_before, of_after;
    MatchAxes(*before.file, *after.file, &of_before, &of_after);
    forms_before_.emplace(*before.file, std::move(of_before));
    forms_after_.emplace(*after.file, std::move(of_after));
  }

  void Layouts() {
    for (const CheckedLayout& layout : before_.layouts) {
      layout_ = layout.name.text;
      if (const CheckedLayout* other = after_.FindLayout(layout_)) {
        Layout(MeaningOf(before_, layout, *forms_before_),
               MeaningOf(after_, *other, *forms_after_));
      } else {
        Add(Kind::kFamily, "layout", layout_, "");
      }
    }
    for (const CheckedLayout& layout : after_.layouts) {
      layout_ = layout.name.text;
      if (before_.FindLayout(layout_) == nullptr) Add(Kind::kFamily, "layout", "", layout_);
    }
  }

  void Family() {
    layout_.clear();
    const std::string models = Describes(*before_.file), now = Describes(*after_.file);
    if (models != now) Add(Kind::kFamily, "describes", models, now);
    std::map<std::string, Meaning> asked, asks;
    for (const Formula& f : before_.file->require)
      asked["require " + forms_before_->Of(f)] = {"", f.text().text};
    for (const Formula& f : after_.file->require)
      asks["require " + forms_after_->Of(f)] = {"", f.text().text};
    Maps(Kind::kConfig, asked, asks);
    Maps(Kind::kTarget, Targets(*before_.file), Targets(*after_.file));
  }

 private:
  void Add(Kind kind, std::string what, std::string before, std::string after) {
    changes_->push_back({kind, after_.file->family.text, layout_, std::move(what),
                         std::move(before), std::move(after)});
  }

  static std::string Describes(const RuleFile& file) {
    std::set<std::string> names;
    for (const SpannedText& type : file.model_types) names.insert("model_type " + type.text);
    for (const SpannedText& name : file.architectures) names.insert("architecture " + name.text);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  static std::string RangeText(const TargetCase& one) {
    if (!one.versions) return "";
    std::vector<std::string> clauses;
    for (const VersionRange::Clause& clause : one.versions->clauses) {
      Version version = clause.version;
      while (version.parts.size() > 1 && version.parts.back() == 0) version.parts.pop_back();
      static constexpr const char* kSigns[] = {"==", "!=", "<", "<=", ">", ">="};
      clauses.push_back(fmt::format("{}{}{}", clause.system, kSigns[static_cast<int>(clause.op)],
                                    version.ToString()));
    }
    std::sort(clauses.begin(), clauses.end());
    return fmt::format("{}: ", fmt::join(clauses, ","));
  }

  static std::map<std::string, Meaning> Targets(const RuleFile& file) {
    std::map<std::string, Meaning> targets;
    for (const TargetRule& target : file.targets) {
      std::set<std::string> cases;
      for (const TargetCase& one : target.cases) {
        std::string text = RangeText(one) + one.weights.text;
        if (one.adapters.text != one.weights.text)
          text += fmt::format(" (adapters: {})", one.adapters.text);
        for (const std::string& module : one.target_modules) text += " +" + module;
        if (one.bake_rslora) text += " bake: rslora";
        if (one.one_scale) text += " one scale";
        if (one.uniform) text += " uniform";
        if (one.only_pairs) text += " only pairs";
        cases.insert(std::move(text));
      }
      const std::string text = fmt::format("{}", fmt::join(cases, "; "));
      targets[target.system.text] = {text, text};
    }
    return targets;
  }

  void Maps(Kind kind, const std::map<std::string, Meaning>& before,
            const std::map<std::string, Meaning>& after) {
    const auto name = [](const std::string& what) {
      return what.starts_with("require ") ? "require" : what;
    };
    for (const auto& [what, meaning] : before) {
      const auto other = after.find(what);
      if (other == after.end()) {
        Add(kind, name(what), meaning.shown, "");
      } else if (!(other->second == meaning)) {
        Add(kind, name(what), meaning.shown, other->second.shown);
      }
    }
    for (const auto& [what, meaning] : after) {
      if (before.count(what) == 0) Add(kind, name(what), "", meaning.shown);
    }
  }

  void Layout(const LayoutMeaning& before, const LayoutMeaning& after) {
    // The same elements under another key: the key that went is the one that came.
    std::multimap<std::set<Meaning>, const LayoutMeaning::Key*> came;
    for (const auto& [key, meaning] : after.keys) {
      if (before.keys.count(key) == 0) came.emplace(meaning.elements, &meaning);
    }
    for (const auto& [key, meaning] : before.keys) {
      const auto other = after.keys.find(key);
      if (other != after.keys.end()) {
        if (meaning.elements != other->second.elements)
          Add(Kind::kElements, meaning.shown, Shown(meaning), Shown(other->second));
        continue;
      }
      const auto renamed = came.find(meaning.elements);
      Add(Kind::kKey, "key", meaning.shown, renamed == came.end() ? "" : renamed->second->shown);
      if (renamed != came.end()) came.erase(renamed);
    }
    for (const auto& [elements, key] : came) Add(Kind::kKey, "key", "", key->shown);
    Maps(Kind::kConfig, before.config, after.config);
  }

  static std::string Shown(const LayoutMeaning::Key& key) {
    std::set<std::string> texts;
    for (const Meaning& elements : key.elements) texts.insert(elements.shown);
    return fmt::format("{}", fmt::join(texts, " or "));
  }

  const CheckedRules& before_;
  const CheckedRules& after_;
  std::vector<RuleChange>* changes_;
  std::optional<NormalForms> forms_before_, forms_after_;
  std::string layout_;
};

void Compare(const CheckedRules& before, const CheckedRules& after, bool family,
             std::vector<RuleChange>* changes) {
  Comparer comparer(before, after, changes);
  if (family) comparer.Family();
  comparer.Layouts();
}

std::string LineOf(const RuleChange& change) {
  const std::string what = change.kind == Kind::kKey ? "" : change.what + ": ";
  if (change.before.empty()) return fmt::format("new {}{}", what, change.after);
  if (change.after.empty()) return fmt::format("gone {}{}", what, change.before);
  if (change.before == change.after)
    return fmt::format("{}{} (in another way)", what, change.before);
  return fmt::format("{}{} -> {}", what, change.before, change.after);
}

}  // namespace

std::string_view WordOf(RuleChange::Kind kind) {
  switch (kind) {
    case Kind::kFamily:
      return "family";
    case Kind::kKey:
      return "key";
    case Kind::kElements:
      return "elements";
    case Kind::kConfig:
      return "config";
    case Kind::kTarget:
      return "target";
  }
  return "";
}

RuleSetChanges CompareRuleSets(RuleLibrary* before, RuleLibrary* after,
                               const std::vector<std::string>& families, Diagnostics* diagnostics) {
  std::set<std::string> names(families.begin(), families.end());
  if (families.empty()) {
    for (RuleLibrary* library : {before, after}) {
      for (const std::string& name : library->Families()) names.insert(name);
    }
  }
  RuleSetChanges result;
  for (const std::string& name : names) {
    const bool was = !before->PathOf(name).empty(), is = !after->PathOf(name).empty();
    if (was != is) {
      result.changes.push_back(
          {Kind::kFamily, name, "", "family", was ? name : "", is ? name : ""});
      continue;
    }
    const RulesPtr old_rules = before->Load(name, diagnostics);
    const RulesPtr new_rules = after->Load(name, diagnostics);
    if (old_rules == nullptr || new_rules == nullptr || !old_rules->valid || !new_rules->valid)
      continue;
    ++result.families;
    Compare(*old_rules, *new_rules, true, &result.changes);
    const auto adapters = [&](RuleLibrary* library, const RulesPtr& rules) {
      return library->AdaptersOf(rules, RuleLibrary::Internal::kNo, diagnostics);
    };
    const RulesPtr old_adapters = adapters(before, old_rules);
    const RulesPtr new_adapters = adapters(after, new_rules);
    if (old_adapters->valid && new_adapters->valid)
      Compare(*old_adapters, *new_adapters, false, &result.changes);
    before->ForgetRules();
    after->ForgetRules();
  }
  const auto order = [](const RuleChange& c) {
    return std::tie(c.family, c.layout, c.kind, c.what, c.before, c.after);
  };
  std::stable_sort(result.changes.begin(), result.changes.end(),
                   [&](const auto& a, const auto& b) { return order(a) < order(b); });
  return result;
}

std::string RenderChanges(const RuleSetChanges& changes) {
  std::string text, family, layout;
  std::set<std::string> families;
  std::set<std::pair<std::string, std::string>> layouts;
  size_t shown = 0, hidden = 0;
  const auto rest = [&] {
    if (hidden > 0) text += fmt::format("    and {} more\n", hidden);
    shown = hidden = 0;
  };
  for (size_t i = 0; i < changes.changes.size(); ++i) {
    const RuleChange& change = changes.changes[i];
    const bool new_layout = change.family != family || change.layout != layout;
    if (new_layout || change.kind != changes.changes[i - 1].kind) rest();
    if (change.family != family) text += change.family + "\n";
    if (new_layout && !change.layout.empty()) text += "  " + change.layout + "\n";
    family = change.family;
    layout = change.layout;
    families.insert(family);
    if (!layout.empty()) layouts.insert({family, layout});
    if (shown == kMostShown) {
      ++hidden;
      continue;
    }
    ++shown;
    text += fmt::format("    {:<8} {}\n", WordOf(change.kind), LineOf(change));
  }
  rest();
  const auto count = [](size_t n, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", n, n == 1 ? one : many);
  };
  if (changes.changes.empty())
    return fmt::format("{} compared: no change\n", count(changes.families, "family", "families"));
  return text + fmt::format("{} compared: {} changed in {}\n",
                            count(changes.families, "family", "families"),
                            count(layouts.size(), "layout", "layouts"),
                            count(families.size(), "family", "families"));
}

std::string RenderChangesJson(const RuleSetChanges& changes) {
  Value::List list;
  for (const RuleChange& change : changes.changes) {
    list.push_back(Value(Value::Map{{"family", change.family},
                                    {"layout", change.layout},
                                    {"kind", std::string(WordOf(change.kind))},
                                    {"what", change.what},
                                    {"before", change.before},
                                    {"after", change.after}}));
  }
  const Value report = Value::Map{{"families", static_cast<int64_t>(changes.families)},
                                  {"changes", std::move(list)}};
  return ToPrettyJson(report) + "\n";
}

}  // namespace rr
