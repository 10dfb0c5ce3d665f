#include "plan/conversion.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "memory_io.h"
#include "plan/plan.h"
#include "plan/value_words.h"
#include "run/executor.h"
#include "run/reference.h"
#include "unit/plan/built_conversion.h"

namespace rr {
namespace {

// The destinations, then the edges.
std::string Show(const Built& built) {
  if (!built.conversion) return built.findings;
  std::string out = built.findings;
  const Graph& graph = built.conversion->graph;
  for (const GraphTensor& tensor : graph.destinations) {
    out += fmt::format("{} {} [{}]\n", tensor.key, NameOf(tensor.dtype),
                       fmt::join(tensor.shape, ", "));
  }
  for (const Edge& edge : graph.edges) {
    out += fmt::format(
        "{} {} {} {}>{}", graph.sources[edge.source].key,
        edge.kind == EdgeKind::kCopy ? "->" : "==", graph.destinations[edge.destination].key,
        edge.copy.src_start, edge.copy.dst_start);
    for (const CopyDim& dim : edge.copy.dims)
      out += fmt::format(" {}:{}>{}", dim.n, dim.src, dim.dst);
    if (edge.value_op >= 0)
      out += " " + Describe(graph.value_ops[static_cast<size_t>(edge.value_op)]);
    out += "\n";
  }
  return out;
}

// Runs the graph with both engines, which must agree; "" or the findings.
std::string Run(const Built& built, const std::vector<std::vector<float>>& values,
                std::vector<std::vector<float>>* result) {
  REQUIRE(built.conversion.has_value());
  const Graph& graph = built.conversion->graph;
  std::vector<Bytes> bytes;
  for (const auto& tensor : values) {
    bytes.emplace_back(tensor.size() * sizeof(float));
    std::memcpy(bytes.back().data(), tensor.data(), bytes.back().size());
  }
  for (const double constant : built.conversion->constants) {
    bytes.emplace_back(sizeof(double));
    std::memcpy(bytes.back().data(), &constant, sizeof(double));
  }
  std::vector<Bytes> empty;
  for (const GraphTensor& tensor : graph.destinations) empty.emplace_back(StoredSize(tensor));
  const MemoryTensors reader(bytes);
  MemoryTensors fast(empty), slow(empty);
  Diagnostics found, found_slow;
  const Plan plan = MakePlan(graph, {}, &found);
  Execute(plan, reader, fast, {}, &found);
  ExecuteReference(graph, reader, slow, &found_slow);
  CHECK(Findings(found) == Findings(found_slow));
  if (!found.HasErrors()) CHECK(fast.tensors() == slow.tensors());
  for (const Bytes& tensor : fast.tensors()) {
    result->emplace_back(tensor.size() / sizeof(float));
    std::memcpy(result->back().data(), tensor.data(), tensor.size());
  }
  return Findings(found);
}

const char* kReplicate =
    "axes: {E: e, H: h}\nlayouts: {split: {}, shared: {}}\n"
    "blocks: {b: {tensors: {w: E H}, layouts: {split: {'w.{E}': H}, "
    "shared: {w: {is: H, replicate: E}}}}}\n";

TEST_CASE("replicate end to end: one becomes many") {
  const Built built = Build(kReplicate, KeysOf({{"w", {2}}}), "shared", "split", {{"E", 3}});
  CHECK(Show(built) ==
        "w.0 F32 [2]\nw.1 F32 [2]\nw.2 F32 [2]\n"
        "w -> w.0 0>0 2:1>1\nw -> w.1 0>0 2:1>1\nw -> w.2 0>0 2:1>1\n");
  std::vector<std::vector<float>> result;
  CHECK(Run(built, {{5, 7}}, &result) == "");
  CHECK(result == std::vector<std::vector<float>>{{5, 7}, {5, 7}, {5, 7}});
}

TEST_CASE("replicate end to end: equal copies become one, others are refused") {
  const Built built =
      Build(kReplicate, KeysOf({{"w.0", {2}}, {"w.1", {2}}, {"w.2", {2}}}), "split", "shared");
  CHECK(Show(built) == "w F32 [2]\nw.0 -> w 0>0 2:1>1\nw.1 == w 0>0 2:1>1\nw.2 == w 0>0 2:1>1\n");
  std::vector<std::vector<float>> result;
  CHECK(Run(built, {{5, 7}, {5, 7}, {5, 7}}, &result) == "");
  CHECK(result == std::vector<std::vector<float>>{{5, 7}});
  result.clear();
  CHECK(Run(built, {{5, 7}, {5, 7}, {5, 8}}, &result).starts_with("RR504"));
  // Equal is equal to the bit.
  result.clear();
  CHECK(Run(built, {{0, 7}, {0, 7}, {-0.0f, 7}}, &result).starts_with("RR504"));
}

const char* kPlain =
    "axes: {L: n, F: f, H: h}\n"
    "layouts: {a: {prefixes: {m: ['model.', '']}, place: {L: '{m}layers.{L}.'}}, b: {like: a}, "
    "c: {place: {L: {'stack.': L}}}}\n"
    "blocks: {mlp: {tensors: {w: 'L : F <- H', n: L H}, layouts: {"
    "a: {'{L}w': 'w[F H]', '{L}n': 'n[H]'}, c: {'{L}w': 'w[L H F]', '{L}n': 'n[L H]'}}}}\n";

TEST_CASE(
    "what both sides store alike moves as a whole, without a size, under the source's prefix") {
  const Built built =
      Build(kPlain, KeysOf({{"layers.0.w", {3, 2}}, {"layers.0.n", {2}}}, Dtype::kI8), "a", "b");
  CHECK(Show(built) ==
        "layers.0.w I8 [3, 2]\nlayers.0.n I8 [2]\n"
        "layers.0.w -> layers.0.w 0>0 6:1>1\nlayers.0.n -> layers.0.n 0>0 2:1>1\n");
}

TEST_CASE("sizes solved from the shapes, layers stacked") {
  const Built built = Build(kPlain,
                            KeysOf({{"model.layers.0.w", {3, 2}},
                                    {"model.layers.0.n", {2}},
                                    {"model.layers.1.w", {3, 2}},
                                    {"model.layers.1.n", {2}}}),
                            "a", "c");
  CHECK(Show(built) ==
        "stack.w F32 [2, 2, 3]\nstack.n F32 [2, 2]\n"
        "model.layers.0.w -> stack.w 0>0 3:2>1 2:1>3\nmodel.layers.1.w -> stack.w 0>6 3:2>1 2:1>3\n"
        "model.layers.0.n -> stack.n 0>0 2:1>1\nmodel.layers.1.n -> stack.n 0>2 2:1>1\n");
}

TEST_CASE("shapes that contradict a given size: whole moves where that is allowed, nothing else") {
  const KeyTable table = KeysOf({{"layers.0.w", {3, 2}}, {"layers.0.n", {2}}});
  CHECK(Show(Build(kPlain, table, "a", "b", {{"F", 5}})) ==
        "RR403 `{L}w` layers.0.w is [3, 2], but [F, H] is [5, 2]");
  ConversionOptions options;
  options.allow_shape = true;
  const Built moved = Build(kPlain, table, "a", "b", {{"F", 5}}, options);
  CHECK(Show(moved).starts_with("layers.0.w F32 [3, 2]\n"));
  REQUIRE(moved.conversion.has_value());
  CHECK(moved.conversion->notes ==
        std::vector<std::string>{"layers.0.w moved unchanged: its shape contradicts the config"});
  CHECK(Show(Build(kPlain, table, "a", "c", {{"F", 5}}, options)) ==
        "RR503 `` layers.0.w cannot be converted: their shapes contradict the config and `c` "
        "stores them otherwise");
}

TEST_CASE("only some keys") {
  ConversionOptions options;
  options.only = "0\\.n$";
  CHECK(Show(Build(kPlain, KeysOf({{"layers.0.w", {3, 2}}, {"layers.0.n", {2}}}), "a", "b", {},
                   options)) == "layers.0.n F32 [2]\nlayers.0.n -> layers.0.n 0>0 2:1>1\n");
  options.only = "(";
  CHECK(Show(Build(kPlain, KeysOf({{"layers.0.w", {3, 2}}, {"layers.0.n", {2}}}), "a", "b", {},
                   options))
            .starts_with("RR105"));
}

TEST_CASE("dtypes: one for all, mixed, lossy and widening") {
  KeyTable table =
      MakeKeyTable({{"layers.0.w", {{3, 2}}, Dtype::kF32}, {"layers.0.n", {{2}}, Dtype::kBF16}});
  ConversionOptions options;
  options.dtype = Dtype::kBF16;
  CHECK(Show(Build(kPlain, table, "a", "b", {}, options)) ==
        "RR501 `` layers.0.w would be stored by cast F32 to BF16");
  options.allow_lossy = true;
  const Built lossy = Build(kPlain, table, "a", "b", {}, options);
  REQUIRE(lossy.conversion.has_value());
  CHECK(lossy.conversion->lossy == std::vector<std::string>{"cast F32 to BF16: layers.0.w"});
  CHECK(
      Show(lossy) ==
      "layers.0.w BF16 [3, 2]\nlayers.0.n BF16 [2]\n"
      "layers.0.w -> layers.0.w 0>0 6:1>1 cast F32 to BF16\nlayers.0.n -> layers.0.n 0>0 2:1>1\n");
  options.allow_lossy = false;
  options.dtype = Dtype::kF32;
  const Built widened = Build(kPlain, table, "a", "b", {}, options);
  REQUIRE(widened.conversion.has_value());
  CHECK(widened.conversion->lossy.empty());
  table = MakeKeyTable({{"layers.0.w", {{3, 2}}, Dtype::kF32},
                        {"layers.0.n", {{2}}, Dtype::kF32},
                        {"layers.1.w", {{3, 2}}, Dtype::kF16},
                        {"layers.1.n", {{2}}, Dtype::kF32}});
  CHECK(Show(Build(kPlain, table, "a", "c")) ==
        "RR505 `` stack.w would hold F32 and F16 (layers.1.w is F16)");
}

const char* kWords =
    "axes: {H: h}\nlayouts: {a: {}, b: {}, c: {}}\n"
    "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}, b: {y: {is: H, add: 1}}, "
    "c: {z: {is: H, add: 1, cast: F32}}}}}\n";

TEST_CASE("value words: applied, undone, cancelled") {
  CHECK(Show(Build(kWords, KeysOf({{"x", {3}}}), "a", "b")) ==
        "y F32 [3]\nx -> y 0>0 3:1>1 add 1\n");
  CHECK(Show(Build(kWords, KeysOf({{"y", {3}}}), "b", "a")) ==
        "x F32 [3]\ny -> x 0>0 3:1>1 add -1\n");
  CHECK(Show(Build(kWords, KeysOf({{"y", {3}}}), "b", "c")) == "z F32 [3]\ny -> z 0>0 3:1>1\n");
  CHECK(Show(Build(kWords, KeysOf({{"y", {3}}}, Dtype::kBF16), "b", "c")) ==
        "z F32 [3]\ny -> z 0>0 3:1>1 cast BF16 to F32\n");
  CHECK(Show(Build(kWords, KeysOf({{"x", {3}}}, Dtype::kI8), "a", "b")) ==
        "RR510 `` x is I8: its values cannot be changed");
}

TEST_CASE("layers that the destination has no place for are lost only when that is allowed") {
  const std::string text =
      "axes: {L: N + M, N: n, M: m, H: h}\n"
      "layouts:\n"
      "  full: {place: {L: 'layers.{L}.'}}\n"
      "  less: {partial: no MTP, refine: {L: '{N | M}'}, place: {L: 'main.{N}.'}}\n"
      "blocks:\n"
      "  x: {tensors: {w: L H}, layouts: {full: {'{L}w': H}, less: {'{L}w': H}}}\n";
  std::vector<FoundKey> keys;
  for (const char* name : {"layers.0.w", "layers.1.w", "layers.2.w"}) {
    keys.push_back({name, std::vector<int64_t>{5}, Dtype::kF32});
  }
  const Sizes sizes = {{"N", 2}, {"M", 1}};
  const Built refused = Build(text, MakeKeyTable(keys), "full", "less", sizes);
  CHECK_FALSE(refused.conversion.has_value());
  CHECK(refused.findings == "RR502 `less` layout `less` does not hold layers.2.w");
  ConversionOptions options;
  options.allow_partial = true;
  const Built allowed = Build(text, MakeKeyTable(keys), "full", "less", sizes, options);
  REQUIRE(allowed.conversion.has_value());
  CHECK(allowed.conversion->left_out == std::vector<std::string>{"layers.2.w"});
  CHECK(allowed.conversion->graph.destinations.size() == 2);
}

TEST_CASE("what --only leaves out is said") {
  const std::string text =
      "axes: {L: n, H: h}\nlayouts: {a: {}, b: {}}\n"
      "blocks: {x: {tensors: {w: L H}, layouts: {a: {'w.{L}': H}, b: {'v.{L}': H}}}}\n";
  std::vector<FoundKey> keys;
  for (const char* name : {"w.0", "w.1", "w.2"}) {
    keys.push_back({name, std::vector<int64_t>{5}, Dtype::kF32});
  }
  ConversionOptions options;
  options.only = "1";
  const Built built = Build(text, MakeKeyTable(keys), "a", "b", {}, options);
  REQUIRE(built.conversion.has_value());
  CHECK(built.conversion->notes == std::vector<std::string>{"2 tensors are left out by --only"});
}

TEST_CASE("partial layouts and defaults") {
  const char* text =
      "axes: {H: h}\nlayouts: {full: {}, less: {}, none: {partial: it has no bias}}\n"
      "blocks: {n: {tensors: {w: H, bias: H}, layouts: {full: {w: 'w[H]', bias: 'bias[H]'}, "
      "less: {x: 'w[H]', default: {bias: 0.5}}, none: {y: 'w[H]'}}}}\n";
  const KeyTable full = KeysOf({{"w", {2}}, {"bias", {2}}});
  CHECK(Show(Build(text, full, "full", "none")) ==
        "RR502 `none` layout `none` does not hold n.bias (it has no bias)");
  ConversionOptions options;
  options.allow_partial = true;
  const Built partial = Build(text, full, "full", "none", {}, options);
  CHECK(Show(partial) == "y F32 [2]\nw -> y 0>0 2:1>1\n");
  CHECK(partial.conversion->left_out == std::vector<std::string>{"n.bias (it has no bias)"});
  // Of the bias the source has nothing at all: the destination has none either.
  const Built without = Build(text, KeysOf({{"y", {2}}}), "none", "full");
  CHECK(Show(without) == "w F32 [2]\ny -> w 0>0 2:1>1\n");
  CHECK(without.conversion->notes ==
        std::vector<std::string>{"the source has no n.bias, and so the destination"});
  const Built made = Build(text, KeysOf({{"x", {2}}}), "less", "full");
  CHECK(made.conversion->defaulted == std::vector<std::string>{"n.bias = 0.5"});
  std::vector<std::vector<float>> result;
  CHECK(Run(made, {{3, 4}}, &result) == "");
  CHECK(result == std::vector<std::vector<float>>{{3, 4}, {0.5, 0.5}});
}

TEST_CASE(
    "a tensor of which only some is there is refused, one that shares a key with it is kept") {
  const char* text =
      "axes: {L: n, I: i, H: h}\nlayouts: {split: {partial: no up}, fused: {}, stack: {}}\n"
      "blocks: {x: {tensors: {gate: L I H, up: L I H, n: L H}, layouts: {"
      "split: {'gate.{L}': 'gate[I H]', 'n.{L}': 'n[H]'}, "
      "fused: {'gate_up.{L}': '{gate[I] | up[I]} H', 'n.{L}': 'n[H]'}, "
      "stack: {gate: 'gate[L I H]', up: 'up[L I H]', n: 'n[H L]'}}}}\n";
  const KeyTable table =
      KeysOf({{"gate.0", {3, 2}}, {"gate.1", {3, 2}}, {"n.0", {2}}, {"n.1", {2}}});
  const Built stack = Build(text, table, "split", "stack");
  CHECK(stack.findings == "");
  REQUIRE(stack.conversion.has_value());
  CHECK(stack.conversion->graph.destinations.size() == 2);
  CHECK(stack.conversion->notes ==
        std::vector<std::string>{"the source has no x.up, and so the destination"});
  CHECK(Show(Build(text, table, "split", "fused"))
            .starts_with("RR402 `` layout `split` does not hold"));
}

TEST_CASE("within one layout what the source lacks is left out, where that is asked for") {
  const char* text =
      "axes: {L: n, H: h}\nlayouts: {a: {}, b: {like: a}}\n"
      "blocks: {x: {tensors: {w: L H, v: L H}, layouts: {a: {'w.{L}': 'w[H]', 'v.{L}': "
      "'v[H]'}}}}\n";
  const auto rules = GoodRules(text);
  const KeyTable table = KeysOf({{"w.0", {2}}, {"w.1", {2}}, {"v.1", {2}}});
  ConversionOptions options;
  options.only_present = true;
  SourceOptions missing;
  missing.allow_missing = true;
  for (const char* to : {"a", "b"}) {
    CAPTURE(to);
    Diagnostics diagnostics;
    const auto source =
        BindSource(*rules, *rules->FindLayout("a"), Config(), {}, table, missing, &diagnostics);
    REQUIRE(source.has_value());
    const auto conversion =
        BuildConversion(*source, table, *rules->FindLayout(to), options, &diagnostics);
    CHECK(conversion.has_value() == (to[0] == 'a'));
    if (!conversion) continue;
    std::string keys;
    for (const GraphTensor& tensor : conversion->graph.destinations) keys += tensor.key + " ";
    CHECK(keys == "w.0 w.1 v.1 ");
  }
}

TEST_CASE("sizes of which only a product is known: fine where both store it alike") {
  const char* text =
      "axes: {G: g, D: d, H: h}\nlayouts: {a: {}, b: {}, c: {}}\n"
      "blocks: {x: {tensors: {q: G D H}, layouts: {a: {q: '(G D) H'}, b: {q.weight: '(G D) H'}, "
      "c: {q: '(D G) H'}}}}\n";
  const KeyTable table = KeysOf({{"q", {12, 5}}});
  CHECK(Show(Build(text, table, "a", "b")) == "q.weight F32 [12, 5]\nq -> q.weight 0>0 60:1>1\n");
  CHECK(Show(Build(text, table, "a", "c"))
            .starts_with("RR404 `q` the shape of q needs G, which is unknown"));
  CHECK(Show(Build(text, table, "a", "c", {{"G", 3}})).starts_with("q F32 [12, 5]\n"));
}

TEST_CASE("a default stands in only for what is not there") {
  const char* text =
      "axes: {H: h}\nlayouts: {a: {}, b: {}}\n"
      "blocks: {n: {tensors: {w: H, bias: H}, layouts: {b: {x: 'w[H]', y: 'bias[H]'}, "
      "a: {'one of': {with: {w: 'w[H]', bias: 'bias[H]'}, without: {v: 'w[H]'}}, default: {bias: "
      "0}}}}}\n";
  const Built with = Build(text, KeysOf({{"w", {2}}, {"bias", {2}}}), "a", "b");
  CHECK(Show(with) == "x F32 [2]\ny F32 [2]\nw -> x 0>0 2:1>1\nbias -> y 0>0 2:1>1\n");
  CHECK(with.conversion->defaulted.empty());
  const Built without = Build(text, KeysOf({{"v", {2}}}), "a", "b");
  REQUIRE(without.conversion.has_value());
  CHECK(without.conversion->defaulted == std::vector<std::string>{"n.bias = 0"});
}

TEST_CASE("a tied copy is compared, also with what moves as a whole, and is not written") {
  const char* text =
      "axes: {V: v, H: h}\nlayouts: {a: {}, b: {like: a}, c: {}}\n"
      "blocks: {e: {tensors: {w: V H}, layouts: {a: {embed: V H, head: {is: V H, tied: yes}}, "
      "c: {table: H V}}}}\n";
  const KeyTable both = KeysOf({{"embed", {3, 2}}, {"head", {3, 2}}});
  for (const char* to : {"b", "c"}) {
    CAPTURE(to);
    const Built built = Build(text, both, "a", to);
    std::vector<std::vector<float>> result;
    CHECK(Run(built, {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}}, &result) == "");
    CHECK(result.size() == 1);
    result.clear();
    CHECK(Run(built, {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 7}}, &result).starts_with("RR504"));
    CHECK(built.conversion->dropped ==
          std::vector<std::string>{"head (tied: equal to what is stored elsewhere)"});
  }
  CHECK(Show(Build(text, KeysOf({{"embed", {3, 2}}}), "a", "b")) ==
        "embed F32 [3, 2]\nembed -> embed 0>0 6:1>1\n");
}

