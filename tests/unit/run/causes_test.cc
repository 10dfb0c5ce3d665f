// Mismatches that real users reported, as small as they still show: keys and shapes, the model's
// config, what adapter_config.json says. `inspect` names the cause and the command that mends it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "unit/run/key_list.h"

namespace rr {
namespace {

struct Reported {
  const char* thread;
  std::string config;  // the model's config.json; "" for none
  Keys keys;
  Words set;          // --set, as of adapter_config.json
  std::string cause;  // its name; "" where there is none
  Words says;         // some of its words
  std::string mend;   // and of the command
};

struct Inspected {
  std::vector<Cause> causes;
  std::string text, json, findings;
};

Inspected Inspect(const Reported& one) {
  Diagnostics diagnostics;
  const auto source = OpenKeys(one.keys, one.config, one.set, &diagnostics);
  Inspected found;
  for (const Diagnostic& d : diagnostics.all()) found.findings += d.message + "\n";
  REQUIRE_MESSAGE(source.has_value(), one.thread << "\n" << found.findings);
  found.causes = CausesOf(*source);
  found.text = InspectText(*source);
  found.json = ToJson(InspectJson(*source, diagnostics));
  return found;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void Check(const Reported& one) {
  INFO(one.thread);
  const Inspected found = Inspect(one);
  std::string all;
  const Cause* cause = nullptr;
  for (const Cause& each : found.causes) {
    all += each.name + ": " + each.why + "\n  mend: " + each.mend + "\n";
    if (each.name == one.cause) cause = &each;
  }
  INFO("causes:\n" << all << "findings:\n" << found.findings << found.text);
  if (one.cause.empty()) {
    CHECK(found.causes.empty());
    CHECK_FALSE(Has(found.text, "cause:"));
    return;
  }
  if (cause == nullptr) {
    FAIL_CHECK("no cause " << one.cause);
    return;
  }
  for (const std::string& words : one.says) {
    INFO("expected: " << words);
    CHECK(Has(cause->why, words));
  }
  CHECK(!one.mend.empty());
  INFO("expected: " << one.mend);
  CHECK(Has(cause->mend, one.mend));
  CHECK(Has(found.text, "cause: " + cause->name + ": " + cause->why));
  CHECK(Has(found.text, "mend: " + cause->mend));
  CHECK(Has(found.json, "\"name\": \"" + cause->name + "\""));
}

// Configs: sizes that the threads report, or small ones that are pairwise different.
std::string Qwen3(const std::string& type, const std::string& more = "") {
  return fmt::format(
      R"({{"model_type":"{}","num_hidden_layers":2,"num_experts":4,"hidden_size":24,
          "moe_intermediate_size":10,"intermediate_size":34,"num_attention_heads":4,
          "num_key_value_heads":2,"head_dim":8,"vocab_size":50{}}})",
      type, more);
}

// A composite model with a vision tower: three layers of linear attention, one of full attention.
std::string Qwen35Moe(int64_t hidden, int64_t inner, int64_t experts) {
  return fmt::format(
      R"({{"model_type":"qwen3_5_moe","text_config":{{"model_type":"qwen3_5_moe_text",
          "num_hidden_layers":4,"num_experts":{},"hidden_size":{},"moe_intermediate_size":{},
          "shared_expert_intermediate_size":14,"num_attention_heads":4,"num_key_value_heads":2,
          "head_dim":8,"vocab_size":50,"full_attention_interval":4,"linear_num_key_heads":3,
          "linear_num_value_heads":6,"linear_key_head_dim":5,"linear_value_head_dim":7,
          "linear_conv_kernel_dim":4}}}})",
      experts, hidden, inner);
}

std::string Qwen3Next() {
  return R"({"model_type":"qwen3_next","num_hidden_layers":4,"num_experts":4,"hidden_size":24,
      "moe_intermediate_size":10,"shared_expert_intermediate_size":14,"intermediate_size":34,
      "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"vocab_size":50,
      "full_attention_interval":4,"decoder_sparse_step":1,"mlp_only_layers":[],
      "linear_num_key_heads":3,"linear_num_value_heads":6,"linear_key_head_dim":5,
      "linear_value_head_dim":7,"linear_conv_kernel_dim":4})";
}

std::string GptOss(int64_t hidden, int64_t inner, int64_t experts) {
  return fmt::format(
      R"({{"model_type":"gpt_oss","num_hidden_layers":2,"num_local_experts":{},"hidden_size":{},
          "intermediate_size":{},"num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,
          "vocab_size":50}})",
      experts, hidden, inner);
}

