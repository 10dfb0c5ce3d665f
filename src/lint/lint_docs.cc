#include "lint/lint_docs.h"

#include <fmt/format.h>

#include <algorithm>

namespace rr {
namespace {

constexpr bool kFix = true, kNoFix = false;

std::string_view SeverityWord(Severity severity) {
  return severity == Severity::kError     ? "error"
         : severity == Severity::kWarning ? "warning"
                                          : "note";
}

}  // namespace

const std::vector<LintDoc>& LintDocs() {
  static const std::vector<LintDoc> docs = {
#define RR_LINT(symbol, fix, example) {Code::k##symbol, fix, example},
#include "lint/lint_docs_form.def"
#include "lint/lint_docs_keys.def"
// The rest in the order of the numbers.
#include "lint/lint_docs_expressions.def"
#include "lint/lint_docs_formulas.def"
#undef RR_LINT
  };
  return docs;
}

const LintDoc* LintDocOf(Code code) {
  const auto& docs = LintDocs();
  const auto doc =
      std::find_if(docs.begin(), docs.end(), [&](const LintDoc& d) { return d.code == code; });
  return doc == docs.end() ? nullptr : &*doc;
}

std::vector<Code> CodesOf(std::string_view text) {
  std::vector<Code> codes;
  for (const CodeInfo& info : AllCodes()) {
    const std::string id = info.Id();
    const bool begins = text.size() >= 2 && std::string_view(id).starts_with(text);
    if (text == "all" || begins || text == info.name) codes.push_back(info.code);
  }
  return codes;
}

std::string ExplainText(const CodeInfo& info) {
  std::string out = fmt::format("{} {} ({})\n{}\n{}\n", info.Id(), info.name,
                                SeverityWord(info.severity), info.summary, info.advice);
  const LintDoc* doc = LintDocOf(info.code);
  if (doc == nullptr) return out;
  if (doc->fix) out += "`rule-runner lint --fix` mends the clear cases.\n";
  if (doc->example.empty()) return out;
  out += "\nExample:\n";
  for (std::string_view rest = doc->example; !rest.empty();) {
    const size_t end = rest.find('\n');
    out += fmt::format("  {}\n", rest.substr(0, end));
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  return out;
}

std::string ExplainMarkdown(const CodeInfo& info) {
  std::string out = fmt::format("## {} {}\n\n*{}*. {} {}\n", info.Id(), info.name,
                                SeverityWord(info.severity), info.summary, info.advice);
  const LintDoc* doc = LintDocOf(info.code);
  if (doc == nullptr) return out;
  if (doc->fix) out += "\n`--fix` mends the clear cases.\n";
  if (!doc->example.empty()) out += fmt::format("\n```yaml err\n{}```\n", doc->example);
  return out;
}

std::string LintsPage() {
  std::string out =
      "# What lint finds\n\n"
      "This page is what `rule-runner lint --explain all --format markdown` prints. Every example "
      "has the finding that it stands under.\n\n"
      "| code | name | severity | fix | |\n|---|---|---|---|---|\n";
  for (const LintDoc& doc : LintDocs()) {
    const CodeInfo& info = InfoOf(doc.code);
    out += fmt::format("| {} | [{}](#{}-{}) | {} | {} | {} |\n", info.Id(), info.name,
                       fmt::format("rr{:03}", static_cast<int>(info.code)), info.name,
                       SeverityWord(info.severity), doc.fix ? "yes" : "", info.summary);
  }
  for (const LintDoc& doc : LintDocs()) out += "\n" + ExplainMarkdown(InfoOf(doc.code));
  return out;
}

}  // namespace rr