TEST_CASE("a size that only a default says is in the report, with what follows from it") {
  const char* text =
      "axes: {G: {is: g, default: 2}, D: rows / G, H: h, I: {is: i, default: 7}}\n"
      "layouts: {a: {}, b: {}}\n"
      "blocks: {e: {tensors: {w: D H}, layouts: {a: {w: D H}, b: {w: H D}}}}\n";
  const auto rules = GoodRules(text);
  const KeyTable table = KeysOf({{"w", {3, 4}}});
  const auto defaulted = [&](Value::Map config) {
    Diagnostics diagnostics;
    const auto source = BindSource(*rules, *rules->FindLayout("a"),
                                   Config(Value(std::move(config))), {}, table, {}, &diagnostics);
    REQUIRE(source);
    const auto conversion =
        BuildConversion(*source, table, *rules->FindLayout("b"), {}, &diagnostics);
    REQUIRE(conversion);
    return conversion->defaulted;
  };
  CHECK(defaulted({{"rows", 6}}) == std::vector<std::string>{"G = 2 (2 by default)"});
  CHECK(defaulted({{"rows", 9}, {"g", 3}}).empty());
}

TEST_CASE("a tied copy that the system stores is written, and need not be there") {
  const char* text =
      "axes: {V: v, H: h}\nlayouts: {a: {}, b: {}}\n"
      "blocks: {e: {tensors: {w: V H}, layouts: {a: {embed: V H}, "
      "b: {embed: V H, head: {is: H V, tied: written}}}}}\n";
  std::vector<std::vector<float>> result;
  CHECK(Run(Build(text, KeysOf({{"embed", {3, 2}}}), "a", "b"), {{1, 2, 3, 4, 5, 6}}, &result) ==
        "");
  CHECK(result == std::vector<std::vector<float>>{{1, 2, 3, 4, 5, 6}, {1, 3, 5, 2, 4, 6}});
  CHECK(Show(Build(text, KeysOf({{"embed", {3, 2}}}), "b", "a")) ==
        "embed F32 [3, 2]\nembed -> embed 0>0 6:1>1\n");
  const Built both = Build(text, KeysOf({{"embed", {3, 2}}, {"head", {2, 3}}}), "b", "a");
  result.clear();
  CHECK(Run(both, {{1, 2, 3, 4, 5, 6}, {1, 3, 5, 2, 4, 6}}, &result) == "");
  result.clear();
  CHECK(Run(both, {{1, 2, 3, 4, 5, 6}, {1, 3, 5, 2, 4, 7}}, &result).starts_with("RR504"));
}