const char* const kGemma4 =
    R"({"model_type":"gemma4","text_config":{"model_type":"gemma4_text","num_hidden_layers":30,
        "hidden_size":2816,"num_experts":128,"moe_intermediate_size":704,"intermediate_size":2112,
        "enable_moe_block":true,"num_attention_heads":16,"num_key_value_heads":8,"head_dim":256,
        "global_head_dim":512,"num_global_key_value_heads":2,"attention_k_eq_v":true,
        "vocab_size":262144,"hidden_size_per_layer_input":0}})";

const char* const kGlm4Moe =
    R"({"model_type":"glm4_moe","num_hidden_layers":3,"first_k_dense_replace":1,
        "n_routed_experts":128,"n_shared_experts":1,"hidden_size":4096,
        "moe_intermediate_size":1408,"intermediate_size":10944,"num_attention_heads":96,
        "num_key_value_heads":8,"head_dim":128,"vocab_size":151552,"use_qk_norm":false,
        "num_nextn_predict_layers":1})";

const char* const kMixtral =
    R"({"model_type":"mixtral","num_hidden_layers":2,"num_local_experts":4,"hidden_size":24,
        "intermediate_size":10,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,
        "vocab_size":50})";

// Keys.
const std::string kPeft = "base_model.model.model.";

Keys operator+(Keys a, const Keys& b) {
  a.insert(b.begin(), b.end());
  return a;
}

Keys Pair(const std::string& module, int64_t rank, int64_t in, int64_t out,
          const std::string& ending = ".weight") {
  return {{module + ".lora_A" + ending, {rank, in}}, {module + ".lora_B" + ending, {out, rank}}};
}

// A is over `a`, B over `b`.
Keys Folded(const std::string& module, int64_t fold, int64_t a, int64_t b,
            const std::string& ending = ".weight") {
  return {{module + ".lora_A" + ending, {fold, a}}, {module + ".lora_B" + ending, {b, fold}}};
}

// q_proj and v_proj of both layers of the small models.
Keys Attention(const std::string& prefix, const std::string& ending = ".weight") {
  Keys keys;
  for (int l = 0; l < 2; ++l) {
    const std::string attention = fmt::format("{}layers.{}.self_attn.", prefix, l);
    keys = keys + Pair(attention + "q_proj", 3, 24, 32, ending) +
           Pair(attention + "v_proj", 3, 24, 16, ending);
  }
  return keys;
}

// Both parameters of the experts of both layers, as PEFT up to 0.19.0 (`direct`) or since wraps
// them: 4 experts x rank 3, hidden 24, inner 10.
Keys Experts(bool direct, const std::string& prefix = kPeft, int64_t fold = 12) {
  Keys keys;
  for (int l = 0; l < 2; ++l) {
    const std::string experts = fmt::format("{}layers.{}.mlp.experts", prefix, l);
    keys = keys + Folded(experts + ".base_layer", fold, direct ? 20 : 24, direct ? 24 : 20) +
           Folded(experts, fold, direct ? 24 : 10, direct ? 10 : 24);
  }
  return keys;
}

// The attention and MLPs of a small dense model.
Keys DenseWeights(const std::string& prefix) {
  Keys keys{{prefix + "embed_tokens.weight", {50, 24}}, {prefix + "norm.weight", {24}}};
  for (int l = 0; l < 2; ++l) {
    const std::string layer = fmt::format("{}layers.{}.", prefix, l);
    keys = keys + Keys{{layer + "self_attn.q_proj.weight", {32, 24}},
                       {layer + "self_attn.k_proj.weight", {16, 24}},
                       {layer + "self_attn.v_proj.weight", {16, 24}},
                       {layer + "self_attn.o_proj.weight", {24, 32}},
                       {layer + "self_attn.q_norm.weight", {8}},
                       {layer + "self_attn.k_norm.weight", {8}},
                       {layer + "mlp.gate_proj.weight", {34, 24}},
                       {layer + "mlp.up_proj.weight", {34, 24}},
                       {layer + "mlp.down_proj.weight", {24, 34}},
                       {layer + "input_layernorm.weight", {24}},
                       {layer + "post_attention_layernorm.weight", {24}}};
  }
  return keys;
}

const std::string kGemmaExperts = kPeft + "language_model.layers.19.experts";
const std::string kComposite = kPeft + "language_model.";
const std::string kAxolotl = kPeft + "layers.1.mlp.experts";

const Words kRank3 = {"adapter_config.r=3", "adapter_config.lora_alpha=16"};

