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

}  // namespace
}  // namespace rr
