// Adapters that people publish: what `inspect` says of them, and of what each loader would do with
// them. Names and shapes are those of the published files' headers, with two of their layers.
//
// Sources: headers of public adapters (LusterSourav/adaption-autoscientist-challenge..@cfb7c97,
// aaghaazkhan/law-llm@2cb4cc0), and layers of others as gongyisheng/oss-workspace@1ef807e
// (report-gpt-oss.md, report-qwen3-30b.md) printed them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "unit/run/key_list.h"

namespace rr {
namespace {

struct Published {
  const char* name;
  std::string config;
  Keys layer;  // what one layer has
  Words set;   // --set, as of adapter_config.json
  std::string layout;
  Words says;  // whole lines
};

const char* const kGptOss20b =
    R"({"model_type":"gpt_oss","num_hidden_layers":2,"num_local_experts":32,"hidden_size":2880,
        "intermediate_size":2880,"num_attention_heads":64,"num_key_value_heads":8,"head_dim":64,
        "vocab_size":201088})";
const char* const kQwen30b =
    R"({"model_type":"qwen3_moe","num_hidden_layers":2,"num_experts":128,"num_experts_per_tok":8,
        "hidden_size":2048,"moe_intermediate_size":768,"intermediate_size":6144,
        "num_attention_heads":32,"num_key_value_heads":4,"head_dim":128,"vocab_size":151936,
        "decoder_sparse_step":1,"mlp_only_layers":[]})";
const char* const kQwen25 =
    R"({"model_type":"qwen2","num_hidden_layers":2,"hidden_size":2048,"intermediate_size":11008,
        "num_attention_heads":16,"num_key_value_heads":2,"vocab_size":151936,
        "tie_word_embeddings":true})";

Keys operator+(Keys a, const Keys& b) {
  a.insert(b.begin(), b.end());
  return a;
}

Keys Pair(const std::string& module, int64_t rank, int64_t in, int64_t out) {
  return {{module + ".lora_A.weight", {rank, in}}, {module + ".lora_B.weight", {out, rank}}};
}

// q, k, v and o of both models: 4096 rows of queries, 512 of keys.
Keys Attention(const std::string& module, int64_t rank, int64_t hidden) {
  return Pair(module + ".q_proj", rank, hidden, 4096) +
         Pair(module + ".k_proj", rank, hidden, 512) + Pair(module + ".v_proj", rank, hidden, 512) +
         Pair(module + ".o_proj", rank, 4096, hidden);
}

// w1, w2 and w3 of three dimensions, the outer side of all experts one.
Keys SharedOuter(int64_t experts, int64_t hidden, int64_t inner, int64_t rank) {
  const std::string place = "mlp.experts.";
  return {{place + "w1.lora_A.weight", {1, rank, hidden}},
          {place + "w1.lora_B.weight", {experts, inner, rank}},
          {place + "w2.lora_A.weight", {experts, rank, inner}},
          {place + "w2.lora_B.weight", {1, hidden, rank}},
          {place + "w3.lora_A.weight", {1, rank, hidden}},
          {place + "w3.lora_B.weight", {experts, inner, rank}}};
}

