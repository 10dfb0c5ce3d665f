#include <algorithm>

#include "base/value.h"
#include "report/excerpt.h"
#include "report/formats.h"

namespace rr {
namespace {

void AddPlace(const Place& place, Value::Map* fields) {
  const TextRegion region = RegionOf(place);
  fields->emplace_back("file", region.file);
  if (region.line == 0) return;
  fields->emplace_back("line", region.line);
  fields->emplace_back("column", region.column);
  fields->emplace_back("end_line", region.end_line);
  fields->emplace_back("end_column", region.end_column);
}

}  // namespace

std::string RenderJson(const Diagnostics& diagnostics) {
  Value::List findings;
  for (const Diagnostic& d : diagnostics.all()) {
    Value::Map finding;
    finding.emplace_back("code", InfoOf(d.code).Id());
    finding.emplace_back("name", std::string(InfoOf(d.code).name));
    finding.emplace_back("severity", std::string(NameOf(d.severity)));
    finding.emplace_back("message", Printable(d.message));
    AddPlace(d.place, &finding);
    Value::List notes, fix;
    for (const Note& note : d.notes) {
      Value::Map fields;
      fields.emplace_back("message", Printable(note.text));
      AddPlace(note.place, &fields);
      notes.emplace_back(std::move(fields));
    }
    for (const Edit& edit : d.fix) {
      Value::Map fields;
      AddPlace(edit.place, &fields);
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
  const Value report = Value::Map{{"findings", std::move(findings)},
                                  {"errors", count(Severity::kError)},
                                  {"warnings", count(Severity::kWarning)},
                                  {"notes", count(Severity::kNote)}};
  return ToPrettyJson(report) + "\n";
}

}  // namespace rr
