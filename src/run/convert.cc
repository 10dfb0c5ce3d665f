#include "run/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/text.h"
#include "bind/targets.h"
#include "check/strength.h"
#include "plan/adapter_conversion.h"
#include "run/adapter_config_out.h"
#include "run/alike_families.h"
#include "run/automodel_config.h"
#include "run/check_known.h"
#include "run/dequantized_reader.h"
#include "run/reference.h"
#include "run/source_reader.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int JobsOf(const ConvertRequest& request) {
  if (request.jobs > 0) return request.jobs;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 16);
}

// Half of each thread's share is for what it reads, half for what it writes. With less than a page
// for each, files would be read and written in crumbs.
PlanOptions PlanOptionsOf(const ConvertRequest& request) {
  PlanOptions options;
  options.buffer_bytes =
      std::max<uint64_t>(request.memory / (2 * static_cast<uint64_t>(JobsOf(request))), 4096);
  options.buffer_bytes = std::min<uint64_t>(options.buffer_bytes, 8 << 20);
  options.disabled_passes = request.disabled_passes;
  return options;
}

// The graph of an adapter, and what its config says.
std::optional<Conversion> BuildAdapter(const Files& files, const OpenedSource& source,
                                       const ResolvedTarget& target, const ConvertRequest& request,
                                       PreparedConversion* prepared, Diagnostics* diagnostics) {
  if (!source.adapter) return std::nullopt;
  const CheckedLayout& to = *source.rules->FindLayout(target.layout);
  LoaderNeeds needs;
  needs.uniform = to.style->uniform || (target.loader != nullptr && target.loader->uniform);
  needs.rslora = source.adapter->config.use_rslora();
  needs.one_scale = target.loader != nullptr && target.loader->one_scale;
  if (target.loader != nullptr && target.loader->only_pairs)
    needs.only_pairs = PairsLoader{target.system, target.loader->place};
  ConversionOptions options = request.conversion;
  options.fill_zero = request.source.fill_zero;
  std::optional<AdapterConversion> built =
      BuildAdapterConversion(*source.bound, *source.adapter, source.table, to, needs, options,
                             ReadWholeTensors(files, source), diagnostics);
  if (!built) return std::nullopt;
  prepared->adapter_config =
      MakeAdapterConfig(source.adapter_config, *source.rules, *source.bound->layout.layout, to,
                        target, *built, diagnostics);
  if (!prepared->adapter_config) return std::nullopt;
  const std::optional<Value> dropout = source.adapter_config.Lookup("lora_dropout");
  const Value* written = prepared->adapter_config->Find("lora_dropout");
  if (dropout && written != nullptr && ToJson(*dropout) != ToJson(*written))
    built->conversion.notes.push_back(
        fmt::format("lora_dropout is {}, not {}: PEFT wraps no parameter with dropout",
                    ToJson(*written), ToJson(*dropout)));
  prepared->automodel_config =
      AutomodelConfigOf(files, source.checkpoint.directory, to, *built, diagnostics);
  return std::move(built->conversion);
}

// Flags that say what happens to the factors of an adapter mean nothing for a model.
bool CheckNoAdapterFlags(const ConvertRequest& request, Diagnostics* diagnostics) {
  std::vector<std::string> flags;
  if (request.conversion.fuse != FuseMode::kAuto) flags.push_back("--fuse");
  if (request.source.fill_zero) flags.push_back("--fill");
  if (request.source.alpha) flags.push_back("--alpha");
  if (request.conversion.rank) flags.push_back("--rank");
  if (HaveAdapterConfig(request.source.set)) flags.push_back("--set adapter_config.*");
  if (flags.empty()) return true;
  diagnostics->Add(Code::kBadAdapterUse, Place::File(request.source.path),
                   fmt::format("{} {} for adapters, and this is a model", JoinWords(flags),
                               flags.size() == 1 ? "is" : "are"));
  return false;
}

// What the config.json of the destination says otherwise than the source's.
struct ConfigEdits {
  bool plain = false;  // nothing is quantised any more
  std::string dtype;   // transformers' name of the dtype that all weights have; empty: as it was
};

Value Edited(const Value& config, const ConfigEdits& edits) {
  const Value::Map* members = config.AsMap();
  if (members == nullptr) return config;
  Value::Map kept;
  for (const auto& [name, member] : *members) {
    if (edits.plain && (name == "quantization_config" || name == "compression_config")) continue;
    const bool is_dtype = name == "dtype" || name == "torch_dtype";
    if (is_dtype && !edits.dtype.empty() && member.AsString() != nullptr) {
      kept.push_back({name, edits.dtype});
    } else {
      kept.push_back({name, name.ends_with("_config") ? Edited(member, edits) : member});
    }
  }
  return Value(std::move(kept));
}

