#include "syntax/yaml_tree.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace rr {
namespace {

struct Parsed {
  SourcePtr source;
  Diagnostics diagnostics;
  std::optional<YamlNode> root;
};

Parsed Parse(std::string text) {
  Parsed parsed;
  parsed.source = KeepSource("x.yaml", std::move(text));
  parsed.root = ParseYaml(parsed.source, &parsed.diagnostics);
  return parsed;
}

std::string Show(const Place& place) {
  const Source::Position begin = place.source->PositionOf(place.begin);
  const Source::Position end = place.source->PositionOf(place.end);
  return fmt::format("{}:{}-{}:{}", begin.line, begin.column, end.line, end.column);
}

// Every finding as "1:5-1:6 code message", one a line.
std::string Faults(const Parsed& parsed) {
  std::string out;
  for (const Diagnostic& found : parsed.diagnostics.all()) {
    out += fmt::format("{} {} {}\n", Show(found.place), InfoOf(found.code).Id(), found.message);
  }
  return out;
}
std::string Faults(std::string text) {
  const Parsed parsed = Parse(std::move(text));
  CHECK(parsed.root.has_value() == parsed.diagnostics.all().empty());
  return Faults(parsed);
}

// The tree on one line: text in quotes, the rest as YAML.
std::string Show(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kText:
      return '"' + node.text.text + '"';
    case YamlNode::Kind::kList:
      for (const YamlNode& item : node.items) out += (out.empty() ? "" : ", ") + Show(item);
      return '[' + out + ']';
    case YamlNode::Kind::kMap:
      for (const YamlMember& member : node.members) {
        out += (out.empty() ? "" : ", ") + member.key.text + ": " + Show(member.value);
      }
      return '{' + out + '}';
  }
  return out;
}
std::string Tree(std::string text) {
  const Parsed parsed = Parse(std::move(text));
  CHECK(Faults(parsed) == "");
  return parsed.root ? Show(*parsed.root) : "";
}

// The scalar under the key `a` of a file.
struct Scalar {
  explicit Scalar(std::string text) : parsed(Parse(std::move(text))) {
    REQUIRE(Faults(parsed) == "");
    node = *parsed.root->Find("a");
  }
  // Where `word`, a part of the value, was written.
  std::string At(std::string_view word) const {
    const size_t begin = node.text.text.find(word);
    REQUIRE(begin != std::string::npos);
    return Show(node.text.PlaceOf(begin, begin + word.size()));
  }
  const std::string& value() const { return node.text.text; }
  std::string place() const { return Show(node.place); }

  Parsed parsed;
  YamlNode node;
};

using Offsets = std::vector<uint32_t>;

TEST_CASE("every scalar is text, but for unquoted nulls") {
  CHECK(Tree("a: no\nb: 1e3\nc: 0o7\nd: .nan\ne: 2020-01-01\n") ==
        R"({a: "no", b: "1e3", c: "0o7", d: ".nan", e: "2020-01-01"})");
  CHECK(Tree("a: null\nb: ~\nc:\nd: 'null'\ne: \"~\"\nf: nullable\n") ==
        R"({a: null, b: null, c: null, d: "null", e: "~", f: "nullable"})");
  CHECK(Tree("- a\n- [b, {c: d}, ]\n-\n- - e\n  - ''\n") ==
        R"(["a", ["b", {c: "d"}], null, ["e", ""]])");
  CHECK(Tree("\"<<\": a\n\"{L}x\": y\n") == R"({<<: "a", {L}x: "y"})");
  CHECK(Tree("%YAML 1.2\n---\na: b\n...\n# end\n") == R"({a: "b"})");
  CHECK(Tree("[a: b, c]") == R"([{a: "b"}, "c"])");
  CHECK(Tree("a") == R"("a")");
}

