// What is refused before the YAML parser sees a file: sizes and bytes that it would misread or cut
// short.
#ifndef RULE_RUNNER_SYNTAX_YAML_CHECK_H_
#define RULE_RUNNER_SYNTAX_YAML_CHECK_H_

#include "base/diagnostic.h"
#include "base/source.h"

namespace rr {

// True when the bytes are UTF-8 text without control characters and at most 1 MB; else false after
// RR001.
bool CheckYamlBytes(SourcePtr source, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_YAML_CHECK_H_