TEST_CASE("copies within a key: written alike, and compared however the key moves") {
  const char* text =
      "axes: {G: g, H: h, T: t}\nlayouts: {a: {}, b: {}, c: {like: b}}\n"
      "blocks: {e: {tensors: {k: G H}, layouts: {a: {k: G H}, b: {kk: (G =T) H}}}}\n";
  const std::map<std::string, int64_t> sizes{{"G", 2}, {"H", 3}, {"T", 2}};
  std::vector<std::vector<float>> result;
  CHECK(Run(Build(text, KeysOf({{"k", {2, 3}}}), "a", "b", sizes), {{1, 2, 3, 4, 5, 6}}, &result) ==
        "");
  const std::vector<float> copied{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6};
  CHECK(result == std::vector<std::vector<float>>{copied});
  const KeyTable both = KeysOf({{"kk", {4, 3}}});
  std::vector<float> other = copied;
  other[10] = 7;
  for (const char* to : {"a", "c"}) {
    CAPTURE(to);
    const Built built = Build(text, both, "b", to, sizes);
    result.clear();
    CHECK(Run(built, {copied}, &result) == "");
    CHECK(result[0] == (to[0] == 'a' ? std::vector<float>{1, 2, 3, 4, 5, 6} : copied));
    CHECK(built.conversion->dropped.empty());
    result.clear();
    CHECK(Run(built, {other}, &result).starts_with("RR504"));
  }
}

