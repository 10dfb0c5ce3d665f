// What the rules say, stage by stage: the text of `rule-runner explain`.
//
//   ast      as written, merged
//   checked  per layout: key regex, shape formula, expression, where each tensor's axes lie
//   bound    per layout, for sizes: keys, shapes
//   graph    two layouts, for sizes: boxes of elements and their strides, after the passes
//   plan     two layouts, for sizes: steps
//   numpy, torch  two layouts, for sizes: the conversion as Python code
#ifndef RULE_RUNNER_RUN_EXPLAIN_H_
#define RULE_RUNNER_RUN_EXPLAIN_H_

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "bind/rule_library.h"
#include "run/open_source.h"

namespace rr {

struct ExplainRequest {
  SourceRequest source;  // family, config and --set; `from` is the first layout
  std::string to;
  std::string key;  // only what concerns this key
  std::string stage = "checked";
};

std::optional<std::string> Explain(const Files& files, RuleLibrary* library,
                                   const ExplainRequest& request, Diagnostics* diagnostics);

// The stages by themselves.
std::string AstText(const CheckedRules& rules);
std::string CheckedText(const CheckedRules& rules, const CheckedLayout& layout);
std::string EntryText(const CheckedRules& rules, const CheckedLayout& layout,
                      const CheckedEntry& entry, const std::string& indent);
// The long form of an entry: how each tensor is had from what is stored.
std::string OpsText(const CheckedRules& rules, const CheckedEntry& entry,
                    const std::string& indent);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_EXPLAIN_H_
