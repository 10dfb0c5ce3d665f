// Quantisation formats: how codes and scales stand for a weight, whatever the family.
//
// A format is written once (rules/quantization/*.yaml) and holds for every family. It says under
// which keys the codes and the scales of a weight lie, given the key that the rules of the family
// know, which dtypes they have, how many elements share a scale, and how a code is read.
// bind/quantized.h finds such weights in a checkpoint.
#ifndef RULE_RUNNER_SYNTAX_QUANT_FORMAT_H_
#define RULE_RUNNER_SYNTAX_QUANT_FORMAT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/dtype.h"
#include "codec/decode.h"
#include "syntax/formula.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// The key of a part of a quantised weight: `{key}_scales`, where {key} is the weight's key, or
// `{stem}.scale`, where {stem} is that key without its `.weight`.
struct QuantKey {
  bool of_stem = false;
  std::string suffix;

  // nullopt where the weight's key has no stem.
  std::optional<std::string> KeyOf(const std::string& weight) const;
  // The weight whose part `key` is; nullopt when it is none.
  std::optional<std::string> WeightOf(const std::string& key) const;
};

struct QuantFormat {
  Name name;
  std::optional<std::string> about;
  std::vector<Formula> marks;  // over quantization_config: all hold where this format is announced

  QuantKey codes;
  std::vector<Dtype> code_dtypes;
  ElementCode code;
  int64_t tail = 0;         // not 0: the last dimension is stored as two, of which this is the last
  bool transposed = false;  // codes are stored with the weight's last two dimensions exchanged

  QuantKey scales;
  std::vector<Dtype> scale_dtypes;  // U8 is read as E8M0
  bool divide = false;              // a value is code / scale
  // Elements that share a scale along the last two dimensions, as formulas over
  // quantization_config; nullopt: all of them.
  std::array<std::optional<Formula>, 2> block;

  std::optional<QuantKey> shape;  // the weight's shape, as whole numbers
  std::vector<QuantKey> others;   // may be there; for activations, not needed to read the weight
  std::optional<std::string>
      usual;                   // a regex over the keys of weights that are usually quantised so
  std::optional<Dtype> dtype;  // of the values, where nobody asks for another one
};

// RR003 to RR005 and RR301 for what is malformed; the formats that are well formed all the same.
std::vector<QuantFormat> ParseQuantFormats(const YamlNode& root, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_QUANT_FORMAT_H_