// `(T Kt)` is K itself in one layout and another order of K in the other.
TEST_CASE("equal expressions over factors that mean something else are no equal storage") {
  const char* text =
      "axes: {K: k, T: t, Kt: kt}\n"
      "layouts: {a: {refine: {K: T Kt}}, b: {refine: {K: Kt T}}}\n"
      "blocks: {b: {tensors: {w: K}, layouts: {a: {w: (T Kt)}, b: {w: (T Kt)}}}}\n";
  const Built built = Build(text, KeysOf({{"w", {6}}}), "a", "b", {{"K", 6}, {"T", 2}, {"Kt", 3}});
  CHECK(Show(built) == "RR506 `w` axis K of `b.w` is 2 x 3 in `a` and 3 x 2 in `b`");
}

TEST_CASE("keys that both layouts let through") {
  const char* text =
      "axes: {H: h}\nlayouts: {a: {pass: ['vision\\..*'], ignore: {'.*_extra': computed}}, "
      "b: {pass: ['vision\\..*']}, c: {}}\n"
      "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}, b: {y: H}, c: {z: H}}}}\n";
  const KeyTable table = KeysOf({{"x", {2}}, {"vision.9.q", {3, 5}}, {"x_extra", {7}}});
  const Built passed = Build(text, table, "a", "b");
  CHECK(
      Show(passed) ==
      "y F32 [2]\nvision.9.q F32 [3, 5]\nx -> y 0>0 2:1>1\nvision.9.q -> vision.9.q 0>0 15:1>1\n");
  CHECK(passed.conversion->dropped == std::vector<std::string>{"x_extra (computed)"});
  CHECK(Show(Build(text, table, "a", "c")) == "RR502 `` layout `c` has no place for vision.9.q");
  ConversionOptions options;
  options.only = "^y$";
  CHECK(Show(Build(text, table, "a", "b", {}, options)) == "y F32 [2]\nx -> y 0>0 2:1>1\n");
}

