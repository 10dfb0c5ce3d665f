#include "check/derive_adapters.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/toy_adapters.h"

namespace rr {
namespace {

// A family of one block over layers of 3 experts, with one layout `w`.
std::string Family(const std::string& tensors, const std::string& table,
                   const std::string& layout = "place: {L: 'x.{L}.'}") {
  return "axes: {L: l, E: e, G: g, Q: q, D: d, I: i, H: h, V: v, Vp: free, D2: d2, Two: 2}\n"
         "layouts: {w: {" +
         layout +
         "}}\n"
         "blocks: {b: {tensors: {" +
         tensors + "}, layouts: {w: {" + table + "}}}}\n";
}
std::string Style(const std::string& modules, const std::string& more = "") {
  return "rule-runner: 1\nstyles: {s: {base: w, " + more + "modules: [" + modules + "]}}\n";
}
std::string Derived(const std::string& family, const std::string& styles) {
  Diagnostics diagnostics;
  const RulesOf rules = AdaptersOf(family, styles, &diagnostics);
  return diagnostics.HasErrors() ? Findings(diagnostics) : EntriesOf(*rules, "s");
}

const char* kPlain = "{of: '(.*)', keys: {'\\1.A': R IN, '\\1.B': OUT R}}";

TEST_CASE("a pair for each linear: input is A's, output is B's, the rest is saved whole") {
  CHECK(EntriesOf(*GoodAdapters(), "pair") ==
        "{p}{m}layers.{L}.experts.{E}.gate.lora_A.weight = R gate.A[H] [R, H]\n"
        "{p}{m}layers.{L}.experts.{E}.gate.lora_B.weight = gate.B[I] R [I, R]\n"
        "{p}{m}layers.{L}.experts.{E}.gate.lora_B.bias = gate.bias[I] [I]\n"
        "{p}{m}layers.{L}.experts.{E}.gate.lora_magnitude_vector = gate.m[I] [I]\n"
        "{p}{m}layers.{L}.experts.{E}.gate.weight = gate[I H] [I, H]\n"
        "{p}{m}layers.{L}.experts.{E}.up.lora_A.weight = R up.A[H] [R, H]\n"
        "{p}{m}layers.{L}.experts.{E}.up.lora_B.weight = up.B[I] R [I, R]\n"
        "{p}{m}layers.{L}.experts.{E}.up.lora_B.bias = up.bias[I] [I]\n"
        "{p}{m}layers.{L}.experts.{E}.up.lora_magnitude_vector = up.m[I] [I]\n"
        "{p}{m}layers.{L}.experts.{E}.up.weight = up[I H] [I, H]\n"
        "{p}{m}layers.{L}.experts.{E}.down.lora_A.weight = R down.A[I] [R, I]\n"
        "{p}{m}layers.{L}.experts.{E}.down.lora_B.weight = down.B[H] R [H, R]\n"
        "{p}{m}layers.{L}.experts.{E}.down.lora_B.bias = down.bias[H] [H]\n"
        "{p}{m}layers.{L}.experts.{E}.down.lora_magnitude_vector = down.m[H] [H]\n"
        "{p}{m}layers.{L}.experts.{E}.down.weight = down[H I] [H, I]\n"
        "{p}{m}layers.{L}.q.lora_A.weight = R q.A[H] [R, H]\n"
        "{p}{m}layers.{L}.q.lora_B.weight = q.B[Q] R [Q, R]\n"
        "{p}{m}layers.{L}.q.lora_B.bias = q.bias[Q] [Q]\n"
        "{p}{m}layers.{L}.q.lora_magnitude_vector = q.m[Q] [Q]\n"
        "{p}{m}layers.{L}.q.weight = q[Q H] [Q, H]\n"
        "{p}{m}layers.{L}.v.lora_A.weight = R v.A[H] [R, H]\n"
        "{p}{m}layers.{L}.v.lora_B.weight = v.B[V] R [V, R]\n"
        "{p}{m}layers.{L}.v.lora_B.bias = v.bias[V] [V]\n"
        "{p}{m}layers.{L}.v.lora_magnitude_vector = v.m[V] [V]\n"
        "{p}{m}layers.{L}.v.weight = v[V H] [V, H]\n"
        "{p}{m}layers.{L}.norm.weight = n[H] [H]\n"
        "{p}{m}layers.{L}.q.bias = q_bias[Q] [Q]\n"
        "{p}{m}layers.{L}.v.bias = v_bias[V] [V]\n");
}

TEST_CASE("experts folded into the rank: A expert-major, B rank-major, one A for two parts") {
  CHECK(EntriesOf(*GoodAdapters(), "folded") ==
        "{p}{m}layers.{L}.experts.gate_up.lora_A.weight = (E R) H [E*R, H]\n"
        "{p}{m}layers.{L}.experts.gate_up.lora_B.weight = {gate.B[I] | up.B[I]} (R E) [2*I, E*R]\n"
        "{p}{m}layers.{L}.experts.gate_up = E {gate[I] | up[I]} H [E, 2*I, H]\n"
        "{p}{m}layers.{L}.experts.down.lora_A.weight = (E R) down.A[I] [E*R, I]\n"
        "{p}{m}layers.{L}.experts.down.lora_B.weight = down.B[H] (R E) [H, E*R]\n"
        "{p}{m}layers.{L}.experts.down = down[E H I] [E, H, I]\n"
        "{p}{m}layers.{L}.qv.lora_A.weight = R H [R, H]\n"
        "{p}{m}layers.{L}.qv.lora_B.weight = {q.B[Q] | v.B[V]} R [Q + V, R]\n"
        "{p}{m}layers.{L}.qv.lora_B.bias = {q.bias[Q] | v.bias[V]} [Q + V]\n"
        "{p}{m}layers.{L}.qv.lora_magnitude_vector = {q.m[Q] | v.m[V]} [Q + V]\n"
        "{p}{m}layers.{L}.qv.weight = {q[Q] | v[V]} H [Q + V, H]\n"
        "{p}{m}layers.{L}.norm.weight = n[H] [H]\n"
        "{p}{m}layers.{L}.qv.bias = {q_bias[Q] | v_bias[V]} [Q + V]\n");
}

TEST_CASE("a file's A over the output is our B, by the dimensions and not by the name") {
  const RulesOf rules = GoodAdapters();
  CHECK(EntriesOf(*rules, "direct")
            .starts_with("{p}{m}layers.{L}.experts.gate_up.lora_A.weight = (E R) {gate.B[I] | "
                         "up.B[I]} [E*R, 2*I]\n"
                         "{p}{m}layers.{L}.experts.gate_up.lora_B.weight = H (R E) [H, E*R]\n"));
  CHECK(EntriesOf(*rules, "blocked").find("down.lora_B.weight = down.B[H] (E R) [H, E*R]\n") !=
        std::string::npos);
}

TEST_CASE("BATCH: the batch dimensions that the weight stores, one by one") {
  CHECK(EntriesOf(*GoodAdapters(), "stacked") ==
        "stack.gate.lora_a = gate.A[E] gate.A[L] gate.A[H] R [E, L, H, R]\n"
        "stack.gate.lora_b = gate.B[E] gate.B[L] R gate.B[I] [E, L, R, I]\n"
        "stack.up.lora_a = up.A[E] up.A[L] up.A[H] R [E, L, H, R]\n"
        "stack.up.lora_b = up.B[E] up.B[L] R up.B[I] [E, L, R, I]\n"
        "stack.down.lora_a = down.A[E] down.A[L] down.A[I] R [E, L, I, R]\n"
        "stack.down.lora_b = down.B[E] down.B[L] R down.B[H] [E, L, R, H]\n"
        "stack.q.lora_a = q.A[L] q.A[H] R [L, H, R]\n"
        "stack.q.lora_b = q.B[L] R q.B[Q] [L, R, Q]\n"
        "stack.v.lora_a = v.A[L] v.A[H] R [L, H, R]\n"
        "stack.v.lora_b = v.B[L] R v.B[V] [L, R, V]\n");
}

TEST_CASE("alternatives, replicas and parts") {
  const RulesOf rules = GoodAdapters();
  CHECK(EntriesOf(*rules, "sharing") ==
        "{p}{m}layers.{L}.experts.gate.A = R gate.A[H] [R, H] xE\n"
        "{p}{m}layers.{L}.experts.{E}.gate.B = gate.B[I] R [I, R]\n"
        "{p}{m}layers.{L}.experts.up.A = R up.A[H] [R, H] xE\n"
        "{p}{m}layers.{L}.experts.{E}.up.B = up.B[I] R [I, R]\n"
        "1: {p}{m}layers.{L}.experts.{E}.gate.A = R gate.A[H] [R, H]\n"
        "1: {p}{m}layers.{L}.experts.{E}.gate.B = gate.B[I] R [I, R]\n"
        "1: {p}{m}layers.{L}.experts.{E}.up.A = R up.A[H] [R, H]\n"
        "1: {p}{m}layers.{L}.experts.{E}.up.B = up.B[I] R [I, R]\n");
  CHECK(rules->FindLayout("sharing")->partial == "gate and up only");
  CHECK(EntriesOf(*rules, "parts") ==
        "{p}{m}layers.{L}.experts.w1.A = E R H [E, R, H]\n"
        "{p}{m}layers.{L}.experts.w1.B = E gate.B[I] R [E, I, R]\n"
        "{p}{m}layers.{L}.experts.w3.A = E R H [E, R, H]\n"
        "{p}{m}layers.{L}.experts.w3.B = E up.B[I] R [E, I, R]\n");
}

TEST_CASE("a weight that stores one tensor has no parts, whatever the tensor is called") {
  const std::string style = Style(
      "{of: '(.*)fc1', keys: {'\\1up.A': {is: R IN, part: up}, "
      "'\\1up.B': {is: OUT R, part: up}}}, " +
          std::string(kPlain),
      "partial: no gate, ");
  CHECK(Derived(Family("up: \"L : I <- H\", down: \"L : H <- I\"",
                       "'{L}fc1': 'up[I H]', '{L}fc2': 'down[H I]'"),
                style) ==
        "x.{L}.fc2.A = R down.A[I] [R, I]\n"
        "x.{L}.fc2.B = down.B[H] R [H, R]\n");
  CHECK(
      Derived(Family("gate: \"L : I <- H\", up: \"L : I <- H\"", "'{L}fc1': '{gate[I] | up[I]} H'"),
              style) ==
      "x.{L}.up.A = R H [R, H]\n"
      "x.{L}.up.B = up.B[I] R [I, R]\n");
}

TEST_CASE("`*` is every layout; a base that the family lacks is passed over") {
  const RulesOf rules = GoodAdapters();
  CHECK(rules->LayoutNames().size() >= 7);
  for (const char* name : {"factors.split", "factors.fused", "factors.stack"}) {
    CAPTURE(name);
    const CheckedLayout* layout = rules->FindLayout(name);
    REQUIRE(layout != nullptr);
    CHECK(layout->IsInternal());
  }
  CHECK(
      EntriesOf(*rules, "factors.stack")
          .starts_with("stack.gate.kernel:A = gate.A[E] gate.A[L] R gate.A[H] [E, L, R, H]\n"
                       "stack.gate.kernel:B = gate.B[E] gate.B[L] gate.B[I] R [E, L, I, R]\n"
                       "stack.gate.kernel:magnitude = gate.m[E] gate.m[L] gate.m[I] [E, L, I]\n"));
  CHECK_FALSE(rules->FindLayout("pair")->IsInternal());
  CHECK(GoodAdapters(Family("w: 'L : I <- H'", "'{L}w': I H"),
                     "rule-runner: 1\nstyles: {s: {base: gone, modules: []}}\n")
            ->layouts.empty());
}

TEST_CASE("factors know their weight, its key and whether it is a parameter") {
  const RulesOf rules = GoodAdapters();
  const CheckedLayout& folded = *rules->FindLayout("folded");
  CHECK(folded.entries[0].rule->parameter);
  REQUIRE(folded.entries[0].weight.has_value());
  CHECK(folded.entries[0].weight->ToString() == "{m}layers.{L}.experts.gate_up");
  CHECK_FALSE(folded.entries[6].rule->parameter);
  CHECK(folded.entries[6].weight->ToString() == "{m}layers.{L}.qv.weight");
  const auto tensor = [&](const char* name) {
    const int index = rules->FindTensor(name);
    REQUIRE(index >= 0);
    return rules->tensors[static_cast<size_t>(index)];
  };
  CHECK(tensor("experts.gate").factor == Factor::kSaved);
  CHECK(tensor("experts.gate.A").axes == std::vector<std::string>{"L", "E", "R", "H"});
  CHECK(tensor("experts.gate.B").axes == std::vector<std::string>{"L", "E", "I", "R"});
  CHECK(tensor("experts.gate.m").axes == std::vector<std::string>{"L", "E", "I"});
  CHECK(tensor("experts.gate.bias").factor == Factor::kBias);
  CHECK(tensor("experts.down.B").weight == "down");
  CHECK_FALSE(tensor("experts.down.B").optional);
  CHECK(tensor("experts.down.m").optional);
  CHECK(rules->FindTensor("norm.n.A") == -1);  // no linear
  for (const BlockRule& block : rules->file->blocks) CHECK(block.optional);
  CHECK(rules->file->adapters);
  CHECK(SuffixOf(Factor::kMagnitude) == ".m");
  CHECK(SuffixOf(Factor::kSaved) == "");
}

TEST_CASE(
    "several output dimensions are flattened in stored order; groups and gates stay where they "
    "are") {
  CHECK(Derived(Family("q: 'L : G Q D <- H'", "'{L}q': 'q[G D Q H]'"), Style(kPlain)) ==
        "x.{L}.q.A = R q.A[H] [R, H]\n"
        "x.{L}.q.B = (q.B[G] q.B[D] q.B[Q]) R [D*G*Q, R]\n");
  CHECK(
      Derived(
          Family("q: 'L : G Q D <- H', g: 'L : G Q D <- H'", "'{L}q': '(G Q {q[D] | g[D]}) H'"),
          Style(
              "{of: '(.*)q', tensors: [q, g], keys: {'\\1A': R IN, '\\1B': '(G {q[Q D] | g[Q D]}) "
              "R'}}")) ==
      "x.{L}.A = R H [R, H]\n"
      "x.{L}.B = (G {q.B[Q D] | g.B[Q D]}) R [2*D*G*Q, R]\n");
  // `tensors` that the weight does not store just so: the next module counts.
  CHECK(Derived(Family("q: 'L : G Q D <- H'", "'{L}q': '(G Q D) H'"),
                Style("{of: '(.*)q', tensors: [q, g], keys: {'\\1A': R IN}}, " +
                      std::string(kPlain))) ==
        "x.{L}.q.A = R q.A[H] [R, H]\nx.{L}.q.B = q.B[(G Q D)] R [D*G*Q, R]\n");
}

TEST_CASE("a refined side is still that side") {
  CHECK(Derived(Family("q: 'L : Q D <- H'", "'{L}q': '(Q D2 Two) H'",
                       "place: {L: 'x.{L}.'}, refine: {D: Two D2}"),
                Style(kPlain)) ==
        "x.{L}.q.A = R q.A[H] [R, H]\nx.{L}.q.B = q.B[(Q D2 Two)] R [D2*Q*Two, R]\n");
}

TEST_CASE("a padded dimension is padded in the factor that has it, where it lies there") {
  Diagnostics diagnostics;
  const RulesOf rules =
      AdaptersOf(Family("w: 'V <- H'", "w: {is: V H, pad: {to: Vp, check: zero}}", ""),
                 Style("{of: w, keys: {a: R IN, b: R OUT}}"), &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  const CheckedLayout& layout = *rules->FindLayout("s");
  REQUIRE(layout.entries.size() == 2);
  CHECK_FALSE(layout.entries[0].rule->pad.has_value());
  REQUIRE(layout.entries[1].rule->pad.has_value());
  CHECK(layout.entries[1].rule->pad->dim == 1);
  CHECK(layout.entries[1].rule->pad->to.text == "Vp");
}

TEST_CASE("a multiplied weight multiplies B alone") {
  Diagnostics diagnostics;
  const RulesOf rules =
      AdaptersOf(Family("w: 'L : I <- H'", "'{L}w': {is: I H, multiply: 4, back: 0.25}"),
                 Style(kPlain), &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  const CheckedLayout& layout = *rules->FindLayout("s");
  CHECK_FALSE(layout.entries[0].rule->multiply.has_value());
  CHECK(layout.entries[1].rule->multiply.has_value());
}

TEST_CASE("what is stored together with something that no adapter changes has no factors") {
  CHECK(Derived(Family("q: 'L : I <- H', z: L I H, up: 'L : I <- H'",
                       "'{L}w': '{q[I] | z[I]} H', '{L}u': 'up[I H]'"),
                Style(kPlain)) == "x.{L}.u.A = R up.A[H] [R, H]\nx.{L}.u.B = up.B[I] R [I, R]\n");
}

TEST_CASE("the first module that matches counts; tied and dropped keys have no factors") {
  CHECK(Derived(
            Family("w: 'V <- H'", "w: V H, h: {is: V H, tied: yes}, v: {drop: it is computed}", ""),
            Style("{of: w, keys: {a: R IN, b: OUT R}}, {of: '(.*)', keys: {'\\1.A': R IN, '\\1.B': "
                  "OUT R, '\\1': {holds: saved}}}")) ==
        "a = R w.A[H] [R, H]\nb = w.B[V] R [V, R]\nw = w[V H] [V, H]\n");
}

TEST_CASE(
    "RR213: the rank's name, dimensions of both sides or of none, a group that is not there") {
  Diagnostics diagnostics;
  AdaptersOf(
      "axes: {R: r, H: h}\nlayouts: {w: {}}\nblocks: {b: {tensors: {t: R H}, layouts: {w: {t: R "
      "H}}}}\n",
      Style(kPlain), &diagnostics);
  CHECK(Findings(diagnostics) ==
        "RR213 `R` `R` is the rank of adapters: this axis needs another name");
  const std::string family = Family("w: 'L : I D <- H'", "'{L}w': 'I (H D)'");
  CHECK(Derived(family, Style("{of: '(.*)', keys: {'\\1.A': R D1, '\\1.B': D0 R}}"))
            .starts_with("RR213 `D1` D1 of `{L}w` is not all input or all output"));
  CHECK(Derived(Family("w: 'L : I <- H'", "'{L}w': I H"),
                Style("{of: '(.*)', keys: {'\\1.A': R D1, '\\1.B': D0 R, '\\1.C': D0 D1}}"))
            .starts_with("RR213 `D1` D1 of `{L}w` is not all input or all output"));
  CHECK(Derived(Family("w: 'L : I <- H'", "'{L}w': I H"),
                Style("{of: '(.*)', keys: {'\\1.A': R IN, '\\1.B': OUT R, '\\1.r': R}}"))
            .starts_with("RR213 `\\1.r` this key holds neither input nor output dimensions"));
  CHECK(Derived(Family("w: 'L : I <- H'", "'{L}w': I H"),
                Style("{of: '(.*)', keys: {'\\1.A': R IN, '\\2.B': OUT R}}"))
            .starts_with("RR213 `\\2.B` this key asks for a group that `of` does not have"));
}

}  // namespace
}  // namespace rr
