// Names of modules and tensors by their parts: "model.layers.0" is model, layers, 0.
#ifndef RULE_RUNNER_BASE_DOTTED_NAME_H_
#define RULE_RUNNER_BASE_DOTTED_NAME_H_

#include <cstddef>
#include <string>
#include <vector>

namespace rr {

// At least one part; empty ones stay.
std::vector<std::string> DottedParts(const std::string& name);

// The parts from `begin` to before `end` as one name.
std::string DottedName(const std::vector<std::string>& parts, size_t begin, size_t end);

}  // namespace rr

#endif  // RULE_RUNNER_BASE_DOTTED_NAME_H_