// The other files of a model folder go along as they are, but for what config.json says of the
// weights' dtype and of their quantisation, where that has changed: loaders believe it.
void CarryFiles(const OpenedSource& source, const ConvertRequest& request,
                OutputCheckpoint* output) {
  const Checkpoint& checkpoint = source.checkpoint;
  ConfigEdits edits;
  edits.plain = source.quantized == QuantizedAs::kValues && !source.table.quantized.empty();
  if (request.conversion.dtype)
    edits.dtype = TorchNameOf(*request.conversion.dtype).value_or(std::string_view());
  if (checkpoint.config && (edits.plain || !edits.dtype.empty())) {
    output->AddFile("config.json", ToPrettyJson(Edited(*checkpoint.config, edits)) + "\n");
  } else if (checkpoint.config) {
    output->CopyFile(checkpoint.directory + "/config.json", "config.json");
  }
  for (const std::string& name : checkpoint.other_files) {
    // Automodel's is written anew where the tensors are Automodel's.
    if (name != kAutomodelConfigFile && (!edits.plain || name != "hf_quant_config.json"))
      output->CopyFile(checkpoint.directory + "/" + name, name);
  }
}

OutputLayout LayOutDestination(const PreparedConversion& prepared, const ConvertRequest& request) {
  const bool adapters = prepared.source.rules->file->adapters;
  std::vector<OutputTensor> tensors;
  for (const GraphTensor& tensor : prepared.conversion.graph.destinations)
    tensors.push_back({tensor.key, tensor.dtype, tensor.shape});
  OutputOptions options;
  const bool one_file = request.destination.ends_with(".safetensors") || adapters;
  options.max_shard_bytes = one_file ? UINT64_MAX : request.max_shard_bytes;
  if (adapters) options.stem = "adapter_model";
  options.metadata = prepared.source.checkpoint.metadata;
  return LayOut(tensors, options);
}

// What the buffers of all threads take.
uint64_t BufferBytes(const Plan& plan, int jobs) {
  return (plan.largest_read + plan.largest_write) * static_cast<uint64_t>(jobs);
}

bool CheckMemory(const Plan& plan, const ConvertRequest& request, Diagnostics* diagnostics) {
  const int jobs = JobsOf(request);
  const uint64_t least = BufferBytes(plan, jobs);
  if (least <= request.memory) return true;
  Diagnostic& d =
      diagnostics->Add(Code::kTooLittleMemory, {},
                       fmt::format("--memory {}: the buffers of {} thread{} need {} bytes at least",
                                   request.memory, jobs, jobs == 1 ? "" : "s", least));
  d.help = fmt::format("--memory {}", least);
  if (jobs > 1)
    d.help += fmt::format(", or --memory {} with --jobs 1", least / static_cast<uint64_t>(jobs));
  return false;
}

// What is known before anything is run.
RunReport ReportOf(const PreparedConversion& prepared, const ConvertRequest& request) {
  const OpenedSource& source = prepared.source;
  const Conversion& conversion = prepared.conversion;
  const Plan& plan = prepared.plan;
  RunReport report;
  report.family = source.rules->file->family.text;
  report.from = source.detection.layout;
  report.to = prepared.to;
  report.source = request.source.path;
  report.destination = request.destination;
  report.reasons = source.detection.reasons;
  report.strength = fmt::format(
      "{}: {}; {}: {}", report.from, ToString(StrengthOf(*source.rules->FindLayout(report.from))),
      report.to, ToString(StrengthOf(*source.rules->FindLayout(report.to))));
  report.lossy = conversion.lossy;
  report.dropped = conversion.left_out;
  report.dropped.insert(report.dropped.end(), conversion.dropped.begin(), conversion.dropped.end());
  for (const std::string& key : source.excluded) report.dropped.push_back(key + " (--exclude)");
  report.defaulted = conversion.defaulted;
  report.absent = source.bound->absent_blocks;
  report.notes = conversion.notes;
  report.tensors_read = source.table.keys.size();
  report.tensors_written = conversion.graph.destinations.size();
  report.bytes_read = plan.bytes_read;
  report.bytes_written = plan.bytes_written;
  report.destination_bytes = prepared.layout.total_bytes;
  report.shards = prepared.layout.shards.size();
  report.steps = plan.steps.size();
  report.edges = conversion.graph.edges.size();
  report.buffer_bytes = BufferBytes(plan, prepared.jobs);
  report.dry_run = request.dry_run;
  return report;
}

}  // namespace

SourceRequest SourceOf(const ConvertRequest& request) {
  SourceRequest source = request.source;
  if (request.conversion.allow_lossy) source.quantized = QuantizedAs::kValues;
  return source;
}

std::optional<PreparedConversion> PrepareConversion(const Files& files, RuleLibrary* library,
                                                    const ConvertRequest& request,
                                                    Diagnostics* diagnostics) {
  SourceOptions source_options;
  source_options.allow_shape = request.conversion.allow_shape;
  std::optional<OpenedSource> source =
      OpenBoundSource(files, library, SourceOf(request), source_options, diagnostics);
  if (!source) return std::nullopt;
  if (!source->rules->file->adapters && !CheckNoAdapterFlags(request, diagnostics))
    return std::nullopt;
  const std::vector<Candidate> alike = source->detection.alike;
  std::optional<PreparedConversion> prepared;
  if (const Candidate* other = AlikeWithTarget(library, request, *source)) {
    prepared = PrepareConversion(files, library, ReadAs(*other, request), diagnostics);
    if (prepared)
      prepared->report.reasons.push_back(fmt::format("{} stores these keys alike, but has no `{}`",
                                                     source->rules->file->family.text, request.to));
  } else {
    prepared = PrepareOpened(files, std::move(*source), request, diagnostics);
  }
  if (!prepared || !WrittenAlike(files, library, request, alike, *prepared, diagnostics))
    return std::nullopt;
  return prepared;
}