TEST_CASE("trees that layouts name differently") {
  const char* text =
      "axes: {H: h}\nlayouts: {a: {pass: {vision: 'model.visual.', sound: 'ears.'}}, b: {like: a, "
      "pass: {vision: 'tower.'}}, c: {pass: ['ears\\..*']}}\n"
      "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}, c: {z: H}}}}\n";
  const KeyTable table = KeysOf({{"x", {2}}, {"model.visual.9.q", {3, 5}}, {"ears.b", {7}}});
  CHECK(Show(Build(text, table, "a", "b")) ==
        "x F32 [2]\ntower.9.q F32 [3, 5]\nears.b F32 [7]\nx -> x 0>0 2:1>1\n"
        "model.visual.9.q -> tower.9.q 0>0 15:1>1\nears.b -> ears.b 0>0 7:1>1\n");
  CHECK(Show(Build(text, KeysOf({{"x", {2}}, {"tower.9.q", {3, 5}}}), "b", "a")) ==
        "x F32 [2]\nmodel.visual.9.q F32 [3, 5]\nx -> x 0>0 2:1>1\n"
        "tower.9.q -> model.visual.9.q 0>0 15:1>1\n");
  CHECK(Show(Build(text, KeysOf({{"x", {2}}, {"ears.b", {7}}}), "a", "c")) ==
        "z F32 [2]\nears.b F32 [7]\nx -> z 0>0 2:1>1\nears.b -> ears.b 0>0 7:1>1\n");
  CHECK(Show(Build(text, table, "a", "c")) ==
        "RR502 `` layout `c` has no place for model.visual.9.q");
}

