#include "bind/key_regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace rr {

struct KeyRegex::State {
  explicit State(const std::string& regex) : re(regex, RE2::Quiet) {}
  RE2 re;
};

std::optional<KeyRegex> KeyRegex::Compile(const std::string& name, const std::string& regex,
                                          Diagnostics* diagnostics) {
  KeyRegex compiled;
  compiled.state_ = std::make_shared<State>(regex);
  if (compiled.state_->re.ok()) return compiled;
  diagnostics->Add(Code::kBadKeyRegex, {},
                   fmt::format("{} {}: {}", name, regex, compiled.state_->re.error()));
  return std::nullopt;
}

bool KeyRegex::IsFoundIn(const std::string& key) const {
  return RE2::PartialMatch(key, state_->re);
}

bool KeyRegex::Matches(const std::string& key) const { return RE2::FullMatch(key, state_->re); }

}  // namespace rr
