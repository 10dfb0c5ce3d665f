// RR314: a model type that no real config has, and that is nearly one of theirs.
//
// Names that differ in their digits only are generations of a model (`qwen2_moe`, `qwen3_moe`), and
// the table of real configs does not have them all.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "base/suggest.h"
#include "base/text.h"
#include "lint/passes.h"

namespace rr {
namespace {

std::string LettersOf(std::string name) {
  std::erase_if(name, [](unsigned char c) { return std::isalpha(c) == 0; });
  return name;
}

// One slip of the fingers, two in a long name.
bool IsNear(const std::string& name, const std::string& known) {
  if (name.size() < 6 || LettersOf(name) == LettersOf(known)) return false;
  return EditDistance(name, known) <= (name.size() >= 10 ? 2 : 1);
}

}  // namespace

void FindUnknownModelTypes(const LintContext& context, Diagnostics* diagnostics) {
  if (context.attributes == nullptr) return;
  for (const SpannedText& type : context.rules.file->model_types) {
    if (context.attributes->HasType(type.text)) continue;
    std::vector<std::string> near = context.attributes->Types();
    std::erase_if(near, [&](const std::string& known) { return !IsNear(type.text, known); });
    if (near.empty()) continue;
    Suggest(
        &diagnostics->Add(Code::kUnknownModelType, type.place(),
                          fmt::format("no real config.json has the model type `{}`", type.text)),
        type.text, near);
  }
}

}  // namespace rr
