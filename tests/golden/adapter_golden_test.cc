// Adapters written by the real systems' own code: rule-runner must write the same bytes, and an
// adapter_config.json with which PEFT loads them at the same scale. golden_case.h says what a case
// is. The cases whose recorded output is a mistake of the system stand at the end, one by one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "adapter_case.h"
#include "golden_case.h"
#include "peft_config.h"

namespace rr::golden {
namespace {

// The config that was written into a folder, which fits its tensors.
Value CheckedConfig(const Scene& scene, const std::string& folder) {
  const std::string path = folder + "/adapter_config.json";
  REQUIRE(scene.files.KindOf(path) == FileKind::kFile);
  Value config = ParseText(path, scene.files.TextOf(path));
  CHECK(FitsTensors(config, LoadTensors(scene.files, folder), *scene.about.Find("config")));
  return config;
}

void CheckForwards(Scene& scene, const GoldenCase& golden, bool reference) {
  PutAdapter(scene.files, "/source", "/case/in.safetensors", SourceConfig(golden, scene.about));
  ConvertRequest request = RequestFor(golden, "/source", false);
  request.destination = "/got";
  request.reference_engine = reference;
  MustConvert(scene.files, golden, request);
  const Tensors got = LoadTensors(scene.files, "/got");
  CheckSame(got, LoadTensors(scene.files, "/case/out.safetensors"));
  if (scene.files.KindOf("/got/adapter_config.json") == FileKind::kNone) {
    CHECK(!golden.to.starts_with("peft"));
    return;
  }
  const Value config = CheckedConfig(scene, "/got");
  const std::optional<Value> recorded = CaseConfig(golden, "out_adapter_config.json");
  if (recorded && !golden.config_wrong) CHECK(SameScales(config, *recorded, got));
}

// From the system's own files, but for its config where that is wrong or was not kept.
void CheckBackwards(Scene& scene, const GoldenCase& golden, bool reference) {
  std::string config = "{}";
  if (Has(golden.Folder() + "out_adapter_config.json") && !golden.config_wrong)
    config = ReadText(golden.Folder() + "out_adapter_config.json");
  else if (scene.files.KindOf("/got/adapter_config.json") == FileKind::kFile)
    config = scene.files.TextOf("/got/adapter_config.json");
  PutAdapter(scene.files, "/source", "/case/out.safetensors", {"adapter_config.json", config});
  ConvertRequest request = RequestFor(golden, "/source", true);
  request.destination = "/back";
  request.reference_engine = reference;
  MustConvert(scene.files, golden, request);
  const Tensors got = LoadTensors(scene.files, "/back");
  CheckSame(got, LoadTensors(scene.files, "/case/in.safetensors"), golden.back);
  if (!golden.from.starts_with("peft")) return;
  const Value back = CheckedConfig(scene, "/back");
  const std::optional<Value> before = CaseConfig(golden, "in_adapter_config.json");
  if (before) CHECK(SameScales(back, *before, got));
}

TEST_CASE("the adapters of the real systems") {
  for (const GoldenCase& golden : ReadCases()) {
    if (!golden.IsAdapter() || golden.wrong) continue;
    CAPTURE(golden.name);
    REQUIRE(golden.way_back != Back::kAgain);
    Scene scene(golden);
    for (const bool reference : {false, true}) {
      CAPTURE(reference);
      CheckForwards(scene, golden, reference);
      if (golden.way_back == Back::kSame) CheckBackwards(scene, golden, reference);
    }
  }
}

// ---- What is right where a system is wrong ----

struct Setting {
  GoldenCase golden;
  Scene scene;

  explicit Setting(const std::string& name) : golden(CaseNamed(name)), scene(golden) {}

