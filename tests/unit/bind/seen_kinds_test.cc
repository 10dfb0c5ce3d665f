#include "bind/seen_kinds.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bind/bind_source.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

// Dense layers first, then experts, then layers that predict further: these have experts, too.
const char* kStack = R"(
axes: {L: layers, N: main_layers, Z: dense_layers, E: num_experts, I: i, H: h}
kinds:
  part: {late: L >= N, dense: L < Z, moe: else}
layouts: {hub: {place: {L: "layers.{L}."}}, turned: {place: {L: "layers.{L}."}}}
blocks:
  norm: {where: not late, tensors: {w: L H}, layouts: {hub: {"{L}norm": H}, turned: {"{L}norm": H}}}
  mlp: {where: dense, tensors: {up: "L : I <- H"}, layouts: {hub: {"{L}up": I H}, turned: {"{L}up": H I}}}
  experts:
    where: moe
    tensors: {up: "L E : I <- H"}
    layouts: {hub: {"{L}up.{E}": I H}, turned: {"{L}ups": E H I}}
  join:
    where: late
    optional: yes
    tensors: {w: L H}
    layouts: {hub: {"{L}join": H}, turned: {"{L}join": H}}
  late_norm: {like: norm, where: late, optional: yes}
  late_experts: {like: experts, where: late, optional: yes}
)";

std::vector<std::pair<std::string, std::vector<int64_t>>> KeysOfLayer(int layer,
                                                                      const std::string& kind) {
  const std::string name = "layers." + std::to_string(layer) + ".";
  std::vector<std::pair<std::string, std::vector<int64_t>>> keys{{name + "norm", {3}}};
  if (kind == "dense") keys.push_back({name + "up", {5, 3}});
  for (const char* expert : {"0", "1"}) {
    if (kind == "moe" || kind == "late") keys.push_back({name + "up." + expert, {5, 3}});
  }
  if (kind == "late") keys.push_back({name + "join", {3}});
  return keys;
}

struct Seen {
  std::string findings;
  std::vector<std::string> notes;  // of what was seen
};

Seen See(const std::vector<std::string>& kinds, Value::Map config = {}) {
  std::vector<std::pair<std::string, std::vector<int64_t>>> keys;
  for (size_t i = 0; i < kinds.size(); ++i) {
    for (const auto& key : KeysOfLayer(static_cast<int>(i), kinds[i])) keys.push_back(key);
  }
  const auto rules = GoodRules(kStack);
  Diagnostics diagnostics;
  const auto source = BindSource(*rules, rules->layouts[0], Config(Value(std::move(config))), {},
                                 KeysOf(keys), {}, &diagnostics);
  Seen seen{Findings(diagnostics), {}};
  if (!source) return seen;
  for (const std::string& note : source->notes) {
    if (note.find("seen in the keys") != std::string::npos) seen.notes.push_back(note);
  }
  return seen;
}

using Notes = std::vector<std::string>;

TEST_CASE("which kind a layer is of is seen in its keys, where no config says it") {
  const Seen seen = See({"dense", "dense", "moe", "moe", "moe", "late"});
  CHECK(seen.findings == "");
  CHECK(seen.notes == Notes{"L = 0 to 1 is dense (seen in the keys; the config does not say)",
                            "L = 5 is late (seen in the keys; the config does not say)",
                            "L = 2 to 4 is moe (seen in the keys; the config does not say)"});
  CHECK(See({"moe", "dense", "moe"}).notes ==
        Notes{"L = 1 is dense (seen in the keys; the config does not say)",
              "L = 0 and 2 is moe (seen in the keys; the config does not say)"});
}

TEST_CASE("what the config says is not seen, and contradicts the keys where they differ") {
  const Value::Map config{{"main_layers", 3}, {"dense_layers", 1}};
  CHECK(See({"dense", "moe", "moe"}, config).notes.empty());
  CHECK(See({"dense", "moe", "moe"}, config).findings == "");
  CHECK(See({"dense", "dense", "moe"}, config).findings.find("RR401") != std::string::npos);
  // Half of it: where the experts begin. Only the last layers are open.
  CHECK(See({"dense", "moe", "late"}, {{"main_layers", 2}}).notes ==
        Notes{"L = 0 is dense (seen in the keys; the config does not say)",
              "L = 1 is moe (seen in the keys; the config does not say)"});
}

TEST_CASE("a layer that could be of two kinds is of neither") {
  // Of layer 1 there is only the norm: as a dense one it lacks a block, and as one with experts.
  CHECK(See({"dense", "none", "moe"}).findings.find("RR404") == 0);
}

