// Names of tensors as they come from files that nobody has checked yet.
#ifndef RULE_RUNNER_IO_STORED_NAME_H_
#define RULE_RUNNER_IO_STORED_NAME_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rr {

// As a quoted JSON string, cut when it is long: for messages.
std::string ShowName(std::string_view name);

// NUL, DEL and the other control characters but tab, which real names hold: they are cut off by C,
// confuse terminals and make names look equal.
bool HasControlCharacter(std::string_view utf8);

// The index of a name that an earlier index has too. Names cannot be chosen so that this becomes
// slow.
std::optional<size_t> FindDuplicateName(size_t count,
                                        const std::function<std::string_view(size_t)>& name_of);

}  // namespace rr

#endif  // RULE_RUNNER_IO_STORED_NAME_H_
