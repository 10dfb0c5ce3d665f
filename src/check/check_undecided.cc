// Names in formulas that are known, and yet have no value where they stand.
#include <fmt/format.h>

#include <algorithm>

#include "check/proofs.h"

namespace rr {
namespace {

// An axis that is one size for the model cannot be made of one that differs with an index.
void CheckSizes(const RuleFile& file, const IndexAxes& indices, Diagnostics* diagnostics) {
  const auto check = [&](const AxisRule& axis, const std::optional<Formula>& formula) {
    if (!formula) return;
    for (const Formula::Name& used : formula->Names()) {
      const AxisRule* other = file.FindAxis(used.name);
      if (other == nullptr) continue;
      const auto index =
          std::find_if(other->by_kind.begin(), other->by_kind.end(), [&](const auto& size) {
            const auto of_kind = indices.of_kind.find(size.first.text);
            return of_kind != indices.of_kind.end() && !of_kind->second.empty();
          });
      if (index == other->by_kind.end()) continue;
      Diagnostic& d = diagnostics->Add(
          Code::kUnknownFormulaName, used.place,
          fmt::format("{} is one size for the model, and {} differs with {}", axis.name.text,
                      used.name, indices.of_kind.at(index->first.text)));
      d.notes.push_back({other->name.place, fmt::format("{} is declared here", used.name)});
      d.help = fmt::format("give {} a size for each of these kinds as well", axis.name.text);
    }
  };
  for (const AxisRule& axis : file.axes) {
    check(axis, axis.formula);
    check(axis, axis.fallback);
  }
}

// A name that is a kind and a config attribute is the kind. Cases are decided one after the other,
// and partitions in their order.
void CheckKinds(const RuleFile& file, const IndexAxes& indices, Diagnostics* diagnostics) {
  for (size_t p = 0; p < file.kinds.size(); ++p) {
    const KindRule& partition = file.kinds[p];
    for (size_t c = 0; c < partition.cases.size(); ++c) {
      const auto& [name, condition] = partition.cases[c];
      if (!condition) continue;
      for (const Formula::Name& used : condition->Names()) {
        for (size_t q = p; q < file.kinds.size(); ++q) {
          const auto& cases = file.kinds[q].cases;
          const auto kind = std::find_if(cases.begin(), cases.end(), [&](const auto& one) {
            return one.first.text == used.name;
          });
          if (kind == cases.end()) continue;
          if (q == p && kind < cases.begin() + static_cast<std::ptrdiff_t>(c)) continue;
          // A partition of the whole model is decided before those of an index.
          if (indices.of_kind.at(used.name) != indices.of_kind.at(name.text)) continue;
          const bool itself = q == p && used.name == name.text;
          Diagnostic& d = diagnostics->Add(
              Code::kUnknownFormulaName, used.place,
              itself
                  ? fmt::format("`{}` is this kind itself here, and not yet decided", used.name)
                  : fmt::format("`{}` is a kind that is decided after `{}`", used.name, name.text));
          d.notes.push_back({kind->first.place, "declared here"});
          d.help = itself
                       ? "where the config attribute is meant, give the kind another name"
                       : "partitions and their cases are decided in order: move it up, or rename "
                         "the kind where a config attribute is meant";
        }
      }
    }
  }
}

}  // namespace

void CheckUndecided(const RuleFile& file, const IndexAxes& indices, Diagnostics* diagnostics) {
  CheckSizes(file, indices, diagnostics);
  CheckKinds(file, indices, diagnostics);
}

}  // namespace rr
