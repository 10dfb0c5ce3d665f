#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/convert_flags.h"
#include "run/plan_text.h"

namespace rr::cli {

void AddPlan(CLI::App& app, Run* run) {
  struct Flags {
    ConvertFlags convert;
    std::string format = "text";
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("plan", "show what convert would do: steps, bytes, memory");
  command->footer("Example:\n  rule-runner plan Qwen3-30B-A3B --to automodel --only layers.0.mlp");
  command
      ->add_option("SOURCE", flags->convert.request.source.path,
                   "a .safetensors file, a folder with an index, an adapter folder")
      ->required();
  AddConvertFlags(command, &flags->convert);
  command->add_option("--format", flags->format, "text, json or dot")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json", "dot"}));
  command->callback([flags, run] {
    *run = [flags](const CLI::App& given) {
      FinishConvertFlags(&flags->convert);
      RuleLibrary library(RealFiles(), RuleDirectories(flags->convert.rules));
      Diagnostics diagnostics;
      const std::optional<PreparedConversion> prepared =
          PrepareConversion(RealFiles(), &library, flags->convert.request, &diagnostics);
      const int code = Show(given, diagnostics);
      if (!prepared) return code == kDone ? kFindings : code;
      Print(flags->format == "json"  ? PlanJson(*prepared)
            : flags->format == "dot" ? GraphDot(prepared->conversion.graph)
                                     : PlanText(*prepared));
      return kDone;
    };
  });
}

}  // namespace rr::cli
