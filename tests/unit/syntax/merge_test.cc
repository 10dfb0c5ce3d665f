#include "syntax/merge.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

std::string Show(const YamlNode& node) {
  std::string out;
  if (node.IsNull()) return "null";
  if (node.IsText()) return node.text.text;
  if (node.IsList()) {
    for (const YamlNode& item : node.items) out += (out.empty() ? "" : ", ") + Show(item);
    return "[" + out + "]";
  }
  for (const YamlMember& member : node.members) {
    out += (out.empty() ? "" : ", ") + member.key.text + ": " + Show(member.value);
  }
  return "{" + out + "}";
}

// The merged tree without its header fields.
std::string Merged(const std::string& text, const OtherFiles& others = {},
                   const std::string& findings = "") {
  Diagnostics diagnostics;
  const auto merged = MergeText(text, others, &diagnostics);
  CHECK(Findings(diagnostics) == findings);
  if (!merged) return "none";
  YamlNode tree = merged->tree;
  std::erase_if(tree.members, [](const YamlMember& m) {
    return m.key.text == "extends" || m.key.text == "rule-runner";
  });
  return Show(tree);
}

TEST_CASE("maps merge key by key, this file wins, lists are replaced, null removes") {
  CHECK(Merged("{extends: [base], axes: {L: own, X: y}, require: [c], kinds: null}",
               {{"base", "{axes: {L: theirs, H: h}, require: [a, b], kinds: {a: b}}"}}) ==
        "{axes: {L: own, H: h, X: y}, require: [c]}");
  CHECK(Merged("{extends: [base], axes: {L: null}}", {{"base", "{axes: {L: l, H: h}}"}}) ==
        "{axes: {H: h}}");
  CHECK(Merged("{extends: [base], axes: {D: d}}", {{"base", "{axes: {D: {x: 1, y: 2}}}"}}) ==
        "{axes: {D: d}}");
  CHECK(Merged("{axes: {L: null, H: h}}") == "{axes: {H: h}}");
}

TEST_CASE("what describes a base does not describe the file") {
  CHECK(Merged("{extends: [base], family: own}",
               {{"base",
                 "{family: base, about: x, describes: {model_type: [b]}, tests: [t], "
                 "axes: {L: l}}"}}) == "{axes: {L: l}, family: own}");
}

TEST_CASE("several bases: a later one wins over an earlier one") {
  const OtherFiles others = {{"a", "{axes: {L: a, H: a}}"}, {"b", "{axes: {L: b, V: b}}"}};
  CHECK(Merged("{extends: [a, b]}", others) == "{axes: {L: b, H: a, V: b}}");
  CHECK(Merged("{extends: [b, a]}", others) == "{axes: {L: a, V: b, H: a}}");
}

TEST_CASE("null in a file in the middle removes what its base has") {
  const OtherFiles others = {{"base", "{axes: {L: l, H: h}}"},
                             {"middle", "{extends: [base], axes: {L: null}}"}};
  CHECK(Merged("{extends: [middle]}", others) == "{axes: {H: h}}");
  CHECK(Merged("{extends: [middle], axes: {L: again}}", others) == "{axes: {L: again, H: h}}");
}

// Two parts that stand on the same base: the base is below both, so it undoes neither's change.
TEST_CASE("diamonds: a shared base is merged once, below everything that extends it") {
  const OtherFiles others = {{"base", "{axes: {L: base, H: base}}"},
                             {"left", "{extends: [base], axes: {L: left}}"},
                             {"right", "{extends: [base], axes: {V: right}}"}};
  CHECK(Merged("{extends: [left, right]}", others) == "{axes: {L: left, H: base, V: right}}");
  CHECK(Merged("{extends: [right, left]}", others) == "{axes: {L: left, H: base, V: right}}");
  CHECK(Merged("{extends: [left, base]}", others) == "{axes: {L: left, H: base}}");
}

TEST_CASE("diamonds on diamonds are read once each") {
  OtherFiles others = {{"f0", "{axes: {L: l}}"}};
  for (int i = 1; i < 60; ++i) {
    others[fmt::format("f{}", i)] = fmt::format("{{extends: [f{}, f{}]}}", i - 1, i - 1);
  }
  Diagnostics diagnostics;
  const auto merged = MergeText("{extends: [f59]}", others, &diagnostics);
  CHECK(Findings(diagnostics) == "");
  REQUIRE(merged.has_value());
  CHECK(merged->sources.size() == 61);
}

