// Files of this folder, for its tests.
#ifndef RULE_RUNNER_TESTS_LINT_TEST_FILES_H_
#define RULE_RUNNER_TESTS_LINT_TEST_FILES_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "io/files.h"

namespace rr {

inline std::string ReadTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteTextFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  REQUIRE(file.good());
}

// The names of a folder's rule files, without their ending, sorted.
inline std::vector<std::string> RuleFilesOf(const std::string& folder) {
  std::vector<std::string> names;
  for (const std::string& name : RealFiles().List(folder)) {
    if (name.ends_with(".yaml")) names.push_back(name.substr(0, name.size() - 5));
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string WithoutFolder(std::string text, const std::string& folder) {
  for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at))
    text.erase(at, folder.size());
  return text;
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_LINT_TEST_FILES_H_
