// A regex that a user or a rule gives for keys (--only, --exclude, `pass`, `ignore`), compiled
// once.
#ifndef RULE_RUNNER_BIND_KEY_REGEX_H_
#define RULE_RUNNER_BIND_KEY_REGEX_H_

#include <memory>
#include <optional>
#include <string>

#include "base/diagnostic.h"

namespace rr {

class KeyRegex {
 public:
  // `name` is what the regex is called in messages: "--only". nullopt after RR105.
  static std::optional<KeyRegex> Compile(const std::string& name, const std::string& regex,
                                         Diagnostics* diagnostics);

  bool IsFoundIn(const std::string& key) const;  // anywhere in the key
  bool Matches(const std::string& key) const;    // the whole key

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace rr

#endif  // RULE_RUNNER_BIND_KEY_REGEX_H_
