#include "bind/detect.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "bind/evidence.h"
#include "bind/seen_kinds.h"
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
  return found;
}

Detection Detect(const std::vector<RulesPtr>& all, const std::string& wanted, const Config& config,
                 const Config& adapter_config, const std::map<std::string, int64_t>& given,
                 const KeyTable& table, const SourceOptions& options, Diagnostics* diagnostics) {
  Detection detection;
  std::vector<RulesPtr> families = FamiliesOf(all, config);
  if (!families.empty()) detection.reasons.push_back(WhyNamed(*families[0], config));
  if (families.empty()) families = all;
  // Cheap first: how many keys does each layout know? Only the best are bound.
  for (const RulesPtr& rules : families) {
    for (const CheckedLayout& layout : rules->layouts) {
      if (wanted.empty() ? layout.IsInternal() : layout.name.text != wanted) continue;
      Candidate candidate{
          rules, layout.name.text, CountKnownKeys(layout, table), table.keys.size(), false, 0};
      if (candidate.known > 0) detection.candidates.push_back(std::move(candidate));
    }
  }
  std::stable_sort(detection.candidates.begin(), detection.candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.known > b.known; });
  if (detection.candidates.empty()) {
    Diagnostic& d = diagnostics->Add(
        Code::kUnknownFamily, {},
        table.keys.empty()
            ? "the checkpoint has no tensors"
            : fmt::format("no {} of {} knows any of the {} keys, for instance {}",
                          wanted.empty() ? "layout" : "layout `" + wanted + "`",
                          families.size() == 1 ? "family `" + families[0]->file->family.text + "`"
                                               : "any family",
                          table.keys.size(), table.keys[0].name));
    d.help = "`rule-runner list` shows what is known; --rules adds rule files";
    return detection;
  }
  const size_t most = detection.candidates[0].known;
  const bool named = families.size() == 1 || !FamiliesOf(families, config).empty();
  if (!named && most * 2 < table.keys.size()) {
    const Candidate& closest = detection.candidates[0];
    diagnostics
        ->Add(
            Code::kUnknownFamily, {},
            fmt::format("no family fits: the closest, {} {}, knows {} of {} keys",
                        closest.rules->file->family.text, closest.layout, most, table.keys.size()))
        .help = "--family names one";
    return detection;
  }
  std::vector<std::string> readings;
  std::vector<bool> seen;  // a config would have said what had to be seen in the keys
  size_t tried = 0;
  for (Candidate& candidate : detection.candidates) {
    readings.emplace_back();
    seen.push_back(false);
    if (candidate.known < most) continue;
    ++tried;
    Diagnostics ignored;
    const std::optional<BoundSource> bound =
        BindSource(*candidate.rules, *candidate.rules->FindLayout(candidate.layout), config, given,
                   table, options, &ignored);
    if (!bound) {
      candidate.absent = SIZE_MAX;  // what cannot even be bound comes last
      continue;
    }
    candidate.complete = !ignored.HasErrors();
    candidate.absent = bound->absent_blocks.size();
    candidate.missing = bound->missing.size();
    readings.back() = ReadingOf(*bound, table);
    seen.back() = std::any_of(bound->notes.begin(), bound->notes.end(),
                              [](const auto& note) { return note.ends_with(kSeenInKeys); });
  }
  // Among equals: complete ones first, then those that miss the fewest blocks and keys, then those
  // that fit without a look at which kind of layer has which keys.
  std::vector<size_t> order;
  for (size_t i = 0; i < tried; ++i) order.push_back(i);
  auto rank = [&](size_t i) {
    const Candidate& one = detection.candidates[i];
    return std::tuple(!one.complete, one.missing > 0, one.absent, one.missing, bool(seen[i]));
  };
  // Of adapters that mean the same, those come first whose config says the rank: it is checked.
  auto unchecked = [&](size_t i) {
    const Candidate& one = detection.candidates[i];
    const StylePtr& style = one.rules->FindLayout(one.layout)->style;
    return style != nullptr && !style->config_rank;
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(rank(a), unchecked(a)) < std::pair(rank(b), unchecked(b));
  });
  // Those that fit as well as the best and mean something else, less what evidence rules out.
  std::vector<size_t> equal;
  for (const size_t i : order) {
    const bool same = std::any_of(equal.begin(), equal.end(),
                                  [&](size_t e) { return readings[e] == readings[i]; });
    if (rank(i) == rank(order[0]) && (equal.empty() || !same)) equal.push_back(i);
  }
  UsualFirst(detection.candidates, readings, order, &equal);
  const RulesPtr family = detection.candidates[order[0]].rules;
  const bool one_family = std::all_of(equal.begin(), equal.end(), [&](size_t e) {
    return detection.candidates[e].rules == family;
  });
  if (equal.size() > 1 && one_family && family->file->adapters) {
    std::vector<const CheckedLayout*> layouts;
    for (const size_t e : equal)
      layouts.push_back(family->FindLayout(detection.candidates[e].layout));
    WeighEvidence(*family, adapter_config, &layouts, &detection.reasons);
    std::erase_if(equal, [&](size_t e) {
      return std::none_of(layouts.begin(), layouts.end(), [&](const CheckedLayout* layout) {
        return layout->name.text == detection.candidates[e].layout;
      });
    });
    std::stable_partition(order.begin(), order.end(), [&](size_t i) { return i == equal[0]; });
  }
  const Candidate& best = detection.candidates[order[0]];
  std::vector<std::string> others;
  for (const size_t e : equal) {
    if (e == order[0]) continue;
    others.push_back(fmt::format("{} {}", detection.candidates[e].rules->file->family.text,
                                 detection.candidates[e].layout));
  }
  if (!named && !best.complete && !StandsOut(detection.candidates, order)) {
    // Without a config that names it, a family that fits in part is only a guess.
    std::vector<std::string> nearest;  // families that know as many keys
    for (const size_t i : order) {
      const std::string& family_name = detection.candidates[i].rules->file->family.text;
      if (std::find(nearest.begin(), nearest.end(), family_name) == nearest.end())
        nearest.push_back(family_name);
    }
    if (nearest.size() > 1) {
      diagnostics
          ->Add(Code::kUnknownFamily, {},
                fmt::format("no family fits in full: {} know {} of {} keys", JoinWords(nearest),
                            best.known, best.total))
          .help = "give the model's config.json with --config, or name the family with --family";
      return detection;
    }
    diagnostics
        ->Add(Code::kUnknownFamily, {},
              fmt::format("no family fits in full: the closest, {} {}, knows {} of {} keys",
                          best.rules->file->family.text, best.layout, best.known, best.total))
        .help = fmt::format("--family {} shows what does not fit", best.rules->file->family.text);
    return detection;
  }
  detection.reasons.push_back(fmt::format("{} {} knows {} of {} keys",
                                          best.rules->file->family.text, best.layout, best.known,
                                          best.total));
  // Without a config the first of the families that store these keys alike stands for all.
  std::vector<std::string> alike;
  for (const size_t i : order) {
    const Candidate& one = detection.candidates[i];
    const std::string& name = one.rules->file->family.text;
    if (!named && one.rules != best.rules && rank(i) == rank(order[0]) &&
        readings[i] == readings[order[0]] &&
        std::find(alike.begin(), alike.end(), name) == alike.end())
      alike.push_back(name);
  }
  if (!alike.empty())
    detection.reasons.push_back(
        fmt::format("{} would store these keys alike; a config.json says which family it is",
                    JoinWords(alike)));
  if (one_family) detection.family = best.rules;
  if (!others.empty()) {
    const bool shapes = std::any_of(table.keys.begin(), table.keys.end(),
                                    [](const FoundKey& key) { return key.shape.has_value(); });
    Diagnostic& d = diagnostics->Add(
        Code::kAmbiguousLayout, {},
        fmt::format("{} fit {} {} and also {}", shapes ? "keys and shapes" : "keys without shapes",
                    best.rules->file->family.text, best.layout, JoinWords(others)));
    d.help = "say which with --family and --from, or give the config.json";
    if (one_family && others.size() == 1 && StyleOf(best) != nullptr)
      ExplainDifference(readings[equal[0]], readings[equal[1]], detection.candidates[equal[0]],
                        detection.candidates[equal[1]], &d);
    if (one_family && !shapes) d.severity = Severity::kWarning;
  } else {
    detection.rules = best.rules;
    detection.layout = best.layout;
  }
  std::vector<Candidate> sorted;
  for (const size_t i : order) sorted.push_back(detection.candidates[i]);
  for (size_t i = tried; i < detection.candidates.size(); ++i)
    sorted.push_back(detection.candidates[i]);
  detection.candidates = std::move(sorted);
  return detection;
}

}  // namespace rr
