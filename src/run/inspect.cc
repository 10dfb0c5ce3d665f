#include "run/inspect.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "plan/adapter_pairs.h"
#include "run/inspect_adapter.h"

namespace rr {
namespace {

std::vector<std::string> TargetsOf(const OpenedSource& source) {
  std::vector<std::string> targets;
  if (source.rules == nullptr) return targets;
  const bool only_pairs =
      !source.bound || BeyondPairsOf(source.bound->layout, *source.rules).keys.empty();
  for (const TargetRule& target : source.rules->file->targets) {
    for (const TargetCase& one : target.cases) {
      const Name& layout =
          source.checkpoint.kind == CheckpointKind::kWeights ? one.weights : one.adapters;
      if (layout.text != source.detection.layout || (one.only_pairs && !only_pairs)) continue;
      targets.push_back(
          fmt::format("{}{}", target.system.text, one.versions ? one.place.Text() : ""));
    }
  }
  return targets;
}

std::map<std::string, size_t> DtypesOf(const OpenedSource& source) {
  std::map<std::string, size_t> dtypes;
  for (const FoundKey& key : source.table.keys) {
    const Dtype* stored = key.dtype ? &*key.dtype : nullptr;
    if (key.quantized >= 0 && stored != nullptr)
      stored = &*source.table.quantized[static_cast<size_t>(key.quantized)].code_dtype;
    if (stored != nullptr) ++dtypes[std::string(NameOf(*stored))];
  }
  return dtypes;
}

// How many weights each quantisation format has.
std::map<std::string, size_t> FormatsOf(const OpenedSource& source) {
  std::map<std::string, size_t> formats;
  for (const QuantizedWeight& weight : source.table.quantized) ++formats[weight.format->name.text];
  return formats;
}

std::vector<std::string> KeysOf(const OpenedSource& source, const std::vector<uint32_t>& indices) {
  std::vector<std::string> keys;
  for (const uint32_t index : indices) keys.push_back(source.table.keys[index].name);
  return keys;
}

bool IsAdapter(const OpenedSource& source) { return source.bound && source.rules->file->adapters; }

std::string_view WordOf(LoaderVerdict::Kind kind) {
  switch (kind) {
    case LoaderVerdict::Kind::kLoads:
      return "loads";
    case LoaderVerdict::Kind::kDrops:
      return "drops";
    case LoaderVerdict::Kind::kRefuses:
      return "refuses";
    default:
      return "misreads";
  }
}

std::string AdapterText(const AdapterFacts& facts) {
  std::string text = fmt::format("  dialect: {}\n", facts.dialect);
  for (const std::string& line : facts.ranks) text += fmt::format("  {}\n", line);
  for (const std::string& line : facts.adapts) text += fmt::format("  adapts {}\n", line);
  for (const std::string& line : facts.remarks) text += fmt::format("  note: {}\n", line);
  for (const LoaderVerdict& loader : facts.loaders)
    text += fmt::format("  {} {}{}\n", loader.system, WordOf(loader.kind),
                        loader.text.empty() ? "" : ": " + loader.text);
  return text;
}

Value Count(size_t n) { return Value(static_cast<int64_t>(n)); }

void AddAdapter(const AdapterFacts& facts, Value::Map* map) {
  map->push_back({"dialect", facts.dialect});
  map->push_back({"ranks", ListOf(facts.ranks)});
  map->push_back({"adapts", ListOf(facts.adapts)});
  map->push_back({"remarks", ListOf(facts.remarks)});
  Value::List loaders;
  for (const LoaderVerdict& loader : facts.loaders)
    loaders.push_back(Value(Value::Map{{"system", loader.system},
                                       {"verdict", std::string(WordOf(loader.kind))},
                                       {"text", loader.text}}));
  map->push_back({"loaders", std::move(loaders)});
}

Value CausesJson(const OpenedSource& source) {
  Value::List causes;
  for (const Cause& cause : CausesOf(source))
    causes.push_back(
        Value(Value::Map{{"name", cause.name}, {"why", cause.why}, {"mend", cause.mend}}));
  return Value(std::move(causes));
}

Value CandidatesJson(const Detection& detection) {
  Value::List candidates;
  for (const Candidate& candidate : detection.candidates)
    candidates.push_back(Value(Value::Map{{"family", candidate.rules->file->family.text},
                                          {"layout", candidate.layout},
                                          {"known", Count(candidate.known)},
                                          {"complete", candidate.complete}}));
  return Value(std::move(candidates));
}

Value CountsJson(const std::map<std::string, size_t>& counts) {
  Value::Map map;
  for (const auto& [name, count] : counts) map.push_back({name, Count(count)});
  return Value(std::move(map));
}

// Lists that are empty while the source is bound to no layout.
void AddBound(const OpenedSource& source, Value::Map* map) {
  static const BoundSource kNothing;
  const BoundSource& bound = source.bound ? *source.bound : kNothing;
  map->push_back({"unmatched", ListOf(KeysOf(source, bound.unmatched))});
  map->push_back({"missing", ListOf(bound.missing)});
  map->push_back({"ignored", ListOf(KeysOf(source, bound.ignored))});
  map->push_back({"absent_blocks", ListOf(bound.absent_blocks)});
  map->push_back({"sizes", ListOf(bound.notes)});
}

Value FindingsJson(const Diagnostics& diagnostics) {
  Value::List findings;
  for (const Diagnostic& d : diagnostics.all())
    findings.push_back(Value(Value::Map{{"code", InfoOf(d.code).Id()},
                                        {"name", std::string(InfoOf(d.code).name)},
                                        {"severity", std::string(NameOf(d.severity))},
                                        {"message", d.message},
                                        {"help", d.help}}));
  return Value(std::move(findings));
}

}  // namespace

Value InspectJson(const OpenedSource& source, const Diagnostics& diagnostics) {
  const bool known = source.rules != nullptr;
  const RulesPtr& family = source.detection.family;
  Value::Map map;
  map.push_back({"path", source.checkpoint.path});
  map.push_back({"kind", std::string(NameOf(source.checkpoint.kind))});
  map.push_back({"family", family != nullptr ? Value(family->file->family.text) : Value()});
  map.push_back({"layout", known ? Value(source.detection.layout) : Value()});
  map.push_back({"loadable", ListOf(TargetsOf(source))});
  map.push_back({"reasons", ListOf(source.detection.reasons)});
  if (IsAdapter(source)) AddAdapter(DescribeAdapter(source), &map);
  map.push_back({"causes", CausesJson(source)});
  map.push_back({"candidates", CandidatesJson(source.detection)});
  map.push_back({"tensors", Count(source.table.keys.size())});
  map.push_back({"bytes", Value(static_cast<int64_t>(source.checkpoint.TotalBytes()))});
  map.push_back({"dtypes", CountsJson(DtypesOf(source))});
  map.push_back({"quantized", CountsJson(FormatsOf(source))});
  AddBound(source, &map);
  map.push_back({"findings", FindingsJson(diagnostics)});
  return Value(std::move(map));
}

std::string InspectText(const OpenedSource& source) {
  std::string text;
  const bool known = source.rules != nullptr;
  text += fmt::format("{}: {}, {} tensors, {}\n", source.checkpoint.path,
                      NameOf(source.checkpoint.kind), WithCommas(source.table.keys.size()),
                      HumanBytes(source.checkpoint.TotalBytes()));
  std::vector<std::string> dtypes;
  for (const auto& [dtype, count] : DtypesOf(source))
    dtypes.push_back(fmt::format("{} {}", WithCommas(count), dtype));
  if (!dtypes.empty()) text += fmt::format("  dtypes: {}\n", JoinWords(dtypes, 22));
  for (const auto& [format, count] : FormatsOf(source))
    text += fmt::format("  quantised: {} ({} weights)\n", format, WithCommas(count));
  const RulesPtr& family = source.detection.family;
  text += fmt::format("  family: {}\n", family ? family->file->family.text : "unknown");
  if (known) text += fmt::format("  layout: {}\n", source.detection.layout);
  for (const std::string& reason : source.detection.reasons)
    text += fmt::format("  why: {}\n", reason);
  for (const Cause& cause : CausesOf(source))
    text += fmt::format("  cause: {}: {}\n  mend: {}\n", cause.name, cause.why, cause.mend);
  if (IsAdapter(source)) text += AdapterText(DescribeAdapter(source));
  const std::vector<std::string> targets = TargetsOf(source);
  if (!targets.empty() && !IsAdapter(source))
    text += fmt::format("  loadable by: {}\n", JoinWords(targets, 20));
  if (!source.bound) return text;
  for (const std::string& note : source.bound->notes) text += fmt::format("  {}\n", note);
  if (!source.bound->absent_blocks.empty())
    text += fmt::format("  absent: {}\n", JoinWords(source.bound->absent_blocks, 20));
  if (!source.bound->ignored.empty())
    text += fmt::format("  ignored: {}\n", JoinWords(KeysOf(source, source.bound->ignored)));
  if (!source.bound->unmatched.empty())
    text +=
        fmt::format("  unexpected: {}\n", JoinWords(KeysOf(source, source.bound->unmatched), 10));
  if (!source.bound->missing.empty())
    text += fmt::format("  missing: {}\n", JoinWords(source.bound->missing, 10));
  return text;
}

bool IsAccountedFor(const OpenedSource& source, const Diagnostics& diagnostics) {
  if (diagnostics.HasErrors()) return false;
  if (source.bound) return source.bound->unmatched.empty() && source.bound->missing.empty();
  // Several layouts of one family are left: the first of them is as good as any.
  if (source.detection.family == nullptr || source.detection.candidates.empty()) return false;
  const Candidate& best = source.detection.candidates[0];
  return best.complete && best.known == best.total && best.missing == 0;
}

}  // namespace rr
