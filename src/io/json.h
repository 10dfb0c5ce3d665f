// JSON files: config.json, adapter_config.json, the index of a sharded checkpoint, key lists.
//
// Strict (UTF-8, no duplicate member names after escapes are decoded, no trailing text, depth 64), with the two liberties
// that real config.json files need: the literals Infinity, -Infinity and NaN that Python writes, and numbers of any size
// (facts/performance-and-formats.md, B8). simdjson reads; a fallback handles those literals.
#ifndef RULE_RUNNER_IO_JSON_H_
#define RULE_RUNNER_IO_JSON_H_

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "base/value.h"

namespace rr {

// `name` is the file's path, for messages. nullopt after an error (RR421).
std::optional<Value> ParseJson(const std::string& name, const std::string& text, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_IO_JSON_H_
