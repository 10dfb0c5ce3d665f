// Adapter styles: how systems name and fold the low-rank factors of a weight.
//
// A style is written once (rules/adapters/*.yaml) and holds for every family that has one of its
// base layouts. It says, per kind of stored weight, under which keys the factors lie and over which
// dimensions. In its expressions these names stand for the weight's own dimensions:
//   IN, OUT   all input and all output dimensions, in stored order, flattened
//   BATCH     the batch dimensions (layers, experts) that the weight stores, one by one
//   D0, D1 .. a stored dimension by its position
//   R         the rank
// Axes and tensors of the family may stand there as well: (G {q[Q D] | g[Q D]}) R.
// A key that holds input dimensions is the factor A, one that holds output dimensions is B; the
// weight changes by scale * B * A. check/derive_adapters.h makes layouts of it.
#ifndef RULE_RUNNER_SYNTAX_ADAPTER_STYLE_H_
#define RULE_RUNNER_SYNTAX_ADAPTER_STYLE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "syntax/axis_expression.h"
#include "syntax/formula.h"
#include "syntax/regex.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// The axis of the rank. No family may have an axis of this name.
inline constexpr const char* kRankAxis = "R";

struct AdapterKey {
  SpannedText key;               // a key template with \0 .. \9: the groups of the module's regex
  AxisExpr expr;                 // empty for kSaved
  Factor holds = Factor::kNone;  // kNone: A or B, by the dimensions
  std::string part;              // only this tensor of a weight that stores several
  std::vector<Name> replicate;
};

struct AdapterModule {
  SpannedText of;       // an anchored RE2 regex over the key templates of the base layout
  CompiledRegex regex;  // the same, compiled
  std::vector<std::string> tensors;  // not empty: only weights that store just these
  bool parameter = false;  // PEFT wraps it as a parameter (target_parameters), not as a module
  std::vector<AdapterKey> keys;
};

// The modules of a style; a style that leaves a choice to the file has several variants.
struct AdapterVariant {
  Name name;
  std::vector<AdapterModule> modules;  // the first whose regex matches counts
};

// Weights with the axis have the rank that the formula gives of R, the rank of the others, where
// adapter_config.json has the stamp.
struct ScaledRank {
  Name axis;
  Formula rank;
  std::vector<std::pair<std::string, std::string>> stamp;  // text is JSON
};

struct AdapterStyle {
  Name name;
  std::optional<std::string> about;
  std::vector<Name> base;  // the first that the family has; `*` is every layout
  std::vector<std::pair<Name, std::vector<SpannedText>>> prefixes;
  std::vector<std::pair<Name, AxisExpr>> let;  // names in expressions and what they stand for
  std::vector<AdapterVariant> variants;
  std::optional<std::string> partial;  // why it cannot hold the factors of every linear
  // The rank that adapter_config.json gives is the tensors'. Otherwise it is only the trainer's
  // setting, and the scale is alpha over the rank that the tensors have.
  bool config_rank = true;
  bool uniform = false;                   // one rank and one alpha for all modules
  std::optional<ScaledRank> scaled_rank;  // or two ranks, of which one follows from the other
  // Formulas over adapter_config.json: one that holds says that a file is of this style, or that it
  // is not.
  std::vector<Formula> marks, unless;
  std::optional<Name> twin_of;  // keys and shapes are those of that style, which is the usual one
  // Written into adapter_config.json; text is JSON.
  std::vector<std::pair<std::string, std::string>> stamp;

  bool IsInternal() const { return !base.empty() && base[0].text == "*"; }
};

// RR002 to RR005 and RR213 for what is malformed; the styles that are well formed all the same.
std::vector<AdapterStyle> ParseAdapterStyles(const YamlNode& root, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_ADAPTER_STYLE_H_
