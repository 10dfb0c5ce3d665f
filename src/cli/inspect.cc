#include "run/inspect.h"

#include <algorithm>
#include <memory>

#include "cli/command.h"

namespace rr::cli {

void AddInspect(CLI::App& app, Run* run) {
  struct Flags {
    SourceRequest source;
    std::vector<std::string> rules;
    std::string keys, format = "text";
    bool strict = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("inspect", "say which family and layout a checkpoint is, and why");
  command->footer(
      "Example:\n  rule-runner inspect Qwen3-30B-A3B\n  rule-runner inspect --keys keys.json "
      "--config config.json --strict");
  auto* source =
      command->add_option("SOURCE", flags->source.path,
                          "a .safetensors file, a folder with an index, an adapter folder");
  auto* keys = command
                   ->add_option("--keys", flags->keys,
                                "a JSON object {key: shape or null} instead of a checkpoint")
                   ->type_name("FILE");
  source->excludes(keys);
  AddSourceFlags(command, &flags->source);
  AddFillFlag(command, &flags->source);
  AddRulesFlag(command, &flags->rules);
  command->add_flag("--strict", flags->strict, "exit 1 unless every key is accounted for");
  command->add_option("--format", flags->format, "text or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  command->callback([flags, run] {
    if (flags->source.path.empty() && flags->keys.empty())
      throw CLI::RequiredError("SOURCE or --keys");
    *run = [flags](const CLI::App& given) {
      RuleLibrary library(RealFiles(), RuleDirectories(flags->rules));
      Diagnostics diagnostics;
      const bool has_keys = !flags->keys.empty();
      if (has_keys) flags->source.path = flags->keys;
      const std::optional<OpenedSource> opened =
          has_keys ? OpenKeyList(RealFiles(), &library, flags->source, {}, &diagnostics)
                   : OpenSource(RealFiles(), &library, flags->source, {}, &diagnostics);
      Show(given, diagnostics);
      if (!opened) return kFindings;
      Print(flags->format == "json" ? ToPrettyJson(InspectJson(*opened, diagnostics)) + "\n"
                                    : InspectText(*opened));
      if (flags->strict) return IsAccountedFor(*opened, diagnostics) ? kDone : kFindings;
      // A valid file that no family, or more than one, fits is no fault of the file.
      const bool faulty =
          std::any_of(diagnostics.all().begin(), diagnostics.all().end(), [](const Diagnostic& d) {
            return d.severity == Severity::kError && d.code != Code::kUnknownFamily &&
                   d.code != Code::kAmbiguousLayout;
          });
      return faulty ? kFindings : kDone;
    };
  });
}

}  // namespace rr::cli
