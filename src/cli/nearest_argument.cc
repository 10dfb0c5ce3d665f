#include "cli/nearest_argument.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"

namespace rr::cli {
namespace {

std::vector<std::string> FlagsOf(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

}  // namespace

std::string NearestArgument(CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const auto is_word = [](const std::string& text) { return !text.starts_with('-'); };
  const auto word = std::find_if(arguments.begin(), arguments.end(), is_word);
  if (word == arguments.end()) return "";
  if (std::find(names.begin(), names.end(), *word) == names.end()) return DidYouMean(*word, names);
  const std::vector<std::string> flags = FlagsOf(*app.get_subcommand(*word));
  for (const std::string& argument : arguments) {
    const std::string flag = argument.substr(0, argument.find('='));
    if (!flag.starts_with("--") || flag == "--") continue;
    if (std::find(flags.begin(), flags.end(), flag) != flags.end()) continue;
    if (std::string help = DidYouMean(flag, flags); !help.empty()) return flag + ": " + help;
  }
  return "";
}

}  // namespace rr::cli
