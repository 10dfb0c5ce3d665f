// One conversion, from path to path: what the command line and the tests call.
//
// open -> detect -> bind -> graph -> plan -> lay out -> execute -> publish. Everything that can be
// refused is refused before the first byte is written; the destination is complete or absent.
#ifndef RULE_RUNNER_RUN_CONVERT_H_
#define RULE_RUNNER_RUN_CONVERT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/checkpoint_kind.h"
#include "base/diagnostic.h"
#include "base/value.h"
#include "bind/adapter_source.h"
#include "bind/bind_source.h"
#include "bind/causes.h"
#include "bind/detect.h"
#include "bind/key_rename.h"
#include "bind/quantized.h"
#include "bind/rule_library.h"
#include "io/checkpoint.h"
#include "io/files.h"
#include "io/output.h"
#include "plan/conversion.h"
#include "plan/factor_values.h"
#include "plan/plan.h"
#include "run/executor.h"

namespace rr {

// What every command that reads a checkpoint takes.
struct SourceRequest {
  std::string path;
  std::string family;  // empty: detected
  std::string from;    // layout or target; empty: detected
  std::string config;  // path of a config.json; empty: the one beside the checkpoint
  std::vector<std::pair<std::string, std::string>>
      set;                             // NAME=VALUE: an axis, or a config attribute as JSON
  std::optional<double> alpha;         // of an adapter whose config does not say it
  bool fill_zero = false;              // what an adapter lacks is zero
  std::optional<Config> model_config;  // the model's, when another checkpoint gave it
  RuleLibrary::Internal internal = RuleLibrary::Internal::kNo;  // of layouts that are needed
  std::optional<CheckpointKind> kind;                           // that is expected
  QuantizedAs quantized = QuantizedAs::kCodes;
  bool other_families = false;     // a config whose family knows none of the keys is not believed
  std::string exclude;             // source keys that match this regex are left out, and reported
  std::string include;             // and those that do not match this one
  std::vector<KeyRename> renames;  // before anything is asked of the keys
};

// A checkpoint that has been opened, recognised and bound.
struct OpenedSource {
  Checkpoint checkpoint;
  KeyTable table;
  std::vector<uint32_t> tensor_of;  // KeyTable index -> index into Checkpoint::tensors
  Config config;
  Config adapter_config;    // of an adapter; absent when there is none
  bool run_config = false;  // made of a run_config.yaml of Megatron-Bridge
  std::map<std::string, int64_t> given;
  Detection detection;
  RulesPtr rules;
  std::optional<BoundSource> bound;
  std::optional<AdapterSource> adapter;  // its ranks and scales, when it is one and nothing lacks
  std::vector<std::string> excluded;
  QuantizedAs quantized = QuantizedAs::kCodes;
  std::vector<KeyRepair> repairs;  // what was done to the keys' names
  std::vector<RulesPtr> families;  // that were meant
};

// Splits --set into sizes of axes and config attributes. RR422 for text that is neither.
void ApplySettings(const SourceRequest& request, const CheckedRules* rules, Config* config,
                   std::map<std::string, int64_t>* given, Diagnostics* diagnostics);
// The families that a request may mean: --family, those that the config names, or all.
std::vector<RulesPtr> CandidateFamilies(const SourceRequest& request, const Config& config,
                                        RuleLibrary* library, Diagnostics* diagnostics);

// nullopt after an error that leaves nothing to describe. With findings about keys or shapes the
// source is returned as well.
std::optional<OpenedSource> OpenSource(const Files& files, RuleLibrary* library,
                                       const SourceRequest& request, const SourceOptions& options,
                                       Diagnostics* diagnostics);

// The same for a list of keys without a checkpoint: {key: shape or null}.
std::optional<OpenedSource> OpenKeyList(const Files& files, RuleLibrary* library,
                                        const SourceRequest& request, const SourceOptions& options,
                                        Diagnostics* diagnostics);

// Known reasons why the source is not what a loader wants, and what mends them.
std::vector<Cause> CausesOf(const OpenedSource& source);
// The same as findings, behind errors that they may explain; nothing where there is no error.
void ExplainErrors(const OpenedSource& source, Diagnostics* diagnostics);

struct ConvertRequest {
  SourceRequest source;
  std::string destination;
  std::string to;  // layout or target
  ConversionOptions conversion;
  uint64_t max_shard_bytes = 5'000'000'000;
  uint64_t memory = 64 << 20;
  int jobs = 0;
  bool dry_run = false;
  bool force = false;
  bool reference_engine = false;
  std::vector<std::string> disabled_passes;
  Progress* progress = nullptr;
};

struct RunReport {
  std::string family, from, to;
  std::string source, destination;
  std::vector<std::string> reasons;  // how family and layout were found
  std::string strength;              // of both layouts
  std::vector<std::string> lossy, dropped, defaulted, absent, notes;
  std::map<std::string, double> changes;  // of a merge: the largest |change| by tensor
  uint64_t tensors_read = 0, tensors_written = 0;
  uint64_t bytes_read = 0, bytes_written = 0, destination_bytes = 0;
  uint64_t shards = 0, steps = 0, edges = 0;
  uint64_t buffer_bytes = 0;  // of all threads
  double plan_seconds = 0, run_seconds = 0;
  bool dry_run = false;

  Value ToJson() const;
  std::string ToText() const;
};

// The source of a conversion: quantised weights are their values where rounding is allowed.
SourceRequest SourceOf(const ConvertRequest& request);

// The plan of a request without running it.
struct PreparedConversion {
  OpenedSource source;
  std::string to;
  Conversion conversion;
  std::optional<Value> adapter_config;    // of an adapter: what is written
  std::optional<Value> automodel_config;  // and automodel_peft_config.json, for Automodel
  Plan plan;
  OutputLayout layout;
  int jobs = 1;
  RunReport report;
};
std::optional<PreparedConversion> PrepareConversion(const Files& files, RuleLibrary* library,
                                                    const ConvertRequest& request,
                                                    Diagnostics* diagnostics);
// The same for a source that is open; an empty `to` keeps the layout.
std::optional<PreparedConversion> PrepareOpened(const Files& files, OpenedSource source,
                                                const ConvertRequest& request,
                                                Diagnostics* diagnostics);
// Runs it over the tensors that `reader` gives, by index in the graph's sources. `when_read` is
// called before what was written is published: after an error that it adds nothing is left.
std::optional<RunReport> RunPrepared(Files& files, PreparedConversion* prepared,
                                     const ConvertRequest& request, const TensorReader& reader,
                                     const std::function<void()>& when_read,
                                     Diagnostics* diagnostics);

// Whole tensors of an opened checkpoint, by index in its key table.
ReadTensor ReadWholeTensors(const Files& files, const OpenedSource& source);

// The tensors of a prepared conversion, by index in its graph's sources.
std::unique_ptr<TensorReader> OpenTensors(const Files& files, const PreparedConversion& prepared);

// nullopt after an error; nothing is left behind then.
std::optional<RunReport> Convert(Files& files, RuleLibrary* library, const ConvertRequest& request,
                                 Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_CONVERT_H_