TEST_CASE("adapters of fused experts: the cause and the command") {
  const std::string layer3 = kComposite + "layers.3.mlp.experts";
  for (const Reported& one : std::vector<Reported>{
           {"A1 unslothai/unsloth#5082: PEFT 0.18 wrote it, 0.19.1 reads it",
            kGemma4,
            Folded(kGemmaExperts + ".base_layer", 4096, 1408, 2816) +
                Folded(kGemmaExperts, 4096, 2816, 704),
            {"adapter_config.r=32"},
            "wrapper-orientation",
            {"experts.gate_up_proj", "[4096, 1408] = [E*R, 2*I]", "peft-direct", "peft-swapped"},
            "rule-runner convert /keys.json OUT --to peft-swapped"},
           {"A9 unslothai/unsloth-zoo#779: experts narrower than the model",
            kGemma4,
            Folded(kGemmaExperts, 4096, 2816, 704),
            {"adapter_config.r=32"},
            "wrapper-orientation",
            {"experts.down_proj", "[4096, 2816] = [E*R, H]"},
            "--to peft-swapped"},
           {"A2 axolotl-ai-cloud/axolotl#3483: down_proj is the inner wrapper",
            kGlm4Moe,
            Folded(kAxolotl + ".base_layer", 2048, 1408, 4096) + Folded(kAxolotl, 2048, 4096, 2816),
            {"adapter_config.r=16"},
            "wrapper-order",
            {"base_layer, the inner wrapper, is experts.down_proj", "experts.gate_up_proj"},
            "--to peft-swapped"},
           {"A3 unsloth 2026.3.11 and 2026.4.8: r means something else",
            Qwen35Moe(3072, 10, 256),
            Folded(layer3 + ".base_layer", 4096, 3072, 20) + Folded(layer3, 4096, 10, 3072),
            {"adapter_config.r=32", "adapter_config.lora_alpha=32"},
            "rank-config",
            {"every tensor has rank 16", "[4096, 3072]", "r = 32"},
            "--set adapter_config.r=16"},
           {"NVIDIA-NeMo/Automodel#3834: experts have rank r // top-k",
            Qwen3("qwen3_moe", R"(,"num_experts_per_tok":2)"),
            Experts(true) + Pair(kPeft + "layers.0.self_attn.q_proj", 6, 24, 32),
            {"adapter_config.r=6", "adapter_config.lora_alpha=16"},
            "rank-scaling",
            {"r = 6", "all experts have rank 3 = R // ", "moe_rank_scaling"},
            "--set adapter_config.moe_rank_scaling=true"},
           {"A4, A5 vllm-project/vllm#41384, #52194: per expert the transpose",
            Qwen35Moe(2048, 512, 256),
            Folded(layer3 + ".base_layer", 2048, 1024, 2048) + Folded(layer3, 2048, 2048, 512),
            {"adapter_config.r=8"},
            "wrapper-orientation",
            {"A is over 2*I = 1024, B over H = 2048"},
            "--to peft-swapped"},
           {"A6 sgl-project/sglang#25528: expert tensors are dropped without a word",
            Qwen3("qwen3_moe"),
            Experts(false),
            kRank3,
            "fused-experts",
            {"8 of 8 tensors hold all experts at once", "sglang", "gate_proj (gate)"},
            "rule-runner convert /keys.json OUT --to "},
           {"A7 unslothai/unsloth#5410: experts counted in one shard",
            Qwen3("qwen3_moe"),
            Experts(false, kPeft, 18),
            {"adapter_config.r=3"},
            "expert-count",
            {"is 18, experts x rank, which 4 experts", "with r = 3 it would be 6 experts"},
            "--set E=6"},
           {"A8 the same: rank-major or expert-major",
            Qwen3("qwen3_moe"),
            Experts(false),
            kRank3,
            "twin-order",
            {"ambiguous: shapes cannot tell", "12 columns of lora_B"},
            "--from peft-swapped-blocked"},
           {"A10 unslothai/unsloth-zoo#812: w1, w2, w3 on disk",
            kMixtral,
            Experts(false),
            kRank3,
            "fused-experts",
            {"w1 (gate), w3 (up) and w2 (down)"},
            "--to "},
           {"A13 NovaSky-AI/SkyRL#1852: three dimensions under the names of the weights",
            Qwen3("qwen3_moe"),
            {{kPeft + "layers.0.mlp.experts.gate_up_proj.lora_A.weight", {4, 3, 24}},
             {kPeft + "layers.0.mlp.experts.gate_up_proj.lora_B.weight", {4, 20, 3}},
             {kPeft + "layers.0.mlp.experts.down_proj.lora_A.weight", {4, 3, 10}},
             {kPeft + "layers.0.mlp.experts.down_proj.lora_B.weight", {4, 24, 3}}},
            kRank3,
            "fused-experts",
            {"experts.gate_up_proj.lora_A.weight"},
            "--to "},
           {"Megatron-Bridge 0.4: packed experts listed as modules",
            Qwen3("qwen3_moe"),
            Attention(kPeft) +
                Keys{{kPeft + "layers.0.mlp.experts.gate_up_proj.lora_A.weight", {4, 3, 24}},
                     {kPeft + "layers.0.mlp.experts.gate_up_proj.lora_B.weight", {4, 20, 3}},
                     {kPeft + "layers.0.mlp.experts.down_proj.lora_A.weight", {4, 3, 10}},
                     {kPeft + "layers.0.mlp.experts.down_proj.lora_B.weight", {4, 24, 3}}},
            {"adapter_config.r=3",
             R"(adapter_config.target_modules=["q_proj","v_proj","gate_up_proj","down_proj"])"},
            "parameters-as-modules",
            {"target_modules names gate_up_proj and down_proj", "no modules"},
            "writes target_parameters"},
           {"A14 NVIDIA-NeMo/Automodel#1814: grouped tensors",
            Qwen3("qwen3_moe"),
            {{kPeft + "layers.0.mlp.experts.lora_gate_and_up_A", {4, 24, 3}},
             {kPeft + "layers.0.mlp.experts.lora_gate_and_up_B", {4, 3, 20}},
             {kPeft + "layers.0.mlp.experts.lora_down_A", {4, 10, 3}},
             {kPeft + "layers.0.mlp.experts.lora_down_B", {4, 3, 24}}},
            kRank3,
            "fused-experts",
            {"experts.lora_gate_and_up_A", "a pair per expert"},
            "--to "},
           {"A15 a note on Megatron-Bridge and gpt-oss: names of parameters, without `.weight`",
            GptOss(24, 10, 4),
            {{"model.layers.0.mlp.experts.gate_up_proj.lora_A.weight", {4, 3, 24}},
             {"model.layers.0.mlp.experts.gate_up_proj.lora_B.weight", {4, 20, 3}},
             {"model.layers.0.mlp.experts.down_proj.lora_A.weight", {4, 3, 10}},
             {"model.layers.0.mlp.experts.down_proj.lora_B.weight", {4, 24, 3}}},
            kRank3,
            "fused-experts",
            {"4 of 4 tensors", "experts.gate_up_proj.lora_A.weight [4, 3, 24]"},
            "rule-runner convert /keys.json OUT --to "},
           {"A16 NVIDIA-NeMo/Megatron-Bridge#6076: the outer side is shared",
            Qwen3("qwen3_moe"),
            {{kPeft + "layers.0.mlp.experts.gate_up_proj.lora_A.weight", {1, 3, 24}},
             {kPeft + "layers.0.mlp.experts.gate_up_proj.lora_B.weight", {4, 20, 3}},
             {kPeft + "layers.0.mlp.experts.down_proj.lora_A.weight", {4, 3, 10}},
             {kPeft + "layers.0.mlp.experts.down_proj.lora_B.weight", {1, 24, 3}}},
            kRank3,
            "fused-experts",
            {"4 of 4 tensors"},
            "--to "},
           {"A17 Tinker: w1, w2, w3 of three dimensions, attn for self_attn",
            GptOss(24, 10, 4),
            Pair(kPeft + "layers.0.attn.q_proj", 3, 24, 32) +
                Keys{{kPeft + "layers.0.mlp.experts.w1.lora_A.weight", {1, 3, 24}},
                     {kPeft + "layers.0.mlp.experts.w1.lora_B.weight", {4, 10, 3}},
                     {kPeft + "layers.0.mlp.experts.w3.lora_A.weight", {1, 3, 24}},
                     {kPeft + "layers.0.mlp.experts.w3.lora_B.weight", {4, 10, 3}},
                     {kPeft + "layers.0.mlp.experts.w2.lora_A.weight", {4, 3, 10}},
                     {kPeft + "layers.0.mlp.experts.w2.lora_B.weight", {1, 24, 3}}},
            kRank3,
            "foreign-name",
            {"`attn` stands where", "`self_attn`", "8 of 8 keys"},
            "--rename attn=self_attn"},
           {"A18 thinking-machines-lab/tinker-cookbook#547: factors without elements",
            Qwen3("qwen3_moe"),
            Attention(kPeft) + Keys{{kPeft + "layers.1.mlp.experts.w3.lora_A.weight", {0}},
                                    {kPeft + "layers.1.mlp.experts.w3.lora_B.weight", {0}}},
            kRank3,
            "empty-tensors",
            {"2 tensors have no elements", "taken as absent"},
            "rule-runner convert /keys.json OUT --to "},
           {"A19 256 is 32 experts x rank 8, no rank of 256",
            GptOss(2880, 2880, 32),
            Folded(kPeft + "layers.0.mlp.experts.base_layer", 256, 2880, 5760) +
                Folded(kPeft + "layers.0.mlp.experts", 256, 2880, 2880),
            {"adapter_config.r=8"},
            "twin-order",
            {"256 columns"},
            "--from "},
           {"A20 vllm-project/vllm#47088, agentscope-ai/TuFT#154: the shared expert only",
            Qwen35Moe(24, 10, 4),
            Pair(kComposite + "layers.0.mlp.shared_expert.gate_proj", 3, 24, 14) +
                Pair(kComposite + "layers.0.mlp.shared_expert.up_proj", 3, 24, 14) +
                Pair(kComposite + "layers.0.mlp.shared_expert.down_proj", 3, 14, 24),
            kRank3,
            "experts-not-adapted",
            {"only the shared expert is adapted"},
            "target_parameters [mlp.experts.gate_up_proj, mlp.experts.down_proj]"},
           {"A21 unslothai/unsloth#6936, unslothai/unsloth-zoo#885: modules of the 4-bit base",
            GptOss(24, 10, 4),
            [] {
              Keys keys;
              for (int e = 0; e < 4; ++e) {
                const std::string experts = kPeft + "layers.0.mlp.experts.";
                keys = keys + Pair(fmt::format("{}gate_up_projs.{}", experts, e), 3, 24, 20) +
                       Pair(fmt::format("{}down_projs.{}", experts, e), 3, 10, 24);
              }
              return keys;
            }(),
            kRank3,
            "bnb-4bit-experts",
            {"16 of 16 tensors", "down_projs with a module for each expert", "keeps the base's"},
            "rule-runner convert /keys.json OUT --to peft-direct"},
           {"A22 unslothai/unsloth#11014: down without gate and up",
            Qwen3("qwen3_moe"),
            Folded(kPeft + "layers.0.mlp.experts", 12, 10, 24),
            kRank3,
            "half-adapted",
            {"experts.down is adapted without experts.gate and experts.up"},
            "--fill zero"},
           {"A23 OpenPipe/ART#575: unfused by hand, A and B exchange roles",
            Qwen3("qwen3_moe"),
            Experts(true),
            kRank3,
            "wrapper-orientation",
            {"A is over 2*I = 20, B over H = 24"},
            "--to peft-swapped"},
           {"A12 vllm-project/vllm#40005: target modules without factors",
            Qwen3("qwen3_moe"),
            Attention(kPeft),
            {"adapter_config.r=3", R"(adapter_config.target_modules=["q_proj","v_proj","conv1d"])"},
            "target-modules",
            {"conv1d", "q_proj (2 modules)"},
            "writes target_modules of what is there"},
       })
    Check(one);
}

