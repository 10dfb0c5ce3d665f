#include "run/run_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace rr {
namespace {

Value JsonNumber(uint64_t n) { return Value(static_cast<int64_t>(n)); }

void Section(const char* title, const std::vector<std::string>& lines, std::string* text) {
  for (const std::string& line : lines) *text += fmt::format("  {}: {}\n", title, line);
}

}  // namespace

Value RunReport::ToJson() const {
  Value::Map map;
  map.push_back({"family", family});
  map.push_back({"from", from});
  map.push_back({"to", to});
  map.push_back({"source", source});
  map.push_back({"destination", destination});
  map.push_back({"dry_run", dry_run});
  map.push_back({"reasons", ListOf(reasons)});
  map.push_back({"strength", strength});
  map.push_back({"lossy", ListOf(lossy)});
  map.push_back({"dropped", ListOf(dropped)});
  map.push_back({"defaulted", ListOf(defaulted)});
  map.push_back({"absent_blocks", ListOf(absent)});
  map.push_back({"notes", ListOf(notes)});
  if (!changes.empty()) {
    Value::Map largest;
    for (const auto& [key, change] : changes) largest.push_back({key, change});
    map.push_back({"largest_change", Value(std::move(largest))});
  }
  map.push_back({"tensors_read", JsonNumber(tensors_read)});
  map.push_back({"tensors_written", JsonNumber(tensors_written)});
  map.push_back({"bytes_read", JsonNumber(bytes_read)});
  map.push_back({"bytes_written", JsonNumber(bytes_written)});
  map.push_back({"destination_bytes", JsonNumber(destination_bytes)});
  map.push_back({"shards", JsonNumber(shards)});
  map.push_back({"edges", JsonNumber(edges)});
  map.push_back({"steps", JsonNumber(steps)});
  map.push_back({"buffer_bytes", JsonNumber(buffer_bytes)});
  map.push_back({"plan_seconds", plan_seconds});
  map.push_back({"run_seconds", run_seconds});
  return Value(std::move(map));
}

std::string RunReport::ToText() const {
  std::string text = fmt::format("{}: {} -> {}\n", family, from, to);
  Section("why", reasons, &text);
  text += fmt::format("  {} tensors, {} read; {} tensors, {} written in {} file{}\n",
                      WithCommas(tensors_read), HumanBytes(bytes_read), WithCommas(tensors_written),
                      HumanBytes(bytes_written), shards, shards == 1 ? "" : "s");
  text += fmt::format("  {} edges, {} steps, {} of buffers, planned in {:.3f} s\n",
                      WithCommas(edges), WithCommas(steps), HumanBytes(buffer_bytes), plan_seconds);
  text += fmt::format("  {}\n", strength);
  Section("lossy", lossy, &text);
  Section("dropped", dropped, &text);
  Section("default", defaulted, &text);
  Section("absent block", absent, &text);
  Section("note", notes, &text);
  if (!changes.empty()) {
    const auto by_size = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto most = std::max_element(changes.begin(), changes.end(), by_size);
    const auto least = std::min_element(changes.begin(), changes.end(), by_size);
    text += fmt::format(
        "  largest change of a weight: {:.6g} in {}; smallest of all tensors' "
        "largest: {:.6g} in {}\n",
        most->second, most->first, least->second, least->first);
  }
  if (dry_run) {
    text += fmt::format("  dry run: nothing was written; the destination would take {}\n",
                        HumanBytes(destination_bytes));
  } else if (run_seconds > 0) {
    text += fmt::format(
        "  {} in {:.2f} s ({}/s)\n", destination, run_seconds,
        HumanBytes(static_cast<uint64_t>(static_cast<double>(bytes_written) / run_seconds)));
  }
  return text;
}

}  // namespace rr
