// RR214: something is left out, and what stands where the reason belongs gives none; or (a note) a
// word changes values and no comment says why.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "lint/passes.h"

namespace rr {
namespace {

constexpr std::array<std::string_view, 12> kNoReasons = {
    "yes", "true", "no", "false", "todo", "fixme", "tbd", "reason", "none", "unused", "drop", "x"};

bool GivesReason(std::string_view reason) {
  std::string text;
  for (const char c : reason) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text.size() > 1 &&
         std::find(kNoReasons.begin(), kNoReasons.end(), text) == kNoReasons.end();
}

// A comment on the line itself, or on the lines right above.
bool HasComment(const Place& place) {
  if (place.source == nullptr) return true;
  const int line = place.source->PositionOf(place.begin).line;
  const std::string_view own = place.source->Line(line);
  const std::string_view above = place.source->Line(line - 1);
  const size_t first = above.find_first_not_of(" \t");
  return own.find(" #") != std::string_view::npos ||
         (first != std::string_view::npos && above[first] == '#');
}

class Reasons {
 public:
  explicit Reasons(Diagnostics* diagnostics) : diagnostics_(diagnostics) {}

  void Ask(std::string_view word, std::string_view what, const std::string& reason,
           const Place& place) {
    if (GivesReason(reason)) return;
    diagnostics_->Add(Code::kNoReason, place,
                      fmt::format("`{}` says that {}, and `{}` is no reason", word, what, reason));
  }
  void AskForComment(std::string_view word, const Place& place) {
    if (HasComment(place)) return;
    Diagnostic& finding = diagnostics_->Add(
        Code::kNoReason, place, fmt::format("`{}` changes values, and no comment says why", word));
    finding.severity = Severity::kNote;
  }

 private:
  Diagnostics* diagnostics_;
};

void OfTable(const TableRule& table, Reasons* reasons) {
  if (table.partial)
    reasons->Ask("partial", "something is not stored", *table.partial, table.place);
  for (const TableRule::Variant& variant : table.variants) {
    for (const EntryRule& entry : variant.entries) {
      if (entry.drop) reasons->Ask("drop", "a key is never written", *entry.drop, entry.place);
      if (entry.cast) reasons->AskForComment("cast", entry.place);
      if (entry.add) reasons->AskForComment("add", entry.place);
      if (entry.multiply) reasons->AskForComment("multiply", entry.place);
      if (entry.times) reasons->AskForComment("times", entry.place);
    }
  }
  for (const DefaultRule& rule : table.defaults)
    reasons->AskForComment("default", rule.tensor.place);
}

}  // namespace

void FindMissingReasons(const LintContext& context, Diagnostics* diagnostics) {
  Reasons reasons(diagnostics);
  for (const LayoutRule& layout : context.rules.file->layouts) {
    if (layout.partial)
      reasons.Ask("partial", "something is not stored", *layout.partial, layout.name.place);
    for (const RegexRule& rule : layout.ignore)
      reasons.Ask("ignore", "keys are not converted", rule.reason, rule.regex.place());
  }
  for (const BlockRule& block : context.rules.file->blocks) {
    for (const TableRule& table : block.tables) OfTable(table, &reasons);
  }
}

}  // namespace rr
