// A checkpoint of which only the keys and shapes are known, opened with the shipped rules, as
// `inspect --keys` opens it.
#ifndef RULE_RUNNER_TESTS_UNIT_RUN_KEY_LIST_H_
#define RULE_RUNNER_TESTS_UNIT_RUN_KEY_LIST_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bind/rule_library.h"
#include "io/json.h"
#include "io/memory_files.h"
#include "run/convert.h"
#include "run/inspect.h"

namespace rr {

using Shape = std::vector<int64_t>;
using Keys = std::map<std::string, Shape>;
using Words = std::vector<std::string>;

inline RuleLibrary& ShippedRules() {
  static RuleLibrary library(RealFiles(), {RULE_RUNNER_SOURCE_DIR "/rules"});
  return library;
}

// `config` is the model's config.json, "" for none; `set` are NAME=VALUE of --set.
inline std::optional<OpenedSource> OpenKeys(const Keys& keys, const std::string& config,
                                            const Words& set, Diagnostics* diagnostics) {
  MemoryFiles files;
  Value::Map list;
  for (const auto& [name, shape] : keys)
    list.push_back({name, Value(Value::List(shape.begin(), shape.end()))});
  files.Put("/keys.json", ToJson(Value(std::move(list))));
  SourceRequest request;
  request.path = "/keys.json";
  if (!config.empty()) {
    files.Put("/config.json", config);
    request.config = "/config.json";
  }
  for (const std::string& text : set) {
    const size_t equals = text.find('=');
    request.set.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return OpenKeyList(files, &ShippedRules(), request, {}, diagnostics);
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_RUN_KEY_LIST_H_