TEST_CASE("the sources, this file first") {
  Diagnostics diagnostics;
  const auto merged =
      MergeText("{extends: [a, b]}", {{"a", "{extends: [b]}"}, {"b", "{axes: {}}"}}, &diagnostics);
  REQUIRE(merged.has_value());
  std::string names;
  for (SourcePtr source : merged->sources) names += source->name() + " ";
  CHECK(names == "test.yaml a.yaml b.yaml ");
}

TEST_CASE("files that cannot be extended") {
  CHECK(Merged("{extends: [nowhere], axes: {L: l}}", {},
               "RR006 `nowhere` there is no rule file `nowhere`") == "{axes: {L: l}}");
  CHECK(Merged("{extends: a}", {{"a", "{}"}}, "RR004 `a` `extends` is a list of families") == "{}");
  CHECK(Merged("{extends: [{a: b}]}", {}, "RR004 `{a: b}` `extends` is a list of families") ==
        "{}");
  CHECK(Merged("{extends: [a], axes: {L: l}}", {{"a", "[x]"}},
               "RR004 `[x]` a rule file is a map") == "{axes: {L: l}}");
}

TEST_CASE("cycles") {
  CHECK(Merged("{extends: [a], axes: {L: l}}",
               {{"a", "{extends: [b], axes: {H: h}}"}, {"b", "{extends: [a], axes: {V: v}}"}},
               "RR006 `a` `a` extends `b` extends itself") == "{axes: {V: v, H: h, L: l}}");
  CHECK(Merged("{extends: [a]}", {{"a", "{extends: [a], axes: {H: h}}"}},
               "RR006 `a` `a` extends itself") == "{axes: {H: h}}");
  // The file itself is not found under its own name.
  CHECK(Merged("{extends: [test]}", {}, "RR006 `test` `test` extends itself") == "{}");
}

TEST_CASE("place is replaced as a whole, only where it is the place of a layout") {
  CHECK(Merged("{extends: [a], layouts: {hub: {place: {L: x}}}}",
               {{"a", "{layouts: {hub: {place: {L: y, M: z}, prefixes: {m: n}}}}"}}) ==
        "{layouts: {hub: {place: {L: x}, prefixes: {m: n}}}}");
  CHECK(
      Merged("{extends: [a], layouts: {place: {about: x}}, blocks: {place: {tensors: {q: x}}}}",
             {{"a", "{layouts: {place: {like: hub}}, blocks: {place: {tensors: {place: y}}}}"}}) ==
      "{layouts: {place: {like: hub, about: x}}, blocks: {place: {tensors: {place: y, q: x}}}}");
}

TEST_CASE("replace starts a layout's table afresh") {
  const OtherFiles others = {
      {"a", "{blocks: {mlp: {tensors: {w: H}, layouts: {hub: {old: H}, other: {o: H}}}}}"}};
  CHECK(
      Merged("{extends: [a], blocks: {mlp: {replace: [hub], layouts: {hub: {new: H}}}}}", others) ==
      "{blocks: {mlp: {tensors: {w: H}, layouts: {hub: {new: H}, other: {o: H}}}}}");
  CHECK(Merged("{extends: [a], blocks: {mlp: {replace: hub}}}", others) ==
        "{blocks: {mlp: {tensors: {w: H}, layouts: {other: {o: H}}}}}");
  CHECK(Merged("{extends: [a], blocks: {mlp: {layouts: {hub: {new: H}}}}}", others) ==
        "{blocks: {mlp: {tensors: {w: H}, layouts: {hub: {old: H, new: H}, other: {o: H}}}}}");
  // Anything else of that name is no word of merging.
  CHECK(Merged("{extends: [a], blocks: {mlp: {tensors: {replace: H}}}}", others) ==
        "{blocks: {mlp: {tensors: {w: H, replace: H}, layouts: {hub: {old: H}, other: {o: H}}}}}");
}

