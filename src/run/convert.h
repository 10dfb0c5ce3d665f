// One conversion, from path to path: what the command line and the tests call.
//
// open -> detect -> bind -> graph -> plan -> lay out -> execute -> publish. Everything that can be
// refused is refused before the first byte is written; the destination is complete or absent.
#ifndef RULE_RUNNER_RUN_CONVERT_H_
#define RULE_RUNNER_RUN_CONVERT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/value.h"
#include "bind/rule_library.h"
#include "io/files.h"
#include "io/output.h"
#include "plan/conversion.h"
#include "plan/plan.h"
#include "run/executor.h"
#include "run/open_source.h"
#include "run/run_report.h"

namespace rr {

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

// The tensors of a prepared conversion, by index in its graph's sources.
std::unique_ptr<TensorReader> OpenTensors(const Files& files, const PreparedConversion& prepared);

// nullopt after an error; nothing is left behind then.
std::optional<RunReport> Convert(Files& files, RuleLibrary* library, const ConvertRequest& request,
                                 Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_CONVERT_H_
