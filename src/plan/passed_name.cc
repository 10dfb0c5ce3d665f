#include "plan/passed_name.h"

#include "syntax/key_in_tree.h"
#include "syntax/regex.h"

namespace rr {

std::string PassedName(const CheckedLayout& source, const CheckedLayout& destination,
                       const std::string& name) {
  for (const SpannedText& pass : source.pass) {
    const auto tree = TreeOf(pass.text);
    const auto found = tree ? FindInTree(*tree, name) : std::nullopt;
    if (!found) continue;
    for (const SpannedText& other : destination.pass) {
      const auto theirs = TreeOf(other.text);
      if (theirs && theirs->name == tree->name)
        return BeginningWith(*theirs, found->number) + found->rest;
    }
  }
  return name;
}

}  // namespace rr
