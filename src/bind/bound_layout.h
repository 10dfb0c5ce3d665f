// A bound layout: the concrete tensors of one model in one layout, and which logical elements each
// of them holds.
//
// Enters: a `Model` and a choice of prefixes and variants. Leaves: every key with its shape, and
// pieces: boxes of logical elements with a stride per axis. No bytes and no formulas any more.
#ifndef RULE_RUNNER_BIND_BOUND_LAYOUT_H_
#define RULE_RUNNER_BIND_BOUND_LAYOUT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/model.h"
#include "check/checked_rules.h"

namespace rr {

// Which variant of every named string (by name) and of every block's table (by block) holds for
// this checkpoint.
struct LayoutChoice {
  std::map<std::string, size_t> prefixes;
  std::vector<int> variants;  // per block
  std::vector<bool> present;  // per block: absent blocks have no tensors
};

struct BoundTensor {
  std::string key;
  int entry = 0;                  // index into CheckedLayout::entries
  std::vector<int64_t> captures;  // values of the key's axes, in the order of their names
  std::vector<int64_t> shape;     // -1 where a size is unknown
  std::string unknown_axis;       // why, when a size is unknown

  std::string WhyUnknown() const;  // in words, when a size is unknown
};

// RR404 for a tensor of which a size is unknown.
void ReportUnknownShape(const BoundTensor& tensor, const Place& place, Diagnostics* diagnostics);

// A leaf with numbers. Per axis of its logical tensor: fixed by the piece, or digits (slowest
// first) whose strides are in elements of the stored tensor. A replicated axis has one digit of
// stride 0. Copies within a key (`=N`) are leaves of their own, behind the one that they repeat.
struct BoundLeaf {
  struct Digit {
    int64_t n = 1;
    int64_t stride = 0;
  };
  struct Axis {
    bool fixed = false;
    bool replicated = false;
    std::vector<Digit> digits;
  };
  int entry = 0;
  int tensor = 0;
  std::vector<Axis> axes;
  bool tied = false;  // its elements are those of another leaf: they are compared, not read
};

struct BoundPiece {
  uint32_t leaf = 0;
  uint32_t stored = 0;         // index into BoundLayout::tensors
  int64_t start = 0;           // elements
  std::vector<int64_t> fixed;  // per axis of the logical tensor: the index, or -1
};

struct BoundLayout {
  const CheckedLayout* layout = nullptr;
  LayoutChoice choice;
  std::vector<BoundTensor> tensors;
  std::vector<BoundLeaf> leaves;
  std::vector<BoundPiece> pieces;

  const CheckedEntry& EntryOf(const BoundTensor& tensor) const {
    return layout->entries[static_cast<size_t>(tensor.entry)];
  }
  // The number of stored elements of a piece: one that stands for many indices is one.
  int64_t CountOf(const BoundPiece& piece) const;
};

// The rank of a stored factor by its key; nullopt leaves the factor out.
using RankOf = std::function<std::optional<int64_t>(const std::string& key)>;

struct InstantiateOptions {
  RankOf rank_of;            // for layouts of adapters
  bool tied_copies = false;  // also the keys marked `tied` that are not written (when reading)
  const std::set<std::string>* copies = nullptr;  // of the keys marked `tied` exactly these
  // Captured axes may not be larger than this: a config that says 10^9 layers must not be walked
  // through.
  int64_t most_tensors = 5'000'000;
};

// Errors: RR404 (a captured axis has no size, or a block's condition no value), RR405 (sizes differ
// within one stack; a refinement, a pad or words do not fit; more tensors, elements or copies than
// anybody has), RR407 (not a product), RR207 (two things would have one key).
std::optional<BoundLayout> Instantiate(const Model& model, const CheckedLayout& layout,
                                       const LayoutChoice& choice,
                                       const InstantiateOptions& options, Diagnostics* diagnostics);

// Whether a dimension of the entry holds the rank of an adapter.
bool HasRank(const CheckedEntry& entry);
// The key of a factor's weight ("model.layers.0.mlp.experts.gate_up_proj"); an index that the
// factor's key does not have is `*`. Empty for what is no factor.
std::string WeightKey(const CheckedLayout& layout, const LayoutChoice& choice,
                      const BoundTensor& tensor);

// The module that has a weight: what its key begins with, up to `.weight`, which may have an index.
std::string ModuleOfWeight(std::string weight);

// How an entry stores what, in words: equal for two entries, also of different layouts, exactly
// when they store the same elements in the same order under keys with the same captures. Value
// words are left out.
std::string StorageOf(const CheckedLayout& layout, const CheckedEntry& entry);

// The first choice: variant 0 everywhere, every block that has a table present.
LayoutChoice DefaultChoice(const CheckedLayout& layout);
// The first choice, and those with every other combination of prefixes.
std::vector<LayoutChoice> PrefixChoices(const CheckedLayout& layout);
// Prefixes that mean the same in both layouts (as many variants of one name) are taken over.
void KeepPrefixes(const CheckedLayout& from, const LayoutChoice& from_choice,
                  const CheckedLayout& to, LayoutChoice* choice);
// The axes in an entry's key, in the order of BoundTensor::captures.
std::vector<std::string> CapturesOf(const CheckedEntry& entry);
// The template with the named strings of the choice put in.
KeyTemplate ConcreteKey(const CheckedLayout& layout, const CheckedEntry& entry,
                        const LayoutChoice& choice);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_BOUND_LAYOUT_H_
