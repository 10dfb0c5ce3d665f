// Checked rules: what a rule file means, once its names are resolved and its layouts are proved to
// be bijections.
//
// Enters: a `RuleFile`. Leaves: `CheckedRules`, immutable. No config is needed and no arithmetic is
// done: everything here holds for every model of the family. The proof: multiplying products over
// sums gives leaves; a layout is a bijection iff each leaf belongs to one tensor, each leaf and its
// key captures use each axis of that tensor exactly once (or all factors of one alternative of its
// refinement; axes of copies come on top), the leaves of a tensor cover every alternative exactly
// once, and the key templates are pairwise disjoint and decodable.
#ifndef RULE_RUNNER_CHECK_CHECKED_RULES_H_
#define RULE_RUNNER_CHECK_CHECKED_RULES_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/poly.h"
#include "base/shared_list.h"
#include "check/index_axes.h"
#include "syntax/rule_file.h"

namespace rr {

// A logical tensor: what the model is.
struct LogicalTensor {
  int block = 0;
  std::string name;
  std::vector<std::string> axes;  // batch, then output, then input
  size_t batch = 0, out = 0;      // how many of them are batch and output axes
  bool linear = false;
  Factor factor = Factor::kNone;
  std::string weight;          // the tensor of the same block that a factor belongs to
  bool optional = false;       // a layout may lack it without saying why
  std::optional<Dtype> dtype;  // what it is published as, whatever the others are
  Place place;
};

// An axis written as a sum of products of other axes.
struct Refinement {
  struct Factor {
    std::string axis;
    Poly stride;
  };
  struct Alternative {
    Poly offset;
    std::vector<Factor> factors;  // slowest first
    Poly size;
  };
  std::string axis;
  std::vector<Alternative> alternatives;
};

// How one leaf of a stored tensor uses one axis of its logical tensor.
struct AxisUse {
  int alternative = -1;     // of the axis's refinement; -1: the axis itself
  bool replicated = false;  // the stored elements stand for every index
  struct Atom {
    std::string axis;  // the axis or one of its factors
    bool captured = false;
    int dim = -1;  // where not captured
    Poly stride;   // within the dimension
  };
  std::vector<Atom> atoms;  // slowest first
};

struct CheckedLeaf {
  int tensor = 0;                     // index into CheckedRules::tensors
  std::vector<AxisUse> axes;          // one per axis of the tensor
  std::vector<Poly> offsets;          // one per dimension
  std::vector<AxisUse::Atom> copies;  // slowest first: along these the same elements stand again
};

// One key template after placing: what one system stores under one kind of key.
struct CheckedEntry {
  int block = 0;
  int variant = 0;  // which alternative of `one of`
  const EntryRule* rule = nullptr;
  KeyTemplate key;                    // captures and named strings
  std::optional<KeyTemplate> weight;  // of a factor: the key of its weight, in the same words
  AxisExpr expr;                      // with placed axes replaced
  SharedList<Poly> shape;
  SharedList<CheckedLeaf> leaves;  // empty for a dropped key

  int times = -1;  // the tensor that each element is multiplied by

  // Equal for two entries exactly when they store the same elements in the same order under keys
  // with the same captures.
  std::string Signature() const;
};

struct CheckedLayout {
  Name name;
  std::vector<std::pair<std::string, std::vector<KeyTemplate>>>
      prefixes;  // named strings and their variants
  std::map<std::string, Refinement> refinements;
  std::vector<const PlaceRule*> place;
  std::vector<CheckedEntry> entries;
  std::vector<RegexRule> ignore;
  std::vector<SpannedText> pass;
  std::optional<std::string> partial;
  std::shared_ptr<const AdapterStyle> style;  // of a layout of adapters
  std::vector<const Formula*> require;        // of the layout, else of what it is like
  std::vector<int>
      variant_counts;  // per block: how many `one of` alternatives its table has (0: no table)
  std::vector<const TableRule*> tables;  // per block; nullptr when the layout has none
  std::vector<bool>
      broken;  // per block: something of it could not be read or bound, which has been reported

  // Made for the program's own use: no system has it.
  bool IsInternal() const;
  // The layout whose weights it holds factors of, if it is internal; else its own name.
  std::string NameOfWeights() const;
  // What its refinements make of axes, in words: equal for two layouts in which equal expressions
  // mean the same.
  std::string RefinementsText() const;
};

struct CheckedRules {
  std::shared_ptr<const RuleFile> file;
  std::vector<LogicalTensor> tensors;
  std::vector<CheckedLayout> layouts;
  IndexAxes index_axes;
  bool valid = false;  // no error was found: only then may it be bound

  const CheckedLayout* FindLayout(std::string_view name) const;
  std::vector<std::string> LayoutNames() const;
  // What the rules say that a key is stored as: its cast, else what all its tensors are published
  // in.
  std::optional<Dtype> DtypeOf(const CheckedEntry& entry) const;
  std::string FullName(int tensor) const;            // "experts.up"
  int FindTensor(std::string_view full_name) const;  // -1 when there is none
};

// How much is proved: all, or only that each key holds its tensors whole. The rest, that keys
// differ and no tensor is missing, may be known from elsewhere; such rules are not to be bound.
enum class Proof { kWhole, kEntries };

// All findings go to `diagnostics`.
CheckedRules Check(RuleFile file, Diagnostics* diagnostics, Proof proof = Proof::kWhole);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_CHECKED_RULES_H_
