#include "syntax/key_in_tree.h"

#include <algorithm>

namespace rr {

bool HasNumber(const KeyTree& tree) { return tree.beginning.find("{}") != std::string::npos; }

std::string BeginningWith(const KeyTree& tree, const std::string& number) {
  std::string text = tree.beginning;
  if (const size_t at = text.find("{}"); at != std::string::npos) text.replace(at, 2, number);
  return text;
}

std::optional<KeyInTree> FindInTree(const KeyTree& tree, const std::string& key) {
  KeyInTree found;
  if (const size_t at = tree.beginning.find("{}"); at != std::string::npos) {
    if (key.compare(0, at, tree.beginning, 0, at) != 0) return std::nullopt;
    const size_t end = std::min(key.find_first_not_of("0123456789", at), key.size());
    if (end == at) return std::nullopt;
    found.number = key.substr(at, end - at);
  }
  const std::string beginning = BeginningWith(tree, found.number);
  if (!key.starts_with(beginning)) return std::nullopt;
  found.rest = key.substr(beginning.size());
  return found;
}

}  // namespace rr
