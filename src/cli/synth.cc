#include "run/synth.h"

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/command.h"

namespace rr::cli {

void AddSynth(CLI::App& app, Run* run) {
  struct Flags {
    SynthRequest synth;
    std::vector<std::string> rules;
    std::string dtype, max_shard = "5GB";
  };
  auto flags = std::make_shared<Flags>();
  SynthRequest& request = flags->synth;
  CLI::App* command = app.add_subcommand(
      "synth", "write a deterministic checkpoint of any layout and size, from the rules alone");
  command->footer(
      "Example:\n  rule-runner synth tiny --family qwen3_moe --layout hub --config config.json "
      "--set num_hidden_layers=2");
  command->add_option("DESTINATION", request.destination,
                      "a folder, or a file that ends in .safetensors");
  command
      ->add_option("--family", request.source.family,
                   "the model family; from config.json when not given")
      ->type_name("NAME");
  command
      ->add_option("--layout", request.layout,
                   "the layout or system; the family's first layout when not given")
      ->type_name("TARGET");
  command->add_option("--config", request.source.config, "the model's config.json")
      ->type_name("FILE");
  AddSetFlag(command, &request.source);
  AddRulesFlag(command, &flags->rules);
  command
      ->add_option("--dtype", flags->dtype,
                   "of all tensors; else what rules and config say, or BF16")
      ->check(CLI::IsMember({"F64", "F32", "F16", "BF16"}));
  command->add_option("--max-shard-size", flags->max_shard, "largest file that is written")
      ->type_name("SIZE")
      ->capture_default_str();
  command->add_option("--jobs", request.jobs, "threads; 0 is one per processor")
      ->type_name("N")
      ->check(CLI::Range(0, 256));
  command->add_flag("--optional", request.optional, "also what a checkpoint may lack (MTP layers)");
  command->add_flag("--dry-run", request.dry_run,
                    "print keys, dtypes and shapes and write nothing");
  command->add_flag("--force", request.force, "replace an existing destination");
  command->callback([flags, run] {
    if (flags->synth.destination.empty() && !flags->synth.dry_run)
      throw CLI::RequiredError("DESTINATION");
    *run = [flags](const CLI::App& given) {
      SynthRequest& wanted = flags->synth;
      if (!flags->dtype.empty()) wanted.dtype = ParseDtype(flags->dtype);
      wanted.max_shard_bytes = ParseBytes(flags->max_shard);
      RuleLibrary library(RealFiles(), RuleDirectories(flags->rules));
      Diagnostics diagnostics;
      const std::optional<SynthReport> report = Synth(RealFiles(), &library, wanted, &diagnostics);
      const int code = Show(given, diagnostics);
      if (!report) return code == kDone ? kFindings : code;
      if (wanted.dry_run) {
        for (const OutputTensor& tensor : report->keys)
          Print(fmt::format("{} {} [{}]\n", tensor.name, NameOf(tensor.dtype),
                            fmt::join(tensor.shape, ", ")));
      }
      Print(fmt::format("{} {}: {} tensors, {} bytes ({}) in {} file{}\n", report->family,
                        report->layout, WithCommas(report->tensors), WithCommas(report->bytes),
                        HumanBytes(report->bytes), report->shards, report->shards == 1 ? "" : "s"));
      for (const std::string& note : report->notes) Print("  note: " + note + "\n");
      return kDone;
    };
  });
}

}  // namespace rr::cli
