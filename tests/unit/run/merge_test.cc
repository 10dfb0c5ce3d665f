#include "run/merge.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "unit/bind/adapter_case.h"
#include "unit/run/adapter_scene.h"

namespace rr {
namespace {

using Lines = std::vector<std::string>;

// One linear with a bias, experts and a norm; small whole numbers everywhere, so that every product
// and every sum is exact.
double Weight(int tag, int64_t l, int64_t e, int64_t o, int64_t i) {
  return static_cast<double>((tag * 31 + l * 17 + e * 13 + o * 5 + i * 3) % 41 - 20);
}
double A(int tag, int64_t l, int64_t e, int64_t r, int64_t i) {
  return static_cast<double>((tag * 7 + l * 5 + e * 3 + r * 2 + i) % 5 - 2);
}
double B(int tag, int64_t l, int64_t e, int64_t o, int64_t r) {
  return static_cast<double>((tag * 3 + l * 2 + e * 5 + o * 3 + r) % 7 - 3);
}
double Delta(int tag, int64_t l, int64_t e, int64_t o, int64_t i, int64_t rank) {
  double sum = 0;
  for (int64_t r = 0; r < rank; ++r) sum += B(tag, l, e, o, r) * A(tag, l, e, r, i);
  return sum;
}

using Element = std::function<double(int tag, int64_t l, int64_t e, int64_t o, int64_t i)>;

// The toy model as `split` stores it.
Tensors Model(Dtype dtype, const Element& element = Weight) {
  Tensors tensors;
  for (int64_t l = 0; l < kLayers; ++l) {
    const std::string layer = fmt::format("model.layers.{}.", l);
    auto put = [&](const std::string& name, int tag, int64_t e, int64_t out, int64_t in) {
      tensors[layer + name + ".weight"] = Matrix(
          out, in, [&](int64_t o, int64_t i) { return element(tag, l, e, o, i); }, dtype);
    };
    for (int64_t e = 0; e < kExperts; ++e) {
      const std::string expert = fmt::format("experts.{}.", e);
      put(expert + "gate", kGate, e, kFfn, kHidden);
      put(expert + "up", kUp, e, kFfn, kHidden);
      put(expert + "down", kDown, e, kHidden, kFfn);
    }
    put("q", kTagQ, 0, kQ, kHidden);
    put("v", kTagV, 0, kV, kHidden);
    tensors[layer + "norm.weight"] = {{kHidden}, {1, 2, 3, 4, 5, 6, 7}, dtype};
  }
  return tensors;
}

void PutFactors(Tensors* tensors, const std::string& key, int tag, int64_t l, int64_t e,
                int64_t rank, int64_t out, int64_t in, Dtype dtype) {
  (*tensors)[key + ".lora_A.weight"] = Matrix(
      rank, in, [&](int64_t r, int64_t i) { return A(tag, l, e, r, i); }, dtype);
  (*tensors)[key + ".lora_B.weight"] = Matrix(
      out, rank, [&](int64_t o, int64_t r) { return B(tag, l, e, o, r); }, dtype);
}

// An adapter of everything in layer 1 with rank 6, of q with rank 8.
Tensors Adapter(Dtype dtype = Dtype::kF32) {
  Tensors tensors;
  for (int64_t e = 0; e < kExperts; ++e) {
    PutFactors(&tensors, ExpertKey(1, e, "gate"), kGate, 1, e, 6, kFfn, kHidden, dtype);
    PutFactors(&tensors, ExpertKey(1, e, "up"), kUp, 1, e, 6, kFfn, kHidden, dtype);
    PutFactors(&tensors, ExpertKey(1, e, "down"), kDown, 1, e, 6, kHidden, kFfn, dtype);
  }
  PutFactors(&tensors, LayerKey(1) + "q", kTagQ, 1, 0, 8, kQ, kHidden, dtype);
  return tensors;
}
Value::Map AdapterConfigOf(int alpha) {
  return {{"peft_type", "LORA"},
          {"r", 6},
          {"lora_alpha", alpha},
          {"rank_pattern", Value::Map{{"q", 8}}},
          {"alpha_pattern", Value::Map{{"q", 4}}}};
}

// The scale of alpha 12: 2 for rank 6; q has alpha 4 of rank 8.
double Merged(int tag, int64_t l, int64_t e, int64_t o, int64_t i, double weight = 1) {
  const double before = Weight(tag, l, e, o, i);
  if (l == 0 || tag == kTagV) return before;
  return before +
         weight * (tag == kTagQ ? 0.5 * Delta(tag, l, e, o, i, 8) : 2 * Delta(tag, l, e, o, i, 6));
}

struct Scene : AdapterScene {
  explicit Scene(Dtype dtype = Dtype::kF32, Dtype adapter = Dtype::kF32) {
    PutModel("/base", Model(dtype), ToyConfig());
    PutAdapter("/lora", Adapter(adapter), AdapterConfigOf(12));
    request.base.source.path = "/base";
    request.base.destination = "/out";
    request.adapters = {{"/lora", 1}};
  }
  MergeRequest request;
};

TEST_CASE("W + scale B A, exact on whole numbers, in the base's layout and order") {
  Scene scene;
  CHECK(scene.Merge(scene.request) == "");
  const Tensors merged = scene.Read("/out");
  CHECK(merged == Model(Dtype::kF32, [](int tag, int64_t l, int64_t e, int64_t o, int64_t i) {
          return Merged(tag, l, e, o, i);
        }));
  // Something did change.
  CHECK(merged.at("model.layers.1.q.weight") != Model(Dtype::kF32).at("model.layers.1.q.weight"));
  REQUIRE(scene.report.has_value());
  CHECK(scene.report->changes.size() == 10);
  double largest = 0;
  for (int64_t o = 0; o < kQ; ++o) {
    for (int64_t i = 0; i < kHidden; ++i)
      largest = std::max(largest, std::fabs(0.5 * Delta(kTagQ, 1, 0, o, i, 8)));
  }
  CHECK(scene.report->changes.at("model.layers.1.q.weight") == largest);
  CHECK(std::find(scene.report->notes.begin(), scene.report->notes.end(),
                  "10 tensors are changed by 1 adapter") != scene.report->notes.end());
}

TEST_CASE("any layout of base, adapter and result gives the same model") {
  Scene scene;
  REQUIRE(scene.Merge(scene.request) == "");
  const Tensors expected = scene.Read("/out");
  ConvertRequest convert;
  convert.source.path = "/lora";
  convert.source.config = "/base/config.json";
  for (const char* style : {"folded", "direct", "blocked"}) {
    convert.destination = fmt::format("/{}", style);
    convert.to = style;
    convert.source.fill_zero = true;
    REQUIRE(scene.Convert(convert) == "");
  }
  convert.source = {};
  convert.source.path = "/base";
  for (const char* layout : {"fused", "stack"}) {
    convert.destination = fmt::format("/{}", layout);
    convert.to = layout;
    REQUIRE(scene.Convert(convert) == "");
  }
  for (const char* base : {"/base", "/fused", "/stack"}) {
    for (const char* adapter : {"/lora", "/folded", "/direct", "/blocked"}) {
      for (const char* to : {"split", "fused", "stack"}) {
        CAPTURE(base);
        CAPTURE(adapter);
        CAPTURE(to);
        MergeRequest request = scene.request;
        request.base.source.path = base;
        request.base.to = to;
        request.adapters = {{adapter, 1}};
        request.adapter_from = adapter == std::string("/lora") ? "pair" : adapter + 1;
        REQUIRE(scene.Merge(request) == "");
        ConvertRequest back;
        back.source.path = "/out";
        back.destination = "/back";
        back.to = "split";
        REQUIRE(scene.Convert(back) == "");
        CHECK(scene.Read("/back") == expected);
      }
    }
  }
}

TEST_CASE("weights, several adapters, and out again") {
  Scene scene;
  scene.request.adapters = {{"/lora", 0.5}};
  REQUIRE(scene.Merge(scene.request) == "");
  const auto half = [](double weight) {
    return Model(Dtype::kF32, [weight](int tag, int64_t l, int64_t e, int64_t o, int64_t i) {
      return Merged(tag, l, e, o, i, weight);
    });
  };
  CHECK(scene.Read("/out") == half(0.5));
  Tensors q;
  PutFactors(&q, LayerKey(1) + "q", kTagQ, 1, 0, 8, kQ, kHidden, Dtype::kF32);
  scene.PutAdapter("/second", q, Value::Map{{"r", 8}, {"lora_alpha", 24}});
  scene.request.adapters = {{"/lora", 1}, {"/second", -0.25}};
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.Read("/out") ==
        Model(Dtype::kF32, [](int tag, int64_t l, int64_t e, int64_t o, int64_t i) {
          const double second = tag == kTagQ && l == 1 ? -0.75 * Delta(tag, l, e, o, i, 8) : 0;
          return Merged(tag, l, e, o, i) + second;
        }));
  scene.request.adapters = {{"/lora", 1}};
  REQUIRE(scene.Merge(scene.request) == "");
  scene.PutModel("/merged", scene.Read("/out"), ToyConfig());
  scene.request.base.source.path = "/merged";
  scene.request.unmerge = true;
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.Read("/out") == Model(Dtype::kF32));
}

