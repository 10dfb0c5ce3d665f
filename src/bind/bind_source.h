// A checkpoint bound to one layout of one family: every key accounted for.
//
// Enters: checked rules, a layout, a config (or none) and the keys found. Leaves: the model with
// its sizes, the layout with the tensors that are there, and what does not fit. Nothing is guessed:
// keys that no rule knows, missing keys of a present block and shapes that contradict the config
// are findings.
#ifndef RULE_RUNNER_BIND_BIND_SOURCE_H_
#define RULE_RUNNER_BIND_BIND_SOURCE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bound_layout.h"
#include "bind/config.h"
#include "bind/key_table.h"
#include "bind/model.h"

namespace rr {

struct SourceOptions {
  bool allow_missing = false;  // missing keys are a warning
  bool allow_shape = false;    // a contradicting shape is no error here: the conversion decides
                               // whether it can move unchanged
};

struct BoundSource {
  std::shared_ptr<Model> model;
  BoundLayout layout;
  std::vector<uint32_t> found;       // per BoundLayout::tensors: index into KeyTable::keys
  std::vector<uint32_t> unmatched;   // keys that nothing knows
  std::vector<uint32_t> ignored;     // known, never written: `ignore` and `drop`
  std::vector<uint32_t> passed;      // moved under the same name
  std::vector<std::string> missing;  // keys of present blocks that are not there
  std::vector<std::string> absent_blocks;
  std::vector<uint32_t>
      odd_shapes;          // indices into BoundLayout::tensors whose shape contradicts the config
  bool saw_kinds = false;  // the config does not say all of what the keys had to show
  std::vector<std::string> notes;  // for the report: where sizes came from, which prefix was chosen
};

// nullopt when the model cannot be bound at all. Findings (RR401, RR402, RR403, RR404 ...) go to
// `diagnostics`; a source with unmatched or missing keys is returned all the same, so that
// `inspect` can describe it.
std::optional<BoundSource> BindSource(const CheckedRules& rules, const CheckedLayout& layout,
                                      const Config& config,
                                      const std::map<std::string, int64_t>& given,
                                      const KeyTable& table, const SourceOptions& options,
                                      Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_BIND_SOURCE_H_
