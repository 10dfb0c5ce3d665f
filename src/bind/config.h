// A model's config.json as formulas see it.
#ifndef RULE_RUNNER_BIND_CONFIG_H_
#define RULE_RUNNER_BIND_CONFIG_H_

#include <map>
#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "base/value.h"
#include "io/files.h"

namespace rr {

// Attributes by name. Composite models keep those of the language model in `text_config`: they come
// first, then the top level. Dotted names reach into maps (`vision_config.depth`). `--set` wins
// over everything.
class Config {
 public:
  Config() = default;
  explicit Config(Value json) : json_(std::move(json)), present_(true) {}

  void Set(const std::string& name, Value value) { overrides_[name] = std::move(value); }
  std::optional<Value> Lookup(const std::string& name) const;
  // Whether there is a config.json at all.
  bool present() const { return present_; }
  // Whether anything is known of the model: by a config.json, or by attributes that were given.
  bool SaysAnything() const { return present_ || !overrides_.empty(); }
  const Value& json() const { return json_; }

  // The model_type that names the family: of the text model when there is one, and of the whole.
  std::optional<Value> ModelType() const;
  std::optional<Value> TextModelType() const;
  // The same sizes of a model that does not say which it is.
  Config WithoutName() const;

 private:
  Value json_;
  std::map<std::string, Value> overrides_;
  bool present_ = false;
};

// A file given with --config. RR421 or RR422 when it is no JSON object, or its model_type is no
// name.
std::optional<Config> ReadConfigFile(const Files& files, const std::string& path,
                                     Diagnostics* diagnostics);
// model_type names a family: a path or a number there is a broken or hostile config (RR422).
bool CheckModelType(const Config& config, const std::string& path, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_CONFIG_H_
