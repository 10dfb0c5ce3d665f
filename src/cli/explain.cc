#include "run/explain.h"

#include <memory>

#include "cli/command.h"

namespace rr::cli {

void AddExplain(CLI::App& app, Run* run) {
  struct Flags {
    ExplainRequest explain;
    std::vector<std::string> rules;
  };
  auto flags = std::make_shared<Flags>();
  ExplainRequest& request = flags->explain;
  CLI::App* command =
      app.add_subcommand("explain", "show what the rules of a family say, stage by stage");
  command->footer(
      "Example:\n  rule-runner explain qwen3_moe --from hub --to megatron\n"
      "  rule-runner explain qwen3_moe model.layers.3.mlp.experts.7.up_proj.weight --to automodel\n"
      "  rule-runner explain qwen3_moe --from hub --to automodel --stage graph --config "
      "config.json\n"
      "  rule-runner explain qwen3_moe --from hub --to megatron --stage numpy --config "
      "config.json");
  command->add_option("FAMILY", request.source.family, "the model family")->required();
  command->add_option("KEY", request.key, "only what concerns this key");
  command->add_option("--from", request.source.from, "a layout or system")->type_name("TARGET");
  command->add_option("--to", request.to, "another one")->type_name("TARGET");
  command
      ->add_option("--stage", request.stage,
                   "ast, checked, bound, graph, plan, numpy or torch (as Python code); all but the "
                   "first two need sizes, all but the first three --from and --to")
      ->capture_default_str()
      ->check(CLI::IsMember({"ast", "checked", "bound", "graph", "plan", "numpy", "torch"}));
  command->add_option("--config", request.source.config, "a config.json for the sizes")
      ->type_name("FILE");
  AddSetFlag(command, &request.source);
  AddRulesFlag(command, &flags->rules);
  command->callback([flags, run] {
    *run = [flags](const CLI::App& given) {
      RuleLibrary library(RealFiles(), RuleDirectories(flags->rules));
      Diagnostics diagnostics;
      const std::optional<std::string> text =
          Explain(RealFiles(), &library, flags->explain, &diagnostics);
      const int code = Show(given, diagnostics);
      if (!text) return code == kDone ? kFindings : code;
      Print(*text);
      return kDone;
    };
  });
}

}  // namespace rr::cli
