#include "run/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "run/adapter_factors.h"
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

}  // namespace

std::optional<RunReport> Merge(Files& files, RuleLibrary* library, const MergeRequest& request,
                               Diagnostics* diagnostics) {
  SourceOptions options;
  options.allow_shape = request.base.conversion.allow_shape;
  options.allow_missing = true;  // what is there can be merged into
  ConvertRequest wanted = request.base;
  wanted.conversion.only_present = true;
  wanted.source.other_families = true;
  wanted.source = SourceOf(wanted);
  wanted.source.kind = CheckpointKind::kWeights;
  std::optional<OpenedSource> base =
      OpenSource(files, library, wanted.source, options, diagnostics);
  if (base) ExplainErrors(*base, diagnostics);
  if (!base || diagnostics->HasErrors() || !base->bound) return std::nullopt;
  base->table.named_order = true;  // in which changes are computed

  std::vector<std::unique_ptr<OpenedSource>> adapters;
  std::vector<std::unique_ptr<AdapterFactors>> factors;
  std::vector<WeightedAdapter> weighted;
  for (const MergeAdapter& adapter : request.adapters) {
    SourceRequest source;
    source.path = adapter.path;
    source.kind = CheckpointKind::kAdapter;
    source.internal = RuleLibrary::Internal::kYes;
    source.family = base->rules->file->family.text;
    source.from = request.adapter_from;
    source.model_config = base->config;
    source.set = wanted.source.set;
    source.alpha = wanted.source.alpha;
    source.fill_zero = true;  // what it lacks stays as the base has it
    std::optional<OpenedSource> opened = OpenSource(files, library, source, {}, diagnostics);
    if (opened) ExplainErrors(*opened, diagnostics);
    if (!opened || diagnostics->HasErrors() || !opened->bound) return std::nullopt;
    adapters.push_back(std::make_unique<OpenedSource>(std::move(*opened)));
    factors.push_back(AdapterFactors::Open(files, *adapters.back(), base->detection.layout,
                                           &base->bound->layout.choice, diagnostics));
    if (factors.back() == nullptr) return std::nullopt;
    weighted.push_back(
        {factors.back().get(), request.unmerge ? -adapter.weight : adapter.weight, adapter.path});
  }

  std::optional<PreparedConversion> prepared =
      PrepareOpened(files, std::move(*base), wanted, diagnostics);
  if (!prepared) return std::nullopt;
  const std::unique_ptr<MergedReader> reader =
      MergedReader::Create(prepared->source, OpenTensors(files, *prepared), weighted, diagnostics);
  if (reader == nullptr) return std::nullopt;
  RunReport& report = prepared->report;
  for (size_t i = 0; i < adapters.size(); ++i) {
    report.reasons.push_back(fmt::format("{} is {} {}", weighted[i].name,
                                         adapters[i]->rules->file->family.text,
                                         adapters[i]->detection.layout));
    for (const std::string& reason : adapters[i]->detection.reasons)
      report.reasons.push_back(reason);
    const Conversion& conversion = factors[i]->conversion();
    report.notes.insert(report.notes.end(), conversion.notes.begin(), conversion.notes.end());
    report.dropped.insert(report.dropped.end(), conversion.dropped.begin(),
                          conversion.dropped.end());
    report.defaulted.insert(report.defaulted.end(), conversion.defaulted.begin(),
                            conversion.defaulted.end());
  }
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
