#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/nearest_argument.h"

namespace {

// `--to "$TARGET"` where the variable is not set is a mistake, not an option that was not given.
void RefuseEmptyValues(CLI::App& app) {
  const CLI::Validator not_empty(
      [](std::string& value) { return value.empty() ? "the value is empty" : std::string(); }, "");
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_items_expected_min() > 0) option->check(not_empty);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace rr::cli;
  CLI::App app("Converts model weights between the layouts of many systems, by rule files.",
               "rule-runner");
  app.set_version_flag("--version", RULE_RUNNER_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  Run run;
  AddConvert(app, &run);
  AddMerge(app, &run);
  AddDiff(app, &run);
  AddInspect(app, &run);
  AddPlan(app, &run);
  AddExplain(app, &run);
  AddSynth(app, &run);
  AddLint(app, &run);
  AddTest(app, &run);
  AddList(app, &run);
  AddSchema(app, &run);
  RefuseEmptyValues(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    const std::string nearest =
        code == 0 ? "" : NearestArgument(app, std::vector<std::string>(argv + 1, argv + argc));
    if (!nearest.empty()) fmt::print(stderr, "{}\n", nearest);
    return code == 0 ? kDone : kUsage;
  }
  try {
    const int code = run(*app.get_subcommands().at(0));
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw rr::OsError("standard output cannot be written");
    return code;
  } catch (
      const CLI::ParseError& error) {  // a size that is none, found when the flags are finished
    app.exit(error);
    return kUsage;
  } catch (const rr::OsError& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return kOsFailed;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "error: out of memory\n");
    return kOsFailed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "internal error: {}\nThis is a bug in rule-runner.\n", error.what());
    return kInternal;
  }
}
