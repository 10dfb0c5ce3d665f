#include "report/render.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace rr {
namespace {

Place At(SourcePtr source, std::string_view text) {
  const auto begin = static_cast<uint32_t>(source->text().find(text));
  return {source, begin, begin + static_cast<uint32_t>(text.size()), {}};
}

SourcePtr MakeSource(std::string text) { return KeepSource("rules/x.yaml", std::move(text)); }

std::string Render(const Diagnostic& diagnostic) { return "\n" + RenderText(diagnostic, {}); }

Diagnostic Unknown(Place place, std::string message = "there is no axis `v`") {
  Diagnostics diagnostics;
  return diagnostics.Add(Code::kUnknownName, std::move(place), std::move(message));
}

TEST_CASE("a finding with its line, its notes and its help") {
  const SourcePtr source = MakeSource("tensors:\n  v: L D\nlayouts:\n  hub: {k: \"v[Q D]\"}\n");
  Diagnostics diagnostics;
  Diagnostic& found = diagnostics.Add(Code::kWrongAxes, At(source, "v[Q D]"),
                                      "`v` is stored over [Q D] but its axes are [D]");
  found.notes.push_back({At(source, "v: L D"), "`v` is declared here"});
  found.notes.push_back({{}, "Q is 4"});
  found.help = "did you mean `k`?";
  CHECK("\n" + RenderText(diagnostics, {}) == R"(
rules/x.yaml:4:13: error: `v` is stored over [Q D] but its axes are [D]  [RR203 wrong-axes]
    4 |   hub: {k: "v[Q D]"}
      |             ^^^^^^
   note: `v` is declared here: rules/x.yaml:2:3
   note: Q is 4
   help: did you mean `k`?
)");
  RenderOptions concise;
  concise.excerpt = false;
  CHECK(RenderText(diagnostics, concise) ==
        "rules/x.yaml:4:13: error: `v` is stored over [Q D] but its axes are [D]  [RR203 "
        "wrong-axes]\n");
}

TEST_CASE("a finding in a file that is no text, and one that is nowhere") {
  CHECK(Render(Unknown(Place::File("model.safetensors"))) ==
        "\nmodel.safetensors: error: there is no axis `v`  [RR202 unknown-name]\n");
  CHECK(Render(Unknown({})) == "\nerror: there is no axis `v`  [RR202 unknown-name]\n");
}

TEST_CASE("the caret stands under text after tabs, wide and combined characters") {
  CHECK(Render(Unknown(At(MakeSource("a:\tv\n"), "v"))) ==
        "\nrules/x.yaml:1:4: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | a:\tv\n"
        "      |   \t^\n");
  CHECK(Render(Unknown(At(MakeSource("é: v\n"), "v"))) ==
        "\nrules/x.yaml:1:4: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | é: v\n"
        "      |    ^\n");
  CHECK(Render(Unknown(At(MakeSource("層: v\n"), "v"))) ==
        "\nrules/x.yaml:1:4: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | 層: v\n"
        "      |     ^\n");
  CHECK(Render(Unknown(At(MakeSource("a: 層層\n"), "層層"))) ==
        "\nrules/x.yaml:1:4: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | a: 層層\n"
        "      |    ^^^^\n");
  CHECK(Render(Unknown(At(MakeSource("e\xCC\x81: v\n"), "v"))) ==
        "\nrules/x.yaml:1:5: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | e\xCC\x81: v\n"
        "      |    ^\n");
}

TEST_CASE("a place over several lines is underlined to the end of its first line") {
  CHECK(Render(Unknown(At(MakeSource("a: one\r\n  two\r\n"), "one\r\n  two"))) ==
        "\nrules/x.yaml:1:4: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | a: one\n"
        "      |    ^^^\n");
}

TEST_CASE("empty places, at the end of a line and of the file, get one caret") {
  const SourcePtr source = MakeSource("a: (b\nc: d");
  CHECK(Render(Unknown({source, 5, 5, {}})) ==
        "\nrules/x.yaml:1:6: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | a: (b\n"
        "      |      ^\n");
  CHECK(Render(Unknown({source, 10, 10, {}})) ==
        "\nrules/x.yaml:2:5: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    2 | c: d\n"
        "      |     ^\n");
  CHECK(Render(Unknown({source, 99, 120, {}})) ==
        "\nrules/x.yaml:2:5: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    2 | c: d\n"
        "      |     ^\n");
  CHECK(Render(Unknown({MakeSource(""), 0, 0, {}})) ==
        "\nrules/x.yaml:1:1: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | \n"
        "      | ^\n");
}

TEST_CASE("a line above 200 columns is cut around the caret") {
  const std::string x(150, 'x');
  const std::string y(150, 'y');
  const auto caret_line = [](size_t spaces) {
    return "      | " + std::string(spaces, ' ') + "^\n";
  };
  CHECK(RenderText(Unknown(At(MakeSource(x + "v" + y), "v")), {}) ==
        "rules/x.yaml:1:151: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | ..." +
            std::string(80, 'x') + "v" + std::string(119, 'y') + "...\n" + caret_line(83));
  CHECK(RenderText(Unknown(At(MakeSource("v" + x + y), "v")), {}) ==
        "rules/x.yaml:1:1: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | v" +
            x + std::string(49, 'y') + "...\n" + caret_line(0));
  CHECK(RenderText(Unknown(At(MakeSource(x + y + "v"), "v")), {}) ==
        "rules/x.yaml:1:301: error: there is no axis `v`  [RR202 unknown-name]\n"
        "    1 | ..." +
            std::string(49, 'x') + y + "v\n" + caret_line(202));
}

TEST_CASE("nothing that a file holds reaches the terminal as a control sequence") {
  const std::string text = "a: \x1b[31m\xFFv\n";
  CHECK(Render(Unknown(At(MakeSource(text), "v"), "there is no axis `\x1b[31m`")) ==
        "\nrules/x.yaml:1:10: error: there is no axis `\xEF\xBF\xBD[31m`  [RR202 unknown-name]\n"
        "    1 | a: \xEF\xBF\xBD[31m\xEF\xBF\xBDv\n"
        "      |          ^\n");
}

TEST_CASE("further lines of a message stand under the first") {
  CHECK(Render(Unknown({}, "one\ntwo")) == "\nerror: one\n   two  [RR202 unknown-name]\n");
  RenderOptions concise;
  concise.excerpt = false;
  CHECK(RenderText(Unknown({}, "one\ntwo"), concise) == "error: one two  [RR202 unknown-name]\n");
}

TEST_CASE("colours") {
  RenderOptions options;
  options.color = true;
  Diagnostic found = Unknown(At(MakeSource("a: v\n"), "v"));
  found.severity = Severity::kWarning;
  found.help = "remove it";
  CHECK(RenderText(found, options) ==
        "\x1b[1mrules/x.yaml:1:4:\x1b[0m \x1b[1;33mwarning:\x1b[0m there is no axis `v`  [RR202 "
        "unknown-name]\n"
        "\x1b[34m    1 |\x1b[0m a: v\n"
        "\x1b[34m      |\x1b[0m    \x1b[1;33m^\x1b[0m\n"
        "   \x1b[1mhelp:\x1b[0m remove it\n");
}

TEST_CASE("the summary counts what there is") {
  Diagnostics diagnostics;
  CHECK(SummaryLine(diagnostics) == "");
  diagnostics.Add(Code::kUnknownName, {}, "x");
  CHECK(SummaryLine(diagnostics) == "1 error");
  diagnostics.Add(Code::kUnknownName, {}, "x");
  diagnostics.Add(Code::kUnknownName, {}, "x").severity = Severity::kWarning;
  CHECK(SummaryLine(diagnostics) == "2 errors and 1 warning");
  diagnostics.Add(Code::kUnknownName, {}, "x").severity = Severity::kNote;
  CHECK(SummaryLine(diagnostics) == "2 errors, 1 warning and 1 note");
}

}  // namespace
}  // namespace rr
