#include "lint/lint_docs.h"

#include <fmt/format.h>

#include <algorithm>

#include "lint/fix.h"
#include "lint/lines.h"

namespace rr {
namespace {

constexpr bool kFix = true, kNoFix = false;

std::string Indented(std::string_view text) {
  std::string out;
  for (const std::string_view line : LinesOf(text)) out += fmt::format("  {}", line);
  return out;
}

// What is taken out of the example and what is put in: a diff without its headers.
std::string ChangedLines(const LintDoc& doc) {
  const std::string diff = UnifiedDiff("", doc.example, Mended(doc));
  std::string out;
  for (const std::string_view line : LinesOf(diff)) {
    const bool header = line.starts_with("---") || line.starts_with("+++");
    if (!header && (line.starts_with('-') || line.starts_with('+'))) out += line;
  }
  return out;
}

}  // namespace

const std::vector<LintDoc>& LintDocs() {
  static const std::vector<LintDoc> docs = {
#define RR_LINT(symbol, fix, example, wrong, right) {Code::k##symbol, fix, example, wrong, right},
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

std::string Mended(const LintDoc& doc) {
  std::string text(doc.example);
  return text.replace(text.find(doc.wrong), doc.wrong.size(), doc.right);
}

std::string ExplainText(const CodeInfo& info) {
  std::string out = fmt::format("{} {} ({})\n{}\n{}\n", info.Id(), info.name, NameOf(info.severity),
                                info.summary, info.advice);
  const LintDoc* doc = LintDocOf(info.code);
  if (doc == nullptr) return out;
  if (doc->fix) out += "`rule-runner lint --fix` mends the clear cases.\n";
  if (doc->example.empty()) return out;
  out += "\nExample:\n" + Indented(doc->example);
  out += "\nMended:\n" + Indented(ChangedLines(*doc));
  return out;
}

std::string ExplainMarkdown(const CodeInfo& info) {
  std::string out = fmt::format("## {} {}\n\n*{}*. {} {}\n", info.Id(), info.name,
                                NameOf(info.severity), info.summary, info.advice);
  const LintDoc* doc = LintDocOf(info.code);
  if (doc == nullptr) return out;
  if (doc->fix) out += "\n`--fix` mends the clear cases.\n";
  if (doc->example.empty()) return out;
  out += fmt::format("\n```yaml err\n{}```\n\n```diff\n{}```\n", doc->example, ChangedLines(*doc));
  return out;
}

std::string LintsPage() {
  std::string out =
      "# What lint finds\n\n"
      "This page is what `rule-runner lint --explain all --format markdown` prints. Every example "
      "has the finding that it stands under, and below it stand the lines that mend it.\n\n"
      "| code | name | severity | fix | |\n|---|---|---|---|---|\n";
  for (const LintDoc& doc : LintDocs()) {
    const CodeInfo& info = InfoOf(doc.code);
    out += fmt::format("| {} | [{}](#{}-{}) | {} | {} | {} |\n", info.Id(), info.name,
                       fmt::format("rr{:03}", static_cast<int>(info.code)), info.name,
                       NameOf(info.severity), doc.fix ? "yes" : "", info.summary);
  }
  for (const LintDoc& doc : LintDocs()) out += "\n" + ExplainMarkdown(InfoOf(doc.code));
  return out;
}

}  // namespace rr