std::vector<Published> All() {
  const Words loads_everywhere = {"automodel loads", "vllm loads", "sglang loads",
                                  "unsloth <2026.9.17 loads", "unsloth >=2026.9.17 loads"};
  const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  Keys experts;
  for (int e = 0; e < 128; ++e) {
    const std::string expert = fmt::format("mlp.experts.{}.", e);
    experts = experts + Pair(expert + "gate_proj", 4, 2048, 768) +
              Pair(expert + "up_proj", 4, 2048, 768) + Pair(expert + "down_proj", 4, 768, 2048);
  }
  return {
      {"gpt-oss, attention only",
       kGptOss20b,
       Attention("self_attn", 32, 2880),
       {"adapter_config.r=32"},
       "peft-expert",
       with(loads_everywhere, {"rank 32: 16 tensors", "adapts attention.o: 2 layers",
                               "note: the experts are not adapted", "peft <0.19 loads",
                               "peft >=0.19.1, transformers>=5 loads",
                               "megatron-bridge drops: does not know 16 of 16 tensors"})},
      {"gpt-oss, queries and values, by Together",
       kGptOss20b,
       Pair("self_attn.q_proj", 4, 2880, 4096) + Pair("self_attn.v_proj", 4, 2880, 512),
       {"adapter_config.r=4"},
       "peft-expert",
       with(loads_everywhere, {"rank 4: 8 tensors", "peft ==0.19.0, transformers<5 loads"})},
      {"gpt-oss, values with a rank of their own",
       kGptOss20b,
       Pair("self_attn.q_proj", 4, 2880, 4096) + Pair("self_attn.v_proj", 8, 2880, 512),
       {"adapter_config.r=4", R"(adapter_config.rank_pattern={"v_proj": 8})",
        "adapter_config.lora_alpha=8"},
       "peft-expert",
       {"peft >=0.19.1, transformers>=5 loads",
        "vllm misreads: reads no rank_pattern and no alpha_pattern, and modules have the scales 1 "
        "and "
        "2; rule-runner convert ... --to vllm --allow uniform-rank\n",
        "sglang misreads: reads no rank_pattern and no alpha_pattern, and modules have the scales "
        "1 "
        "and 2; "}},
      {"gpt-oss, one scale and two ranks",
       kGptOss20b,
       Pair("self_attn.q_proj", 4, 2880, 4096) + Pair("self_attn.v_proj", 8, 2880, 512),
       {"adapter_config.r=4", R"(adapter_config.rank_pattern={"v_proj": 8})",
        "adapter_config.lora_alpha=8", R"(adapter_config.alpha_pattern={"v_proj": 16})"},
       "peft-expert",
       {"vllm loads",
        "sglang misreads: reads no rank_pattern and no alpha_pattern, and modules have ranks from "
        "4 "
        "to 8; "}},
      {"gpt-oss, attention, and the router as a whole",
       kGptOss20b,
       Attention("self_attn", 8, 2880) +
           Keys{{"mlp.router.weight", {32, 2880}}, {"mlp.router.bias", {32}}},
       {"adapter_config.r=8", R"(adapter_config.modules_to_save=["router"])"},
       "peft-expert",
       {"rank 8: 16 tensors", "peft >=0.19.1, transformers>=5 loads",
        "vllm refuses: takes only A and B of modules, and here are 4 weights saved as a whole "
        "(modules_to_save), for instance base_model.model.model.layers.0.mlp.router.weight; "
        "rule-runner merge BASE OUT --adapter /keys.json\n",
        "automodel drops: does not know 4 of 20 tensors"}},
      {"gpt-oss, experts wrapped by PEFT",
       kGptOss20b,
       Attention("self_attn", 8, 2880) + Keys{{"mlp.experts.base_layer.lora_A.weight", {256, 2880}},
                                              {"mlp.experts.base_layer.lora_B.weight", {5760, 256}},
                                              {"mlp.experts.lora_A.weight", {256, 2880}},
                                              {"mlp.experts.lora_B.weight", {2880, 256}}},
       {"adapter_config.r=8"},
       "peft-direct",
       {"256 = E 32 x rank 8", "adapts experts.gate: 2 layers, 32 experts", "peft <0.19 loads",
        "peft ==0.19.0, transformers>=5 refuses: expects other shapes",
        "peft >=0.19.1, transformers<5 refuses: expects other shapes",
        "peft >=0.19.1, transformers>=5 loads", "vllm loads",
        "sglang drops: does not know 8 of 24 tensors",
        "unsloth <2026.9.17 misreads: would load it and read the experts in another order",
        "unsloth >=2026.9.17 loads"}},
      {"gpt-oss by Tinker: w1, w2, w3, and attn for self_attn",
       kGptOss20b,
       Attention("attn", 32, 2880) + SharedOuter(32, 2880, 2880, 32),
       {"adapter_config.r=32"},
       "shared-outer",
       {"cause: foreign-name: `attn` stands where shared-outer has `self_attn`",
        "rank 32: 12 tensors", "adapts experts.down: 2 layers, 32 experts",
        "vllm drops: does not know 28 of 28 tensors", "peft <0.19 drops"}},
      {"Qwen3-30B-A3B by Tinker",
       kQwen30b,
       Attention("self_attn", 32, 2048) + SharedOuter(128, 2048, 768, 32),
       {"adapter_config.r=32"},
       "shared-outer",
       {"cause: fused-experts: 12 of 28 tensors", "rank 32: 28 tensors",
        "adapts experts.up: 2 layers, 128 experts", "vllm drops: does not know 12 of 28 tensors",
        "peft >=0.19.1 drops: does not know 12 of 28 tensors"}},
      {"Qwen3-30B-A3B, attention and router",
       kQwen30b,
       Attention("self_attn", 64, 2048) + Pair("mlp.gate", 64, 2048, 128),
       {"adapter_config.r=64"},
       "peft-expert",
       with(loads_everywhere, {"rank 64: 20 tensors", "adapts router.w: 2 layers",
                               "note: the experts are not adapted", "peft >=0.19.1 loads"})},
      {"Qwen3-30B-A3B, a pair for every expert",
       kQwen30b,
       Attention("self_attn", 4, 2048) + Pair("mlp.gate", 4, 2048, 128) + experts +
           Keys{{"input_layernorm.weight", {2048}}},
       {"adapter_config.r=4", R"(adapter_config.modules_to_save=["input_layernorm"])"},
       "peft-expert",
       {"rank 4: 1556 tensors", "adapts experts.gate: 2 layers, 128 experts",
        "peft >=0.15,<0.17 loads",
        "vllm refuses: takes only A and B of modules, and here are 2 weights saved as a whole "
        "(modules_to_save), for instance base_model.model.model.layers.0.input_layernorm.weight; "
        "rule-runner merge BASE OUT --adapter /keys.json\n",
        "sglang refuses: takes only A and B of modules",
        "sglang-shared-outer refuses: takes only A and B of modules",
        "peft >=0.19.1 drops: does not know 1536 of 1558 tensors",
        "automodel drops: does not know 1536 of 1558 tensors"}},
      {"Qwen2.5-3B, DoRA of queries and values, with the bias of a B",
       kQwen25,
       Pair("self_attn.q_proj", 4, 2048, 2048) + Pair("self_attn.v_proj", 4, 2048, 256) +
           Keys{{"self_attn.q_proj.lora_magnitude_vector", {2048}},
                {"self_attn.v_proj.lora_magnitude_vector", {256}},
                {"self_attn.v_proj.lora_B.bias", {256}}},
       {"adapter_config.r=4"},
       "peft-expert",
       {"vllm refuses: takes only A and B of modules, and here are 4 DoRA magnitudes and 2 biases "
        "of B (lora_bias), for instance "
        "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector; rule-runner merge "
        "BASE OUT --adapter /keys.json\n",
        "peft >=0.15,<0.17 loads"}},
      {"Qwen2.5-3B, queries and the embedding, whose weight PEFT saves as well",
       kQwen25,
       Pair("self_attn.q_proj", 4, 2048, 2048) +
           Keys{{"^embed_tokens.lora_embedding_A", {4, 151936}},
                {"^embed_tokens.lora_embedding_B", {2048, 4}},
                {"^embed_tokens.base_layer.weight", {151936, 2048}}},
       {"adapter_config.r=4"},
       "peft-expert",
       {"rank 4: 6 tensors", "peft >=0.19.1 loads",
        "vllm drops: passes over the weight of 1 adapted module, for instance "
        "base_model.model.model.embed_tokens.weight: right where it is the model's own, without "
        "added tokens; else rule-runner merge BASE OUT --adapter /keys.json\n"}},
      {"Qwen2.5-3B, queries and values",
       kQwen25,
       Pair("self_attn.q_proj", 4, 2048, 2048) + Pair("self_attn.v_proj", 4, 2048, 256),
       {"adapter_config.r=4"},
       "peft-expert",
       with(loads_everywhere,
            {"rank 4: 8 tensors", "adapts attention.v: 2 layers", "peft >=0.15,<0.17 loads",
             "peft >=0.17,<0.19.1 loads", "megatron-bridge drops: does not know 8 of 8 tensors"})},
  };
}

