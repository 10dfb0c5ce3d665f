// What MaxText expects of published checkpoints: tables of keys and shapes that its converter
// computes from a config (AI-Hypercomputer/maxtext@e591f30,
// checkpoint_conversion/utils/hf_shape.py, run on the models' own config.json), here of the first
// six layers. Each is recognised with the config and without.
//
// derived_maxtext.json: {table: {config, keys: [[template, shape, range of every {} ...]]}}.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bind/rule_library.h"
#include "io/json.h"
#include "io/memory_files.h"
#include "run/convert.h"
#include "run/inspect.h"

namespace rr {
namespace {

using Words = std::vector<std::string>;

struct Table {
  std::string name;
  std::string family, without_config;  // what it is said to be, with its config and without
  Words beside;  // what the names of keys that no model of the family has end in
};

// The tables are a reading of the models by somebody else, and not always right. gemma4: norms of
// values have no scale, and global layers have no values. deepseek2: the model chooses experts
// without a correction; with one the keys are those of a small DeepSeek-V3, such as Moonlight.
// deepseek4: MaxText's own mixture, modules named as in transformers 5 and experts as on the hub.
const std::vector<Table>& Tables() {
  static const std::vector<Table> tables = {
      {"deepseek2-16b", "deepseek_v2", "deepseek_v3", {"mlp.gate.e_score_correction_bias"}},
      {"deepseek3-671b", "deepseek_v3", "deepseek_v3", {}},
      {"deepseek3.2-671b", "deepseek_v32", "deepseek_v32", {}},
      {"deepseek4-284b",
       "deepseek_v4",
       "deepseek_v4",
       {"head.weight", ".w1.weight", ".w2.weight", ".w3.weight", "e_score_correction_bias"}},
      {"gemma4-26b",
       "gemma4",
       "gemma4",
       {"self_attn.v_norm.weight", "layers.5.self_attn.v_proj.weight"}},
      {"gpt-oss-120b", "gpt_oss", "gpt_oss", {}},
      {"qwen3-235b-a22b", "qwen3_moe", "qwen3_moe", {}},
      {"qwen3-30b-a3b", "qwen3_moe", "qwen3_moe", {}},
      {"qwen3-480b-a35b", "qwen3_moe", "qwen3_moe", {}},
      {"qwen3.5-35b-a3b", "qwen3_5_moe", "qwen3_5_moe", {}},
      {"qwen3.5-397b-a17b", "qwen3_5_moe", "qwen3_5_moe", {}},
  };
  return tables;
}

// The keys of one row: every {} runs through its ranges.
Words Named(const std::string& name, const Value::List& row, size_t at) {
  const size_t hole = name.find("{}");
  if (hole == std::string::npos) return {name};
  Words names;
  for (const Value& range : *row[at].AsList()) {
    for (int64_t i = *(*range.AsList())[0].AsInt(); i <= *(*range.AsList())[1].AsInt(); ++i) {
      const std::string one = name.substr(0, hole) + std::to_string(i) + name.substr(hole + 2);
      for (std::string& whole : Named(one, row, at + 1)) names.push_back(std::move(whole));
    }
  }
  return names;
}

std::string TextOf(const Value* value) {
  return value == nullptr || value->AsString() == nullptr ? "" : *value->AsString();
}

TEST_CASE("the tables of MaxText are recognised, with the config and without") {
  RuleLibrary library(RealFiles(), {RULE_RUNNER_SOURCE_DIR "/rules"});
  const auto text =
      ReadSmallFile(RealFiles(), RULE_RUNNER_SOURCE_DIR "/tests/unit/run/derived_maxtext.json");
  REQUIRE(text.has_value());
  Diagnostics read;
  const auto json = ParseJson("derived_maxtext.json", *text, &read);
  REQUIRE(json.has_value());
  CHECK(json->AsMap()->size() == Tables().size());
  for (const Table& table : Tables()) {
    const Value* of_table = json->Find(table.name);
    REQUIRE_MESSAGE(of_table != nullptr, table.name);
    MemoryFiles files;
    Value::Map list;
    for (const Value& row : *of_table->Find("keys")->AsList()) {
      for (std::string& key : Named(*(*row.AsList())[0].AsString(), *row.AsList(), 2))
        list.push_back({std::move(key), (*row.AsList())[1]});
    }
    files.Put("/keys.json", ToJson(Value(std::move(list))));
    files.Put("/config.json", ToJson(*of_table->Find("config")));
    for (const bool with_config : {true, false}) {
      CAPTURE(table.name);
      CAPTURE(with_config);
      SourceRequest request;
      request.path = "/keys.json";
      if (with_config) request.config = "/config.json";
      Diagnostics diagnostics;
      const auto source = OpenKeyList(files, &library, request, {}, &diagnostics);
      REQUIRE(source.has_value());
      const Value said = InspectJson(*source, diagnostics);
      CHECK(TextOf(said.Find("family")) == (with_config ? table.family : table.without_config));
      size_t unmatched = 0;
      for (const Value& key : *said.Find("unmatched")->AsList()) {
        ++unmatched;
        CHECK_MESSAGE(
            std::any_of(table.beside.begin(), table.beside.end(),
                        [&](const std::string& end) { return key.AsString()->ends_with(end); }),
            *key.AsString());
      }
      if (with_config) CHECK((unmatched > 0) == !table.beside.empty());
      CHECK(said.Find("missing")->AsList()->empty());
      if (table.beside.empty()) CHECK(IsAccountedFor(*source, diagnostics));
    }
  }
}

}  // namespace
}  // namespace rr