TEST_CASE("what the adapter lacks of a stored weight stays as it is, and is named") {
  Scene scene;
  // q of layer 1; gate of two of three experts there.
  Tensors some;
  PutFactors(&some, LayerKey(1) + "q", kTagQ, 1, 0, 8, kQ, kHidden, Dtype::kF32);
  for (const int64_t e : {0, 2})
    PutFactors(&some, ExpertKey(1, e, "gate"), kGate, 1, e, 6, kFfn, kHidden, Dtype::kF32);
  scene.PutAdapter("/lora", some, AdapterConfigOf(12));
  const auto negative_zeros = [](int tag, int64_t l, int64_t e, int64_t o, int64_t i) {
    const bool adapted = l == 1 && (tag == kTagQ || (tag == kGate && e != 1));
    return !adapted && i == 2 ? -0.0 : Weight(tag, l, e, o, i);
  };
  scene.PutModel("/base", Model(Dtype::kF32, negative_zeros), ToyConfig());
  const Tensors expected =
      Model(Dtype::kF32, [&](int tag, int64_t l, int64_t e, int64_t o, int64_t i) {
        const double before = negative_zeros(tag, l, e, o, i);
        const bool adapted = l == 1 && (tag == kTagQ || (tag == kGate && e != 1));
        return adapted ? before + (tag == kTagQ ? 0.5 * Delta(tag, l, e, o, i, 8)
                                                : 2 * Delta(tag, l, e, o, i, 6))
                       : before;
      });
  for (const auto& [base, named] : std::map<std::string, std::string>{
           {"split", "experts.gate at layer 1, expert 1"},
           {"fused", "experts.gate at layer 1, expert 1, experts.up and attention.v"},
           {"stack",
            "experts.gate at layer 0, experts.gate at layer 1, expert 1 and attention.q "
            "at layer 0"}}) {
    CAPTURE(base);
    ConvertRequest convert;
    convert.source.path = "/base";
    convert.destination = "/" + base;
    convert.to = base;
    REQUIRE(scene.Convert(convert) == "");
    MergeRequest request = scene.request;
    request.base.source.path = "/" + base;
    request.base.to = "split";
    REQUIRE(scene.Merge(request) == "");
    CHECK(scene.report->notes[0] ==
          "left as the base has it, because the adapter has nothing for it: " + named);
    const Tensors merged = scene.Read("/out");
    CHECK(merged == expected);
    CHECK(std::signbit(merged.at("model.layers.1.v.weight").values[2]));
  }
  // Half a pair is no part that is left out.
  some.erase(LayerKey(1) + "q.lora_B.weight");
  scene.PutAdapter("/lora", some, AdapterConfigOf(12));
  CHECK(scene.Merge(scene.request).starts_with("RR402 `` factors lack their partner: "));
}