TEST_CASE("the place of a plain scalar") {
  const Scalar one("# é\nü: 1\na:   L not in x  # comment\n");
  CHECK(one.value() == "L not in x");
  CHECK(one.place() == "3:6-3:16");
  CHECK(one.At("not") == "3:8-3:11");

  const Scalar folded("a: one\n   two  \n\n\n  été three\nb: c\n");
  CHECK(folded.value() == "one two\n\nété three");
  CHECK(folded.place() == "1:4-5:12");
  CHECK(folded.At("two") == "2:4-2:7");
  CHECK(folded.At("one two") == "1:4-2:7");
  CHECK(folded.At("three") == "5:7-5:12");
  CHECK(folded.At("t") == "2:4-2:5");

  const Scalar flow("a: [b, c]\n");
  CHECK(Show(flow.node.items[1].place) == "1:8-1:9");

  const Scalar tiny("a: x\n  y");
  CHECK(tiny.node.text.offsets == Offsets{3, 4, 7, 8});
}

TEST_CASE("the place of a single-quoted scalar") {
  const Scalar quoted("é: 1\na: 'it''s `q` ok'\n");
  CHECK(quoted.value() == "it's `q` ok");
  CHECK(quoted.place() == "2:4-2:18");
  CHECK(quoted.At("'") == "2:7-2:9");
  CHECK(quoted.At("s") == "2:9-2:10");
  CHECK(quoted.At("ok") == "2:15-2:17");

  const Scalar folded("a: 'one  \n\n  two\n three'\n");
  CHECK(folded.value() == "one\ntwo three");
  CHECK(folded.At("two") == "3:3-3:6");
  CHECK(folded.At("three") == "4:2-4:7");
  CHECK(Scalar("a: ''''").node.text.offsets == Offsets{4, 6});
  CHECK(Scalar("a: ''").node.text.offsets == Offsets{4});
}

