#include "run/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "run/adapter_factors.h"
#include "run/alike_families.h"
#include "run/merged_reader.h"

namespace rr {
namespace {

// What was merged may be zero, or be lost in rounding: that is known when all has been read.
void NoteChanges(const MergedReader& reader, const std::string& by, RunReport* report,
                 Diagnostics* diagnostics) {
  const std::map<std::string, double>& changes = report->changes;
  const size_t changed = reader.ChangedCount();
  report->notes.push_back(fmt::format("{} tensors are changed by {}", changed, by));
  if (changed < changes.size())
    report->notes.push_back(
        fmt::format("{} tensors that are adapted are changed in no bit", changes.size() - changed));
  if (changed > 0 || changes.empty()) return;
  const auto most =
      std::max_element(changes.begin(), changes.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  diagnostics->Add(
      Code::kTouchesNothing, {},
      most->second == 0
          ? fmt::format("no bit of the base changes: the product of {} is zero everywhere", by)
          : fmt::format("no bit of the base changes: the largest change, {:.6g} in {}, is lost in "
                        "rounding",
                        most->second, most->first));
}

std::optional<OpenedSource> OpenBase(const Files& files, RuleLibrary* library,
                                     const ConvertRequest& wanted, Diagnostics* diagnostics) {
  SourceOptions options;
  options.allow_shape = wanted.conversion.allow_shape;
  options.allow_missing = true;  // what is there can be merged into
  std::optional<OpenedSource> base =
      OpenBoundSource(files, library, wanted.source, options, diagnostics);
  if (!base) return std::nullopt;
  base->table.named_order = true;  // in which changes are computed
  return base;
}

struct LoadedAdapter {
  std::unique_ptr<OpenedSource> source;
  std::unique_ptr<AdapterFactors> factors;
};

// In the layout of the base, and with what the base was given.
std::optional<LoadedAdapter> LoadAdapter(const Files& files, RuleLibrary* library,
                                         const std::string& path, const MergeRequest& request,
                                         const OpenedSource& base, Diagnostics* diagnostics) {
  SourceRequest source;
  source.path = path;
  source.kind = CheckpointKind::kAdapter;
  source.internal = RuleLibrary::Internal::kYes;
  source.family = base.rules->file->family.text;
  source.from = request.adapter_from;
  source.model_config = base.config;
  source.set = request.base.source.set;
  source.alpha = request.base.source.alpha;
  source.fill_zero = true;  // what it lacks stays as the base has it
  std::optional<OpenedSource> opened = OpenBoundSource(files, library, source, {}, diagnostics);
  if (!opened) return std::nullopt;
  LoadedAdapter adapter;
  adapter.source = std::make_unique<OpenedSource>(std::move(*opened));
  adapter.factors = AdapterFactors::Open(files, *adapter.source, base.detection.layout,
                                         &base.bound->layout.choice, diagnostics);
  if (adapter.factors == nullptr) return std::nullopt;
  return adapter;
}

void Append(const std::vector<std::string>& lines, std::vector<std::string>* to) {
  to->insert(to->end(), lines.begin(), lines.end());
}

void ReportAdapter(const std::string& name, const LoadedAdapter& adapter, RunReport* report) {
  report->reasons.push_back(fmt::format("{} is {} {}", name,
                                        adapter.source->rules->file->family.text,
                                        adapter.source->detection.layout));
  Append(adapter.source->detection.reasons, &report->reasons);
  const Conversion& conversion = adapter.factors->conversion();
  Append(conversion.notes, &report->notes);
  Append(conversion.left_out, &report->dropped);
  Append(conversion.dropped, &report->dropped);
  Append(conversion.defaulted, &report->defaulted);
}

}  // namespace

std::optional<RunReport> Merge(Files& files, RuleLibrary* library, const MergeRequest& request,
                               Diagnostics* diagnostics) {
  ConvertRequest wanted = request.base;
  wanted.conversion.only_present = true;
  wanted.source.other_families = true;
  wanted.source = SourceOf(wanted);
  wanted.source.kind = CheckpointKind::kWeights;
  std::optional<OpenedSource> base = OpenBase(files, library, wanted, diagnostics);
  if (!base) return std::nullopt;
  std::vector<LoadedAdapter> adapters;
  std::vector<WeightedAdapter> weighted;
  for (const MergeAdapter& adapter : request.adapters) {
    std::optional<LoadedAdapter> opened =
        LoadAdapter(files, library, adapter.path, request, *base, diagnostics);
    if (!opened) return std::nullopt;
    adapters.push_back(std::move(*opened));
    weighted.push_back({adapters.back().factors.get(),
                        request.unmerge ? -adapter.weight : adapter.weight, adapter.path});
  }

  std::optional<PreparedConversion> prepared =
      PrepareOpened(files, std::move(*base), wanted, diagnostics);
  if (!prepared || !WrittenAlike(files, library, wanted, prepared->source.detection.alike,
                                 *prepared, diagnostics))
    return std::nullopt;
  const std::unique_ptr<MergedReader> reader =
      MergedReader::Create(prepared->source, OpenTensors(files, *prepared), weighted, diagnostics);
  if (reader == nullptr) return std::nullopt;
  RunReport& report = prepared->report;
  for (size_t i = 0; i < adapters.size(); ++i)
    ReportAdapter(weighted[i].name, adapters[i], &report);
  const std::string by =
      fmt::format("{} adapter{}", adapters.size(), adapters.size() == 1 ? "" : "s");
  if (wanted.dry_run) {
    report.notes.push_back(fmt::format("{} tensors are adapted by {}", reader->TouchedCount(), by));
    return std::move(report);
  }
  return RunPrepared(
      files, &*prepared, wanted, *reader,
      [&] {
        report.changes = reader->LargestChanges();
        NoteChanges(*reader, by, &report, diagnostics);
      },
      diagnostics);
}

}  // namespace rr
