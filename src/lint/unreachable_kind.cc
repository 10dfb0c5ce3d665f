// RR313: a kind, or the condition of a block, that cannot hold whatever the config says.
#include <fmt/format.h>

#include "check/proofs.h"
#include "lint/passes.h"

namespace rr {

void FindUnreachableKinds(const LintContext& context, Diagnostics* diagnostics) {
  const RuleFile& file = *context.rules.file;
  for (const KindRule& kind : file.kinds) {
    std::vector<const Formula*> earlier;
    for (const auto& [name, formula] : kind.cases) {
      std::vector<const Formula*> own;
      if (formula) own.push_back(&*formula);
      if (!CanHold(file, own, earlier)) {
        diagnostics->Add(
            Code::kUnreachableKind, name.place,
            earlier.empty()
                ? fmt::format("`{}` can never hold", name.text)
                : fmt::format("`{}` can never be the kind: an earlier case holds whenever it would",
                              name.text));
      }
      if (formula) earlier.push_back(&*formula);
    }
  }
  for (const BlockRule& block : file.blocks) {
    if (!block.where || CanHold(file, {&*block.where}, {})) continue;
    diagnostics->Add(Code::kUnreachableKind, block.where->text().place(),
                     fmt::format("the condition of block `{}` can never hold", block.name.text));
  }
}

}  // namespace rr
