// Version ranges of `targets`: `>=0.17,<0.19.1`, `==0.19.0, transformers<5`.
//
// A comma is "and". A clause may name another system, else it is about the system that it stands
// under. Versions are dot-separated numbers compared part by part, missing parts 0. A tail sorts as
// in PEP 440: .dev0, a1, b1, rc1 before the release they lead to, .post1 after it; a local build
// (+cu126) is the release. Unlike in pip, `<5` holds for 5.0.0rc1: it comes before 5.
#ifndef RULE_RUNNER_SYNTAX_VERSION_RANGE_H_
#define RULE_RUNNER_SYNTAX_VERSION_RANGE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace rr {

struct Version {
  std::vector<int> parts;
  std::string tail;  // "rc1", "dev0", "a1.dev0": as Parse spells them; empty for a release

  static std::optional<Version> Parse(std::string_view text);
  std::string ToString() const;
};
// Negative, zero or positive: a before, equal to or after b.
int Compare(const Version& a, const Version& b);

struct VersionRange {
  enum class Op { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  struct Clause {
    std::string system;
    Op op = Op::kEqual;
    Version version;
    Place place;
  };
  std::vector<Clause> clauses;

  // nullopt after RR305.
  static std::optional<VersionRange> Parse(const SpannedText& text, std::string_view default_system,
                                           Diagnostics* diagnostics);
  // False when a clause is about a system whose version is not given.
  bool Holds(const std::map<std::string, Version>& versions) const;
};

// Whether both can hold for the same versions; `example` gets such versions in words. Exact:
// decided on the versions that the ranges name and points between them.
bool Overlap(const VersionRange& a, const VersionRange& b, std::string* example);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_VERSION_RANGE_H_