TEST_CASE("bf16: summed in F32 and rounded once") {
  // Half a step above an even weight and a little more: up, but for a delta that was rounded first.
  const auto element = [](int, int64_t, int64_t, int64_t o, int64_t i) {
    return 1 + static_cast<double>(o) / 128 + static_cast<double>(i) / 16;
  };
  const auto delta = [](int64_t o) { return 0x1p-8 + 0x1p-18 * static_cast<double>(o + 1); };
  Scene scene;
  scene.PutModel("/base", Model(Dtype::kBF16, element), ToyConfig());
  Tensors v;
  const std::string key = LayerKey(1) + "v";
  v[key + ".lora_A.weight"] = Matrix(2, kHidden, [](int64_t, int64_t) { return 1.0; });
  v[key + ".lora_B.weight"] = Matrix(kV, 2, [](int64_t o, int64_t r) {
    return r == 0 ? 0x1p-8 : 0x1p-18 * static_cast<double>(o + 1);
  });
  scene.PutAdapter("/lora", v, Value::Map{{"r", 2}, {"lora_alpha", 2}});
  REQUIRE(scene.Merge(scene.request) == "");
  const Tensor merged = scene.Read("/out").at("model.layers.1.v.weight");
  CHECK(merged == Matrix(
                      kV, kHidden,
                      [&](int64_t o, int64_t i) { return element(0, 0, 0, o, i) + 1.0 / 128; },
                      Dtype::kBF16));
  CHECK(Bf16(1 + delta(0)) == 1 + 1.0 / 128);
  CHECK(Bf16(1 + Bf16(delta(0))) == 1);  // two roundings would show
}

