#include "report/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "report/excerpt.h"

namespace rr {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kBlue = "\x1b[34m";
constexpr std::string_view kReset = "\x1b[0m";

std::string_view ColorOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "\x1b[1;31m";
    case Severity::kWarning:
      return "\x1b[1;33m";
    default:
      return "\x1b[1;36m";
  }
}

class Painter {
 public:
  explicit Painter(bool color) : color_(color) {}
  std::string operator()(std::string_view style, std::string_view text) const {
    return color_ ? fmt::format("{}{}{}", style, text, kReset) : std::string(text);
  }

 private:
  bool color_;
};

// "rules/x.yaml:31:64", a file's name, or "".
std::string TextOf(const Place& place) {
  if (place.source == nullptr) return Printable(place.file);
  const Source::Position position = place.source->PositionOf(place.begin);
  return fmt::format("{}:{}:{}", Printable(place.source->name()), position.line, position.column);
}

// Further lines of a message stand under its first, or behind it where one line is asked for.
std::string Lines(std::string_view text, std::string_view line_break) {
  std::string out;
  for (const char c : Printable(text)) {
    if (c == '\n') {
      out += line_break;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string RenderText(const Diagnostic& diagnostic, const RenderOptions& options) {
  const Painter paint(options.color);
  const std::string_view color = ColorOf(diagnostic.severity);
  const CodeInfo& info = InfoOf(diagnostic.code);
  std::string out;
  const std::string where = TextOf(diagnostic.place);
  if (!where.empty()) out += paint(kBold, where + ":") + " ";
  out += paint(color, fmt::format("{}:", NameOf(diagnostic.severity))) + " ";
  out += Lines(diagnostic.message, options.excerpt ? "\n   " : " ");
  out += fmt::format("  [{} {}]\n", info.Id(), info.name);
  if (!options.excerpt) return out;

  if (diagnostic.place.source != nullptr) {
    const Excerpt excerpt = ExcerptOf(diagnostic.place);
    out += fmt::format("{} {}\n", paint(kBlue, fmt::format("{:>5} |", excerpt.line)), excerpt.text);
    const std::string gutter =
        fmt::format("{:>{}} |", "", std::max<size_t>(5, std::to_string(excerpt.line).size()));
    const size_t carets = excerpt.caret.find('^');
    out += fmt::format("{} {}{}\n", paint(kBlue, gutter), excerpt.caret.substr(0, carets),
                       paint(color, excerpt.caret.substr(carets)));
  }
  for (const Note& note : diagnostic.notes) {
    out += fmt::format("   {} {}", paint(kBold, "note:"), Lines(note.text, "\n   "));
    const std::string note_place = TextOf(note.place);
    if (!note_place.empty()) out += ": " + note_place;
    out += '\n';
  }
  if (!diagnostic.help.empty()) {
    out += fmt::format("   {} {}\n", paint(kBold, "help:"), Lines(diagnostic.help, "\n   "));
  }
  return out;
}

std::string RenderText(const Diagnostics& diagnostics, const RenderOptions& options) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.all()) out += RenderText(diagnostic, options);
  return out;
}

std::string SummaryLine(const Diagnostics& diagnostics) {
  std::array<size_t, 3> counts = {};
  for (const Diagnostic& diagnostic : diagnostics.all())
    ++counts[static_cast<size_t>(diagnostic.severity)];
  std::vector<std::string> parts;
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kNote}) {
    const size_t count = counts[static_cast<size_t>(severity)];
    if (count > 0)
      parts.push_back(
          fmt::format("{} {}{}", WithCommas(count), NameOf(severity), count == 1 ? "" : "s"));
  }
  return JoinWords(parts);
}

}  // namespace rr