std::optional<PreparedConversion> PrepareOpened(const Files& files, OpenedSource opened,
                                                const ConvertRequest& request,
                                                Diagnostics* diagnostics) {
  const auto start = std::chrono::steady_clock::now();
  const std::optional<ResolvedTarget> target = ResolveTarget(
      *opened.rules, request.to.empty() ? opened.detection.layout : request.to, diagnostics);
  if (!target) return std::nullopt;

  PreparedConversion prepared;
  prepared.to = target->layout;
  std::optional<Conversion> conversion =
      opened.rules->file->adapters
          ? BuildAdapter(files, opened, *target, request, &prepared, diagnostics)
          : BuildConversion(*opened.bound, opened.table, *opened.rules->FindLayout(target->layout),
                            request.conversion, diagnostics);
  if (!conversion) return std::nullopt;
  prepared.plan = MakePlan(conversion->graph, PlanOptionsOf(request), diagnostics);
  if (diagnostics->HasErrors() || !CheckMemory(prepared.plan, request, diagnostics))
    return std::nullopt;
  prepared.source = std::move(opened);
  prepared.conversion = std::move(*conversion);
  prepared.layout = LayOutDestination(prepared, request);
  prepared.jobs = JobsOf(request);
  prepared.report = ReportOf(prepared, request);
  prepared.report.plan_seconds = SecondsSince(start);
  return prepared;
}

std::unique_ptr<TensorReader> OpenTensors(const Files& files, const PreparedConversion& prepared) {
  const KeyTable& table = prepared.source.table;
  auto stored =
      std::make_unique<SourceReader>(ReadTensorsOf(files, prepared.source.checkpoint),
                                     prepared.source.tensor_of, prepared.conversion.constants);
  if (table.quantized.empty() || prepared.source.quantized == QuantizedAs::kCodes) return stored;
  return std::make_unique<DequantizedReader>(
      std::move(stored), table,
      table.named_order ? DequantizedReader::Order::kNamed : DequantizedReader::Order::kStored);
}

std::optional<RunReport> Convert(Files& files, RuleLibrary* library, const ConvertRequest& request,
                                 Diagnostics* diagnostics) {
  std::optional<PreparedConversion> prepared =
      PrepareConversion(files, library, request, diagnostics);
  if (!prepared) return std::nullopt;
  if (request.dry_run) return std::move(prepared->report);
  return RunPrepared(files, &*prepared, request, *OpenTensors(files, *prepared), nullptr,
                     diagnostics);
}

std::optional<RunReport> RunPrepared(Files& files, PreparedConversion* prepared,
                                     const ConvertRequest& request, const TensorReader& reader,
                                     const std::function<void()>& when_read,
                                     Diagnostics* diagnostics) {
  const auto start = std::chrono::steady_clock::now();
  const OpenedSource& source = prepared->source;
  if (!CheckKnown(prepared->conversion, reader, &prepared->report.notes, diagnostics))
    return std::nullopt;
  uint64_t other_bytes = 0;
  for (const std::string& name : source.checkpoint.other_files)
    other_bytes += files.Open(source.checkpoint.directory + "/" + name)->size();
  std::unique_ptr<OutputCheckpoint> output =
      OutputCheckpoint::Create(files, request.destination, prepared->layout, request.source.path,
                               request.force, other_bytes, diagnostics);
  if (output == nullptr) return std::nullopt;
  if (request.reference_engine) {
    ExecuteReference(prepared->conversion.graph, reader, *output, diagnostics);
  } else {
    RunOptions options;
    options.jobs = prepared->jobs;
    options.progress = request.progress;
    const RunStats stats = Execute(prepared->plan, reader, *output, options, diagnostics);
    prepared->report.bytes_read = stats.bytes_read;
    prepared->report.bytes_written = stats.bytes_written;
    prepared->report.buffer_bytes = stats.buffer_bytes;
  }
  if (when_read != nullptr) when_read();
  if (diagnostics->HasErrors()) return std::nullopt;
  CarryFiles(source, request, output.get());
  if (prepared->adapter_config)
    output->AddFile("adapter_config.json", ToPrettyJson(*prepared->adapter_config) + "\n");
  if (prepared->automodel_config)
    output->AddFile(kAutomodelConfigFile, ToPrettyJson(*prepared->automodel_config) + "\n");
  output->Publish();
  prepared->report.run_seconds = SecondsSince(start);
  return std::move(prepared->report);
}

}  // namespace rr
