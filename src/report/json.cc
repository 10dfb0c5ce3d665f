#include <algorithm>

#include "base/value.h"
#include "report/excerpt.h"
#include "report/formats.h"

namespace rr {
namespace {

// The fields of a place, in front of others.
Value::Map PlaceFields(const Place& place) {
  const TextRegion region = RegionOf(place);
  Value::Map fields;
  fields.emplace_back("file", region.file);
  if (region.line == 0) return fields;
  fields.emplace_back("line", region.line);
  fields.emplace_back("column", region.column);
  fields.emplace_back("end_line", region.end_line);
  fields.emplace_back("end_column", region.end_column);
  return fields;
}

}  // namespace

std::string RenderJson(const Diagnostics& diagnostics) {
  Value::List findings;
  for (const Diagnostic& d : diagnostics.all()) {
    Value::Map finding;
    finding.emplace_back("code", InfoOf(d.code).Id());
    finding.emplace_back("name", std::string(InfoOf(d.code).name));
    finding.emplace_back("severity", std::string(WordOf(d.severity)));
    finding.emplace_back("message", Printable(d.message));
    for (auto& field : PlaceFields(d.place)) finding.push_back(std::move(field));
    Value::List notes, fix;
    for (const Note& note : d.notes) {
      Value::Map fields = PlaceFields(note.place);
      fields.emplace(fields.begin(), "message", Printable(note.text));
      notes.emplace_back(std::move(fields));
    }
    for (const Edit& edit : d.fix) {
      Value::Map fields = PlaceFields(edit.place);
      fields.emplace_back("text", edit.text);
      fix.emplace_back(std::move(fields));
    }
    finding.emplace_back("notes", std::move(notes));
    finding.emplace_back("help", Printable(d.help));
    finding.emplace_back("fix", std::move(fix));
    findings.emplace_back(std::move(finding));
  }
  const auto count = [&](Severity severity) {
    return static_cast<int64_t>(
        std::count_if(diagnostics.all().begin(), diagnostics.all().end(),
                      [&](const Diagnostic& d) { return d.severity == severity; }));
  };
  Value::Map report;
  report.emplace_back("findings", std::move(findings));
  report.emplace_back("errors", count(Severity::kError));
  report.emplace_back("warnings", count(Severity::kWarning));
  report.emplace_back("notes", count(Severity::kNote));
  return ToPrettyJson(std::move(report)) + "\n";
}

}  // namespace rr
