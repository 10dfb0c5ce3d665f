// The keys of a checkpoint, grouped by form: digit runs aside, 18,867 keys of a MoE are thirty
// forms. A form is matched against the templates of a layout once (RE2::Set), then its keys give
// their captures.
#ifndef RULE_RUNNER_BIND_KEY_TABLE_H_
#define RULE_RUNNER_BIND_KEY_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "bind/bound_layout.h"
#include "bind/quantized_weight.h"
#include "check/checked_rules.h"

namespace rr {

// A key that a checkpoint has. Key lists may lack shapes and dtypes.
struct FoundKey {
  std::string name;
  std::optional<std::vector<int64_t>> shape;
  std::optional<Dtype> dtype;
  // Of quantised weights (bind/quantized.h).
  int32_t quantized = -1;  // index into KeyTable::quantized; the key stands for its weight
  int64_t part_of = -1;    // the index of the weight that this key is a part of
  std::optional<Dtype> stored_as{};  // where nobody asks for another dtype than `dtype`
};

struct KeyForm {
  std::string pattern;         // digit runs as '#'
  std::vector<uint32_t> keys;  // indices into KeyTable::keys
  size_t parts = 0;            // keys that are parts of these
};

struct KeyTable {
  std::vector<FoundKey> keys;
  std::vector<KeyForm> forms;
  std::map<std::string, uint32_t> by_name;
  std::vector<QuantizedWeight> quantized;
  bool named_order = false;  // values come in the order of a weight's shape, not of its codes
};

// Parts of quantised weights are in no form and have no name: what knows a weight knows them.
KeyTable MakeKeyTable(std::vector<FoundKey> keys, std::vector<QuantizedWeight> quantized = {});

// Which keys a layout knows under one choice of prefixes. An entry may share keys with another one
// that kinds tell apart.
struct EntryMatch {
  uint32_t key = 0;
  int entry = 0;
  std::vector<std::pair<std::string, int64_t>> captures;
};
struct LayoutMatch {
  LayoutChoice choice;
  std::vector<EntryMatch> matches;
  std::vector<bool> known;  // per key: some entry, ignore or pass matches it
  std::vector<uint32_t> ignored, passed;
  std::vector<uint32_t> stored_or_passed;  // passed where the model has none of the blocks
  size_t known_count = 0;
};

// How many keys the layout knows under its best choice of prefixes: cheap, decided on one key per
// form.
size_t CountKnownKeys(const CheckedLayout& layout, const KeyTable& table);
// All of it, under the best choice of prefixes and, per block, the best alternative of `one of`.
LayoutMatch MatchKeys(const CheckedLayout& layout, const KeyTable& table);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_KEY_TABLE_H_
