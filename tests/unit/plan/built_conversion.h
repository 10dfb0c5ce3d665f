// A conversion between two layouts of rules that a test writes, for keys that it makes up.
#ifndef RULE_RUNNER_TESTS_UNIT_PLAN_BUILT_CONVERSION_H_
#define RULE_RUNNER_TESTS_UNIT_PLAN_BUILT_CONVERSION_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "plan/conversion.h"
#include "unit/rule_text.h"

namespace rr {

using Sizes = std::map<std::string, int64_t>;

struct Built {
  std::shared_ptr<const CheckedRules> rules;
  KeyTable table;
  std::optional<BoundSource> source;
  std::optional<Conversion> conversion;
  std::string findings;
};

inline Built Build(const std::string& text, KeyTable table, const char* from, const char* to,
                   const Sizes& given = {}, const ConversionOptions& options = {}) {
  Built built{GoodRules(text), std::move(table), {}, {}, ""};
  Diagnostics diagnostics;
  SourceOptions source_options;
  source_options.allow_shape = options.allow_shape;
  built.source = BindSource(*built.rules, *built.rules->FindLayout(from), Config(), given,
                            built.table, source_options, &diagnostics);
  if (built.source && !diagnostics.HasErrors()) {
    built.conversion = BuildConversion(*built.source, built.table, *built.rules->FindLayout(to),
                                       options, &diagnostics);
  }
  built.findings = Findings(diagnostics);
  return built;
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_PLAN_BUILT_CONVERSION_H_