  void PutSource(const SideFile& beside) {
    PutAdapter(scene.files, "/source", "/case/in.safetensors", beside);
  }
  ConvertRequest Request() const {
    ConvertRequest request = RequestFor(golden, "/source", false);
    request.destination = "/got";
    return request;
  }
  Tensors Case(const std::string& file) const {
    return LoadTensors(scene.files, "/case/" + file + ".safetensors");
  }
  int64_t Size(const char* name) const {
    const Value* size = scene.about.Find("config")->Find(name);
    REQUIRE(size != nullptr);
    return *size->AsInt();
  }
};

void CheckRefusal(Setting& setting, const ConvertRequest& request, Code code,
                  const std::string& message, const std::string& help) {
  const std::vector<Diagnostic> found = MustRefuse(setting.scene.files, request);
  REQUIRE(found.size() == 1);
  CHECK(InfoOf(found[0].code).Id() == InfoOf(code).Id());
  CHECK(found[0].message == message);
  CHECK(found[0].help == help);
}

// An F32 tensor as numbers, row-major.
std::vector<double> Numbers(const Tensors& tensors, const std::string& key) {
  REQUIRE_MESSAGE(tensors.contains(key), key);
  const Tensor& tensor = tensors.at(key);
  REQUIRE(tensor.dtype == Dtype::kF32);
  std::vector<float> numbers(tensor.bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
  return {numbers.begin(), numbers.end()};
}

// B A of one module in PEFT's layout, [out, in]. Exact: the numbers are small and whole.
std::vector<double> PeftDelta(const Tensors& tensors, const std::string& module) {
  const std::string a_key = module + ".lora_A.weight", b_key = module + ".lora_B.weight";
  const std::vector<double> a = Numbers(tensors, a_key), b = Numbers(tensors, b_key);
  const auto rank = static_cast<size_t>(tensors.at(a_key).shape[0]);
  const size_t in = a.size() / rank, out = b.size() / rank;
  std::vector<double> delta(out * in);
  for (size_t o = 0; o < out; ++o) {
    for (size_t k = 0; k < rank; ++k) {
      for (size_t i = 0; i < in; ++i) delta[o * in + i] += b[o * rank + k] * a[k * in + i];
    }
  }
  return delta;
}

// The same of rows `first` to `first + out` of one expert in Automodel's layout: A is [E, in, r]
// and B [E, r, all rows] (NVIDIA-NeMo/Automodel@36044ad components/_peft/lora_experts.py).
std::vector<double> AutomodelDelta(const Tensors& tensors, const std::string& experts,
                                   const std::string& name, size_t expert, size_t first,
                                   size_t out) {
  const std::string a_key = experts + ".lora_" + name + "_A",
                    b_key = experts + ".lora_" + name + "_B";
  const std::vector<double> a = Numbers(tensors, a_key), b = Numbers(tensors, b_key);
  const auto in = static_cast<size_t>(tensors.at(a_key).shape[1]);
  const auto rank = static_cast<size_t>(tensors.at(a_key).shape[2]);
  const auto rows = static_cast<size_t>(tensors.at(b_key).shape[2]);
  std::vector<double> delta(out * in);
  for (size_t o = 0; o < out; ++o) {
    for (size_t k = 0; k < rank; ++k) {
      for (size_t i = 0; i < in; ++i)
        delta[o * in + i] +=
            a[(expert * in + i) * rank + k] * b[(expert * rank + k) * rows + first + o];
    }
  }
  return delta;
}

const std::string kExperts = "base_model.model.model.layers.1.mlp.experts";

// Whether the experts' deltas in Automodel's layout are those of the adapter by experts; an expert
// that it lacks has none.
bool SameExperts(const Setting& setting, const Tensors& automodel, const Tensors& by_expert) {
  const auto hidden = static_cast<size_t>(setting.Size("hidden_size"));
  const auto inner = static_cast<size_t>(setting.Size("moe_intermediate_size"));
  for (int64_t e = 0; e < setting.Size("num_experts"); ++e) {
    const auto want = [&](const char* projection) {
      const std::string module = kExperts + "." + std::to_string(e) + "." + projection;
      if (!by_expert.contains(module + ".lora_A.weight"))
        return std::vector<double>(hidden * inner);
      return PeftDelta(by_expert, module);
    };
    const auto got = [&](const char* name, size_t first, size_t out) {
      return AutomodelDelta(automodel, kExperts, name, static_cast<size_t>(e), first, out);
    };
    if (got("gate_and_up", 0, inner) != want("gate_proj") ||
        got("gate_and_up", inner, inner) != want("up_proj") ||
        got("down", 0, hidden) != want("down_proj"))
      return false;
  }
  return true;
}

// NVIDIA-NeMo/Automodel@36044ad components/moe/state_dict_mixin.py:_recombine_lora_expert_keys
// takes A from gate_proj and discards that of up_proj, whose delta becomes B_up A_gate.
TEST_CASE("Automodel drops the A of up_proj; two different ones are refused or stacked") {
  Setting setting("automodel/lora_qwen3_moe_perexpert_distinctA_to_native_LOSSY");
  const Tensors in = setting.Case("in");
  CHECK(!SameExperts(setting, setting.Case("out"), in));  // else the case shows nothing

  setting.PutSource(SourceConfig(setting.golden, setting.scene.about));
  ConvertRequest request = setting.Request();
  // Stacked ranks are 6 where those of attention are 3, and Automodel's config has one rank only.
  CheckRefusal(
      setting, request, Code::kUniformRank,
      "`automodel` stores one rank and alpha for all modules, but attention.q at layer 0 "
      "has rank 3 and scale 2 and experts.gate at layer 1, expert 0 has rank 6 and scale 2",
      "--allow uniform-rank fills the smaller ranks with zeros and folds scales into B");
  request.conversion.fuse = FuseMode::kShared;
  CheckRefusal(setting, request, Code::kDifferentA,
               "`experts.gate` and `experts.up` are stored with one A, and theirs differ",
               "--fuse block-diagonal stacks the ranks");

  request.conversion.fuse = FuseMode::kAuto;
  request.conversion.allow_uniform_rank = true;
  MustConvert(setting.scene.files, setting.golden, request);
  const Tensors got = LoadTensors(setting.scene.files, "/got");
  CHECK(SameExperts(setting, got, in));
  for (const char* module : {"layers.0.self_attn.q_proj", "layers.1.self_attn.v_proj"}) {
    const std::string key = std::string("base_model.model.model.") + module;
    CHECK(PeftDelta(got, key) == PeftDelta(in, key));
  }
  // The deltas are those of before because the scale is.
  const std::string key = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
  const Value before = *CaseConfig(setting.golden, "in_adapter_config.json");
  CHECK(
      SameScale(ScaleOf(CheckedConfig(setting.scene, "/got"), key, got), ScaleOf(before, key, in)));
}

// The same function leaves every expert of a layer as it is when one has no factors, without a
// message; the load, which is not strict, then ignores them all.
TEST_CASE("Automodel leaves experts unconverted where one lacks; it is named, or taken as zero") {
  Setting setting("automodel/lora_qwen3_moe_perexpert_missing_expert_to_native");
  const Tensors in = setting.Case("in");
  CHECK(setting.Case("out") == in);

  // The case has no config. Any scale will do.
  const int64_t rank = in.at(kExperts + ".0.gate_proj.lora_A.weight").shape[0];
  setting.PutSource({"adapter_config.json",
                     ToJson(Value::Map{{"peft_type", "LORA"}, {"r", rank}, {"lora_alpha", rank}})});
  ConvertRequest request = setting.Request();
  CheckRefusal(setting, request, Code::kMissingKey,
               "the adapter has no factors for 3 experts: experts.gate at layer 1, expert 2, "
               "experts.up at layer 1, expert 2 and experts.down at layer 1, expert 2",
               "--fill zero takes what is missing as zero");

  request.source.fill_zero = true;
  request.conversion.allow_uniform_rank = true;  // gate and up have different A here, too
  MustConvert(setting.scene.files, setting.golden, request);
  const Tensors got = LoadTensors(setting.scene.files, "/got");
  CHECK(got.at(kExperts + ".lora_down_A").shape[0] == setting.Size("num_experts"));
  CHECK(SameExperts(setting, got, in));
}

// PEFT 0.20.0's conversion to transformers 5 (utils/transformers_weight_conversion.py) stops at
// "torch.cat(): expected a non-empty list of Tensors" where up_proj was not trained, and its load
// refuses such a config.
TEST_CASE("PEFT cannot fuse a gate without its up; what is missing is named, or taken as zero") {
  Setting setting("peft/b11_qwen3moe_gate_only");
  const Tensors in = setting.Case("in");
  setting.PutSource(SourceConfig(setting.golden, setting.scene.about));
  ConvertRequest request = setting.Request();
  const std::vector<Diagnostic> found = MustRefuse(setting.scene.files, request);
  REQUIRE(found.size() == 1);
  CHECK(InfoOf(found[0].code).Id() == InfoOf(Code::kMissingKey).Id());
  CHECK(Contains(found[0].message, "experts.up at layer 0, expert 0"));
  CHECK(found[0].help == "--fill zero takes what is missing as zero");

  request.source.fill_zero = true;
  MustConvert(setting.scene.files, setting.golden, request);
  CheckedConfig(setting.scene, "/got");
  const Tensors got = LoadTensors(setting.scene.files, "/got");
  // A lone wrapper is no `base_layer`. Gate's rows of B are what was trained, up's are zero;
  // columns are rank-major.
  const std::string b = kExperts + ".lora_B.weight";
  const std::vector<double> fused = Numbers(got, b);
  const auto experts = static_cast<size_t>(setting.Size("num_experts"));
  const auto inner = static_cast<size_t>(setting.Size("moe_intermediate_size"));
  const auto columns = static_cast<size_t>(got.at(b).shape[1]);
  const size_t rank = columns / experts;
  REQUIRE(got.at(b).shape[0] == static_cast<int64_t>(2 * inner));
  for (size_t e = 0; e < experts; ++e) {
    const std::vector<double> gate =
        Numbers(in, kExperts + "." + std::to_string(e) + ".gate_proj.lora_B.weight");
    for (size_t row = 0; row < 2 * inner; ++row) {
      for (size_t k = 0; k < rank; ++k)
        CHECK(fused[row * columns + k * experts + e] == (row < inner ? gate[row * rank + k] : 0));
    }
  }
}

// Megatron's in_proj has the rows q, k, v, z, b, a, each over all heads. Qwen3-Next has them in two
// weights and by key head. NVIDIA-NeMo/Megatron-Bridge@067f987
// src/megatron/bridge/models/conversion/peft_bridge.py writes all rows as they are under the name
// of the first weight; NovaSky-AI/SkyRL#2093 does not train such adapters for it. The weight itself
// is split by param_mapping.py:split_gdn_linear_weights of the same commit, a factor B like it.
TEST_CASE("Megatron-Bridge does not split the factors of in_proj; they become two modules") {
  Setting setting("megatron/bug_lora_qwen3_next_in_proj_mcore_to_peft");
  const Tensors in = setting.Case("in");
  const auto heads = setting.Size("linear_num_key_heads");
  const auto values = setting.Size("linear_num_value_heads") / heads;  // value heads of a key head
  const auto key_dim = setting.Size("linear_key_head_dim");
  const auto value_dim = setting.Size("linear_value_head_dim") * values;

  const std::string from = "decoder.layers.0.self_attention.";
  const std::string to = "base_model.model.model.layers.0.linear_attn.";
  const Tensor& a = in.at(from + "in_proj.adapter.linear_in.weight");
  const Tensor& b = in.at(from + "in_proj.adapter.linear_out.weight");
  const size_t row = b.bytes.size() / static_cast<size_t>(b.shape[0]);
  // The rows of key head 0, key head 1, and so on, each from several parts of B.
  const auto grouped = [&](int64_t first, const std::vector<int64_t>& parts) {
    Tensor tensor{b.dtype, {0, b.shape[1]}, {}};
    for (int64_t head = 0; head < heads; ++head) {
      int64_t start = first;
      for (const int64_t part : parts) {
        const auto at = b.bytes.begin() + (start + head * part) * static_cast<int64_t>(row);
        tensor.bytes.insert(tensor.bytes.end(), at, at + part * static_cast<int64_t>(row));
        tensor.shape[0] += part;
        start += heads * part;
      }
    }
    return tensor;
  };
  Tensors want;
  want[to + "in_proj_qkvz.lora_A.weight"] = a;
  want[to + "in_proj_ba.lora_A.weight"] = a;
  want[to + "in_proj_qkvz.lora_B.weight"] = grouped(0, {key_dim, key_dim, value_dim, value_dim});
  want[to + "in_proj_ba.lora_B.weight"] =
      grouped(heads * 2 * (key_dim + value_dim), {values, values});
  want[to + "out_proj.lora_A.weight"] = in.at(from + "out_proj.adapter.linear_in.weight");
  want[to + "out_proj.lora_B.weight"] = in.at(from + "out_proj.adapter.linear_out.weight");

  setting.PutSource(SourceConfig(setting.golden, setting.scene.about));
  MustConvert(setting.scene.files, setting.golden, setting.Request());
  const Tensors got = LoadTensors(setting.scene.files, "/got");
  CheckSame(got, want);
  CHECK(got != setting.Case("out"));
  CheckedConfig(setting.scene, "/got");
}

// With moe_rank_scaling, experts have rank dim / top_k at the same alpha, and adapter_config.json
// still says rank dim for all: PEFT stops at a size mismatch (NVIDIA-NeMo/Automodel#3834;
// @36044ad components/checkpoint/addons.py).
TEST_CASE("Automodel says one rank for all; the config says each, and theirs is refused") {
  Setting setting("automodel/lora_qwen3_moe_rank_scaled_native_to_pw018");
  const Tensors out = setting.Case("out");
  const Value recorded = *CaseConfig(setting.golden, "out_adapter_config.json");
  const Value& model = *setting.scene.about.Find("config");
  CHECK(!FitsTensors(recorded, out, model));

  setting.PutSource(SourceConfig(setting.golden, setting.scene.about));
  MustConvert(setting.scene.files, setting.golden, setting.Request());
  const Value config = CheckedConfig(setting.scene, "/got");
  const double alpha = NumberOf(*recorded.Find("lora_alpha"));
  for (const std::string& key : KeysOfA(out))
    CHECK(SameScale(ScaleOf(config, key, out), alpha / StoredRank(key, out, model)));

  // The way back finds rank dim // top_k again, and both configs say that it is so.
  ConvertRequest back = RequestFor(setting.golden, "/got", true);
  back.destination = "/back";
  MustConvert(setting.scene.files, setting.golden, back);
  CheckSame(LoadTensors(setting.scene.files, "/back"), setting.Case("in"));
  const auto read = [&](const char* path) {
    return ParseText(path, *ReadSmallFile(setting.scene.files, path));
  };
  const Value native = read("/back/adapter_config.json");
  CHECK(NumberOf(*native.Find("r")) == 6);
  CHECK(NumberOf(*native.Find("lora_alpha")) == alpha);
  CHECK(ToJson(*native.Find("rank_pattern")) == "{}");
  CHECK(ToJson(*native.Find("moe_rank_scaling")) == "true");
  CHECK(ToJson(read("/back/automodel_peft_config.json")) == R"({"moe_rank_scaling": true})");

  // A model that is not known to have two experts per token has no such ranks.
  const std::string base = *ReadSmallFile(setting.scene.files, back.source.config);
  Value other = ParseText("config.json", base);
  for (auto& [name, value] : std::get<Value::Map>(other.data)) {
    if (name == "num_experts_per_tok") value = Value(int64_t{3});
  }
  setting.scene.files.Put("/other.json", ToJson(other));
  back.source.config = "/other.json";
  back.destination = "/none";
  CheckRefusal(
      setting, back, Code::kUniformRank,
      "`automodel` stores one rank and alpha for all modules, but attention.q at layer 0 "
      "has rank 6 and scale 2 and experts.gate at layer 1, expert 0 has rank 3 and scale 4",
      "--allow uniform-rank fills the smaller ranks with zeros and folds scales into B");

  PutAdapter(setting.scene.files, "/source", "/case/out.safetensors",
             {"adapter_config.json", ToJson(recorded)});
  ConvertRequest request = RequestFor(setting.golden, "/source", true);
  request.destination = "/back";
  std::vector<Diagnostic> found = MustRefuse(setting.scene.files, request);
  // Beside the errors stand their cause and what mends it.
  const auto errors_end =
      std::stable_partition(found.begin(), found.end(),
                            [](const Diagnostic& d) { return d.code == Code::kRankMismatch; });
  for (auto d = errors_end; d != found.end(); ++d) CHECK(d->severity != Severity::kError);
  REQUIRE(errors_end - found.begin() == 2);
  CHECK(found[0].message ==
        "base_model.model.model.layers.1.mlp.experts.base_layer.lora_A.weight has rank 3 (12 = E 4 "
        "x rank 3), but adapter_config.json gives model.layers.1.mlp.experts.gate_up_proj rank 6");
  CHECK(found[1].message ==
        "base_model.model.model.layers.1.mlp.experts.lora_A.weight has rank 3 (12 = E 4 x rank 3), "
        "but adapter_config.json gives model.layers.1.mlp.experts.down_proj rank 6");
  CHECK(std::any_of(errors_end, found.end(), [](const Diagnostic& d) {
    return Contains(d.message, "moe_rank_scaling") &&
           Contains(d.help, "--set adapter_config.moe_rank_scaling=true");
  }));

  // With Automodel's own file beside it the same tensors are what they were.
  setting.scene.files.Put("/source/automodel_peft_config.json",
                          R"({"moe_rank_scaling": true, "paramwrapper_layout": "peft-0.18"})");
  MustConvert(setting.scene.files, setting.golden, request);
  CheckSame(LoadTensors(setting.scene.files, "/back"), setting.Case("in"));
}

// unslothai/unsloth-zoo@ce232d6 moe_utils.py:extract_moe_lora_weights_for_grouped_mm does not ask
// for the order of the wrapper where there is one expert: it gives the transposes of the file's A
// and B, which under PEFT 0.18 are the expert's B and A, in two dimensions where its product wants
// three.
TEST_CASE("unsloth exchanges in and out of a lone expert; it is an expert as any other") {
  Setting setting("unsloth/u07_extract_num_experts_1_peft018");
  const Tensors in = setting.Case("in"), out = setting.Case("out");
  setting.PutSource(SourceConfig(setting.golden, setting.scene.about));
  MustConvert(setting.scene.files, setting.golden, setting.Request());
  const Tensors got = LoadTensors(setting.scene.files, "/got");
  const std::string file = kExperts.substr(0, kExperts.find("layers.")) + "layers.0.mlp.experts.";
  REQUIRE(got.size() == 4);
  for (const auto& [name, wrapper] :
       {std::pair{"gate_up_proj", "base_layer."}, std::pair{"down_proj", ""}}) {
    const std::string weight = std::string("model.layers.0.mlp.experts.") + name;
    const Tensor& first = got.at(weight + ".first_weight");
    const Tensor& second = got.at(weight + ".second_weight");
    // A is over dimension 1 of the parameter, its output: the file's B is what is computed first.
    const Tensor& b = in.at(file + wrapper + "lora_B.weight");
    const Tensor& a = in.at(file + wrapper + "lora_A.weight");
    CHECK(first.shape == std::vector<int64_t>{1, b.shape[0], b.shape[1]});
    CHECK(second.shape == std::vector<int64_t>{1, a.shape[0], a.shape[1]});
    CHECK(first.bytes == b.bytes);
    CHECK(second.bytes == a.bytes);
    CHECK(out.at(weight + ".first_weight").shape == std::vector<int64_t>{a.shape[1], a.shape[0]});
  }
}

// huggingface/peft src/peft/utils/transformers_weight_conversion.py:_convert_peft_config_moe
// (0.20.1 development) doubles rank and alpha of gate_up_proj. With use_rslora the scale alpha /
// sqrt(rank) then grows by sqrt(2) (b04); with a rank_pattern the ranks are those of gate and up
// together, not twice r, and PEFT cannot load what it wrote (b10). Here the scale stays what it
// was.
TEST_CASE("PEFT doubles rank and alpha of stacked experts; the scale stays what it was") {
  for (const char* name : {"peft/b04_qwen3moe_rslora", "peft/b10_qwen3moe_rank_pattern"}) {
    CAPTURE(name);
    Setting setting(name);
    const Tensors in = setting.Case("in");
    const SideFile source = SourceConfig(setting.golden, setting.scene.about);
    const Value before = ParseText(source.name, source.text);
    const double scale = ScaleOf(before, KeysOfA(in).front(), in);
    for (const std::string& key : KeysOfA(in)) REQUIRE(SameScale(ScaleOf(before, key, in), scale));

    setting.PutSource(source);
    MustConvert(setting.scene.files, setting.golden, setting.Request());
    const Value config = CheckedConfig(setting.scene, "/got");
    const Tensors got = LoadTensors(setting.scene.files, "/got");
    for (const std::string& key : KeysOfA(got)) {
      CAPTURE(key);
      CHECK(SameScale(ScaleOf(config, key, got), scale));
    }
    const std::optional<Value> recorded = CaseConfig(setting.golden, "out_adapter_config.json");
    CHECK(recorded.has_value() == setting.golden.config_wrong);
    if (recorded) CHECK(!SameScales(*recorded, config, got));
  }
}

}  // namespace
}  // namespace rr::golden