TEST_CASE("the number in the beginning of a tree stands where the other layout has it") {
  const char* text =
      "axes: {H: h}\nlayouts: {a: {pass: {l: 'v.linear_{}.', n: 'v.norm_{}.'}}, "
      "b: {pass: {n: 't.{}.norm.', l: 't.{}.projection.'}}}\n"
      "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}, b: {x: H}}}}\n";
  CHECK(Show(Build(text, KeysOf({{"x", {2}}, {"v.linear_10.w", {3, 5}}, {"v.norm_3.w", {7}}}), "a",
                   "b")) ==
        "x F32 [2]\nt.10.projection.w F32 [3, 5]\nt.3.norm.w F32 [7]\nx -> x 0>0 2:1>1\n"
        "v.linear_10.w -> t.10.projection.w 0>0 15:1>1\nv.norm_3.w -> t.3.norm.w 0>0 7:1>1\n");
  CHECK(Show(Build(text, KeysOf({{"x", {2}}, {"t.0.projection.w", {3, 5}}}), "b", "a")) ==
        "x F32 [2]\nv.linear_0.w F32 [3, 5]\nx -> x 0>0 2:1>1\n"
        "t.0.projection.w -> v.linear_0.w 0>0 15:1>1\n");
  CHECK(FindingsOf("axes: {H: h}\nlayouts: {a: {pass: {l: 'v.{}.'}}, b: {pass: {l: 't.'}}}\n"
                   "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}, b: {x: H}}}}\n") ==
        "RR105 `t.` the tree `l` has a number `{}` in one layout and none in another");
  CHECK(FindingsOf("axes: {H: h}\nlayouts: {a: {pass: {l: 'v.{}.{}.'}}}\n"
                   "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}}}}\n") ==
        "RR105 `'v.{}.{}.'` the keys of a tree have one number at most");
  CHECK(FindingsOf("axes: {H: h}\nlayouts: {a: {pass: {l: 'v.{}.', one: 'v.1.'}}}\n"
                   "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}}}}\n")
            .starts_with("RR103 `v.1.`"));
}

