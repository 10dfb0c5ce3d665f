#include "run/merge.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/convert_flags.h"
#include "cli/progress_bar.h"

namespace rr::cli {
namespace {

// "PATH" or "PATH=WEIGHT".
MergeAdapter ParseAdapter(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos) return {text, 1};
  const std::string path = text.substr(0, equals);
  const auto weight = ParseNumber<double>(std::string_view(text).substr(equals + 1));
  if (weight && std::isfinite(*weight)) return {path, *weight};
  // A path may have an equals sign of its own.
  const auto exists = [](const std::string& name) {
    return RealFiles().KindOf(name) != FileKind::kNone;
  };
  if (exists(path) && !exists(text))
    throw CLI::ValidationError("--adapter",
                               fmt::format("`{}` is no weight: `{}=0.5` takes half of the adapter",
                                           text.substr(equals + 1), path));
  return {text, 1};
}

}  // namespace

void AddMerge(CLI::App& app, Run* run) {
  struct Flags {
    ConvertFlags convert;
    std::vector<std::string> adapters;
    std::string adapter_from, report;
    bool unmerge = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("merge", "merge adapters into a model");
  command->footer(
      "Example:\n  rule-runner merge Qwen3-30B-A3B out --adapter my-lora\n  rule-runner merge base "
      "out --adapter a=0.7 --adapter b=0.3 --to megatron");
  ConvertRequest& request = flags->convert.request;
  command->add_option("BASE", request.source.path, "the model: a file, or a folder with an index")
      ->required();
  command
      ->add_option("DESTINATION", request.destination,
                   "a folder, or a file that ends in .safetensors")
      ->required();
  command
      ->add_option("--adapter", flags->adapters,
                   "an adapter, and how much of it (1 when not given); may be repeated")
      ->type_name("ADAPTER[=WEIGHT]")
      ->allow_extra_args(false)
      ->required();
  command
      ->add_option("--adapter-from", flags->adapter_from,
                   "the layout or system of the adapters; found from the keys when not given")
      ->type_name("TARGET");
  command->add_flag("--unmerge", flags->unmerge, "take the adapters out of a merged model again");
  AddConvertFlags(command, &flags->convert, false);
  command->add_flag("--dry-run", request.dry_run, "say what would be done and write nothing");
  command->add_flag("--force", request.force, "replace an existing destination");
  command->add_option("--report", flags->report, "write the report as JSON")->type_name("FILE");
  command->callback([flags, run] {
    *run = [flags](const CLI::App& given) {
      FinishConvertFlags(&flags->convert);
      CheckReportFolder(flags->report);
      MergeRequest wanted{flags->convert.request, {}, flags->adapter_from, flags->unmerge};
      for (const std::string& text : flags->adapters) wanted.adapters.push_back(ParseAdapter(text));
      RuleLibrary library(RealFiles(), RuleDirectories(flags->convert.rules));
      ProgressBar bar;
      if (isatty(STDERR_FILENO) == 1) wanted.base.progress = &bar;
      Diagnostics diagnostics;
      const std::optional<RunReport> report = Merge(RealFiles(), &library, wanted, &diagnostics);
      return ShowReport(given, report, flags->report, diagnostics);
    };
  });
}

}  // namespace rr::cli
