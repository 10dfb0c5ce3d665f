#include "plan/join.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

using Digits = std::vector<BoundLeaf::Digit>;

std::string Common(const Digits& source, const Digits& destination) {
  std::vector<CopyDim> dims;
  if (!CommonDigits(source, destination, &dims)) return "not nested";
  std::string out;
  for (const CopyDim& dim : dims) {
    if (dim.n != 1) out += fmt::format("{}:{}>{} ", dim.n, dim.src, dim.dst);
  }
  return out;
}

TEST_CASE("digits are cut where either side is cut") {
  CHECK(Common({{12, 1}}, {{12, 5}}) == "12:1>5 ");
  CHECK(Common({{12, 1}}, {{3, 100}, {4, 7}}) == "3:4>100 4:1>7 ");
  CHECK(Common({{2, 50}, {6, 3}}, {{12, 1}}) == "2:50>6 6:3>1 ");
  CHECK(Common({{2, 50}, {6, 3}}, {{4, 100}, {3, 7}}) == "2:50>200 2:9>100 3:3>7 ");
  CHECK(Common({{2, 60}, {2, 20}, {3, 1}}, {{12, 1}}) == "2:60>6 2:20>3 3:1>1 ");
  CHECK(Common({{1, 9}, {5, 1}, {1, 9}}, {{5, 2}}) == "5:1>2 ");
  CHECK(Common({}, {}) == "");
  CHECK(Common({}, {{1, 3}}) == "");
  CHECK(Common({{6, 0}}, {{6, 4}}) == "6:0>4 ");
}

TEST_CASE("cuts that do not nest, and sides of different sizes") {
  CHECK(Common({{2, 6}, {6, 1}}, {{3, 4}, {4, 1}}) == "not nested");
  CHECK(Common({{3, 2}, {2, 1}}, {{2, 3}, {3, 1}}) == "not nested");
  CHECK(Common({{2, 6}, {6, 1}}, {{6, 1}}) == "not nested");
  CHECK(Common({{6, 1}}, {{2, 6}, {6, 1}}) == "not nested");
  CHECK(Common({{4, 1}}, {{6, 1}}) == "not nested");
}

// Every pair of factorizations of 12 and 24 against each other, element by element.
TEST_CASE("common digits move every index to its place") {
  const std::vector<std::vector<int64_t>> factorizations = {
      {24},   {2, 12},   {12, 2},   {4, 6},    {6, 4},   {3, 8},
      {8, 3}, {2, 2, 6}, {2, 3, 4}, {3, 2, 4}, {4, 3, 2}};
  int nested = 0;
  for (const auto& a : factorizations) {
    for (const auto& b : factorizations) {
      // Strides that keep the digits apart: base 100.
      const auto digits = [](const std::vector<int64_t>& sizes, int64_t scale) {
        Digits result;
        int64_t stride = scale;
        for (size_t i = sizes.size(); i-- > 0; stride *= 100) {
          result.insert(result.begin(), BoundLeaf::Digit{sizes[i], stride});
        }
        return result;
      };
      const Digits s = digits(a, 1), d = digits(b, 7);
      std::vector<CopyDim> dims;
      if (!CommonDigits(s, d, &dims)) continue;
      ++nested;
      for (int64_t value = 0; value < 24; ++value) {
        int64_t rest = value, src = 0, dst = 0;
        for (size_t i = dims.size(); i-- > 0;) {
          src += rest % dims[i].n * dims[i].src;
          dst += rest % dims[i].n * dims[i].dst;
          rest /= dims[i].n;
        }
        CHECK(rest == 0);
        CHECK(src == PositionOf(s, value));
        CHECK(dst == PositionOf(d, value));
      }
    }
  }
  CHECK(nested == 77);
}

TEST_CASE("the place of an index") {
  CHECK(PositionOf({{3, 100}, {4, 7}}, 0) == 0);
  CHECK(PositionOf({{3, 100}, {4, 7}}, 6) == 114);
  CHECK(PositionOf({{3, 100}, {4, 7}}, 11) == 221);
  CHECK(PositionOf({}, 0) == 0);
  CHECK(PositionOf({{0, 1}}, 3) == 0);
}

