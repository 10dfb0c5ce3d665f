// What a file of quantisation formats says of its own formats, to be checked by `test`.
#ifndef RULE_RUNNER_SYNTAX_QUANT_TEST_H_
#define RULE_RUNNER_SYNTAX_QUANT_TEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/dtype.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// A key with what lies under it. Every dtype of the list may be there; the first is written.
struct QuantStored {
  std::string key;
  std::vector<Dtype> dtypes;
  std::vector<int64_t> shape;
  Place place;
};

struct QuantTest {
  Place place;
  Name format;
  std::vector<std::pair<Name, SpannedText>> config;   // quantization_config, as JSON text
  std::optional<std::vector<SpannedText>> announces;  // the formats that it announces, all of them
  std::string weight;                                 // a weight's key and shape
  std::vector<int64_t> shape;
  std::vector<QuantStored> stored;  // the keys that stand for it; empty when the test has no weight
  std::vector<std::string> others;  // keys beside them that belong to the weight
  std::vector<SpannedText> usual, unusual;  // keys of weights that are usually (not) quantised so
  // The first bytes of the codes, the bytes of every scale, and the first values in the order of
  // the codes.
  std::vector<int64_t> code_bytes, scale_bytes;
  std::vector<double> values;
};

// The tests of a file of formats. RR003 to RR005 for what is malformed.
std::vector<QuantTest> ParseQuantTests(const YamlNode& root, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_QUANT_TEST_H_
