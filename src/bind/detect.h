// Which family and layout a checkpoint is in, and why.
#ifndef RULE_RUNNER_BIND_DETECT_H_
#define RULE_RUNNER_BIND_DETECT_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bind_source.h"
#include "bind/config.h"
#include "bind/key_table.h"
#include "check/checked_rules.h"

namespace rr {

using RulesPtr = std::shared_ptr<const CheckedRules>;

struct Candidate {
  RulesPtr rules;
  std::string layout;
  size_t known = 0;  // keys that the layout knows
  size_t total = 0;
  bool complete = false;  // bound without a finding
  size_t absent = 0;      // blocks that the layout has and the checkpoint lacks
  size_t missing = 0;     // keys of present blocks that the checkpoint lacks
};

struct Detection {
  std::vector<Candidate> candidates;  // best first
  std::vector<std::string> reasons;   // how the choice was made
  // Set when one reading is left (layouts that store these keys in the same way count as one).
  RulesPtr rules;
  std::string layout;
  RulesPtr family;  // set when those that are left are layouts of one family
  // Of other families, which store these keys as the chosen layout does: a config would have said
  // which family it is.
  std::vector<Candidate> alike;
};

// `families`: those that may be meant (--family, or all). `layout` restricts to one layout of each
// (--from). RR408: no family knows the keys; RR409: several readings are left, a warning where they
// are of one family and the keys have no shapes, which would decide.
Detection Detect(const std::vector<RulesPtr>& families, const std::string& layout,
                 const Config& config, const Config& adapter_config,
                 const std::map<std::string, int64_t>& given, const KeyTable& table,
                 const SourceOptions& options, Diagnostics* diagnostics);

// What a layout does with the keys, in words that are equal for two layouts that store them in the
// same way.
std::string ReadingOf(const BoundSource& source, const KeyTable& table);

// The families whose `describes` names the config's model_type (else that of its text model, else
// its architecture), without those whose `require` it contradicts where others are left; empty when
// none does.
std::vector<RulesPtr> FamiliesOf(const std::vector<RulesPtr>& families, const Config& config);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_DETECT_H_
