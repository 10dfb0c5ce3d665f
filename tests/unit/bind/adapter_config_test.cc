#include "bind/adapter_config.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "io/json.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

std::optional<AdapterConfig> Read(const std::string& json, std::string* findings) {
  Diagnostics diagnostics;
  std::optional<Value> value = ParseJson("adapter_config.json", json, &diagnostics);
  REQUIRE(value.has_value());
  auto config =
      AdapterConfig::Read(Config(std::move(*value)), "a/adapter_config.json", &diagnostics);
  *findings = Findings(diagnostics);
  CHECK(config.has_value() == !diagnostics.HasErrors());
  return config;
}

AdapterConfig Good(const std::string& json) {
  std::string findings;
  auto config = Read(json, &findings);
  CHECK(findings == "");
  REQUIRE(config.has_value());
  return *config;
}

std::string FaultOf(const std::string& json) {
  std::string findings;
  Read(json, &findings);
  return findings;
}

const std::string kQ = "model.layers.3.self_attn.q_proj";

TEST_CASE("the first pattern in the order of the file, not the longest, and not the alphabet's") {
  const AdapterConfig config = Good(
      R"({"r": 16, "lora_alpha": 24, "rank_pattern": {"self_attn.q_proj": 5, "q_proj": 3},
          "alpha_pattern": {"z_proj": 2, "q_proj": 7, "self_attn.q_proj": 9}})");
  CHECK(config.RankOf(kQ) == 5);
  CHECK(config.AlphaOf(kQ) == 7);
  CHECK(config.RankOf("model.layers.3.self_attn.k_proj") == 16);
  CHECK(config.AlphaOf("model.layers.3.self_attn.k_proj") == 24);
  CHECK(Good(R"({"rank_pattern": {"q_proj": 3, "self_attn.q_proj": 5}})").RankOf(kQ) == 3);
}

TEST_CASE("a pattern matches a name from a dot on, to its end") {
  const auto rank = [](const std::string& pattern, const std::string& module) {
    return Good(R"({"r": 2, "rank_pattern": {")" + pattern + R"(": 9}})").RankOf(module) == 9;
  };
  CHECK(rank("q_proj", kQ));
  CHECK(rank("q_proj", "q_proj"));
  CHECK(rank("self_attn.q_proj", kQ));
  CHECK(rank("self_attn.q_proj", "self_attn_q_proj"));  // a regex's dot
  CHECK_FALSE(rank("attn.q_proj", kQ));
  CHECK_FALSE(rank("proj", kQ));
  CHECK_FALSE(rank("self_attn", kQ));
  CHECK_FALSE(rank("q_pro", kQ));
  // Patterns are regexes, alternatives and anchors included.
  CHECK(rank("layers\\\\.[0-3]\\\\..*", kQ));
  CHECK_FALSE(rank("layers\\\\.[0-2]\\\\..*", kQ));
  CHECK(rank("k_proj|q_proj", kQ));
  CHECK(rank("^model\\\\.layers\\\\.\\\\d+\\\\.self_attn\\\\.q_proj", kQ));
  CHECK_FALSE(rank("^layers\\\\.\\\\d+\\\\.self_attn\\\\.q_proj", kQ));
  CHECK(rank("experts.gate_up_proj", "model.layers.0.mlp.experts.gate_up_proj"));
}

TEST_CASE("patterns of a linear map that target_parameters names mean its weight") {
  const std::string targets = R"("r": 2, "target_parameters": ["shared_expert.up_proj.weight"], )";
  const std::string up = "model.layers.3.mlp.shared_expert.up_proj";
  const auto rank = [&](const std::string& pattern, const std::string& module) {
    return Good("{" + targets + R"("rank_pattern": {")" + pattern + R"(": 9}})").RankOf(module);
  };
  CHECK(rank("shared_expert.up_proj.weight", up) == 9);
  CHECK(rank("shared_expert.up_proj", up) == 2);
  CHECK(rank("^model\\\\.layers\\\\.3\\\\.mlp\\\\.shared_expert\\\\.up_proj(\\\\.weight)?", up) ==
        9);
  CHECK(rank("q_proj", kQ) == 9);  // a module still
  CHECK(rank("q_proj.weight", kQ) == 2);
  CHECK(rank("up_proj.weight", "model.layers.3.mlp.up_proj") == 2);
  const AdapterConfig config =
      Good("{" + targets + R"("lora_alpha": 8, "alpha_pattern": {"up_proj.weight": 32}})");
  CHECK(config.AlphaOf(up) == 32);
  CHECK(config.HasRankPattern(up) == false);
}

