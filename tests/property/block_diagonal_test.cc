// Parts that a layout stores as one module: with different A they become block-diagonal, whatever
// their ranks and scales, and on the way back every part has its own rank again. Only zeros off the
// diagonal do that: one number there, and all parts keep all ranks.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "bind/rule_library.h"
#include "report/render.h"
#include "run/diff.h"
#include "unit/run/adapter_scene.h"

namespace rr {
namespace {

struct Part {
  std::string module;  // in the files of PEFT
  int64_t out = 0;
  int64_t rank = 0;
  int64_t scale = 1;  // alpha is scale x rank: powers of two, so that folding is exact
};

struct Joined {
  const char* what;
  std::string family, config;
  int64_t in = 0;
  std::vector<Part> parts;
  std::string to;  // the layout that stores them together
};

const char* const kDense =
    R"({"model_type":"qwen3","num_hidden_layers":2,"hidden_size":24,"intermediate_size":34,
        "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"vocab_size":50})";
const char* const kMoe =
    R"({"model_type":"qwen3_moe","num_hidden_layers":2,"num_experts":2,"num_experts_per_tok":1,
        "hidden_size":24,"moe_intermediate_size":10,"intermediate_size":34,
        "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"vocab_size":50})";
const char* const kNext =
    R"({"model_type":"qwen3_next","num_hidden_layers":4,"num_experts":4,"hidden_size":24,
        "moe_intermediate_size":10,"shared_expert_intermediate_size":14,"intermediate_size":34,
        "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"vocab_size":50,
        "full_attention_interval":4,"decoder_sparse_step":1,"mlp_only_layers":[],
        "linear_num_key_heads":3,"linear_num_value_heads":6,"linear_key_head_dim":5,
        "linear_value_head_dim":7,"linear_conv_kernel_dim":4})";
const char* const kNewer =
    R"({"model_type":"qwen3_5_moe","text_config":{"model_type":"qwen3_5_moe_text",
        "num_hidden_layers":4,"num_experts":4,"hidden_size":24,"moe_intermediate_size":10,
        "shared_expert_intermediate_size":14,"num_attention_heads":4,"num_key_value_heads":2,
        "head_dim":8,"vocab_size":50,"full_attention_interval":4,"linear_num_key_heads":3,
        "linear_num_value_heads":6,"linear_key_head_dim":5,"linear_value_head_dim":7,
        "linear_conv_kernel_dim":4}})";

std::string Layer(int l, const std::string& rest) {
  return fmt::format("model.layers.{}.{}", l, rest);
}
std::string Composite(int l, const std::string& rest) {
  return fmt::format("model.language_model.layers.{}.{}", l, rest);
}

std::vector<Joined> EveryKind() {
  const auto qkv = [](const auto& name, int l, int64_t queries) {
    return std::vector<Part>{{name(l, "self_attn.q_proj"), queries, 3, 2},
                             {name(l, "self_attn.k_proj"), 16, 2, 8},
                             {name(l, "self_attn.v_proj"), 16, 5, 1}};
  };
  const auto gate_up = [](const std::string& place, int64_t out) {
    return std::vector<Part>{{place + "gate_proj", out, 4, 2}, {place + "up_proj", out, 3, 4}};
  };
  std::vector<Part> experts;
  for (const char* e : {"0", "1"}) {
    for (const Part& part : gate_up(Layer(1, fmt::format("mlp.experts.{}.", e)), 10))
      experts.push_back(part);
  }
  return {
      {"gate and up", "qwen3", kDense, 24, gate_up(Layer(1, "mlp."), 34), "megatron"},
      {"gate and up of a shared expert", "qwen3_next", kNext, 24,
       gate_up(Layer(1, "mlp.shared_expert."), 14), "megatron"},
      {"gate and up of experts, folded", "qwen3_moe", kMoe, 24, experts, "peft-swapped"},
      {"gate and up of experts, folded the other way", "qwen3_moe", kMoe, 24, experts,
       "peft-direct-blocked"},
      {"gate and up of experts, grouped", "qwen3_moe", kMoe, 24, experts, "automodel"},
      {"gate and up of experts, a pair each", "qwen3_moe", kMoe, 24, experts, "megatron"},
      {"q, k and v", "qwen3", kDense, 24, qkv(Layer, 1, 32), "megatron"},
      {"q with output gates, k and v", "qwen3_next", kNext, 24, qkv(Layer, 3, 64), "megatron"},
      {"the same in a composite model", "qwen3_5_moe", kNewer, 24, qkv(Composite, 3, 64),
       "megatron"},
      {"in_proj of Qwen3-Next: two grouped tensors",
       "qwen3_next",
       kNext,
       24,
       {{Layer(0, "linear_attn.in_proj_qkvz"), 114, 3, 2},
        {Layer(0, "linear_attn.in_proj_ba"), 12, 2, 8}},
       "megatron"},
      {"in_proj of Qwen3.5: four tensors",
       "qwen3_5_moe",
       kNewer,
       24,
       {{Composite(0, "linear_attn.in_proj_qkv"), 72, 3, 2},
        {Composite(0, "linear_attn.in_proj_z"), 42, 4, 1},
        {Composite(0, "linear_attn.in_proj_b"), 6, 2, 8},
        {Composite(0, "linear_attn.in_proj_a"), 6, 5, 4}},
       "megatron"},
  };
}

std::string KeyOf(const Part& part, const char* factor) {
  return fmt::format("base_model.model.{}.lora_{}.weight", part.module, factor);
}

