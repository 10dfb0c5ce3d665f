// The value words of a key: cast, add, multiply, in, back, times, pad, replicate, tied, drop.
#ifndef RULE_RUNNER_SYNTAX_VALUE_WORDS_PARSE_H_
#define RULE_RUNNER_SYNTAX_VALUE_WORDS_PARSE_H_

#include "base/diagnostic.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// Reads them from the map of a key into `entry`. False after an error (RR210, or the wrong form).
bool ReadValueWords(const YamlNode& node, EntryRule* entry, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_VALUE_WORDS_PARSE_H_