TEST_CASE("F64 weights are merged in F64") {
  Scene scene(Dtype::kF64, Dtype::kF64);
  Tensors v;
  const std::string key = LayerKey(1) + "v";
  v[key + ".lora_A.weight"] = Matrix(
      2, kHidden, [](int64_t r, int64_t i) { return r == 0 ? i + 1.0 : 0x1p-40; }, Dtype::kF64);
  v[key + ".lora_B.weight"] = Matrix(
      kV, 2, [](int64_t o, int64_t r) { return r == 0 ? 1.0 : o + 1.0; }, Dtype::kF64);
  scene.PutAdapter("/lora", v, Value::Map{{"r", 2}, {"lora_alpha", 2}});
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.Read("/out").at("model.layers.1.v.weight") ==
        Matrix(
            kV, kHidden,
            [](int64_t o, int64_t i) {
              return Weight(kTagV, 1, 0, o, i) + (i + 1.0) + 0x1p-40 * (o + 1.0);
            },
            Dtype::kF64));
}

TEST_CASE("DoRA: every output gets the magnitude's length, experts and stacks included") {
  // One column of the whole is a multiple of a unit vector, so that lengths are exact.
  const auto one_of = [](int, int64_t, int64_t, int64_t o, int64_t i) {
    return i == o % 5 ? 3.0 : 0.0;
  };
  Scene scene;
  scene.PutModel("/base", Model(Dtype::kF32, one_of), ToyConfig());
  Tensors pairs;
  const std::string key = LayerKey(1) + "v";
  // B A has 4 at the next input: 3-4-5.
  pairs[key + ".lora_A.weight"] =
      Matrix(kV, kHidden, [](int64_t r, int64_t i) { return i == r % 5 + 1 ? 1.0 : 0.0; });
  pairs[key + ".lora_B.weight"] =
      Matrix(kV, kV, [](int64_t o, int64_t r) { return o == r ? 2.0 : 0.0; });
  pairs[key + ".lora_magnitude_vector"] = {{kV}, {10, 20, 40, 80}, Dtype::kF32};
  const Value::Map config{{"r", kV}, {"lora_alpha", 2 * kV}, {"use_dora", true}};
  scene.PutAdapter("/lora", pairs, config);
  const Tensor expected = Matrix(kV, kHidden, [](int64_t o, int64_t i) {
    const double magnitude = std::vector<double>{10, 20, 40, 80}[static_cast<size_t>(o)];
    return i == o ? 3 * magnitude / 5 : i == o + 1 ? 4 * magnitude / 5 : 0;
  });
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.Read("/out").at("model.layers.1.v.weight") == expected);
  // From a base whose runs go over outputs.
  ConvertRequest convert;
  convert.source.path = "/base";
  convert.destination = "/stack";
  convert.to = "stack";
  REQUIRE(scene.Convert(convert) == "");
  MergeRequest request = scene.request;
  request.base.source.path = "/stack";
  request.base.to = "split";
  REQUIRE(scene.Merge(request) == "");
  Tensors all = Model(Dtype::kF32, one_of);
  all["model.layers.1.v.weight"] = expected;
  CHECK(scene.Read("/out") == all);  // layer 0, in the same tensor, has no magnitude
  // Not in part, not back, and not with a second one.
  scene.request.adapters = {{"/lora", 0.5}};
  CHECK(
      scene.Merge(scene.request) ==
      "RR515 `` model.layers.1.v.weight has a DoRA magnitude: it is merged with weight 1 only, and "
      "not taken back");
  scene.request.adapters = {{"/lora", 1}};
  scene.request.unmerge = true;
  CHECK(scene.Merge(scene.request).starts_with("RR515"));
  scene.request.unmerge = false;
  scene.request.adapters = {{"/lora", 1}, {"/lora", 1}};
  CHECK(scene.Merge(scene.request)
            .starts_with("RR515 `` model.layers.1.v.weight has a DoRA magnitude: it cannot be "
                         "merged together with "));
}

