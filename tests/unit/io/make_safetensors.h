// Files for the tests of this folder.
#ifndef RULE_RUNNER_TESTS_UNIT_IO_MAKE_SAFETENSORS_H_
#define RULE_RUNNER_TESTS_UNIT_IO_MAKE_SAFETENSORS_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace rr {

// A safetensors file of this header and data.
inline std::string Safetensors(std::string_view json, std::string_view data = "") {
  std::string text;
  for (size_t i = 0, n = json.size(); i < 8; ++i, n >>= 8) text += static_cast<char>(n & 0xff);
  return text.append(json).append(data);
}

// One with U8 tensors of two bytes each, which hold the last letter of their names.
inline std::string SmallFile(const std::vector<std::string>& names) {
  std::string json = "{";
  std::string data;
  for (const std::string& name : names) {
    if (!data.empty()) json += ',';
    json += "\"" + name + R"(":{"dtype":"U8","shape":[2],"data_offsets":[)" +
            std::to_string(data.size()) + "," + std::to_string(data.size() + 2) + "]}";
    data.append(2, name.back());
  }
  return Safetensors(json + "}", data);
}

// "RR411 message" of each finding.
inline std::vector<std::string> Found(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& d : diagnostics.all())
    lines.push_back(InfoOf(d.code).Id() + " " + d.message);
  return lines;
}

using Lines = std::vector<std::string>;

// A folder on the disk that goes with the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "rule-runner-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_IO_MAKE_SAFETENSORS_H_