TEST_CASE("the place of a double-quoted scalar") {
  const Scalar escapes(R"(a: "\x41\u00e9\t\"\U0001F600 b\\c\/" # x)");
  CHECK(escapes.value() == "Aé\t\"😀 b\\c/");
  CHECK(escapes.place() == "1:4-1:37");
  CHECK(escapes.At("A") == "1:5-1:9");
  CHECK(escapes.At("é") == "1:9-1:15");
  CHECK(escapes.At("é\t") == "1:9-1:17");
  CHECK(escapes.At("😀") == "1:19-1:29");
  CHECK(escapes.At("b") == "1:30-1:31");
  CHECK(escapes.At("\\") == "1:31-1:33");
  CHECK(escapes.At("c/") == "1:33-1:36");

  const Scalar continued("a: \"one \\\n      two\\\n  three\n  four\n\n  five \"\n");
  CHECK(continued.value() == "one twothree four\nfive ");
  CHECK(continued.At("two") == "2:7-2:10");
  CHECK(continued.At("three") == "3:3-3:8");
  CHECK(continued.At("twothree") == "2:7-3:8");
  CHECK(continued.At("four") == "4:3-4:7");
  CHECK(continued.At("five ") == "6:3-6:8");
  CHECK(Scalar("a: \"\\\n\n  b\"").node.text.offsets == Offsets{6, 9, 10});
}

TEST_CASE("the place of a literal block scalar") {
  const Scalar block("a: |  # é\n  one\n\n   été x\n  two\n\nb: c\n");
  CHECK(block.value() == "one\n\n été x\ntwo\n");
  CHECK(block.place() == "1:4-5:6");
  CHECK(block.At("one") == "2:3-2:6");
  CHECK(block.At(" été") == "4:3-4:7");
  CHECK(block.At("x") == "4:8-4:9");
  CHECK(block.At("two") == "5:3-5:6");

  const Scalar indented("a: |2-\n    x\n   y\n\n");
  CHECK(indented.value() == "  x\n y");
  CHECK(indented.At("  x") == "2:3-2:6");
  CHECK(indented.At("y") == "3:4-3:5");

  CHECK(Scalar("a: |+\n x\n\n\nb: c").node.text.offsets == Offsets{7, 8, 9, 10, 11});
  CHECK(Scalar("a: |\n x").value() == "x");
  CHECK(Scalar("a: |\n x").node.text.offsets == Offsets{6, 7});
  CHECK(Scalar("a: |\n\nb: c").place() == "1:4-1:5");
}

TEST_CASE("the place of a folded block scalar") {
  const Scalar block("a: >-\n  one\n  two\n\n  three\n   more\n\n  été x\n\n\n");
  CHECK(block.value() == "one two\nthree\n more\n\nété x");
  CHECK(block.place() == "1:4-8:8");
  CHECK(block.At("two") == "3:3-3:6");
  CHECK(block.At("one two") == "2:3-3:6");
  CHECK(block.At("three") == "5:3-5:8");
  CHECK(block.At("more") == "6:4-6:8");
  CHECK(block.At("x") == "8:7-8:8");
  CHECK(Scalar("a: >\n x\n y\n").node.text.offsets == Offsets{6, 7, 9, 10, 11});
  CHECK(Scalar("a: >\n\n  x\n").At("x") == "3:3-3:4");
}

TEST_CASE("line ends of Windows and a byte order mark") {
  const Scalar block(
      "\xEF\xBB\xBF"
      "b: é\r\na: |\r\n  x\r\n  y\r\nc: d\r\n");
  CHECK(block.value() == "x\ny\n");
  CHECK(block.At("y") == "4:3-4:4");
  CHECK(block.place() == "2:4-4:4");
  const Scalar plain("a: x\r\n  y\r\n");
  CHECK(plain.value() == "x y");
  CHECK(plain.At("y") == "2:3-2:4");
  CHECK(plain.place() == "1:4-2:4");
}

TEST_CASE("the place of keys, lists, maps and nulls") {
  const Parsed parsed =
      Parse("\"k\\x41\": [a,\n  {b: c}, # ]\n  ]\nm:\n  n: x\n  o:\n  p: ~\nq: {r: , s: null }\n");
  CHECK(Faults(parsed) == "");
  const auto& members = parsed.root->members;
  CHECK(Show(parsed.root->place) == "1:1-8:19");
  CHECK(members[0].key.text == "kA");
  CHECK(Show(members[0].key.PlaceOf(1, 2)) == "1:3-1:7");
  CHECK(Show(members[0].value.place) == "1:10-3:4");
  CHECK(Show(members[0].value.items[1].place) == "2:3-2:9");
  CHECK(Show(members[1].value.place) == "5:3-7:7");
  CHECK(Show(members[1].value.Find("o")->place) == "6:4-6:4");
  CHECK(Show(members[1].value.Find("p")->place) == "7:6-7:7");
  CHECK(Show(members[2].value.Find("r")->place) == "8:6-8:6");
  CHECK(Show(members[2].value.Find("s")->place) == "8:13-8:17");
  CHECK(parsed.root->Find("none") == nullptr);
}

TEST_CASE("duplicate keys are all reported, and the first value stays") {
  const Parsed parsed = Parse("a: 1\n\"a\": {b: 2, b: 3}\nc: {d: 4, d: 5, d: 6}\na:\n");
  CHECK(Faults(parsed) ==
        "2:1-2:4 RR002 the key `a` stands twice in one map\n"
        "2:13-2:14 RR002 the key `b` stands twice in one map\n"
        "3:11-3:12 RR002 the key `d` stands twice in one map\n"
        "3:17-3:18 RR002 the key `d` stands twice in one map\n"
        "4:1-4:2 RR002 the key `a` stands twice in one map\n");
  CHECK(Show(*parsed.root) == R"({a: "1", c: {d: "4"}})");
  const Note& note = parsed.diagnostics.all()[0].notes.at(0);
  CHECK(note.text == "it stands here first");
  CHECK(Show(note.place) == "1:1-1:2");
}

TEST_CASE("what YAML has and rule files do not") {
  CHECK(Faults("a: &x b\nc: *x\nd: !!str e\n") ==
        "1:4-1:6 RR001 the anchor `&x`: anchors and aliases are refused\n"
        "2:4-2:6 RR001 the alias `*x`: anchors and aliases are refused\n"
        "3:4-3:9 RR001 the tag `!!str`: tags are refused, every value is text\n");
  CHECK(Faults("a: *x") == "1:4-1:5 RR001 an alias: anchors and aliases are refused\n");
  CHECK(Faults("! a") == "1:1-1:2 RR001 the tag `!`: tags are refused, every value is text\n");
  CHECK(Faults("&x {a: b}") == "1:1-1:3 RR001 the anchor `&x`: anchors and aliases are refused\n");
  CHECK(Faults("<<: {a: b}") ==
        "1:1-1:3 RR001 the merge key `<<` is refused; `extends` merges rule files\n");
  CHECK(Faults("[a]: b") == "1:1-1:4 RR001 a list as a key; keys are text\n");
  CHECK(Faults("? a\n: b") == "1:1-1:4 RR001 a key written with `?`; write `key: value`\n");
  CHECK(Faults("~: b") ==
        "1:1-1:2 RR001 a key is missing; put quotes around `null` or `~` where it is meant as "
        "text\n");
  CHECK(Faults(": b") ==
        "1:1-1:1 RR001 a key is missing; put quotes around `null` or `~` where it is meant as "
        "text\n");
  CHECK(Faults("a: b\n---\nc: d\n") ==
        "2:1-2:2 RR001 a second document; a rule file is one YAML document\n");
  CHECK(Faults("- a\nb\n") == "2:1-2:2 RR001 text after the end of the document\n");
  for (const char* empty : {"", "# only a comment\n", "---\n", "...\n", "~\n", " \n\n"}) {
    CHECK(Faults(empty) == "1:1-1:1 RR001 the file holds no YAML document\n");
  }
}

TEST_CASE("slips that YAML would take for something else") {
  CHECK(Faults("a: b\nc\n") == "2:1-2:2 RR001 `c` stands where `key: value` is expected\n");
  CHECK(Faults("{a: b, c}") == "1:8-1:9 RR001 `c` stands where `key: value` is expected\n");
  CHECK(Faults("{a:b}") == "1:2-1:5 RR001 `a:b` stands where `key: value` is expected\n");
  CHECK(Faults("[a, , b]") == "1:5-1:6 RR001 an item is expected before this `,`\n");
  CHECK(Faults("a: {L}x") ==
        "1:5-1:6 RR001 `L` stands where `key: value` is expected\n"
        "1:7-1:8 RR001 expected the next key, indented like the others, or the end of the map\n");
  CHECK(Parse("a: {L}").diagnostics.all().at(0).help ==
        "inside `{ }` put quotes around text with a comma, and a space behind the colon of a key; "
        "text that begins with `{` needs quotes too");
}

TEST_CASE("what is no YAML, at its place") {
  CHECK(Faults("é: 'b' c\n") ==
        "1:8-1:9 RR001 expected the next key, indented like the others, or the end of the map\n");
  CHECK(Faults("a: \"b\"c\n") ==
        "1:7-1:8 RR001 expected the next key, indented like the others, or the end of the map\n");
  CHECK(Faults("a: [b") == "1:6-1:6 RR001 expected `,` or `]`\n");
  CHECK(Faults("a: {b: c") == "1:9-1:9 RR001 expected `,` or `}`\n");
  CHECK(Faults("a: [b]]") == "1:7-1:8 RR001 a closing bracket that nothing opens\n");
  CHECK(Faults("a: b: c") ==
        "1:5-1:6 RR001 a `:` cannot stand here; put quotes around text with `: ` in it\n");
  CHECK(Faults("a: - b") == "1:4-1:5 RR001 a `- ` item cannot stand here\n");
  CHECK(Faults("a: @b") == "1:4-1:5 RR001 text cannot begin with '@'; put quotes around it\n");
  CHECK(Faults("a: 'b") == "1:6-1:6 RR001 quoted text without its closing quote\n");
  CHECK(Faults("a: \"\\q\"") == "1:7-1:8 RR001 not YAML: unknown escape character: q\n");
  CHECK(Faults("a:\n\tb: c\n") ==
        "2:3-2:4 RR001 a tab before the text of a line; indent with spaces\n");
}

TEST_CASE("bytes that are no text") {
  CHECK(Faults(std::string("a: x\0y", 6)) == "1:5-1:6 RR001 a NUL byte; rule files are text\n");
  CHECK(Faults("a: \xE9") == "1:4-1:5 RR001 byte 0xE9 is not UTF-8\n");
  CHECK(Faults("a: \xC0\xAF") == "1:4-1:5 RR001 byte 0xC0 is not UTF-8\n");
  CHECK(Faults("a: \xE0\x80\xAF") == "1:4-1:5 RR001 byte 0xE0 is not UTF-8\n");
  CHECK(Faults("a: \xED\xA0\x80") == "1:4-1:5 RR001 byte 0xED is not UTF-8\n");
  CHECK(Faults("a: \xF4\x90\x80\x80") == "1:4-1:5 RR001 byte 0xF4 is not UTF-8\n");
  CHECK(Faults("\xFE\xFF\0a") ==
        "1:1-1:1 RR001 the file is UTF-16 or UTF-32; rule files are UTF-8\n");
  CHECK(Faults("a: \x04") ==
        "1:4-1:5 RR001 a control character (U+0004); inside double quotes it can be written as "
        "`\\x04`\n");
  CHECK(Faults("a:\rb") ==
        "1:3-1:4 RR001 a carriage return that no line feed follows; end lines with a line feed\n");
  CHECK(Faults("a: \"\\0\"") == "1:4-1:8 RR001 the text has a NUL character (`\\0`) in it\n");
  CHECK(Faults(std::string(1'000'001, '#')) ==
        "1:1-1:1 RR001 the file has 1,000,001 bytes; a rule file has at most 1,000,000\n");
}

TEST_CASE("nesting is bounded, however it is written") {
  CHECK(Faults(std::string(32, '[') + std::string(32, ']')) == "");
  for (const char* opening : {"[", "{", "- ", "? ", "[a, ", "{a: ", "[{a: "}) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += opening;
    const Parsed parsed = Parse(text);
    CHECK_FALSE(parsed.root);
    CHECK(parsed.diagnostics.all().at(0).message == "lists and maps are nested deeper than 32");
  }
}

