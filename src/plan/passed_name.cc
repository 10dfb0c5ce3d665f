#include "plan/passed_name.h"

#include "syntax/regex.h"

namespace rr {

std::string PassedName(const CheckedLayout& source, const CheckedLayout& destination,
                       const std::string& name) {
  for (const SpannedText& pass : source.pass) {
    const auto tree = TreeOf(pass.text);
    if (!tree || !name.starts_with(tree->beginning)) continue;
    for (const SpannedText& other : destination.pass) {
      const auto theirs = TreeOf(other.text);
      if (theirs && theirs->name == tree->name)
        return theirs->beginning + name.substr(tree->beginning.size());
    }
  }
  return name;
}

}  // namespace rr