TEST_CASE("pads are cut and made") {
  const char* text =
      "axes: {V: v, H: h, Vp: free}\nlayouts: {a: {}, b: {}}\n"
      "blocks: {e: {tensors: {w: V H}, layouts: {a: {x: V H}, b: {y: {is: V H, pad: {to: Vp, "
      "check: zero}}}}}}\n";
  const Built made = Build(text, KeysOf({{"x", {3, 2}}}), "a", "b", {{"Vp", 4}});
  CHECK(Show(made) == "y F32 [4, 2]\nx -> y 0>0 3:2>2 2:1>1\n");
  CHECK(made.conversion->notes == std::vector<std::string>{"y: padded with zeros from 3 to 4"});
  const Built cut = Build(text, KeysOf({{"y", {4, 2}}}), "b", "a", {{"V", 3}});
  CHECK(Show(cut) == "x F32 [3, 2]\ny -> x 0>0 3:2>2 2:1>1\n");
  REQUIRE(cut.conversion->known.size() == 1);
  const KnownElements& pad = cut.conversion->known[0];
  CHECK(pad.box == StridedCopy{{{1, 8, 8}, {2, 1, 1}}, 6, 6});
  CHECK(pad.required);
  CHECK(!pad.op);
  CHECK(Show(Build(text, KeysOf({{"y", {4, 2}}}), "b", "a", {{"V", 5}})) ==
        "RR405 `{to: Vp, check: zero}` padding 5 to 4 would cut it");
}