// Every element of B is not zero; A differ between parts and experts.
Tensors FactorsOf(const Joined& kind) {
  Tensors tensors;
  int tag = 0;
  for (const Part& part : kind.parts) {
    ++tag;
    tensors[KeyOf(part, "A")] = Matrix(part.rank, kind.in, [&](int64_t r, int64_t c) {
      return static_cast<double>((tag * 7 + r * 5 + c * 3) % 11 - 5);
    });
    tensors[KeyOf(part, "B")] = Matrix(part.out, part.rank, [&](int64_t o, int64_t r) {
      return static_cast<double>((tag * 3 + o * 5 + r * 2) % 7 + 1);
    });
  }
  return tensors;
}

struct Scene {
  explicit Scene(const Joined& joined) : kind(joined) { files.Put("/model.json", kind.config); }

  void Put(const std::string& path, const Tensors& tensors, const std::string& config) {
    files.RemoveAll(path);
    files.Put(path + "/adapter_model.safetensors", SafetensorsOf(tensors));
    files.Put(path + "/adapter_config.json", config);
  }

  SourceRequest Source(const std::string& path, const std::string& layout) const {
    SourceRequest source;
    source.path = path;
    source.config = "/model.json";
    source.from = layout;
    return source;
  }

  Tensors Convert(const std::string& path, const std::string& from, const std::string& to_path,
                  const std::string& to) {
    ConvertRequest request;
    request.source = Source(path, from);
    request.to = to;
    request.destination = to_path;
    request.force = true;
    request.jobs = 1;
    Diagnostics diagnostics;
    const bool done = rr::Convert(files, &library, request, &diagnostics).has_value();
    REQUIRE_MESSAGE(done, RenderText(diagnostics, {}));
    return TensorsAt(files, to_path);
  }

  // The same deltas, to the bit.
  bool Same(const std::string& path, const std::string& layout, const std::string& other,
            const std::string& other_layout) {
    DiffRequest request;
    request.first = Source(path, layout);
    request.second = Source(other, other_layout);
    request.tolerance = 0;
    request.jobs = 1;
    Diagnostics diagnostics;
    const auto report = Diff(files, &library, request, &diagnostics);
    REQUIRE_MESSAGE(report.has_value(), RenderText(diagnostics, {}));
    CHECK(report->compared > 0);
    return report->equal();
  }

  const Joined& kind;
  MemoryFiles files;
  static inline RuleLibrary library{RealFiles(), {RULE_RUNNER_SOURCE_DIR "/rules"}};
};

// r and lora_alpha of every part, by its name.
std::string ConfigOf(const Joined& kind) {
  Value::Map ranks, alphas;
  for (const Part& part : kind.parts) {
    ranks.push_back({"\\Q" + part.module + "\\E", part.rank});
    alphas.push_back({"\\Q" + part.module + "\\E", part.scale * part.rank});
  }
  return ToJson(Value(Value::Map{{"peft_type", "LORA"},
                                 {"r", 1},
                                 {"lora_alpha", 1},
                                 {"rank_pattern", std::move(ranks)},
                                 {"alpha_pattern", std::move(alphas)}}));
}

TEST_CASE("every kind of module that holds several parts: stacked, and apart again") {
  for (const Joined& kind : EveryKind()) {
    CAPTURE(kind.what);
    Scene scene(kind);
    const Tensors parts = FactorsOf(kind);
    scene.Put("/parts", parts, ConfigOf(kind));
    const Tensors joined = scene.Convert("/parts", "peft-expert", "/joined", kind.to);
    CHECK(joined.size() < parts.size());
    CHECK(scene.Same("/parts", "peft-expert", "/joined", kind.to));

    const Tensors back = scene.Convert("/joined", kind.to, "/back", "peft-expert");
    CHECK(scene.Same("/parts", "peft-expert", "/back", "peft-expert"));
    for (const Part& part : kind.parts) {
      CAPTURE(part.module);
      REQUIRE(back.count(KeyOf(part, "A")) == 1);
      CHECK(back.at(KeyOf(part, "A")) == parts.at(KeyOf(part, "A")));
      CHECK(back.at(KeyOf(part, "B")).shape == parts.at(KeyOf(part, "B")).shape);
    }
  }
}

TEST_CASE("one number off the diagonal, and no part has a rank of its own") {
  for (const Joined& kind : EveryKind()) {
    CAPTURE(kind.what);
    Scene scene(kind);
    scene.Put("/parts", FactorsOf(kind), ConfigOf(kind));
    Tensors joined = scene.Convert("/parts", "peft-expert", "/joined", kind.to);
    const std::string config = scene.files.TextOf("/joined/adapter_config.json");
    for (auto& [key, tensor] : joined) {
      for (double& x : tensor.values) x = x == 0 ? 1 : x;
    }
    scene.Put("/full", joined, config);
    const Tensors back = scene.Convert("/full", kind.to, "/back", "peft-expert");
    CHECK(scene.Same("/full", kind.to, "/back", "peft-expert"));
    int64_t rank = 0;
    for (const Part& part : kind.parts) rank += part.rank;
    if (kind.parts[0].module.find(".experts.") != std::string::npos) rank /= 2;  // there are two
    for (const Part& part : kind.parts) CHECK(back.at(KeyOf(part, "A")).shape[0] == rank);
  }
}

}  // namespace
}  // namespace rr
