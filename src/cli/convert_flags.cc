#include "cli/convert_flags.h"

#include <fmt/format.h>

#include <filesystem>

namespace rr::cli {
namespace {

// How the factors of an adapter are written.
void AddAdapterFlags(CLI::App* command, ConvertFlags* flags) {
  AddFillFlag(command, &flags->request.source);
  command
      ->add_option("--fuse", flags->fuse,
                   "adapters: how parts with different A share a module: auto, shared or "
                   "block-diagonal")
      ->type_name("MODE")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "shared", "block-diagonal"}));
  command
      ->add_option("--rank", flags->rank,
                   "adapters: give every module this rank, by zeros or by taking ranks away that "
                   "are zero; alpha follows, the scale stays")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20));
}

}  // namespace

void AddConvertFlags(CLI::App* command, ConvertFlags* flags, bool writes_adapters) {
  ConvertRequest& request = flags->request;
  command
      ->add_option("--to", request.to,
                   "the layout (megatron) or system (transformers@5.4) that is wanted")
      ->type_name("TARGET")
      ->required(writes_adapters);
  AddSourceFlags(command, &request.source);
  AddRulesFlag(command, &flags->rules);
  command
      ->add_option("--only", request.conversion.only,
                   "write only the keys in which this regex is found")
      ->type_name("REGEX");
  command
      ->add_option("--dtype", flags->dtype, "store floating-point tensors as F64, F32, F16 or BF16")
      ->type_name("DTYPE")
      ->check(CLI::IsMember({"F64", "F32", "F16", "BF16"}));
  std::vector<std::string> words{"lossy", "shape", "partial"};
  if (writes_adapters) words.push_back("uniform-rank");
  command
      ->add_option(
          "--allow", flags->allow,
          std::string("lossy: casts and value words that round down; shape: move tensors whose "
                      "shape contradicts the config unchanged; partial: leave out what the "
                      "destination does not hold") +
              (writes_adapters
                   ? "; uniform-rank: fill the ranks of an adapter with zeros and fold its "
                     "scales into B"
                   : ""))
      ->type_name("WORD")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(words));
  if (writes_adapters) AddAdapterFlags(command, flags);
  command->add_option("--max-shard-size", flags->max_shard, "largest file that is written")
      ->type_name("SIZE")
      ->capture_default_str();
  command->add_option("--memory", flags->memory, "for the buffers of all threads")
      ->type_name("SIZE")
      ->capture_default_str();
  command->add_option("--jobs", request.jobs, "threads; 0 is one per processor")
      ->type_name("N")
      ->check(CLI::Range(0, 256));
  command
      ->add_option("--engine", flags->engine,
                   "copy, or the slow reference that everything is tested against")
      ->capture_default_str()
      ->check(CLI::IsMember({"copy", "reference"}));
  command
      ->add_option("--disable-pass", request.disabled_passes,
                   "leave out a pass of the planner: fuse, coalesce, order")
      ->type_name("PASS")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"fuse", "coalesce", "order"}));
}

void CheckReportFolder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty() && RealFiles().KindOf(folder) != FileKind::kDirectory)
    throw OsError(fmt::format("{} cannot be written: {} is no folder", path, folder));
}

int ShowReport(const CLI::App& command, const std::optional<RunReport>& report,
               const std::string& path, const Diagnostics& diagnostics) {
  const int code = Show(command, diagnostics);
  if (!report) return code == kDone ? kFindings : code;
  if (RealFiles().KindOf(path) == FileKind::kFile) RealFiles().RemoveAll(path);  // an earlier run's
  if (!path.empty()) WriteSmallFile(RealFiles(), path, ToPrettyJson(report->ToJson()) + "\n");
  Print(report->ToText());
  return kDone;
}

void FinishConvertFlags(ConvertFlags* flags) {
  ConvertRequest& request = flags->request;
  if (flags->rank > 0) request.conversion.rank = flags->rank;
  request.conversion.dtype = flags->dtype.empty() ? std::nullopt : ParseDtype(flags->dtype);
  for (const std::string& word : flags->allow) {
    request.conversion.allow_lossy |= word == "lossy";
    request.conversion.allow_shape |= word == "shape";
    request.conversion.allow_partial |= word == "partial";
    request.conversion.allow_uniform_rank |= word == "uniform-rank";
  }
  request.conversion.fuse = flags->fuse == "shared"           ? FuseMode::kShared
                            : flags->fuse == "block-diagonal" ? FuseMode::kBlockDiagonal
                                                              : FuseMode::kAuto;
  request.max_shard_bytes = ParseBytes(flags->max_shard);
  request.memory = ParseBytes(flags->memory);
  request.reference_engine = flags->engine == "reference";
}

}  // namespace rr::cli
