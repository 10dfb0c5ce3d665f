// JSON files: config.json, adapter_config.json, the index of a sharded checkpoint, key lists.
//
// Strict (UTF-8, no duplicate member names after escapes are decoded, no trailing text, depth 64),
// with the two liberties that real config.json files need: the literals Infinity, -Infinity and NaN
// that Python writes, and numbers of any size. A number that no double holds becomes an infinity or
// zero, as in Python.
#ifndef RULE_RUNNER_IO_JSON_H_
#define RULE_RUNNER_IO_JSON_H_

#include <cstddef>
#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "base/value.h"

namespace rr {

// `name` is the file's path, for messages. nullopt after an error (RR421).
std::optional<Value> ParseJson(const std::string& name, const std::string& text,
                               Diagnostics* diagnostics);

// "byte 17", or "line 3, byte 57" in a text of several lines: for messages about a place in JSON
// text.
std::string WhereInJson(const std::string& text, size_t offset);

}  // namespace rr

#endif  // RULE_RUNNER_IO_JSON_H_
