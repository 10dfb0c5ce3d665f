#include <fmt/format.h>

#include "report/excerpt.h"
#include "report/formats.h"

namespace rr {
namespace {

// actions/toolkit, packages/core/src/command.ts: escapeData, escapeProperty.
std::string Escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (property && c == ':') {
      out += "%3A";
    } else if (property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Command(const Diagnostic& d) {
  const CodeInfo& info = InfoOf(d.code);
  const TextRegion region = RegionOf(d.place);
  std::string out =
      fmt::format("::{} ", d.severity == Severity::kNote ? "notice" : NameOf(d.severity));
  if (!region.file.empty()) out += fmt::format("file={},", Escaped(region.file, true));
  if (region.line > 0) {
    out += fmt::format("line={},endLine={},", region.line, region.end_line);
    if (region.line == region.end_line)
      out += fmt::format("col={},endColumn={},", region.column, region.end_column);
  }
  out += fmt::format("title={}::", Escaped(fmt::format("{} {}", info.Id(), info.name), true));
  std::string text = d.message;
  for (const Note& note : d.notes) text += "\nnote: " + note.text;
  if (!d.help.empty()) text += "\nhelp: " + d.help;
  return out + Escaped(Printable(text), false) + "\n";
}

}  // namespace

std::string RenderGithub(const Diagnostics& diagnostics) {
  std::string out;
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kNote}) {
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == severity) out += Command(d);
    }
  }
  return out;
}

}  // namespace rr
