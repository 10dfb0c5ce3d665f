#include "bind/detect.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "bind/evidence.h"
#include "bind/model.h"
#include "check/derive_adapters.h"

namespace rr {
namespace {

// What in the config names the family.
std::string WhyNamed(const CheckedRules& rules, const Config& config) {
  for (const std::optional<Value>& type : {config.ModelType(), config.TextModelType()}) {
    for (const SpannedText& text : rules.file->model_types) {
      if (type && type->AsString() != nullptr && *type->AsString() == text.text) {
        return fmt::format("config.json has model_type {}", ToJson(*type));
      }
    }
  }
  const std::optional<Value> architectures = config.Lookup("architectures");
  return fmt::format("config.json has architectures {}",
                     architectures ? ToJson(*architectures) : "null");
}

// Whether the first of `order` is a whole model of its family, with a few keys besides, and no
// other family comes near. `order` holds those that know the most keys.
bool StandsOut(const std::vector<Candidate>& candidates, const std::vector<size_t>& order) {
  const Candidate& best = candidates[order[0]];
  const auto near = [&](const Candidate& other) {
    return other.rules != best.rules && other.known * 10 >= best.known * 9;
  };
  return best.missing == 0 && best.absent == 0 && best.known * 10 >= best.total * 9 &&
         std::none_of(candidates.begin(), candidates.end(), near);
}

const AdapterStyle* StyleOf(const Candidate& candidate) {
  return candidate.rules->FindLayout(candidate.layout)->style.get();
}

// Whether some version of some system stores weights so. Adapters have their own order.
bool IsSpoken(const Candidate& candidate) {
  if (candidate.rules->file->adapters) return true;
  const std::vector<TargetRule>& targets = candidate.rules->file->targets;
  return std::any_of(targets.begin(), targets.end(), [&](const TargetRule& target) {
    return std::any_of(target.cases.begin(), target.cases.end(),
                       [&](const auto& one) { return one.weights.text == candidate.layout; });
  });
}

// Of styles that read the file alike, the one that another style says it is a twin of stands for
// all.
void UsualFirst(const std::vector<Candidate>& candidates, const std::vector<std::string>& readings,
                const std::vector<size_t>& order, std::vector<size_t>* equal) {
  for (const size_t twin : *equal) {
    const AdapterStyle* style = StyleOf(candidates[twin]);
    if (style == nullptr || !style->twin_of) continue;
    for (const size_t i : order) {
      if (candidates[i].rules != candidates[twin].rules ||
          candidates[i].layout != style->twin_of->text)
        continue;
      for (size_t& e : *equal) {
        if (readings[e] == readings[i]) e = i;
      }
    }
  }
}

// Where two readings say different things of the same keys, and what each style is.
void ExplainDifference(const std::string& reading, const std::string& other, const Candidate& one,
                       const Candidate& another, Diagnostic* d) {
  std::vector<std::string> keys;
  for (size_t at = 0; at < reading.size();) {
    const size_t end = reading.find('\n', at);
    const std::string line = reading.substr(at, end + 1 - at);
    if (other.find(line) == std::string::npos) keys.push_back(line.substr(0, line.find(' ')));
    at = end + 1;
  }
  d->notes.push_back({{},
                      fmt::format("{} and {} read {} of {} keys differently: {}", one.layout,
                                  another.layout, keys.size(), one.total, JoinWords(keys, 3))});
  for (const Candidate* candidate : {&one, &another}) {
    const AdapterStyle* style = StyleOf(*candidate);
    if (style != nullptr && style->about)
      d->notes.push_back({{}, fmt::format("{}: {}", candidate->layout, *style->about)});
  }
}

}  // namespace

std::string ReadingOf(const BoundSource& source, const KeyTable& table) {
  auto text_of = [](const std::optional<Formula>& formula) {
    return formula ? formula->text().text : std::string("-");
  };
  std::vector<std::string> words;
  for (const CheckedEntry& entry : source.layout.layout->entries) {
    const EntryRule& rule = *entry.rule;
    words.push_back(fmt::format("{} {} {} {} {} {}", StorageOf(*source.layout.layout, entry),
                                text_of(rule.add), text_of(rule.multiply), NameOf(rule.in),
                                rule.cast ? NameOf(*rule.cast) : "-",
                                rule.times ? rule.times->text : "-"));
  }
  std::set<std::string> lines;
  for (size_t i = 0; i < source.layout.tensors.size(); ++i) {
    const BoundTensor& tensor = source.layout.tensors[i];
    const auto e = static_cast<size_t>(tensor.entry);
    lines.insert(table.keys[source.found[i]].name + " " + words[e]);
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

namespace {

// Whether the config says that it is none of this family.
bool Contradicts(const RulesPtr& rules, const Config& config) {
  const Model model(*rules, config, {});
  return std::any_of(rules->file->require.begin(), rules->file->require.end(),
                     [&](const Formula& formula) {
                       const Formula::Outcome outcome = model.Evaluate(formula);
                       const bool* holds = outcome.AsBool();
                       return holds != nullptr && !*holds;
                     });
}

}  // namespace

std::vector<RulesPtr> FamiliesOf(const std::vector<RulesPtr>& families, const Config& config) {
  auto named = [&](const std::optional<Value>& type, bool architecture) {
    std::vector<RulesPtr> found;
    const std::string* name = type ? type->AsString() : nullptr;
    if (name == nullptr) return found;
    for (const RulesPtr& rules : families) {
      for (const SpannedText& text :
           architecture ? rules->file->architectures : rules->file->model_types) {
        if (text.text == *name) {
          found.push_back(rules);
          break;
        }
      }
    }
    return found;
  };
  std::vector<RulesPtr> found = named(config.ModelType(), false);
  if (found.empty()) found = named(config.TextModelType(), false);
  if (found.empty()) {
    if (const auto architectures = config.Lookup("architectures");
        architectures && architectures->AsList() != nullptr && !architectures->AsList()->empty()) {
      found = named(architectures->AsList()->front(), true);
    }
  }
  if (found.size() < 2) return found;
  // A composite of any text model has one model_type, whatever the text model's family.
  std::vector<RulesPtr> left;
  for (const RulesPtr& rules : found) {
    if (!Contradicts(rules, config)) left.push_back(rules);
  }
  return left.empty() ? found : left;
}

namespace {

class Detector {
 public:
  Detector(const std::string& wanted, const Config& config, const Config& adapter_config,
           const std::map<std::string, int64_t>& given, const KeyTable& table,
           const SourceOptions& options, Diagnostics* diagnostics)
      : wanted_(wanted),
        config_(config),
        adapter_config_(adapter_config),
        given_(given),
        table_(table),
        options_(options),
        diagnostics_(diagnostics) {}

  Detection Run(const std::vector<RulesPtr>& all) {
    families_ = FamiliesOf(all, config_);
    if (!families_.empty()) found_.reasons.push_back(WhyNamed(*families_[0], config_));
    if (families_.empty()) families_ = all;
    named_ = families_.size() == 1 || !FamiliesOf(families_, config_).empty();
    FindCandidates();
    if (!AnyIsNear()) return std::move(found_);
    BindBest();
    Order();
    FindEqual();
    if (!FitsWellEnough()) return std::move(found_);
    SayAlike();
    Decide();
    SortCandidates();
    return std::move(found_);
  }

 private:
  const Candidate& At(size_t i) const { return found_.candidates[i]; }
  const Candidate& Best() const { return At(order_[0]); }
  static const std::string& FamilyOf(const Candidate& one) { return one.rules->file->family.text; }

  // Cheap first: how many keys does each layout know? Only the best are bound.
  void FindCandidates() {
    for (const RulesPtr& rules : families_) {
      for (const CheckedLayout& layout : rules->layouts) {
        if (wanted_.empty() ? layout.IsInternal() : layout.name.text != wanted_) continue;
        Candidate candidate{
            rules, layout.name.text, CountKnownKeys(layout, table_), table_.keys.size(), false, 0};
        if (candidate.known > 0) found_.candidates.push_back(std::move(candidate));
      }
    }
    std::stable_sort(found_.candidates.begin(), found_.candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.known > b.known; });
  }

  // Whether it is worth while to bind any.
  bool AnyIsNear() {
    if (found_.candidates.empty()) {
      Diagnostic& d = diagnostics_->Add(
          Code::kUnknownFamily, {},
          table_.keys.empty() ? "the checkpoint has no tensors"
                              : fmt::format("no {} of {} knows any of the {} keys, for instance {}",
                                            wanted_.empty() ? "layout" : "layout `" + wanted_ + "`",
                                            families_.size() == 1
                                                ? "family `" + families_[0]->file->family.text + "`"
                                                : "any family",
                                            table_.keys.size(), table_.keys[0].name));
      d.help = "`rule-runner list` shows what is known; --rules adds rule files";
      if (named_ && families_.size() == 1) found_.family = families_[0];
      return false;
    }
    const Candidate& closest = At(0);
    if (named_ || closest.known * 2 >= table_.keys.size()) return true;
    diagnostics_
        ->Add(Code::kUnknownFamily, {},
              fmt::format("no family fits: the closest, {} {}, knows {} of {} keys",
                          FamilyOf(closest), closest.layout, closest.known, table_.keys.size()))
        .help = "--family names one";
    return false;
  }

  void BindBest() {
    const size_t most = At(0).known;
    for (Candidate& candidate : found_.candidates) {
      if (candidate.known < most) break;
      readings_.emplace_back();
      seen_.push_back(false);
      Diagnostics ignored;
      const std::optional<BoundSource> bound =
          BindSource(*candidate.rules, *candidate.rules->FindLayout(candidate.layout), config_,
                     given_, table_, options_, &ignored);
      if (!bound) {
        candidate.absent = SIZE_MAX;  // what cannot even be bound comes last
        continue;
      }
      candidate.complete = !ignored.HasErrors();
      candidate.absent = bound->absent_blocks.size();
      candidate.missing = bound->missing.size();
      std::set<int32_t> used;
      for (const BoundTensor& tensor : bound->layout.tensors) used.insert(tensor.entry);
      const size_t unused = bound->layout.layout->entries.size() - used.size();
      const auto [least, first] = unused_.emplace(candidate.rules.get(), unused);
      if (!first) least->second = std::min(least->second, unused);
      readings_.back() = ReadingOf(*bound, table_);
      seen_.back() = bound->saw_kinds;
    }
  }

  // How well a candidate fits: complete ones first, then those that miss the fewest blocks and
  // keys.
  std::tuple<bool, bool, size_t, size_t> Fit(size_t i) const {
    const Candidate& one = At(i);
    return {!one.complete, one.missing > 0, one.absent, one.missing};
  }
  // Among equals, those that fit without a look at which kind of layer has which keys.
  std::pair<std::tuple<bool, bool, size_t, size_t>, bool> Rank(size_t i) const {
    return {Fit(i), seen_[i]};
  }
  // Whether two candidates fit as well and take the keys for the same things.
  bool ReadAlike(size_t a, size_t b) const {
    return Fit(a) == Fit(b) && readings_[a] == readings_[b];
  }

  void Order() {
    for (size_t i = 0; i < readings_.size(); ++i) order_.push_back(i);
    // Of adapters that mean the same, those come first whose config says the rank: it is checked.
    // Of families, one that has a system which writes such files, then the one whose rules say the
    // least besides what is there, then the one that more systems have: it is named first where
    // several store the keys alike.
    const auto unchecked = [&](size_t i) {
      const AdapterStyle* style = StyleOf(At(i));
      return style != nullptr && !style->config_rank;
    };
    const auto key = [&](size_t i) {
      return std::tuple(Rank(i), unchecked(i), !IsSpoken(At(i)), unused_[At(i).rules.get()],
                        -static_cast<int64_t>(At(i).rules->layouts.size()));
    };
    std::stable_sort(order_.begin(), order_.end(),
                     [&](size_t a, size_t b) { return key(a) < key(b); });
  }

  // Those that fit as well as the best and mean something else, less what evidence rules out.
  void FindEqual() {
    for (const size_t i : order_) {
      const bool same = std::any_of(equal_.begin(), equal_.end(),
                                    [&](size_t e) { return readings_[e] == readings_[i]; });
      if (Rank(i) == Rank(order_[0]) && (equal_.empty() || !same)) equal_.push_back(i);
    }
    UsualFirst(found_.candidates, readings_, order_, &equal_);
    const RulesPtr family = Best().rules;
    one_family_ =
        std::all_of(equal_.begin(), equal_.end(), [&](size_t e) { return At(e).rules == family; });
    if (equal_.size() == 1 || !one_family_ || !family->file->adapters) return;
    std::vector<const CheckedLayout*> layouts;
    for (const size_t e : equal_) layouts.push_back(family->FindLayout(At(e).layout));
    WeighEvidence(*family, adapter_config_, &layouts, &found_.reasons);
    std::erase_if(equal_, [&](size_t e) {
      return std::none_of(layouts.begin(), layouts.end(), [&](const CheckedLayout* layout) {
        return layout->name.text == At(e).layout;
      });
    });
    std::stable_partition(order_.begin(), order_.end(), [&](size_t i) { return i == equal_[0]; });
  }

  // Without a config that names it, a family that fits in part is only a guess.
  bool FitsWellEnough() {
    if (named_ || Best().complete || StandsOut(found_.candidates, order_)) return true;
    std::vector<std::string> nearest;  // families that know as many keys
    for (const size_t i : order_) {
      if (std::find(nearest.begin(), nearest.end(), FamilyOf(At(i))) == nearest.end())
        nearest.push_back(FamilyOf(At(i)));
    }
    // A part of a checkpoint that one family alone knows to the last key; what it lacks is named.
    if (nearest.size() == 1 && Best().known == Best().total && Best().absent != SIZE_MAX)
      return true;
    if (nearest.size() > 1) {
      diagnostics_
          ->Add(Code::kUnknownFamily, {},
                fmt::format("no family fits in full: {} know {} of {} keys", JoinWords(nearest),
                            Best().known, Best().total))
          .help = "give the model's config.json with --config, or name the family with --family";
      return false;
    }
    diagnostics_
        ->Add(Code::kUnknownFamily, {},
              fmt::format("no family fits in full: the closest, {} {}, knows {} of {} keys",
                          FamilyOf(Best()), Best().layout, Best().known, Best().total))
        .help = fmt::format("--family {} shows what does not fit", FamilyOf(Best()));
    return false;
  }

  // Without a config others may be meant that store these keys alike.
  void SayAlike() {
    found_.reasons.push_back(fmt::format("{} {} knows {} of {} keys", FamilyOf(Best()),
                                         Best().layout, Best().known, Best().total));
    if (named_) return;
    std::vector<std::string> alike;
    for (const size_t i : order_) {
      if (At(i).rules == Best().rules || !ReadAlike(i, order_[0])) continue;
      const std::string& name = FamilyOf(At(i));
      if (std::find(alike.begin(), alike.end(), name) != alike.end()) continue;
      alike.push_back(name);
      found_.alike.push_back(At(i));
    }
    if (!alike.empty())
      found_.reasons.push_back(
          fmt::format("{} would store these keys alike; a config.json says which family it is",
                      JoinWords(alike)));
  }

  // The best, unless others are as good.
  void Decide() {
    const Candidate& best = Best();
    if (one_family_) found_.family = best.rules;
    std::vector<std::string> others;
    for (const size_t e : equal_) {
      if (e != order_[0]) others.push_back(fmt::format("{} {}", FamilyOf(At(e)), At(e).layout));
    }
    if (others.empty()) {
      found_.rules = best.rules;
      found_.layout = best.layout;
      return;
    }
    const bool shapes = std::any_of(table_.keys.begin(), table_.keys.end(),
                                    [](const FoundKey& key) { return key.shape.has_value(); });
    Diagnostic& d = diagnostics_->Add(
        Code::kAmbiguousLayout, {},
        fmt::format("{} fit {} {} and also {}", shapes ? "keys and shapes" : "keys without shapes",
                    FamilyOf(best), best.layout, JoinWords(others)));
    d.help = "say which with --family and --from, or give the config.json";
    if (one_family_ && others.size() == 1 && StyleOf(best) != nullptr)
      ExplainDifference(readings_[equal_[0]], readings_[equal_[1]], At(equal_[0]), At(equal_[1]),
                        &d);
    if (one_family_ && !shapes) d.severity = Severity::kWarning;
  }

  // Those that were bound, best first; then the others by the keys that they know.
  void SortCandidates() {
    std::vector<Candidate> sorted;
    for (const size_t i : order_) sorted.push_back(At(i));
    for (size_t i = order_.size(); i < found_.candidates.size(); ++i) sorted.push_back(At(i));
    found_.candidates = std::move(sorted);
  }

  const std::string& wanted_;
  const Config& config_;
  const Config& adapter_config_;
  const std::map<std::string, int64_t>& given_;
  const KeyTable& table_;
  const SourceOptions& options_;
  Diagnostics* diagnostics_;
  Detection found_;
  std::vector<RulesPtr> families_;
  bool named_ = false;  // the config, or the only family there is, says which family it is
  // Of the candidates that know the most keys, which are the first ones:
  std::vector<std::string> readings_;             // what they take the keys for
  std::map<const CheckedRules*, size_t> unused_;  // entries of its layouts that no key fits
  std::vector<bool> seen_;     // a config would have said what had to be seen in the keys
  std::vector<size_t> order_;  // best first
  std::vector<size_t> equal_;  // as good as the best, each of another reading
  bool one_family_ = false;    // those are of one family
};

}  // namespace

Detection Detect(const std::vector<RulesPtr>& all, const std::string& wanted, const Config& config,
                 const Config& adapter_config, const std::map<std::string, int64_t>& given,
                 const KeyTable& table, const SourceOptions& options, Diagnostics* diagnostics) {
  return Detector(wanted, config, adapter_config, given, table, options, diagnostics).Run(all);
}

}  // namespace rr
