// A checkpoint or an adapter, opened: read, recognised and bound. Every command that reads one
// begins here.
//
// Enters: a path and what the command line says of it. Leaves: an `OpenedSource`, also of what
// could not be recognised, so that `inspect` can describe it.
#ifndef RULE_RUNNER_RUN_OPEN_SOURCE_H_
#define RULE_RUNNER_RUN_OPEN_SOURCE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checkpoint_kind.h"
#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "bind/bind_source.h"
#include "bind/causes.h"
#include "bind/detect.h"
#include "bind/key_rename.h"
#include "bind/quantized.h"
#include "bind/rule_library.h"
#include "io/checkpoint.h"
#include "io/files.h"
#include "plan/factor_values.h"
#include "run/settings.h"

namespace rr {

// What every command that reads a checkpoint takes.
struct SourceRequest {
  std::string path;
  std::string family;  // empty: detected
  std::string from;    // layout or target; empty: detected
  std::string config;  // path of a config.json; empty: the one beside the checkpoint
  Settings set;
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

// The families that a request may mean: --family, those that the config names, or all.
std::vector<RulesPtr> CandidateFamilies(const SourceRequest& request, const Config& config,
                                        RuleLibrary* library, Diagnostics* diagnostics);

// nullopt after an error that leaves nothing to describe. With findings about keys or shapes the
// source is returned as well.
std::optional<OpenedSource> OpenSource(const Files& files, RuleLibrary* library,
                                       const SourceRequest& request, const SourceOptions& options,
                                       Diagnostics* diagnostics);

// For what needs all tensors in their places: known reasons stand behind errors, and nothing is
// returned after one.
std::optional<OpenedSource> OpenBoundSource(const Files& files, RuleLibrary* library,
                                            const SourceRequest& request,
                                            const SourceOptions& options, Diagnostics* diagnostics);

// As OpenSource, for a list of keys without a checkpoint: {key: shape or null}.
std::optional<OpenedSource> OpenKeyList(const Files& files, RuleLibrary* library,
                                        const SourceRequest& request, const SourceOptions& options,
                                        Diagnostics* diagnostics);

// Known reasons why the source is not what a loader wants, and what mends them.
std::vector<Cause> CausesOf(const OpenedSource& source);
// The same as findings, behind errors that they may explain; nothing where there is no error.
void ExplainErrors(const OpenedSource& source, Diagnostics* diagnostics);

// Whole tensors of an opened checkpoint, by index in its key table.
ReadTensor ReadWholeTensors(const Files& files, const OpenedSource& source);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_OPEN_SOURCE_H_
