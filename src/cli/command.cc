#include "cli/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "report/render.h"

namespace rr::cli {

std::vector<std::string> RuleDirectories(const std::vector<std::string>& given) {
  std::vector<std::string> directories = given;
  if (const char* paths = std::getenv("RULE_RUNNER_RULES")) {
    std::string_view rest = paths;
    while (!rest.empty()) {
      const size_t colon = rest.find(':');
      if (colon != 0) directories.emplace_back(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    }
  }
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto installed = program.parent_path().parent_path() / "share" / "rule-runner" / "rules";
    if (std::filesystem::is_directory(installed, error)) {
      directories.push_back(installed.string());
      return directories;
    }
  }
  // In a build tree nothing is installed: the rules are those of the sources it was built from.
  if (std::filesystem::is_directory(RULE_RUNNER_SOURCE_RULES, error))
    directories.emplace_back(RULE_RUNNER_SOURCE_RULES);
  return directories;
}

void AddRulesFlag(CLI::App* command, std::vector<std::string>* directories) {
  command
      ->add_option("--rules", *directories,
                   "folders with rule files, searched before the installed ones")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->check(CLI::ExistingDirectory.description(""));
}

void AddSourceFlags(CLI::App* command, SourceRequest* request) {
  command
      ->add_option("--family", request->family,
                   "the model family; found from config.json and the keys when not given")
      ->type_name("NAME");
  command
      ->add_option("--from", request->from,
                   "the layout or system of the source; found from the keys when not given")
      ->type_name("TARGET");
  command
      ->add_option("--config", request->config,
                   "the model's config.json; the one beside the checkpoint when not given")
      ->type_name("FILE");
  command
      ->add_option("--exclude", request->exclude,
                   "leave out source keys in which this regex is found")
      ->type_name("REGEX");
  command
      ->add_option("--include", request->include,
                   "read only source keys in which this regex is found")
      ->type_name("REGEX");
  for (const bool prefix : {true, false}) {
    command
        ->add_option_function<std::vector<std::string>>(
            prefix ? "--prefix" : "--rename",
            [request, prefix](const std::vector<std::string>& texts) {
              for (const std::string& text : texts) {
                const size_t equals = text.find('=');
                if (equals == std::string::npos || (!prefix && equals == 0))
                  throw CLI::ValidationError(prefix ? "--prefix" : "--rename",
                                             fmt::format("`{}` is not OLD=NEW", text));
                request->renames.push_back(
                    {text.substr(0, equals), text.substr(equals + 1), prefix});
              }
            },
            prefix ? "read source keys that begin with OLD as if they began with NEW"
                   : "read whole names OLD within source keys (`attn`, `mlp.moe`) as NEW")
        ->type_name("OLD=NEW")
        ->allow_extra_args(false);
  }
  command
      ->add_option_function<double>(
          "--alpha", [request](const double& alpha) { request->alpha = alpha; },
          "lora_alpha of an adapter whose adapter_config.json does not say it")
      ->type_name("A");
  AddSetFlag(command, request);
}

void AddFillFlag(CLI::App* command, SourceRequest* request) {
  command
      ->add_option_function<std::string>(
          "--fill", [request](const std::string&) { request->fill_zero = true; },
          "zero: experts, layers and parts that an adapter lacks are zero")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"zero"}));
}

void AddSetFlag(CLI::App* command, SourceRequest* request) {
  command
      ->add_option_function<std::vector<std::string>>(
          "--set",
          [request](const std::vector<std::string>& texts) { ParseSettings(texts, request); },
          "a size (L=4), a layout parameter (T=2), a config attribute (num_hidden_layers=4) or "
          "one of the adapter's (adapter_config.r=16)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void ParseSettings(const std::vector<std::string>& texts, SourceRequest* request) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw CLI::ValidationError("--set", fmt::format("`{}` is not NAME=VALUE", text));
    request->set.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
}

uint64_t ParseBytes(const std::string& text) {
  char* end = nullptr;
  const double n = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  static const std::pair<const char*, double> kUnits[] = {
      {"", 1},     {"B", 1},     {"kB", 1e3},     {"KB", 1e3},        {"MB", 1e6},
      {"GB", 1e9}, {"TB", 1e12}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
  for (const auto& [name, factor] : kUnits) {
    if (unit == name && end != text.c_str() && n >= 1 && n * factor < 9e18)
      return static_cast<uint64_t>(n * factor);
  }
  throw CLI::ValidationError(
      "size", fmt::format("`{}` is no size: write 64MB, 5GB or a number of bytes", text));
}

namespace {

// Whether a help that gives no whole command names flags that a command does not have.
bool IsOfAnother(const CLI::App& command, const std::string& help) {
  if (help.find("rule-runner ") != std::string::npos) return false;
  for (size_t at = help.find("--"); at != std::string::npos; at = help.find("--", at + 2)) {
    const size_t end = help.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    if (command.get_option_no_throw(help.substr(at, end - at)) == nullptr) return true;
  }
  return false;
}

}  // namespace

int Show(const CLI::App& command, const Diagnostics& diagnostics) {
  if (diagnostics.all().empty()) return kDone;
  Diagnostics shown;
  for (const Diagnostic& finding : diagnostics.all()) {
    Diagnostic& d = shown.Add(finding.code, {}, "") = finding;
    if (IsOfAnother(command, d.help)) d.help.clear();
  }
  RenderOptions options;
  options.color = isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  const std::string text = RenderText(shown, options);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return diagnostics.HasErrors() ? kFindings : kDone;
}

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace rr::cli