TEST_CASE("adapters of linear attention: the cause and the command") {
  const std::string next = kPeft + "layers.0.linear_attn.";
  const std::string composite = kComposite + "layers.0.linear_attn.";
  for (const Reported& one : std::vector<Reported>{
           {"B1 sgl-project/sglang#16550",
            Qwen3Next(),
            Pair(next + "in_proj_qkvz", 3, 24, 114),
            kRank3,
            "linear-attention",
            {"in_proj_qkvz of linear attention is adapted", "SGLang"},
            "rule-runner merge BASE OUT --adapter /keys.json"},
           {"B2 sgl-project/sglang#30189",
            Qwen35Moe(24, 10, 4),
            Pair(composite + "in_proj_qkv", 3, 24, 72) + Pair(composite + "in_proj_z", 3, 24, 42),
            kRank3,
            "linear-attention",
            {"in_proj_qkv and in_proj_z"},
            "rule-runner merge BASE OUT"},
           {"B3 sgl-project/sglang#31522: one module for b and a",
            Qwen35Moe(24, 10, 4),
            Pair(composite + "in_proj_ba", 3, 24, 12),
            kRank3,
            "fused-modules",
            {"in_proj_ba", "in_proj_b and in_proj_a"},
            "rule-runner inspect /keys.json --family FAMILY"},
           {"B3 the same, split where the family has one",
            Qwen3Next(),
            Pair(next + "in_proj_b", 3, 24, 6) + Pair(next + "in_proj_a", 3, 24, 6),
            kRank3,
            "fused-modules",
            {"in_proj_a and in_proj_b", "qwen3_next stores in_proj_ba"},
            "rule-runner inspect /keys.json --family FAMILY"},
           {"B4 vllm-project/vllm#36652: one module for four parts",
            Qwen35Moe(24, 10, 4),
            Pair(composite + "in_proj_qkvz", 3, 24, 114),
            kRank3,
            "fused-modules",
            {"in_proj_qkvz", "in_proj_qkv and in_proj_z"},
            "rule-runner inspect /keys.json --family FAMILY"},
           {"B5 sgl-project/sglang#19974, #21242: queries without their gates",
            Qwen3Next(),
            Pair(kPeft + "layers.3.self_attn.q_proj", 3, 24, 32),
            kRank3,
            "output-gate",
            {"q_proj.lora_B.weight has 32 rows", "2 x 32 = 64 rows"},
            "rule-runner inspect /keys.json --config config.json"},
           {"B6 a server's fused modules in a checkpoint",
            Qwen3("qwen3"),
            [] {
              Keys keys = DenseWeights("model.");
              for (int l = 0; l < 2; ++l) {
                const std::string layer = fmt::format("model.layers.{}.", l);
                for (const char* part : {"q", "k", "v"})
                  keys.erase(fmt::format("{}self_attn.{}_proj.weight", layer, part));
                keys[layer + "self_attn.qkv_proj.weight"] = {64, 24};
              }
              return keys;
            }(),
            {},
            "fused-modules",
            {"the file has qkv_proj", "q_proj, k_proj and v_proj", "vLLM and SGLang"},
            "rule-runner inspect /keys.json --family FAMILY"},
       })
    Check(one);
}