TEST_CASE("weights saved as a whole take the base's place") {
  Scene scene;
  Tensors tensors = Adapter();
  tensors[LayerKey(0) + "norm.weight"] = {{kHidden}, {70, 60, 50, 40, 30, 20, 10}, Dtype::kF32};
  scene.PutAdapter("/lora", tensors, AdapterConfigOf(12));
  REQUIRE(scene.Merge(scene.request) == "");
  const Tensors merged = scene.Read("/out");
  CHECK(merged.at("model.layers.0.norm.weight") == tensors.at(LayerKey(0) + "norm.weight"));
  CHECK(merged.at("model.layers.1.norm.weight").values == std::vector<double>{1, 2, 3, 4, 5, 6, 7});
  CHECK(scene.report->changes.at("model.layers.0.norm.weight") == 69);  // 70 in place of 1
  scene.request.adapters = {{"/lora", 0.5}};
  CHECK(scene.Merge(scene.request) ==
        "RR515 `` model.layers.0.norm.weight is saved as a whole: it can take the place of the "
        "base's "
        "tensor, but not in part and not back");
}

// PEFT saves an embedding that it adapts beside its factors (embed_tokens.base_layer.weight).
TEST_CASE("layers of one stack have their own ranks and scales") {
  Scene scene;
  Tensors tensors;
  PutFactors(&tensors, LayerKey(0) + "v", kTagV, 0, 0, 2, kV, kHidden, Dtype::kF32);
  PutFactors(&tensors, LayerKey(1) + "v", kTagV, 1, 0, 3, kV, kHidden, Dtype::kF32);
  scene.PutAdapter("/lora", tensors,
                   Value::Map{{"r", 2},
                              {"lora_alpha", 2},
                              {"rank_pattern", Value::Map{{"1.v", 3}}},
                              {"alpha_pattern", Value::Map{{"1.v", 9}}}});
  ConvertRequest convert;
  convert.source.path = "/base";
  convert.destination = "/stack";
  convert.to = "stack";
  REQUIRE(scene.Convert(convert) == "");
  scene.request.base.source.path = "/stack";
  scene.request.base.to = "split";
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.Read("/out") ==
        Model(Dtype::kF32, [](int tag, int64_t l, int64_t e, int64_t o, int64_t i) {
          const double delta = l == 0 ? Delta(tag, 0, 0, o, i, 2) : 3 * Delta(tag, 1, 0, o, i, 3);
          return Weight(tag, l, e, o, i) + (tag == kTagV ? delta : 0);
        }));
}

TEST_CASE("a part saved as a whole takes its part of a fused weight") {
  Scene scene;
  Tensors tensors;
  tensors[LayerKey(1) + "q.weight"] = Matrix(
      kQ, kHidden, [](int64_t o, int64_t i) { return static_cast<double>(100 + 8 * o + i); });
  PutFactors(&tensors, LayerKey(0) + "v", kTagV, 0, 0, 6, kV, kHidden, Dtype::kF32);
  scene.PutAdapter("/lora", tensors, AdapterConfigOf(12));
  REQUIRE(scene.Merge(scene.request) == "");
  const Tensors expected = scene.Read("/out");
  CHECK(expected.at("model.layers.1.q.weight") == tensors.at(LayerKey(1) + "q.weight"));
  ConvertRequest convert;
  convert.source.path = "/base";
  convert.destination = "/fused";
  convert.to = "fused";
  REQUIRE(scene.Convert(convert) == "");
  scene.request.base.source.path = "/fused";
  scene.request.base.to = "split";
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.Read("/out") == expected);
  // Beside a part that is saved another one is not there at all.
  tensors.erase(LayerKey(0) + "v.lora_A.weight");
  tensors.erase(LayerKey(0) + "v.lora_B.weight");
  scene.PutAdapter("/lora", tensors, AdapterConfigOf(12));
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.report->notes[0] ==
        "left as the base has it, because the adapter has nothing for it: attention.v");
}

