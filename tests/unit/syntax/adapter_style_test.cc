#include "syntax/adapter_style.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

struct Parsed {
  std::vector<AdapterStyle> styles;
  std::string findings;
};

Parsed Parse(const std::string& styles) {
  Parsed parsed;
  Diagnostics diagnostics;
  const auto tree =
      ParseYaml(KeepSource("styles.yaml", "rule-runner: 1\nstyles:\n" + styles), &diagnostics);
  if (tree) parsed.styles = ParseAdapterStyles(*tree, &diagnostics);
  parsed.findings = Findings(diagnostics);
  return parsed;
}

// Per variant its name and the regexes of its modules, in the order in which they are tried.
std::string Variants(const AdapterStyle& style) {
  std::string out;
  for (const AdapterVariant& variant : style.variants) {
    out += variant.name.text + ":";
    for (const AdapterModule& module : variant.modules) out += " " + module.of.text;
    out += "; ";
  }
  return out;
}

TEST_CASE("every field of a style") {
  const Parsed parsed = Parse(
      "  s:\n"
      "    about: what it is\n"
      "    base: [a, b]\n"
      "    prefixes: {p: [x., '']}\n"
      "    let: {X: D2, Fold: (R E)}\n"
      "    rank: tensors\n"
      "    uniform: yes\n"
      "    scaled rank: {axis: E, is: R // top_k, stamp: {scaled: 'true'}}\n"
      "    partial: no experts\n"
      "    marks: [\"stamp == 'a'\", x > 1]\n"
      "    unless: [\"stamp == 'b'\"]\n"
      "    stamp: {stamp: '\"a\"'}\n"
      "    modules:\n"
      "      - of: '(.*)\\.weight'\n"
      "        parameter: yes\n"
      "        tensors: [q, g]\n"
      "        keys:\n"
      "          '{p}\\1.A': {is: R IN, part: q, replicate: [E, L]}\n"
      "          '{p}\\1.B': OUT Fold\n"
      "          '{p}\\1.m': {is: OUT, holds: magnitude}\n"
      "          '{p}\\1.b': {is: OUT, holds: bias}\n"
      "          '{p}\\0': {holds: saved}\n");
  REQUIRE(parsed.findings == "");
  REQUIRE(parsed.styles.size() == 1);
  const AdapterStyle& style = parsed.styles[0];
  CHECK(style.name.text == "s");
  CHECK(style.about == "what it is");
  REQUIRE(style.base.size() == 2);
  CHECK(style.base[1].text == "b");
  REQUIRE(style.prefixes.size() == 1);
  CHECK(style.prefixes[0].second[0].text == "x.");
  REQUIRE(style.let.size() == 2);
  CHECK(ToString(style.let[1].second) == "(R E)");
  CHECK_FALSE(style.config_rank);
  CHECK(style.uniform);
  REQUIRE(style.scaled_rank.has_value());
  CHECK(style.scaled_rank->axis.text == "E");
  CHECK(style.scaled_rank->rank.text().text == "R // top_k");
  CHECK(style.scaled_rank->stamp ==
        std::vector<std::pair<std::string, std::string>>{{"scaled", "true"}});
  CHECK(style.partial == "no experts");
  CHECK(style.marks.size() == 2);
  CHECK(style.unless.size() == 1);
  CHECK(style.stamp == std::vector<std::pair<std::string, std::string>>{{"stamp", "\"a\""}});
  CHECK_FALSE(style.IsInternal());
  REQUIRE(style.variants.size() == 1);
  REQUIRE(style.variants[0].modules.size() == 1);
  const AdapterModule& module = style.variants[0].modules[0];
  CHECK(module.parameter);
  CHECK(module.tensors == std::vector<std::string>{"q", "g"});
  REQUIRE(module.keys.size() == 5);
  CHECK(ToString(module.keys[0].expr) == "R IN");
  CHECK(module.keys[0].part == "q");
  REQUIRE(module.keys[0].replicate.size() == 2);
  CHECK(module.keys[0].replicate[1].text == "L");
  CHECK(module.keys[0].holds == Factor::kNone);
  CHECK(module.keys[2].holds == Factor::kMagnitude);
  CHECK(module.keys[3].holds == Factor::kBias);
  CHECK(module.keys[4].holds == Factor::kSaved);
  CHECK(module.keys[4].expr.empty());
}

TEST_CASE("what a style does not say: the config's rank, each module its own") {
  const Parsed parsed = Parse("  s: {base: '*', modules: [{of: x, keys: {a: R IN}}]}\n");
  REQUIRE(parsed.findings == "");
  const AdapterStyle& style = parsed.styles[0];
  CHECK(style.config_rank);
  CHECK_FALSE(style.uniform);
  CHECK_FALSE(style.scaled_rank.has_value());
  CHECK_FALSE(style.twin_of.has_value());
  CHECK_FALSE(style.partial.has_value());
  CHECK(style.IsInternal());
}

