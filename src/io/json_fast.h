// Plain JSON by simdjson: the fast way for config.json, index files and key lists of megabytes.
#ifndef RULE_RUNNER_IO_JSON_FAST_H_
#define RULE_RUNNER_IO_JSON_FAST_H_

#include <optional>
#include <string>

#include "base/value.h"

namespace rr {

// nullopt for everything that is not plain, good JSON: nesting beyond 64, a member name that is
// there twice (simdjson lets it pass), numbers beyond 64 bits, Infinity and NaN, and all that is
// wrong. The caller then asks JsonReader, which says what it is.
std::optional<Value> ReadPlainJson(const std::string& text);

}  // namespace rr

#endif  // RULE_RUNNER_IO_JSON_FAST_H_
