#include "lint/fix.h"

#include <algorithm>
#include <map>

namespace rr {

std::vector<FixedFile> ApplyFixes(const Diagnostics& findings,
                                  const std::vector<SourcePtr>& sources) {
  std::map<std::string, SourcePtr> by_name;
  for (SourcePtr source : sources) by_name[source->name()] = source;
  std::map<std::string, std::vector<Edit>> edits;
  std::map<std::string, size_t> counts;
  const auto fits = [&](const Edit& edit) {
    if (edit.place.source == nullptr || by_name.count(edit.place.source->name()) == 0) return false;
    const std::vector<Edit>& taken = edits[edit.place.source->name()];
    return std::none_of(taken.begin(), taken.end(), [&](const Edit& other) {
      return edit.place.begin <= other.place.end && other.place.begin <= edit.place.end;
    });
  };
  for (const Diagnostic& finding : findings.all()) {
    if (finding.fix.empty() || !std::all_of(finding.fix.begin(), finding.fix.end(), fits)) continue;
    for (const Edit& edit : finding.fix) edits[edit.place.source->name()].push_back(edit);
    ++counts[finding.fix[0].place.source->name()];
  }
  std::vector<FixedFile> fixed;
  for (auto& [name, own] : edits) {
    if (own.empty()) continue;
    // From the end, so that the places before stay right.
    std::sort(own.begin(), own.end(),
              [](const Edit& a, const Edit& b) { return a.place.begin > b.place.begin; });
    std::string text = by_name[name]->text();
    for (const Edit& edit : own)
      text.replace(edit.place.begin, edit.place.end - edit.place.begin, edit.text);
    fixed.push_back({by_name[name], std::move(text), counts[name]});
  }
  return fixed;
}

void ReplaceFile(Files& files, const std::string& path, std::string_view text) {
  const std::string target = files.Resolve(path);
  const std::string temporary = target + ".rule-runner-fix";
  files.RemoveAll(temporary);
  WriteSmallFile(files, temporary, text);
  files.Rename(temporary, target);
}

}  // namespace rr