TEST_CASE("products are added to a weight that is saved as a whole") {
  Scene scene;
  Tensors tensors = Adapter();
  const auto saved = [](int64_t o, int64_t i) { return static_cast<double>(100 - 10 * o + i); };
  tensors[LayerKey(1) + "q.weight"] = Matrix(kQ, kHidden, saved);
  scene.PutAdapter("/lora", tensors, AdapterConfigOf(12));
  REQUIRE(scene.Merge(scene.request) == "");
  const Tensors merged = scene.Read("/out");
  const auto wanted = [&](int64_t o, int64_t i) {
    return saved(o, i) + 0.5 * Delta(kTagQ, 1, 0, o, i, 8);
  };
  CHECK(merged.at("model.layers.1.q.weight") == Matrix(kQ, kHidden, wanted));
  double largest = 0;
  for (int64_t o = 0; o < kQ; ++o) {
    for (int64_t i = 0; i < kHidden; ++i)
      largest = std::max(largest, std::fabs(wanted(o, i) - Weight(kTagQ, 1, 0, o, i)));
  }
  CHECK(scene.report->changes.at("model.layers.1.q.weight") == largest);
  scene.request.adapters = {{"/lora", 1}, {"/lora", 1}};
  CHECK(scene.Merge(scene.request) ==
        "RR515 `` model.layers.1.q.weight is saved as a whole by two adapters");
}

TEST_CASE("the bias of B goes to the base's bias, which must be there") {
  Scene scene;
  Tensors tensors = Adapter();
  Tensor bias{{kQ}, {}, Dtype::kF32}, of_base{{kQ}, {}, Dtype::kF32},
      expected{{kQ}, {}, Dtype::kF32};
  for (int64_t o = 0; o < kQ; ++o) {
    bias.values.push_back(static_cast<double>(2 * o));
    of_base.values.push_back(static_cast<double>(100 - o));
    expected.values.push_back(static_cast<double>(100 - o + o));  // scale 0.5
  }
  tensors[LayerKey(1) + "q.lora_B.bias"] = bias;
  Value::Map config = AdapterConfigOf(12);
  config.push_back({"lora_bias", true});
  scene.PutAdapter("/lora", tensors, config);
  CHECK(scene.Merge(scene.request) ==
        "RR514 `` the base has nothing that 1 of the adapter's weights could change: "
        "model.layers.1.q.weight (the bias of B needs model.layers.1.q.bias)");
  Tensors base = Model(Dtype::kF32);
  for (int64_t l = 0; l < kLayers; ++l) {
    base[fmt::format("model.layers.{}.q.bias", l)] = of_base;
    base[fmt::format("model.layers.{}.v.bias", l)] = {{kV}, {1, 2, 3, 4}, Dtype::kF32};
  }
  scene.PutModel("/base", base, ToyConfig());
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.Read("/out").at("model.layers.1.q.bias") == expected);
  CHECK(scene.Read("/out").at("model.layers.0.q.bias") == of_base);
}

TEST_CASE("an adapter that would change nothing, and what is no adapter or no model") {
  Scene scene;
  Tensors base = Model(Dtype::kF32);
  for (int64_t l = 0; l < kLayers; ++l) base.erase(fmt::format("model.layers.{}.q.weight", l));
  scene.PutModel("/base", base, ToyConfig());
  const std::string found = scene.Merge(scene.request);
  CHECK(found.find("RR514 `` the base has nothing that 1 of the adapter's weights could change: "
                   "model.layers.1.q.weight") != std::string::npos);
  CHECK(scene.files.KindOf("/out") == FileKind::kNone);
  scene.request.adapters = {{"/base", 1}};
  CHECK(scene.Merge(scene.request) ==
        "RR402 `` 2 keys of layout `split` are missing, for all layers alike: "
        "model.layers.0.q.weight and model.layers.1.q.weight\n"
        "RR515 `/base` this is a model, where an adapter is expected");
  scene.request.adapters = {{"/lora", 1}};
  scene.request.base.source.path = "/lora";
  CHECK(scene.Merge(scene.request) ==
        "RR515 `/lora` this is an adapter, where a model is expected");
}

