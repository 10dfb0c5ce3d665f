// Paths as text: nothing here looks at a file system.
#ifndef RULE_RUNNER_IO_PATHS_H_
#define RULE_RUNNER_IO_PATHS_H_

#include <string>
#include <string_view>

namespace rr {

std::string JoinPath(std::string_view directory, std::string_view name);
// "." for a bare name, "/" for "/x"; trailing slashes do not count.
std::string DirectoryOf(std::string_view path);
std::string BaseNameOf(std::string_view path);
// Whether resolved `path` lies below resolved `directory` (and is not it).
bool LiesBelow(std::string_view path, std::string_view directory);

}  // namespace rr

#endif  // RULE_RUNNER_IO_PATHS_H_
