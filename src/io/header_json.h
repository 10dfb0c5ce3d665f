// The JSON of a safetensors header: what it says, before that is held against the file.
#ifndef RULE_RUNNER_IO_HEADER_JSON_H_
#define RULE_RUNNER_IO_HEADER_JSON_H_

#include <string>
#include <string_view>

#include "io/checkpoint.h"

namespace rr {

struct HeaderJson {
  SafetensorsHeader header;  // `begin` and `size` from data_offsets: relative to the data section
  std::string error;  // what is wrong, with the tensor's name and the byte; empty when nothing is
  bool is_json_map =
      true;  // false when not even an opening brace is there: perhaps another kind of file
  size_t unknown_fields = 0;
  std::string first_unknown;  // "tensor \"a\" has the field \"strides\""
};

// Strict: whole numbers without sign, names once, nothing but white space around the map. Unknown
// fields of a tensor are counted. Each tensor's size must be that of its dtype and shape; where it
// lies is not looked at.
HeaderJson ReadHeaderJson(std::string_view text);

}  // namespace rr

#endif  // RULE_RUNNER_IO_HEADER_JSON_H_
