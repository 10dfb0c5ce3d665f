#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "cli/command.h"
#include "cli/convert_flags.h"
#include "cli/progress_bar.h"

namespace rr::cli {

void AddConvert(CLI::App& app, Run* run) {
  struct Flags {
    ConvertFlags convert;
    std::string report;
    std::string format = "text";
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("convert", "convert a checkpoint to another layout");
  command->footer("Example:\n  rule-runner convert Qwen3-30B-A3B out --to transformers-5");
  ConvertRequest& request = flags->convert.request;
  command
      ->add_option("SOURCE", request.source.path,
                   "a .safetensors file, a folder with an index, an adapter folder")
      ->required();
  command
      ->add_option("DESTINATION", request.destination,
                   "a folder, or a file that ends in .safetensors")
      ->required();
  AddConvertFlags(command, &flags->convert);
  command->add_flag("--dry-run", request.dry_run, "say what would be done and write nothing");
  command->add_flag("--force", request.force, "replace an existing destination");
  command->add_option("--report", flags->report, "write the report as JSON")->type_name("FILE");
  command->callback([flags, run] {
    *run = [flags](const CLI::App& given) {
      ConvertRequest& wanted = flags->convert.request;
      FinishConvertFlags(&flags->convert);
      CheckReportFolder(flags->report);
      RuleLibrary library(RealFiles(), RuleDirectories(flags->convert.rules));
      ProgressBar bar;
      if (isatty(STDERR_FILENO) == 1) wanted.progress = &bar;
      Diagnostics diagnostics;
      const std::optional<RunReport> report = Convert(RealFiles(), &library, wanted, &diagnostics);
      return ShowReport(given, report, flags->report, diagnostics);
    };
  });
}

}  // namespace rr::cli
