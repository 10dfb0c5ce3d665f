#include "report/render.h"

#include <fmt/format.h>

#include <algorithm>

namespace rr {
namespace {

constexpr size_t kWidest = 200;

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kNote: return "note";
  }
  return "";
}

std::string_view ColorOf(Severity severity) {
  switch (severity) {
    case Severity::kError: return "\033[1;31m";
    case Severity::kWarning: return "\033[1;33m";
    case Severity::kNote: return "\033[1;36m";
  }
  return "";
}

// "rules/x.yaml:31:64", "model.safetensors", or "".
std::string Where(const Place& place) {
  if (place.source == nullptr) return place.file;
  const Source::Position at = place.source->PositionOf(place.begin);
  return fmt::format("{}:{}:{}", place.source->name(), at.line, at.column);
}

// The line of the place with a caret line under it.
std::string Excerpt(const Place& place, const RenderOptions& options) {
  const Source::Position at = place.source->PositionOf(place.begin);
  const Source::Position end = place.source->PositionOf(std::max(place.end, place.begin));
  const std::string_view full = place.source->Line(at.line);
  // Code points of the line: columns count them, and so do carets.
  std::vector<std::string_view> points;
  for (size_t i = 0; i < full.size();) {
    size_t n = 1;
    while (i + n < full.size() && (static_cast<unsigned char>(full[i + n]) & 0xC0) == 0x80) ++n;
    points.push_back(full.substr(i, n));
    i += n;
  }
  const size_t from = std::min(static_cast<size_t>(at.column - 1), points.size());
  size_t to = end.line == at.line ? static_cast<size_t>(end.column - 1) : points.size();
  to = std::clamp(to, from, std::max(points.size(), from));
  size_t first = 0, last = points.size();
  if (last > kWidest) {
    first = from > kWidest / 3 ? from - kWidest / 3 : 0;
    last = std::min(points.size(), first + kWidest);
  }
  std::string line, marks;
  if (first > 0) {
    line += "...";
    marks += "   ";
  }
  for (size_t i = first; i < last; ++i) {
    line += points[i];
    if (i < from) marks += points[i] == "\t" ? "\t" : " ";
  }
  if (last < points.size()) line += "...";
  marks += std::string(std::max<size_t>(std::min(to, last) - std::min(from, last), 1), '^');
  if (options.color) marks.insert(marks.find('^'), "\033[1;32m"), marks += "\033[0m";
  const std::string number = std::to_string(at.line);
  return fmt::format("{:>5} | {}\n{:>5} | {}\n", number, line, "", marks);
}

}  // namespace

std::string RenderText(const Diagnostic& d, const RenderOptions& options) {
  std::string text = Where(d.place);
  if (!text.empty()) text += ": ";
  const CodeInfo& info = InfoOf(d.code);
  if (options.color) {
    text += fmt::format("{}{}:\033[0m {}  [{} {}]\n", ColorOf(d.severity), NameOf(d.severity), d.message, info.Id(), info.name);
  } else {
    text += fmt::format("{}: {}  [{} {}]\n", NameOf(d.severity), d.message, info.Id(), info.name);
  }
  if (!options.excerpt) return text;
  if (d.place.source != nullptr) text += Excerpt(d.place, options);
  for (const Note& note : d.notes) {
    const std::string where = Where(note.place);
    text += fmt::format("   note: {}{}{}\n", note.text, where.empty() ? "" : ": ", where);
  }
  if (!d.help.empty()) text += fmt::format("   help: {}\n", d.help);
  return text;
}

std::string RenderText(const Diagnostics& diagnostics, const RenderOptions& options) {
  std::string text;
  for (const Diagnostic& d : diagnostics.all()) text += RenderText(d, options);
  return text;
}

std::string SummaryLine(const Diagnostics& diagnostics) {
  size_t errors = 0, warnings = 0;
  for (const Diagnostic& d : diagnostics.all()) {
    errors += d.severity == Severity::kError;
    warnings += d.severity == Severity::kWarning;
  }
  auto count = [](size_t n, const char* word) { return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s"); };
  if (errors > 0 && warnings > 0) return count(errors, "error") + " and " + count(warnings, "warning");
  if (errors > 0) return count(errors, "error");
  if (warnings > 0) return count(warnings, "warning");
  return "";
}

}  // namespace rr