TEST_CASE("a kind that no key shows stays unknown") {
  const auto rules = GoodRules(
      "axes: {L: layers, H: h}\nkinds: {part: {a: 'attribute[L]', b: else}}\n"
      "layouts: {hub: {}, turned: {}}\n"
      "blocks:\n"
      "  one: {where: a, tensors: {w: L H}, layouts: {hub: {'n.{L}': H}, turned: {'n.{L}': H}}}\n"
      "  two: {where: b, tensors: {w: L H}, layouts: {hub: {'n.{L}': H}, turned: {'n.{L}': H}}}\n");
  Diagnostics diagnostics;
  CHECK(!BindSource(*rules, rules->layouts[0], Config(), {}, KeysOf({{"n.0", {3}}}), {},
                    &diagnostics));
  CHECK(Findings(diagnostics).find("RR404") == 0);
}

// What was seen, and how large `axis` came out.
std::pair<Notes, std::optional<int64_t>> SeeOf(
    const std::string& text, const std::vector<std::pair<std::string, std::vector<int64_t>>>& keys,
    const std::string& axis) {
  const auto rules = GoodRules(text);
  Diagnostics diagnostics;
  const auto source =
      BindSource(*rules, rules->layouts[0], Config(), {}, KeysOf(keys), {}, &diagnostics);
  CHECK(Findings(diagnostics) == "");
  if (!source) return {};
  Notes seen;
  for (const std::string& note : source->notes) {
    if (note.find("seen in the keys") != std::string::npos) seen.push_back(note);
  }
  return {seen, source->model->SizeOf(axis)};
}

TEST_CASE("an index is seen by the parts that a layout makes of it") {
  const char* rules =
      "axes: {N: main_layers, M: late_layers, L: N + M, H: h}\n"
      "kinds: {part: {a: 'attribute[L]', b: else}}\n"
      "layouts: {hub: {refine: {L: '{N | M}'}, place: {L: {'main.{N}.': '', 'late.{M}.': ''}}}}\n"
      "blocks:\n"
      "  one: {where: a, tensors: {w: L H}, layouts: {hub: {'{L}one': H}}}\n"
      "  two: {where: b, tensors: {w: L H}, layouts: {hub: {'{L}two': H}}}\n";
  CHECK(SeeOf(rules, {{"main.0.two", {3}}, {"main.1.one", {3}}, {"late.0.two", {3}}}, "L") ==
        std::pair{Notes{"L = 1 is a (seen in the keys; the config does not say)",
                        "L = 0 and 2 is b (seen in the keys; the config does not say)"},
                  std::optional<int64_t>(3)});
}

TEST_CASE("a key that two kinds have tells the sizes of the one that is seen") {
  const char* rules =
      "axes: {L: layers, A: a, B: b}\nkinds: {part: {first: 'attribute[L]', second: else}}\n"
      "layouts: {hub: {}}\n"
      "blocks:\n"
      "  one: {where: first, tensors: {w: L A, x: L A}, layouts: {hub: {'w.{L}': 'w[A]', 'x.{L}': "
      "'x[A]'}}}\n"
      "  two: {where: second, tensors: {w: L B, y: L B}, layouts: {hub: {'w.{L}': 'w[B]', 'y.{L}': "
      "'y[B]'}}}\n";
  const std::vector<std::pair<std::string, std::vector<int64_t>>> keys{
      {"w.0", {5}}, {"y.0", {5}}, {"w.1", {3}}, {"x.1", {3}}};
  CHECK(SeeOf(rules, keys, "A").second == 3);
  CHECK(SeeOf(rules, keys, "B").second == 5);
}

TEST_CASE("a kind of the whole model is seen as well") {
  const char* rules =
      "axes: {L: layers, H: h}\nkinds: {norms: {two_norms: 'attribute == 2', one_norm: else}}\n"
      "layouts: {hub: {}}\n"
      "blocks:\n"
      "  both: {tensors: {v: L H}, layouts: {hub: {'v.{L}': H}}}\n"
      "  two: {where: two_norms, tensors: {a: L H, b: L H}, layouts: {hub: {'a.{L}': 'a[H]', "
      "'b.{L}': 'b[H]'}}}\n"
      "  one: {where: one_norm, tensors: {c: L H}, layouts: {hub: {'c.{L}': H}}}\n";
  CHECK(SeeOf(rules, {{"v.0", {3}}, {"a.0", {3}}, {"b.0", {3}}}, "L").first ==
        Notes{"the model is two_norms (seen in the keys; the config does not say)"});
  CHECK(SeeOf(rules, {{"v.0", {3}}, {"c.0", {3}}}, "L").first ==
        Notes{"the model is one_norm (seen in the keys; the config does not say)"});
}

}  // namespace
}  // namespace rr