BoundLayout Bind(const CheckedRules& rules, const char* layout,
                 const std::map<std::string, int64_t>& sizes) {
  const Model model(rules, Config(), sizes);
  Diagnostics diagnostics;
  const CheckedLayout& checked = *rules.FindLayout(layout);
  auto bound = Instantiate(model, checked, DefaultChoice(checked), {}, &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  return *bound;
}

// Each box: keys, kind, starts and dims.
std::string Joined(const std::string& text, const std::map<std::string, int64_t>& sizes,
                   const char* from, const char* to) {
  const auto rules = GoodRules(text);
  const BoundLayout source = Bind(*rules, from, sizes), destination = Bind(*rules, to, sizes);
  Diagnostics diagnostics;
  std::string out;
  for (const JoinedBox& box : Join(source, destination, *rules, &diagnostics)) {
    out += fmt::format("{} {} {} {}>{}", source.tensors[source.pieces[box.source_piece].stored].key,
                       box.kind == EdgeKind::kCopy ? "->" : "==",
                       destination.tensors[destination.pieces[box.destination_piece].stored].key,
                       box.copy.src_start, box.copy.dst_start);
    for (const CopyDim& dim : box.copy.dims)
      out += fmt::format(" {}:{}>{}", dim.n, dim.src, dim.dst);
    out += "\n";
  }
  return out + Findings(diagnostics);
}

TEST_CASE("fixed in the key against a dimension, both ways") {
  const char* text =
      "axes: {E: e, H: h}\nlayouts: {split: {}, fused: {}}\n"
      "blocks: {b: {tensors: {w: E H}, layouts: {split: {'w.{E}': H}, fused: {w: H E}}}}\n";
  CHECK(Joined(text, {{"E", 2}, {"H", 3}}, "split", "fused") ==
        "w.0 -> w 0>0 3:1>2\n"
        "w.1 -> w 0>1 3:1>2\n");
  CHECK(Joined(text, {{"E", 2}, {"H", 3}}, "fused", "split") ==
        "w -> w.0 0>0 3:2>1\n"
        "w -> w.1 1>0 3:2>1\n");
}

TEST_CASE("one tensor for all experts: spread, and compared on the way back") {
  const char* text =
      "axes: {E: e, H: h}\nlayouts: {split: {}, stacked: {}, shared: {}}\n"
      "blocks: {b: {tensors: {w: E H}, layouts: {split: {'w.{E}': H}, stacked: {w: E H}, "
      "shared: {w: {is: H, replicate: E}}}}}\n";
  const std::map<std::string, int64_t> sizes = {{"E", 3}, {"H", 5}};
  CHECK(Joined(text, sizes, "shared", "split") ==
        "w -> w.0 0>0 5:1>1\n"
        "w -> w.1 0>0 5:1>1\n"
        "w -> w.2 0>0 5:1>1\n");
  CHECK(Joined(text, sizes, "split", "shared") ==
        "w.0 -> w 0>0 5:1>1\n"
        "w.1 == w 0>0 5:1>1\n"
        "w.2 == w 0>0 5:1>1\n");
  CHECK(Joined(text, sizes, "shared", "stacked") == "w -> w 0>0 3:0>5 5:1>1\n");
  CHECK(Joined(text, sizes, "stacked", "shared") ==
        "w -> w 0>0 5:1>1\n"
        "w == w 5>0 5:1>1\n"
        "w == w 10>0 5:1>1\n");
  CHECK(Joined(text, sizes, "shared", "shared") == "w -> w 0>0 5:1>1\n");
}

TEST_CASE("two factorizations that do not nest") {
  const char* text =
      "axes: {K: k, T: t, Kt: k / t, S: s, Ks: k / s}\n"
      "layouts: {by-t: {refine: {K: T Kt}}, by-s: {refine: {K: S Ks}}}\n"
      "blocks: {b: {tensors: {w: K}, layouts: {by-t: {w: (Kt T)}, by-s: {w: (Ks S)}}}}\n";
  CHECK(Joined(text, {{"K", 12}, {"T", 4}, {"Kt", 3}, {"S", 3}, {"Ks", 4}}, "by-t", "by-s") ==
        "RR506 `w` axis K of `b.w` is 4 x 3 in `by-t` and 3 x 4 in `by-s`");
  CHECK(Joined(text, {{"K", 12}, {"T", 2}, {"Kt", 6}, {"S", 6}, {"Ks", 2}}, "by-t", "by-s") ==
        "w -> w 0>0 2:1>3 3:4>1 2:2>6\n");
}

}  // namespace
}  // namespace rr