TEST_CASE("keys under other names: the cause and the flag") {
  for (const Reported& one : std::vector<Reported>{
           {"A11 unslothai/unsloth#5410: repeated prefixes in what was merged",
            Qwen3("qwen3"),
            DenseWeights("base_model.model.base_model.model.base_model.model.model."),
            {},
            "doubled-prefix",
            {"24 keys begin with `base_model.model.base_model.model.base_model.model.`"},
            "rule-runner convert /keys.json OUT --to hub"},
           {"A11 the same model three times, under longer and longer names",
            Qwen3("qwen3"),
            DenseWeights("model.") + DenseWeights("base_model.model.model.") +
                DenseWeights("base_model.model.base_model.model.model."),
            {},
            "repeated-tensors",
            {"48 of 72 tensors are there again", "base_model.model.model.embed_tokens.weight",
             "nested PEFT models"},
            R"(--exclude '^base_model\.model\.')"},
           {"B7 intel/auto-round#1461: a name joined without its dot",
            R"({"model_type":"glm_moe_dsa","num_hidden_layers":2,"first_k_dense_replace":1,
                "n_routed_experts":4,"n_shared_experts":1,"hidden_size":24,"vocab_size":50,
                "moe_intermediate_size":10,"intermediate_size":34,"num_attention_heads":4,
                "num_key_value_heads":4,"q_lora_rank":11,"kv_lora_rank":13,"qk_nope_head_dim":6,
                "qk_rope_head_dim":8,"v_head_dim":7,"index_n_heads":5,"index_head_dim":9})",
            {{"model.layers.0.self_attnindexer.weights_proj.weight", {5, 24}},
             {"model.layers.0.self_attnindexer.k_norm.weight", {9}},
             {"model.layers.0.self_attnq_a_proj.weight", {11, 24}}},
            {},
            "missing-dot",
            {"3 keys have no dot behind `self_attn`", "self_attnindexer.k_norm.weight"},
            "rule-runner convert /keys.json OUT --to hub"},
           {"C1 illuin-tech/colpali#424: names of the text model in a composite one",
            Qwen35Moe(24, 10, 4),
            Pair("base_model.model.model.layers.3.self_attn.v_proj", 3, 24, 16),
            kRank3,
            "older-prefix",
            {"base_model.model.model.layers.", "base_model.model.model.language_model.layers."},
            "--prefix base_model.model.model.layers.="
            "base_model.model.model.language_model.layers."},
           {"D5 vllm-project/vllm#25029: GPTQ",
            Qwen3("qwen3", R"(,"quantization_config":{"quant_method":"gptq","bits":4})"),
            DenseWeights("model.") + Keys{{"model.layers.0.mlp.gate_proj.qweight", {3, 34}},
                                          {"model.layers.0.mlp.gate_proj.scales", {1, 34}},
                                          {"model.layers.0.mlp.gate_proj.g_idx", {24}}},
            {},
            "foreign-codes",
            {"model.layers.0.mlp.gate_proj.g_idx belongs to codes of GPTQ (config.json: "
             "quant_method \"gptq\")"},
            "take the checkpoint that was quantised"},
           {"NVFP4",
            Qwen3("qwen3"),
            DenseWeights("model.") + Keys{{"model.layers.0.mlp.gate_proj.weight_scale_2", {}}},
            {},
            "foreign-codes",
            {"NVFP4 as ModelOpt stores it"},
            "dequantise this one"},
           {"wrappers of a training run, and no config that says which model it is",
            "",
            Keys{{"module.layers.0.mixture.weight", {24}}, {"module.head.weight", {50, 24}}},
            {},
            "wrapped-model",
            {"`module.` in module.head.weight is what torch's DataParallel"},
            "rule-runner inspect /keys.json --prefix module.="},
           {"the same within the names of a model",
            "",
            Keys{{"model._orig_mod.layers.0.mixture.weight", {24}}},
            {},
            "wrapped-model",
            {"torch.compile"},
            "rule-runner inspect /keys.json --prefix model._orig_mod.=model."},
           {"C2 embeddings-benchmark/mteb#4673: the same, with magnitudes of DoRA",
            Qwen35Moe(24, 10, 4),
            Pair("base_model.model.model.layers.3.self_attn.v_proj", 3, 24, 16) +
                Keys{{"base_model.model.model.layers.3.self_attn.v_proj.lora_magnitude_vector",
                      {16}}},
            {"adapter_config.r=3", "adapter_config.use_dora=true"},
            "older-prefix",
            {"a loader of today finds none of these keys"},
            "--prefix base_model.model.model.layers.="},
           {"C3 huggingface/peft#2699: the adapter's name in the keys",
            Qwen3("qwen3"),
            Attention(kPeft, ".lora.weight"),
            kRank3,
            "adapter-name",
            {"8 keys hold the adapter's name `lora`"},
            "rule-runner convert /keys.json OUT --to peft-expert"},
           {"C4 another wrapper before the model",
            Qwen3("qwen3"),
            Attention("base_model.model.text_model.model."),
            kRank3,
            "foreign-prefix",
            {"`base_model.model.text_model.`", "knows 8 of 8 keys"},
            "--prefix base_model.model.text_model."},
           {"C5 ggml-org/llama.cpp#5610: a PeftModel within a PeftModel",
            Qwen3("qwen3"),
            Attention("base_model.model.base_model.model.model."),
            kRank3,
            "doubled-prefix",
            {"8 keys begin with `base_model.model.base_model.model.`"},
            "rule-runner convert /keys.json OUT --to peft-expert"},
           {"C6 ggml-org/llama.cpp#3640: factors beside the weights",
            Qwen3("qwen3"),
            DenseWeights("model.") + Attention("model.", ".default.weight"),
            {},
            "unmerged-adapter",
            {"8 of 32 tensors are factors of an adapter"},
            R"(rule-runner merge /keys.json OUT --exclude '\.lora_' --adapter ADAPTER)"},
           {"C7 ggml-org/llama.cpp#11554: a head in modules_to_save, but tied",
            Qwen3("qwen3", R"(,"tie_word_embeddings":true)"),
            Attention(kPeft) + Keys{{"base_model.model.lm_head.weight", {50, 24}}},
            kRank3,
            "tied-head",
            {"base_model.model.lm_head.weight is a whole weight"},
            "--set tie_word_embeddings=false"},
           {"C8 ggml-org/llama.cpp#10551: MLX, lower-case names and both factors transposed",
            Qwen3("qwen3"),
            {{"model.layers.0.self_attn.q_proj.lora_a", {24, 3}},
             {"model.layers.0.self_attn.q_proj.lora_b", {3, 32}}},
            {},
            "mlx-factors",
            {"both are transposed", "q_proj.lora_a [24, 3]", "llama.cpp"},
            "rule-runner convert /keys.json OUT --to peft-"},
           {"C9 osaurus-ai/vmlx-swift#320: PEFT's factors under MLX's names",
            Qwen3("qwen3"),
            {{"model.layers.0.self_attn.q_proj.lora_a", {3, 24}},
             {"model.layers.0.self_attn.q_proj.lora_b", {32, 3}}},
            {},
            "mlx-orientation",
            {"q_proj.lora_a is [3, 24]", "where MLX has the rank last", "a different function"},
            "--to mlx --rename lora_a=lora_A --rename lora_b=lora_B"},
           {"C10 meta-pytorch/torchtune#2537",
            Qwen3("qwen3"),
            {{"layers.0.attn.output_proj.lora_a.weight", {3, 32}},
             {"layers.0.attn.output_proj.lora_b.weight", {24, 3}},
             {"layers.0.mlp.w1.lora_a.weight", {3, 24}},
             {"layers.0.mlp.w1.lora_b.weight", {34, 3}}},
            kRank3,
            "torchtune-names",
            {"layers.0.attn.output_proj.lora_a.weight"},
            "FullModelHFCheckpointer"},
           {"transformers 5.4 to 5.5.1: the prefix of the language model repeated",
            Qwen35Moe(24, 10, 4),
            {{"model.language_model.language_model.language_model.embed_tokens.weight", {50, 24}},
             {"model.language_model.language_model.language_model.norm.weight", {24}},
             {"model.language_model.visual.patch_embed.proj.bias", {16}}},
            {},
            "corrupt-prefix",
            {"3 keys have `language_model.` where it does not belong", "transformers 5.4"},
            "rule-runner convert /keys.json OUT --to "},
           {"D11 NVIDIA-NeMo/Megatron-Bridge#1272: weights within wrappers",
            Qwen3("qwen3"),
            [] {
              Keys keys = DenseWeights("model.");
              keys.erase("model.layers.0.self_attn.o_proj.weight");
              keys["model.layers.0.self_attn.o_proj.to_wrap.weight"] = {24, 32};
              return keys;
            }(),
            {},
            "wrapped-weight",
            {"1 weights lie within an adapter's wrapper, as `to_wrap.weight`"},
            "rule-runner convert /keys.json OUT --to hub"},
           {"an adapter without its model's config",
            "",
            Experts(false),
            {"adapter_config.r=3", "adapter_config.base_model_name_or_path=Some/Model"},
            "unknown-model",
            {"without the model's config.json its sizes are unknown", "Some/Model"},
            "--config config.json, with that of Some/Model"},
       })
    Check(one);
}

