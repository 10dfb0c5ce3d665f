// What a file that was taken for safetensors is instead.
//
// Asked only after the header turned out to be invalid: the first bytes of a valid file can look
// like anything (a header length of 8312 starts like a zlib stream).
#ifndef RULE_RUNNER_IO_NOT_SAFETENSORS_H_
#define RULE_RUNNER_IO_NOT_SAFETENSORS_H_

#include <optional>
#include <string>
#include <string_view>

namespace rr {

struct OtherFormat {
  std::string what;  // "a git-lfs pointer, not the weights themselves"
  std::string help;  // what to do about it
};

// By its first bytes (some hundreds are enough).
std::optional<OtherFormat> LooksLike(std::string_view first_bytes);
// By the ending of its name: formats of weights that are never read, whatever is in the file.
std::optional<OtherFormat> NamedLike(std::string_view file_name);

}  // namespace rr

#endif  // RULE_RUNNER_IO_NOT_SAFETENSORS_H_