TEST_CASE("defaults: 8 and 8 of a config that says nothing, no alpha without a config") {
  const AdapterConfig empty = Good("{}");
  CHECK(empty.present());
  CHECK(empty.RankOf(kQ) == 8);
  CHECK(empty.AlphaOf(kQ) == 8);
  CHECK_FALSE(empty.says_rank());
  CHECK_FALSE(empty.says_alpha());
  CHECK(Good(R"({"r": null, "lora_alpha": null, "rank_pattern": null})").RankOf(kQ) == 8);
  Diagnostics diagnostics;
  auto absent = AdapterConfig::Read(Config(), "a", &diagnostics);
  REQUIRE(absent.has_value());
  CHECK_FALSE(absent->present());
  CHECK_FALSE(absent->AlphaOf(kQ).has_value());
  absent->set_alpha(12.5);
  CHECK(absent->AlphaOf(kQ) == 12.5);
  AdapterConfig given = Good(R"({"lora_alpha": 3, "alpha_pattern": {"q_proj": 7}})");
  CHECK(given.says_alpha());
  given.set_alpha(5);
  CHECK(given.AlphaOf(kQ) == 7);
  CHECK(given.AlphaOf("v_proj") == 5);
}

TEST_CASE("scale: alpha / rank, and alpha / sqrt(rank) of rsLoRA") {
  CHECK(Good("{}").ScaleOf(6, 4) == 1.5);
  const AdapterConfig rslora = Good(R"({"use_rslora": true, "use_dora": true})");
  CHECK(rslora.use_rslora());
  CHECK(rslora.use_dora());
  CHECK(rslora.ScaleOf(6, 4) == 3);
  CHECK(rslora.ScaleOf(6, 8) == 6 / std::sqrt(8.0));
  CHECK_FALSE(Good(R"({"use_rslora": null})").use_rslora());
}

TEST_CASE("another method than LoRA is refused by its name") {
  for (const char* method : {"IA3", "LOHA", "ADALORA", "VERA", "lora"})
    CHECK(FaultOf(fmt::format(R"({{"peft_type": "{}"}})", method)) ==
          fmt::format("RR422 `a/adapter_config.json` peft_type is \"{}\", where \"LORA\" is "
                      "expected",
                      method));
  CHECK(FaultOf(R"({"peft_type": 3})") ==
        "RR422 `a/adapter_config.json` peft_type is 3, where \"LORA\" is expected");
  Good(R"({"peft_type": "LORA"})");
  Good(R"({"peft_type": null})");
}

TEST_CASE("values that are no ranks and no alphas") {
  CHECK(FaultOf(R"({"r": 0})") ==
        "RR422 `a/adapter_config.json` r is 0, where a rank, a positive whole number, is expected");
  CHECK(
      FaultOf(R"({"r": 8.0})") ==
      "RR422 `a/adapter_config.json` r is 8.0, where a rank, a positive whole number, is expected");
  CHECK(FaultOf(R"({"target_modules": 7, "target_parameters": "x", "modules_to_save": [1]})") ==
        "RR422 `a/adapter_config.json` target_modules is 7, where a list of names or a pattern is "
        "expected\n"
        "RR422 `a/adapter_config.json` target_parameters is \"x\", where a list of names is "
        "expected\n"
        "RR422 `a/adapter_config.json` an item of modules_to_save is 1, where a name is expected");
  CHECK(FaultOf(R"({"target_modules": "q_proj", "target_parameters": null})") == "");
  CHECK(FaultOf(R"({"lora_alpha": "16"})") ==
        "RR422 `a/adapter_config.json` lora_alpha is \"16\", where a number is expected");
  CHECK(FaultOf(R"({"lora_alpha": NaN})") ==
        "RR422 `a/adapter_config.json` lora_alpha is NaN, where a number is expected");
  CHECK(FaultOf(R"({"use_rslora": "false", "use_dora": 1})") ==
        "RR422 `a/adapter_config.json` use_rslora is \"false\", where true or false is expected\n"
        "RR422 `a/adapter_config.json` use_dora is 1, where true or false is expected");
  CHECK(
      FaultOf(R"({"rank_pattern": [1]})") ==
      "RR422 `a/adapter_config.json` rank_pattern is [1], where a map from patterns to numbers is "
      "expected");
  CHECK(FaultOf(R"({"rank_pattern": {"q": -2, "v": 3}, "alpha_pattern": {"v": true}})") ==
        "RR422 `a/adapter_config.json` rank_pattern: q is -2, where a rank is expected\n"
        "RR422 `a/adapter_config.json` alpha_pattern: v is true, where a number is expected");
  CHECK(
      FaultOf(R"j({"rank_pattern": {"q(?=x)": 2}})j")
          .starts_with("RR422 `a/adapter_config.json` rank_pattern has the pattern `q(?=x)`, which "
                       "RE2 refuses: "));
}

}  // namespace
}  // namespace rr