TEST_CASE("a hostile file gets ten findings, not 50,000") {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += fmt::format("x{}: &x{} y\n", i, i);
  CHECK(Parse(text).diagnostics.all().size() == 10);
}

TEST_CASE("the collected bad files") {
  const std::pair<const char*, const char*> kFiles[] = {
      {"e_billion_laughs", "the anchor `&a0`: anchors and aliases are refused"},
      {"e_huge_int", ""},
      {"e_not_utf8", "byte 0xE9 is not UTF-8"},
      {"e_nul", "a NUL byte; rule files are text"},
      {"e_only_comment", "the file holds no YAML document"},
      {"e_self_alias_map", "the anchor `&m`: anchors and aliases are refused"},
      {"e_two_documents", "a second document; a rule file is one YAML document"},
      {"e_utf16", "the file is UTF-16 or UTF-32; rule files are UTF-8"},
  };
  for (const auto& [file_name, message] : kFiles) {
    const std::string name = file_name;  // clang 14 captures no structured binding
    CAPTURE(name);
    std::ifstream file(fmt::format("{}/tests/badinput/yaml/{}.yaml", RULE_RUNNER_SOURCE_DIR, name),
                       std::ios::binary);
    REQUIRE(file);
    const Parsed parsed = Parse(std::string(std::istreambuf_iterator<char>(file), {}));
    CHECK(parsed.root.has_value() == std::string_view(message).empty());
    if (!parsed.root) CHECK(parsed.diagnostics.all().at(0).message == message);
  }
}

}  // namespace
}  // namespace rr