TEST_CASE("a merge that changes no bit is refused, and counts what it changes") {
  Scene scene;
  Tensors tensors = Adapter();
  const auto zero_b = [&](const std::string& key) {
    for (double& x : tensors.at(key + ".lora_B.weight").values) x = 0;
  };
  for (int64_t e = 0; e < kExperts; ++e) {
    for (const char* name : {"gate", "up", "down"}) zero_b(ExpertKey(1, e, name));
  }
  scene.PutAdapter("/lora", tensors, AdapterConfigOf(12));
  REQUIRE(scene.Merge(scene.request) == "");
  CHECK(scene.report->notes == Lines{"1 tensors are changed by 1 adapter",
                                     "9 tensors that are adapted are changed in no bit"});
  zero_b(LayerKey(1) + "q");
  scene.PutAdapter("/lora", tensors, AdapterConfigOf(12));
  CHECK(scene.Merge(scene.request) ==
        "RR514 `` no bit of the base changes: the product of 1 adapter is zero everywhere");
  CHECK(scene.files.KindOf("/out") == FileKind::kNone);
  // 2^-18 beside weights from 1 on: BF16 has 8 bits.
  scene.PutModel("/base",
                 Model(Dtype::kBF16, [](int, int64_t, int64_t, int64_t, int64_t) { return 1.0; }),
                 ToyConfig());
  Tensors v;
  v[LayerKey(1) + "v.lora_A.weight"] = Matrix(2, kHidden, [](int64_t, int64_t) { return 1.0; });
  v[LayerKey(1) + "v.lora_B.weight"] = Matrix(kV, 2, [](int64_t, int64_t) { return 0x1p-19; });
  scene.PutAdapter("/lora", v, Value::Map{{"r", 2}, {"lora_alpha", 2}});
  CHECK(scene.Merge(scene.request) ==
        "RR514 `` no bit of the base changes: the largest change, 3.8147e-06 in "
        "model.layers.1.v.weight, is lost in rounding");
}

TEST_CASE("weights that are no floats, and a scale that nothing says") {
  Scene scene;
  Tensors base = Model(Dtype::kF32);
  base.at("model.layers.1.q.weight").dtype = Dtype::kI8;
  scene.PutModel("/base", base, ToyConfig());
  CHECK(scene.Merge(scene.request) ==
        "RR510 `` model.layers.1.q.weight is I8: an adapter is merged into floating-point weights "
        "only");
  scene.PutModel("/base", Model(Dtype::kF32), ToyConfig());
  scene.files.RemoveAll("/lora/adapter_config.json");
  CHECK(scene.Merge(scene.request) ==
        "RR513 `` the scale of the adapter is unknown: adapter_config.json is missing");
  scene.request.base.source.alpha = 12;
  CHECK(scene.Merge(scene.request) == "");
  // Without patterns alpha 12 is q's too: 1.5 of rank 8.
  CHECK(scene.Read("/out").at("model.layers.1.q.weight") ==
        Matrix(kQ, kHidden, [](int64_t o, int64_t i) {
          return Weight(kTagQ, 1, 0, o, i) + 1.5 * Delta(kTagQ, 1, 0, o, i, 8);
        }));
}

TEST_CASE("a model of some layers is merged into as it is") {
  Scene scene;
  Tensors base = Model(Dtype::kF32);
  base.erase("model.layers.0.q.weight");
  scene.PutModel("/base", base, ToyConfig());
  CHECK(scene.Merge(scene.request) ==
        "RR402 `` 1 keys of layout `split` are missing: model.layers.0.q.weight");
  const Tensors merged = scene.Read("/out");
  CHECK(merged.size() == base.size());
  CHECK(merged.at("model.layers.1.q.weight") ==
        Matrix(kQ, kHidden, [](int64_t o, int64_t i) { return Merged(kTagQ, 1, 0, o, i); }));
}

TEST_CASE("small pieces and many threads give the same bytes") {
  Scene scene;
  REQUIRE(scene.Merge(scene.request) == "");
  const Tensors expected = scene.Read("/out");
  for (const char* to : {"split", "stack"}) {
    MergeRequest request = scene.request;
    request.base.to = to;
    request.base.jobs = 4;
    request.base.memory = 4 * 2 * 4096;  // the smallest buffers
    REQUIRE(scene.Merge(request) == "");
    ConvertRequest back;
    back.source.path = "/out";
    back.destination = "/back";
    back.to = "split";
    REQUIRE(scene.Convert(back) == "");
    CHECK(scene.Read("/back") == expected);
  }
}

}  // namespace
}  // namespace rr