TEST_CASE("replace starts afresh what a block takes over from the one that it is like") {
  const OtherFiles others = {
      {"a",
       "{blocks: {a: {layouts: {hub: {x: H}, other: {o: H}}}, b: {like: a, layouts: {hub: {y: "
       "H}}}}}"},
      {"b", "{extends: [a], blocks: {b: {replace: hub, layouts: {hub: {z: H}}}}}"}};
  CHECK(Merged("{extends: [a], blocks: {b: {replace: [hub], layouts: {hub: {z: H}}}}}", others) ==
        "{blocks: {a: {layouts: {hub: {x: H}, other: {o: H}}}, "
        "b: {layouts: {hub: {z: H}, other: {o: H}}}}}");
  CHECK(
      Merged("{extends: [b], blocks: {b: {replace: [other], layouts: {other: {p: H}}}}}", others) ==
      "{blocks: {a: {layouts: {hub: {x: H}, other: {o: H}}}, "
      "b: {layouts: {hub: {z: H}, other: {p: H}}}}}");
  // The other block keeps what it has.
  CHECK(Merged("{blocks: {a: {layouts: {hub: {x: H}}}, b: {like: a, replace: [hub], layouts: "
               "{hub: {y: H}}}, c: {like: b, layouts: {hub: {z: H}}}}}") ==
        "{blocks: {a: {layouts: {hub: {x: H}}}, b: {layouts: {hub: {y: H}}}, "
        "c: {layouts: {hub: {y: H, z: H}}}}}");
}

TEST_CASE("like: a block that is another one with changes") {
  CHECK(Merged("{blocks: {a: {where: x, tensors: {w: H}}, b: {like: a, where: y}}}") ==
        "{blocks: {a: {where: x, tensors: {w: H}}, b: {where: y, tensors: {w: H}}}}");
  CHECK(Merged("{blocks: {c: {like: b, z: null}, b: {like: a, y: u}, a: {x: t, z: s}}}") ==
        "{blocks: {c: {x: t, y: u}, b: {x: t, z: s, y: u}, a: {x: t, z: s}}}");
  CHECK(Merged("{blocks: {b: {like: nowhere, x: t}}}", {},
               "RR006 `nowhere` there is no block `nowhere`") == "{blocks: {}}");
  CHECK(Merged("{blocks: {a: {like: a, x: t}}}", {}, "RR006 `a` block `a` is like `a`") ==
        "{blocks: {}}");
  CHECK(Merged("{extends: [f], blocks: {b: {like: a, x: own}}}",
               {{"f", "{blocks: {a: {x: t, y: u}}}"}}) ==
        "{blocks: {a: {x: t, y: u}, b: {x: own, y: u}}}");
}

TEST_CASE("a layout that is removed takes its tables and targets along") {
  const OtherFiles others = {
      {"base",
       "{layouts: {a: {x: t}, b: {like: a}}, targets: {s: b, t: {'<5': a, '>=5': b}, u: {weights: "
       "b, bake: rslora}}, blocks: {k: {tensors: {w: L}, layouts: {a: {x: L}, b: {y: L}}}, j: "
       "{where: c}}}"}};
  CHECK(Merged("{extends: [base], layouts: {b: null}}", others) ==
        "{layouts: {a: {x: t}}, targets: {t: {<5: a}, u: {bake: rslora}}, blocks: {k: {tensors: "
        "{w: L}, layouts: {a: {x: L}}}, j: {where: c}}}");
  CHECK(Merged("{extends: [base], layouts: {b: null}, targets: {u: null}, blocks: {k: {layouts: "
               "{b: {z: L}}}}}",
               others) ==
        "{layouts: {a: {x: t}}, targets: {t: {<5: a}}, blocks: {k: {tensors: {w: L}, layouts: {a: "
        "{x: L}, b: {z: L}}}, j: {where: c}}}");
}

TEST_CASE("places stay in the file that a part was written in") {
  Diagnostics diagnostics;
  const auto merged =
      MergeText("{extends: [a], axes: {L: l}}", {{"a", "{axes: {H: h}}"}}, &diagnostics);
  REQUIRE(merged.has_value());
  const YamlNode* axes = merged->tree.Find("axes");
  REQUIRE(axes != nullptr);
  CHECK(axes->Find("H")->place.source->name() == "a.yaml");
  CHECK(axes->Find("L")->place.source->name() == "test.yaml");
}

}  // namespace
}  // namespace rr
