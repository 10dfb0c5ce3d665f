// Where every byte of a YAML scalar's value was written.
//
// Enters: a file's text, the offset at which a scalar starts (its quote, its `|` or its first
// letter) and the value that the YAML parser decoded. Leaves: one offset per byte of the value. The
// source is walked again, independently of the parser, because parsers report only where a scalar
// starts. The walk is led by the value: wherever the two disagree, the whole scalar maps to its
// start, so that a place may be coarse but the text is never touched.
#ifndef RULE_RUNNER_SYNTAX_YAML_SCALAR_H_
#define RULE_RUNNER_SYNTAX_YAML_SCALAR_H_

#include <cstdint>
#include <string_view>
#include <vector>

namespace rr {

struct ScalarPlaces {
  std::vector<uint32_t> offsets;  // value.size() + 1
  uint32_t end = 0;  // past the closing quote, or past the last character that is not a line break
  bool exact = false;  // false: every offset is the scalar's start
};

// `plain`: neither quoted nor a block scalar.
ScalarPlaces PlaceScalar(std::string_view source, uint32_t begin, std::string_view value,
                         bool plain);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_YAML_SCALAR_H_
