#include "lint/lint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/command.h"
#include "cli/lint_against.h"
#include "cli/rule_paths.h"
#include "lint/fix.h"
#include "lint/lint_docs.h"
#include "lint/overlay_files.h"
#include "report/formats.h"
#include "report/render.h"

namespace rr::cli {
namespace {

// One fix may make room for another; this many rounds are enough for any file of people.
constexpr int kMostRounds = 5;

struct Flags {
  std::vector<std::string> paths, rules, select, ignore;
  std::string explain, stdin_name, against;
  std::string format = "text", color = "auto", fail_on = "error";
  bool fix = false, diff = false;
};

int Explain(const Flags& flags) {
  const bool markdown = flags.format == "markdown";
  if (flags.explain == "all" && markdown) {
    Print(LintsPage());
    return kDone;
  }
  const std::vector<Code> codes = CodesOf(flags.explain);
  if (codes.empty()) {
    fmt::print(stderr, "there is no code `{}`\n", flags.explain);
    return kUsage;
  }
  for (size_t i = 0; i < codes.size(); ++i) {
    const CodeInfo& info = InfoOf(codes[i]);
    Print((i > 0 ? "\n" : "") + (markdown ? ExplainMarkdown(info) : ExplainText(info)));
  }
  return kDone;
}

bool HasColor(const std::string& when) {
  if (when != "auto") return when == "always";
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

void PrintReport(const Flags& flags, const LintReport& report) {
  const Diagnostics& findings = report.findings;
  if (flags.format == "json") {
    Print(RenderJson(findings));
  } else if (flags.format == "sarif") {
    Print(RenderSarif(findings, RULE_RUNNER_VERSION));
  } else if (flags.format == "github") {
    Print(RenderGithub(findings));
  } else if (flags.format == "concise") {
    Print(RenderConcise(findings));
  } else {
    RenderOptions options;
    options.color = HasColor(flags.color);
    Print(RenderText(findings, options));
    const std::string summary = SummaryLine(findings);
    Print(fmt::format("{} rule file{}: {}\n", report.files, report.files == 1 ? "" : "s",
                      summary.empty() ? "no findings" : summary));
  }
}

int CodeFor(const Flags& flags, const Diagnostics& findings) {
  const Severity least = flags.fail_on == "error" ? Severity::kError : Severity::kWarning;
  for (const Diagnostic& finding : findings.all()) {
    if (finding.severity >= least) return kFindings;
  }
  return kDone;
}

int RunLint(const CLI::App& command, const Flags& flags) {
  if (!flags.explain.empty()) return Explain(flags);
  if (flags.format == "markdown")
    throw CLI::ValidationError("--format", "markdown is for --explain");
  std::string unknown;
  const Selection selection(flags.select, flags.ignore, &unknown);
  if (!unknown.empty()) {
    fmt::print(stderr, "there is no code `{}`\n", unknown);
    return kUsage;
  }
  const std::vector<std::string> directories = RuleDirectories(flags.rules);
  if (!flags.against.empty()) {
    if (flags.format != "text" && flags.format != "json")
      throw CLI::ValidationError("--format", "--against has text and json");
    return LintAgainst(command, {flags.against, flags.paths, directories, flags.format == "json",
                                 flags.fail_on == "warning"});
  }
  if (!flags.stdin_name.empty()) {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    const OverlayFiles files(RealFiles(), flags.stdin_name, text);
    const LintReport report =
        Lint(files, {flags.stdin_name}, WithFolderOf(flags.stdin_name, directories), selection);
    if (flags.diff || flags.fix) {
      const std::vector<FixedFile> fixed = ApplyFixes(report.findings, report.sources);
      const std::string after = fixed.empty() ? text : fixed[0].text;
      Print(flags.diff ? UnifiedDiff(flags.stdin_name, text, after) : after);
    } else {
      PrintReport(flags, report);
    }
    return CodeFor(flags, report.findings);
  }
  const NamedRules rules = FindRules(flags.paths, directories, Purpose::kLint);
  LintReport report = Lint(RealFiles(), rules.files, rules.directories, selection);
  if (flags.diff) {
    for (const FixedFile& file : ApplyFixes(report.findings, report.sources))
      Print(UnifiedDiff(file.source->name(), file.source->text(), file.text));
    return CodeFor(flags, report.findings);
  }
  size_t fixes = 0;
  for (int round = 0; flags.fix && round < kMostRounds; ++round) {
    const std::vector<FixedFile> fixed = ApplyFixes(report.findings, report.sources);
    if (fixed.empty()) break;
    for (const FixedFile& file : fixed) {
      ReplaceFile(RealFiles(), file.source->name(), file.text);
      fixes += file.fixes;
    }
    report = Lint(RealFiles(), rules.files, rules.directories, selection);
  }
  if (fixes > 0) fmt::print(stderr, "{} fixed\n", fixes);
  PrintReport(flags, report);
  return CodeFor(flags, report.findings);
}

}  // namespace

void AddLint(CLI::App& app, Run* run) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "lint",
      "check rule files: names, shapes, and the proof that nothing is lost or stored twice");
  command->footer(
      "Examples:\n  rule-runner lint rules\n  rule-runner lint --explain RR203\n"
      "  rule-runner lint rules --format github --fail-on warning\n"
      "  rule-runner lint rules --diff --select RR0,RR2\n"
      "  rule-runner lint rules --against old-rules");
  command->add_option("PATH", flags->paths,
                      "rule files, or folders of them; the installed rules when none is given");
  AddRulesFlag(command, &flags->rules);
  command->add_option("--explain", flags->explain, "explain a code and do nothing else")
      ->type_name("CODE");
  command
      ->add_option("--format", flags->format,
                   "text, concise (a line each), json, github or sarif; markdown with --explain")
      ->check(CLI::IsMember({"text", "concise", "json", "github", "sarif", "markdown"}));
  command->add_option("--color", flags->color, "auto: on a terminal, unless NO_COLOR is set")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  command
      ->add_option("--select", flags->select,
                   "only these findings: codes, their beginnings (RR2) or names; notes are shown "
                   "only so")
      ->type_name("CODE,...")
      ->allow_extra_args(false);
  command->add_option("--ignore", flags->ignore, "all but these findings")
      ->type_name("CODE,...")
      ->allow_extra_args(false);
  command->add_option("--fail-on", flags->fail_on, "the least finding that is exit code 1")
      ->check(CLI::IsMember({"error", "warning"}));
  command->add_flag("--fix", flags->fix, "mend what can be mended without a doubt");
  command->add_flag("--diff", flags->diff, "show what --fix would change, and change nothing")
      ->excludes("--fix");
  command
      ->add_option("--stdin-filename", flags->stdin_name,
                   "read a rule file from standard input, as if it were this file; with --fix, "
                   "write it to standard output")
      ->type_name("PATH");
  command
      ->add_option("--against", flags->against,
                   "compare with the rules of a folder, or of a git commit, tag or branch: which "
                   "layouts store or ask for something else")
      ->type_name("DIR|REF")
      ->excludes("--fix")
      ->excludes("--diff")
      ->excludes("--stdin-filename");
  command->callback(
      [flags, run] { *run = [flags](const CLI::App& given) { return RunLint(given, *flags); }; });
}

}  // namespace rr::cli
