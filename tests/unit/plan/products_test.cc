// `times`, from rules to bytes: the graph's products, both engines, and what is refused.
#include "plan/products.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "run/executor.h"
#include "run/reference.h"
#include "unit/plan/built_conversion.h"

namespace rr {
namespace {

using Bytes = std::vector<std::byte>;

// `hub` has experts one by one, `packed` all in one tensor, `folded` with their scales in them.
const char* kScaled =
    "axes: {E: e, I: i, H: h}\n"
    "layouts: {hub: {}, packed: {}, folded: {}}\n"
    "blocks: {x: {tensors: {w: 'E : H <- I', s: E}, layouts: {\n"
    "  hub: {'w.{E}': 'w[H I]', s: 's[E]'}, packed: {w: 'w[E H I]', s: 's[E]'},\n"
    "  folded: {w: {is: 'w[E I H]', times: s}, default: {s: 1}}}}}\n";

std::string Products(const Built& built) {
  std::string out = built.findings;
  if (!built.conversion) return out;
  const Graph& graph = built.conversion->graph;
  for (const Product& product : graph.products) {
    out += fmt::format("{} * {} {}>{}", graph.sources[product.source].key,
                       graph.sources[product.factor].key, product.copy.src_start,
                       product.copy.dst_start);
    for (const CopyDim& dim : product.copy.dims)
      out += fmt::format(" {}:{}>{}", dim.n, dim.src, dim.dst);
    out += "\n";
  }
  return out;
}

template <class T>
Bytes BytesOf(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// The first destination, as both engines and every size of buffers give it.
template <class T>
std::vector<T> Run(const Built& built, const std::vector<Bytes>& sources) {
  REQUIRE_MESSAGE(built.conversion.has_value(), built.findings);
  const Graph& graph = built.conversion->graph;
  std::vector<Bytes> empty;
  for (const GraphTensor& tensor : graph.destinations)
    empty.emplace_back(static_cast<size_t>(tensor.Count() * BitsOf(tensor.dtype) / 8));
  Diagnostics found;
  const MemoryTensors reader(sources);
  MemoryTensors reference(empty);
  ExecuteReference(graph, reader, reference, &found);
  for (const uint64_t buffer : {8, 24, 1 << 20}) {
    MemoryTensors copied(empty);
    PlanOptions options;
    options.buffer_bytes = buffer;
    Execute(MakePlan(graph, options, &found), reader, copied, {}, &found);
    CHECK(copied.tensors() == reference.tensors());
  }
  CHECK(Findings(found) == "");
  std::vector<T> values(reference.tensors()[0].size() / sizeof(T));
  std::memcpy(values.data(), reference.tensors()[0].data(), reference.tensors()[0].size());
  return values;
}

KeyTable Packed(Dtype weight, Dtype scale) {
  return MakeKeyTable(
      {{"w", std::vector<int64_t>{2, 3, 2}, weight}, {"s", std::vector<int64_t>{2}, scale}});
}

TEST_CASE("a product takes one factor along the axes that the factor lacks") {
  const Built packed = Build(kScaled, Packed(Dtype::kF32, Dtype::kF32), "packed", "folded");
  CHECK(Products(packed) == "w * s 0>0 2:1>6 6:0>1\n");
  CHECK(Run<float>(packed, {BytesOf<float>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
                            BytesOf<float>({2, -3})}) ==
        std::vector<float>{2, 6, 10, 4, 8, 12, -21, -27, -33, -24, -30, -36});
  CHECK(packed.conversion->lossy ==
        std::vector<std::string>{"multiply by x.s, which does not come back: w"});
  CHECK(packed.conversion->left_out.empty());

  const Built split = Build(kScaled,
                            MakeKeyTable({{"w.0", std::vector<int64_t>{3, 2}, Dtype::kF32},
                                          {"w.1", std::vector<int64_t>{3, 2}, Dtype::kF32},
                                          {"s", std::vector<int64_t>{2}, Dtype::kF32}}),
                            "hub", "folded");
  CHECK(Products(split) == "w.0 * s 0>0 6:0>1\nw.1 * s 1>0 6:0>1\n");
  CHECK(Run<float>(split, {BytesOf<float>({1, 2, 3, 4, 5, 6}),
                           BytesOf<float>({7, 8, 9, 10, 11, 12}), BytesOf<float>({2, -3})}) ==
        std::vector<float>{2, 6, 10, 4, 8, 12, -21, -27, -33, -24, -30, -36});
}

TEST_CASE("a product is rounded once, to the dtype of what is multiplied") {
  // 1 + 2^-7 is a BF16; its square is 1 + 2^-6 + 2^-14, which is not.
  const uint16_t x = 0x3f81;
  const std::vector<Bytes> narrow{BytesOf<uint16_t>(std::vector<uint16_t>(12, x)),
                                  BytesOf<uint16_t>({x, x})};
  CHECK(Run<uint16_t>(Build(kScaled, Packed(Dtype::kBF16, Dtype::kBF16), "packed", "folded"),
                      narrow) == std::vector<uint16_t>(12, 0x3f82));
  // The factor is not rounded to BF16 first.
  const float third = 1.0F / 3;
  const std::vector<Bytes> wide{BytesOf<uint16_t>(std::vector<uint16_t>(12, 0x4040)),
                                BytesOf<float>({third, third})};
  CHECK(Run<uint16_t>(Build(kScaled, Packed(Dtype::kBF16, Dtype::kF32), "packed", "folded"),
                      wide) == std::vector<uint16_t>(12, 0x3f80));
  const double tenth = 0.1;
  CHECK(Run<float>(Build(kScaled, Packed(Dtype::kF32, Dtype::kF64), "packed", "folded"),
                   {BytesOf<float>(std::vector<float>(12, 3)), BytesOf<double>({tenth, tenth})}) ==
        std::vector<float>(12, static_cast<float>(3 * tenth)));
}

TEST_CASE("a NaN of either side is a NaN of the product, and both engines write the same one") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> result = Run<float>(
      Build(kScaled, Packed(Dtype::kF32, Dtype::kF32), "packed", "folded"),
      {BytesOf<float>({-nan, infinity, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1}), BytesOf<float>({0, -nan})});
  CHECK(result[0] != result[0]);
  CHECK(result[3] != result[3]);
  CHECK(result[1] == 0);
  CHECK(result[6] != result[6]);
}

TEST_CASE("a factor that lies along the rows") {
  const char* rules =
      "axes: {F: f, H: h}\nlayouts: {a: {}, b: {}}\n"
      "blocks: {x: {tensors: {w: F H, s: H}, layouts: {a: {w: 'w[F H]', s: 's[H]'},\n"
      "  b: {w: {is: 'w[F H]', times: s}, default: {s: 1}}}}}\n";
  const Built built = Build(rules,
                            MakeKeyTable({{"w", std::vector<int64_t>{2, 3}, Dtype::kF32},
                                          {"s", std::vector<int64_t>{3}, Dtype::kF32}}),
                            "a", "b");
  CHECK(Products(built) == "w * s 0>0 2:0>3 3:1>1\n");
  CHECK(Run<float>(built, {BytesOf<float>({1, 2, 3, 4, 5, 6}), BytesOf<float>({1, 10, 100})}) ==
        std::vector<float>{1, 20, 300, 4, 50, 600});
}

TEST_CASE("read back the product stays where it is, and the factor is one") {
  const Built built =
      Build(kScaled, MakeKeyTable({{"w", std::vector<int64_t>{2, 2, 3}, Dtype::kF32}}), "folded",
            "packed");
  CHECK(Products(built) == "");
  CHECK(built.conversion->defaulted == std::vector<std::string>{"x.s = 1"});
  const Built same =
      Build(kScaled, MakeKeyTable({{"w", std::vector<int64_t>{2, 2, 3}, Dtype::kF32}}), "folded",
            "folded");
  CHECK(Products(same) == "");
}

TEST_CASE("what cannot be multiplied is refused") {
  CHECK(Products(Build(kScaled, Packed(Dtype::kI8, Dtype::kF32), "packed", "folded")) ==
        "RR510 `` w is I8: it cannot be part of a product");
  CHECK(Products(Build(kScaled, Packed(Dtype::kBF16, Dtype::kI64), "packed", "folded")) ==
        "RR510 `` s is I64: it cannot be part of a product");
}

std::string Checked(const std::string& tables, const std::string& tensors = "w: E H, s: E") {
  Diagnostics diagnostics;
  CheckText("axes: {E: e, H: h}\nlayouts: {a: {}}\nblocks: {x: {tensors: {" + tensors +
                "}, layouts: {a: {" + tables + "}}}}\n",
            &diagnostics);
  return Findings(diagnostics);
}

TEST_CASE("the factor of a product is one in the layout, and has no axes of its own") {
  CHECK(Checked("w: {is: 'w[E H]', times: s}, default: {s: 1}") == "");
  CHECK(Checked("w: {is: 'w[E H]', times: s}, default: {s: 2}") ==
        "RR210 `s` read back, the product is all in this key: `s` must be 1");
  CHECK(Checked("w: {is: 'w[E H]', times: s}, s: 's[E]', default: {s: 1}") ==
        "RR210 `s` `s` is stored as well: which of the two the product is then cannot be told");
  CHECK(Checked("w: {is: 'w[E H]', times: s}, default: {s: 1}", "w: E H, s: [E, G]")
            .starts_with("RR"));
  CHECK(Checked("w: {is: 'w[E]', times: s}, default: {s: 1}", "w: E, s: E H") ==
        "RR210 `s` `s` has an axis H that `w` does not have");
  CHECK(Checked("w: {is: 'w[E H]', times: t}, default: {s: 1}").starts_with("RR202 `t`"));
  CHECK(Checked("w: 'w[E H]', v: {is: 'w[E H]', tied: yes, times: s}, s: 's[E]'") ==
        "RR210 `s` a tied copy is what the other key stores: `times` belongs there");
  CHECK(Checked("'w.{E}': {is: 'w[H]', times: s}, default: {s: 1}", "w: E H, s: E") == "");
}

}  // namespace
}  // namespace rr