TEST_CASE("like: own modules come first, own names win, marks and stamps are not taken over") {
  const Parsed parsed = Parse(
      "  a:\n"
      "    base: one\n"
      "    prefixes: {p: [x.], w: [y]}\n"
      "    let: {X: D1, Y: D2}\n"
      "    rank: tensors\n"
      "    marks: [t]\n"
      "    stamp: {t: '1'}\n"
      "    modules: [{of: aa, keys: {a: R IN}}]\n"
      "  b:\n"
      "    like: a\n"
      "    base: two\n"
      "    prefixes: {p: [z.]}\n"
      "    let: {X: D2}\n"
      "    twin of: a\n"
      "    modules: [{of: bb, keys: {b: R IN}}]\n"
      "  c: {like: b}\n");
  REQUIRE(parsed.findings == "");
  REQUIRE(parsed.styles.size() == 3);
  const AdapterStyle& b = parsed.styles[1];
  CHECK(b.base[0].text == "two");
  std::string prefixes, let;
  for (const auto& [name, variants] : b.prefixes)
    prefixes += name.text + "=" + variants[0].text + " ";
  for (const auto& [name, expr] : b.let) let += name.text + "=" + ToString(expr) + " ";
  CHECK(prefixes == "w=y p=z. ");
  CHECK(let == "Y=D2 X=D2 ");
  CHECK_FALSE(b.config_rank);
  CHECK(b.marks.empty());
  CHECK(b.stamp.empty());
  CHECK(b.twin_of->text == "a");
  CHECK(Variants(b) == ": bb aa; ");
  CHECK(Variants(parsed.styles[2]) == ": bb aa; ");
  CHECK_FALSE(parsed.styles[2].twin_of.has_value());
}

TEST_CASE("one of: each alternative, then what all have, then what the style is like") {
  const Parsed parsed = Parse(
      "  a: {base: one, modules: [{of: aa, keys: {a: R IN}}]}\n"
      "  b:\n"
      "    like: a\n"
      "    modules: [{of: bb, keys: {b: R IN}}]\n"
      "    one of:\n"
      "      x: [{of: xx, keys: {x: R IN}}]\n"
      "      y: [{of: yy, keys: {y: R IN}}]\n"
      "  c: {like: b, modules: [{of: cc, keys: {c: R IN}}]}\n"
      "  d: {like: b, one of: {z: [{of: zz, keys: {z: R IN}}]}}\n");
  REQUIRE(parsed.findings == "");
  REQUIRE(parsed.styles.size() == 4);
  CHECK(Variants(parsed.styles[1]) == "x: xx bb aa; y: yy bb aa; ");
  CHECK(Variants(parsed.styles[2]) == "x: cc xx bb aa; y: cc yy bb aa; ");
  // Alternatives of its own take the place of those that it would inherit.
  CHECK(Variants(parsed.styles[3]) == "z: zz xx bb aa; ");
}

TEST_CASE("what is wrong, at its place") {
  CHECK(Parse("  s: {modules: []}\n").findings ==
        "RR005 `s` a style needs `base`: the layouts whose weights it adapts");
  CHECK(Parse("  s: {like: t}\n").findings == "RR213 `t` there is no style `t` above");
  CHECK(Parse("  s: {base: b, rank: 8}\n").findings ==
        "RR213 `8` `rank` is `config` or `tensors`: what says which rank was trained");
  CHECK(Parse("  s: {base: b, modules: [{of: x, keys: {k: {is: OUT, holds: norm}}}]}\n").findings ==
        "RR213 `norm` `holds` is `magnitude` (DoRA), `bias` (of B) or `saved` (the weight itself)");
  CHECK(Parse("  s: {base: b, modules: [{of: '(', keys: {k: R IN}}]}\n").findings ==
        "RR105 `(` RE2 refuses this regex: missing ): (");
  CHECK(Parse("  s: {base: b, modules: [{of: x}]}\n").findings ==
        "RR005 `{of: x}` a module needs `of` (a regex of weights) and `keys`");
  CHECK(Parse("  s: {base: b, modules: [{of: x, keys: {k: {part: q}}}]}\n").findings ==
        "RR005 `{part: q}` a factor needs `is`: its dimensions");
  CHECK(Parse("  s: {base: b, modules: [{of: x, keys: {k: 'R ('}}]}\n")
            .findings.starts_with("RR201"));
  CHECK(Parse("  s: {base: b, modulse: []}\n").findings.starts_with("RR003 `modulse`"));
  CHECK(Parse("  s: {base: b, marks: ['1 +']}\n").findings.starts_with("RR301"));
  CHECK(Parse("  s: [b]\n").findings.starts_with("RR004"));
}

TEST_CASE("a style with an error does not take the others with it") {
  const Parsed parsed =
      Parse("  s: {like: t}\n  u: {base: b, modules: [{of: x, keys: {k: R IN}}]}\n");
  REQUIRE(parsed.styles.size() == 1);
  CHECK(parsed.styles[0].name.text == "u");
}

}  // namespace
}  // namespace rr
