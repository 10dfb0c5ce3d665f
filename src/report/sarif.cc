#include <fmt/format.h>

#include <map>

#include "base/value.h"
#include "report/excerpt.h"
#include "report/formats.h"

namespace rr {
namespace {

using Map = Value::Map;
using List = Value::List;

Value Text(std::string_view text) { return Map{{"text", std::string(text)}}; }

// RFC 3986: what is no unreserved character and no slash is written as %XX.
std::string UriOf(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/";
  std::string out;
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Value ArtifactOf(std::string_view file) {
  while (file.starts_with("./")) file.remove_prefix(2);
  if (file.starts_with('/')) return Map{{"uri", "file://" + UriOf(file)}};
  return Map{{"uri", UriOf(file)}, {"uriBaseId", "SRCROOT"}};
}

Value RegionFields(const TextRegion& region) {
  return Map{{"startLine", region.line},
             {"startColumn", region.column},
             {"endLine", region.end_line},
             {"endColumn", region.end_column}};
}

Value LocationOf(const Place& place) {
  const TextRegion region = RegionOf(place);
  Map physical{{"artifactLocation", ArtifactOf(region.file)}};
  if (region.line > 0) physical.emplace_back("region", RegionFields(region));
  return Map{{"physicalLocation", std::move(physical)}};
}

Value RuleOf(const CodeInfo& info) {
  return Map{{"id", info.Id()},
             {"name", std::string(info.name)},
             {"shortDescription", Text(info.summary)},
             {"fullDescription", Text(fmt::format("{} {}", info.summary, info.advice))},
             {"help", Text(info.advice)},
             {"defaultConfiguration", Map{{"level", std::string(NameOf(info.severity))}}}};
}

// One fix: the edits of each file together.
Value FixOf(const Diagnostic& d) {
  std::map<std::string, List> replacements;
  for (const Edit& edit : d.fix) {
    const TextRegion region = RegionOf(edit.place);
    replacements[region.file].push_back(
        Map{{"deletedRegion", RegionFields(region)}, {"insertedContent", Text(edit.text)}});
  }
  List changes;
  for (auto& [file, edits] : replacements)
    changes.push_back(Map{{"artifactLocation", ArtifactOf(file)}, {"replacements", edits}});
  return Map{{"description", Text(Printable(d.help))}, {"artifactChanges", std::move(changes)}};
}

Value ResultOf(const Diagnostic& d, int64_t rule) {
  Map result{{"ruleId", InfoOf(d.code).Id()},
             {"ruleIndex", rule},
             {"level", std::string(NameOf(d.severity))}};
  std::string message = Printable(d.message);
  List related;
  for (const Note& note : d.notes) {
    if (note.place.source == nullptr) {
      message += "\nnote: " + Printable(note.text);
      continue;
    }
    Value location = LocationOf(note.place);
    std::get<Map>(location.data).emplace_back("message", Text(Printable(note.text)));
    related.push_back(std::move(location));
  }
  if (!d.help.empty()) message += "\nhelp: " + Printable(d.help);
  result.emplace_back("message", Text(message));
  if (!RegionOf(d.place).file.empty()) result.emplace_back("locations", List{LocationOf(d.place)});
  if (!related.empty()) result.emplace_back("relatedLocations", std::move(related));
  if (!d.fix.empty()) result.emplace_back("fixes", List{FixOf(d)});
  return result;
}

}  // namespace

std::string RenderSarif(const Diagnostics& diagnostics, std::string_view version) {
  std::map<Code, int64_t> indices;
  for (const Diagnostic& d : diagnostics.all()) indices.emplace(d.code, 0);
  List rules;
  for (auto& [code, index] : indices) {
    index = static_cast<int64_t>(rules.size());
    rules.push_back(RuleOf(InfoOf(code)));
  }
  List results;
  for (const Diagnostic& d : diagnostics.all()) results.push_back(ResultOf(d, indices.at(d.code)));
  Map driver{{"name", "rule-runner"},
             {"semanticVersion", std::string(version)},
             {"rules", std::move(rules)}};
  const Value base = Map{{"description", Text("The folder that paths are relative to.")}};
  Map run{{"tool", Map{{"driver", std::move(driver)}}},
          {"originalUriBaseIds", Map{{"SRCROOT", base}}},
          {"columnKind", "unicodeCodePoints"},
          {"results", std::move(results)}};
  const Value log = Map{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                        {"version", "2.1.0"},
                        {"runs", List{std::move(run)}}};
  return ToPrettyJson(log) + "\n";
}

}  // namespace rr
