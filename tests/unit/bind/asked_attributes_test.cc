#include "bind/asked_attributes.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "syntax/adapter_style.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

TEST_CASE("what rules and styles name of a config is asked for; axes and kinds are not") {
  Diagnostics diagnostics;
  const std::optional<RuleFile> file = ParseText(WithHeader(R"yaml(
axes:
  L: layers ?? depth
  H: {is: rope.width, default: 3}
  G: {full: "groups[L]", other: heads}
  V: {free: "ceil_div(vocab, 8)"}
kinds: {attention: {full: L in full_layers, other: else}}
layouts: {hub: {place: {L: "l{L}."}, require: [even == 2]}}
require: [whole]
blocks:
  norm:
    where: full
    tensors: {w: L G H}
    layouts: {hub: {"{L}w": {is: G H, add: shift, pad: {to: "H + more"}}}}
  head: {where: not tied, tensors: {h: V}, layouts: {hub: {h: V}}}
)yaml"),
                                                 &diagnostics);
  REQUIRE(file.has_value());
  const std::optional<YamlNode> tree =
      ParseYaml(KeepSource("styles.yaml",
                           "rule-runner: 1\nstyles: {s: {base: hub, scaled rank: {axis: E, is: R "
                           "// topk, stamp: {a: \"1\"}}}}"),
                &diagnostics);
  std::vector<StylePtr> styles;
  for (AdapterStyle& style : ParseAdapterStyles(*tree, &diagnostics))
    styles.push_back(std::make_shared<AdapterStyle>(std::move(style)));
  CHECK(Findings(diagnostics) == "");
  const std::set<std::string> expected{"architectures", "depth",  "even",
                                       "full_layers",   "groups", "heads",
                                       "layers",        "more",   "quantization_config",
                                       "rope.width",    "shift",  "tied",
                                       "topk",          "vocab",  "whole"};
  CHECK(AskedAttributes(*file, styles) == expected);
}

}  // namespace
}  // namespace rr