TEST_CASE("published adapters: the dialect, the ranks, and what each loader does with them") {
  for (const Published& one : All()) {
    CAPTURE(one.name);
    Keys keys;
    for (int l = 0; l < 2; ++l) {
      for (const auto& [name, shape] : one.layer) {
        const bool above_layers = name[0] == '^';
        keys[above_layers ? "base_model.model.model." + name.substr(1)
                          : fmt::format("base_model.model.model.layers.{}.{}", l, name)] = shape;
      }
    }
    Diagnostics diagnostics;
    const auto source = OpenKeys(keys, one.config, one.set, &diagnostics);
    REQUIRE(source.has_value());
    const std::string text = InspectText(*source);
    INFO(text);
    CHECK(text.find("\n  layout: " + one.layout + "\n") != std::string::npos);
    for (const std::string& line : one.says) {
      INFO("expected: " << line);
      CHECK(text.find("\n  " + line) != std::string::npos);
    }
  }
}

// gpt2 is no family of ours: its adapters are not taken for another model's.
TEST_CASE("an adapter of a family without rules is of no family") {
  Diagnostics diagnostics;
  const auto source =
      OpenKeys({{"base_model.model.score.weight", {6, 768}},
                {"base_model.model.transformer.h.0.attn.c_attn.lora_A.weight", {8, 768}},
                {"base_model.model.transformer.h.0.attn.c_attn.lora_B.weight", {2304, 8}}},
               "", {}, &diagnostics);
  REQUIRE(source.has_value());
  CHECK(InspectText(*source).find("family: unknown") != std::string::npos);
  REQUIRE(diagnostics.HasErrors());
  CHECK(diagnostics.all()[0].code == Code::kUnknownFamily);
}

}  // namespace
}  // namespace rr