TEST_CASE("what the destination has a default for is known, where it can be compared") {
  const char* text =
      "axes: {G: g, D: d, Two: '2', H: h}\nlayouts: {a: {}, b: {}}\n"
      "blocks: {n: {tensors: {q: G D H, z: G Two D H, s: H}, layouts: {"
      "a: {q: '(G q[D]) H', default: {z: 0, s: 1}}, "
      "b: {qz: '(G {q[D] | z[Two D]}) H', s: {is: 's[H]', add: 1}}}}}\n";
  const Sizes sizes{{"G", 2}, {"D", 3}, {"H", 5}};
  KeyTable stored = KeysOf({{"qz", {18, 5}}, {"s", {5}}});
  stored.keys[1].dtype = Dtype::kBF16;
  const Built left = Build(text, stored, "b", "a", sizes);
  REQUIRE(left.conversion);
  CHECK(left.conversion->left_out.empty());
  CHECK(left.conversion->notes ==
        std::vector<std::string>{"layout `a` does not store n.z, which is 0 there",
                                 "layout `a` does not store n.s, which is 1 there"});
  REQUIRE(left.conversion->known.size() == 2);
  const KnownElements& zeros = left.conversion->known[0];
  CHECK(zeros.box == StridedCopy{{{2, 45, 45}, {2, 15, 15}, {3, 5, 5}, {5, 1, 1}}, 15, 15});
  CHECK(zeros.value == 0);
  CHECK(zeros.required);
  const KnownElements& ones = left.conversion->known[1];
  CHECK(ones.value == 1);
  REQUIRE(ones.op);
  CHECK(Describe(*ones.op) == "add 1, cast F64 to BF16");
  // Codes cannot be compared, and an option leaves out what is something else.
  stored.keys[1].dtype = Dtype::kU8;
  CHECK(Build(text, stored, "b", "a", sizes).findings == "RR502 `a` layout `a` does not hold n.s");
  ConversionOptions partial;
  partial.allow_partial = true;
  const Built any = Build(text, KeysOf({{"qz", {18, 5}}, {"s", {5}}}), "b", "a", sizes, partial);
  REQUIRE(any.conversion);
  CHECK(!any.conversion->known[0].required);
  // Families that know something else are not alike.
  std::string two = text;
  two.replace(two.find("z: 0"), 4, "z: 2");
  stored.keys[1].dtype = Dtype::kBF16;
  const Built other = Build(two, stored, "b", "a", sizes);
  REQUIRE(other.conversion);
  CHECK(SameEffect(*left.conversion, *Build(text, stored, "b", "a", sizes).conversion));
  CHECK(!SameEffect(*left.conversion, *other.conversion));
}

TEST_CASE("a default stands in for nothing where all that is stored of the block is absent") {
  const char* text =
      "axes: {H: h, E: e}\nlayouts: {a: {}, b: {}}\nblocks:\n"
      "  n: {tensors: {w: H}, layouts: {a: {w: H}, b: {w: H}}}\n"
      "  m: {optional: yes, tensors: {v: E H, z: E H}, layouts: {"
      "a: {'v.{E}': 'v[H]', default: {z: 0}}, b: {'v.{E}': 'v[H]', 'z.{E}': 'z[H]'}}}\n";
  CHECK(Show(Build(text, KeysOf({{"w", {2}}}), "a", "b")) == "w F32 [2]\nw -> w 0>0 2:1>1\n");
}

TEST_CASE("sizes that nothing gives are asked for, once") {
  const char* text =
      "axes: {V: v, H: h, Vp: free}\nlayouts: {a: {}, b: {}}\n"
      "blocks: {e: {tensors: {w: V H}, layouts: {a: {x: V H}, b: {y: {is: V H, pad: {to: "
      "Vp}}}}}}\n";
  const Built built = Build(text, KeysOf({{"x", {3, 2}}}), "a", "b");
  CHECK_FALSE(built.conversion.has_value());
  CHECK(built.findings.starts_with("RR404 `y` the shape of y needs V"));
}

// A model of 18,867 tensors: binding and the graph are a small part of a second.
TEST_CASE("many tensors") {
  const char* text =
      "axes: {L: n, E: e, I: i, H: h}\n"
      "layouts: {a: {place: {L: 'model.layers.{L}.'}}, b: {like: a}}\n"
      "blocks: {x: {tensors: {gate: 'L E : I <- H', up: 'L E : I <- H', down: 'L E : H <- I'}, "
      "layouts: {"
      "a: {'{L}experts.{E}.gate': 'gate[I H]', '{L}experts.{E}.up': 'up[I H]', "
      "'{L}experts.{E}.down': 'down[H I]'}, "
      "b: {'{L}gate_up': 'E {gate[I] | up[I]} H', '{L}down': 'down[E H I]'}}}}\n";
  std::vector<std::pair<std::string, std::vector<int64_t>>> keys;
  for (int l = 0; l < 49; ++l) {
    for (int e = 0; e < 128; ++e) {
      for (const char* name : {"gate", "up", "down"}) {
        keys.push_back({fmt::format("model.layers.{}.experts.{}.{}", l, e, name),
                        name[0] == 'd' ? std::vector<int64_t>{2, 3} : std::vector<int64_t>{3, 2}});
      }
    }
  }
  const auto start = std::chrono::steady_clock::now();
  const Built built = Build(text, KeysOf(keys), "a", "b");
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  REQUIRE(built.conversion.has_value());
  CHECK(built.conversion->graph.destinations.size() == 98);
  CHECK(built.conversion->graph.edges.size() == 49 * 128 * 3);
  MESSAGE("seconds: ", taken.count());
  CHECK(taken.count() <
        5);  // a wide margin: this is built without optimisation, and machines are shared
}

}  // namespace
}  // namespace rr