TEST_CASE("an error is not explained by what loaders make of sound files") {
  Keys keys = Experts(false);
  std::erase_if(keys, [](const auto& key) {
    return Has(key.first, "lora_B") && !Has(key.first, "base_layer");
  });
  Diagnostics diagnostics;
  const auto source = OpenKeys(keys, Qwen3("qwen3_moe"), kRank3, &diagnostics);
  REQUIRE(source.has_value());
  ExplainErrors(*source, &diagnostics);
  std::string messages;
  for (const Diagnostic& d : diagnostics.all()) messages += d.message + "\n";
  CHECK(messages.starts_with("factors lack their partner: "));
  CHECK(messages.find('\n') == messages.size() - 1);
  const std::vector<Cause> causes = CausesOf(*source);
  CHECK(std::any_of(causes.begin(), causes.end(),
                    [](const Cause& cause) { return cause.name == "fused-experts"; }));
}

TEST_CASE("what is sound has no cause") {
  for (const Reported& one : std::vector<Reported>{
           {"one pair per module", Qwen3("qwen3"), Attention(kPeft), kRank3, "", {}, ""},
           {"one pair per expert",
            Qwen3("qwen3_moe"),
            [] {
              Keys keys;
              for (int e = 0; e < 4; ++e) {
                const std::string expert = fmt::format("{}layers.0.mlp.experts.{}.", kPeft, e);
                keys = keys + Pair(expert + "gate_proj", 3, 24, 10) +
                       Pair(expert + "up_proj", 3, 24, 10) + Pair(expert + "down_proj", 3, 10, 24);
              }
              return keys;
            }(),
            kRank3,
            "",
            {},
            ""},
           {"a composite model's own names",
            Qwen35Moe(24, 10, 4),
            Pair(kComposite + "layers.3.self_attn.v_proj", 3, 24, 16),
            kRank3,
            "",
            {},
            ""},
           {"a queries' projection with its gates",
            Qwen3Next(),
            Pair(kPeft + "layers.3.self_attn.q_proj", 3, 24, 64),
            kRank3,
            "",
            {},
            ""},
           {"target modules that are there",
            Qwen3("qwen3"),
            Attention(kPeft),
            {"adapter_config.r=3", R"(adapter_config.target_modules=["q_proj","v_proj"])"},
            "",
            {},
            ""},
           {"a whole model",
            Qwen3("qwen3"),
            DenseWeights("model.") + Keys{{"lm_head.weight", {50, 24}}},
            {},
            "",
            {},
            ""},
       })
    Check(one);
}

}  // namespace
}  // namespace rr
