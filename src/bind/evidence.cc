#include "bind/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bind/targets.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

using Layouts = std::vector<const CheckedLayout*>;

// The text of the first formula that holds; empty when none does.
std::string Holding(const std::vector<Formula>& formulas, const Config& config) {
  for (const Formula& formula : formulas) {
    const Formula::Outcome outcome =
        formula.Evaluate([&](const std::string& name) { return config.Lookup(name); });
    const bool* holds = outcome.AsBool();
    if (holds != nullptr && *holds) return formula.text().text;
  }
  return "";
}

template <class Keep>
Layouts Where(const Layouts& layouts, Keep&& keep) {
  Layouts kept;
  std::copy_if(layouts.begin(), layouts.end(), std::back_inserter(kept), keep);
  return kept;
}

// Takes `kept` where it says something and leaves something.
bool Narrow(Layouts kept, Layouts* layouts) {
  if (kept.empty() || kept.size() == layouts->size()) return false;
  *layouts = std::move(kept);
  return true;
}

void ByStamps(const Config& config, Layouts* layouts, std::vector<std::string>* reasons) {
  std::string stamp;
  const auto marked = [&](const CheckedLayout* layout) {
    const std::string mark = layout->style == nullptr ? "" : Holding(layout->style->marks, config);
    if (!mark.empty()) stamp = mark;
    return !mark.empty();
  };
  const auto excluded = [&](const CheckedLayout* layout) {
    const std::string mark = layout->style == nullptr ? "" : Holding(layout->style->unless, config);
    if (!mark.empty()) stamp = mark;
    return !mark.empty();
  };
  if (Narrow(Where(*layouts, marked), layouts))
    reasons->push_back(fmt::format("adapter_config.json has {}", stamp));
  if (Narrow(Where(*layouts, [&](auto* layout) { return !excluded(layout); }), layouts))
    reasons->push_back(fmt::format("adapter_config.json has {}", stamp));
}

// A file without the mark of another trainer is in the usual order.
void ByTwins(Layouts* layouts, std::vector<std::string>* reasons) {
  std::vector<std::string> usual, twins, names;
  Layouts kept = Where(*layouts, [&](const CheckedLayout* layout) {
    if (layout->style == nullptr || !layout->style->twin_of) return true;
    const std::string& other = layout->style->twin_of->text;
    if (std::none_of(layouts->begin(), layouts->end(),
                     [&](const auto* one) { return one->name.text == other; }))
      return true;
    if (std::find(usual.begin(), usual.end(), other) == usual.end()) usual.push_back(other);
    const std::optional<std::string>& about = layout->style->about;
    twins.push_back(layout->name.text + (about ? fmt::format(" ({})", *about) : ""));
    names.push_back(layout->name.text);
    return false;
  });
  if (!Narrow(std::move(kept), layouts)) return;
  reasons->push_back(fmt::format(
      "no mark of another trainer: it is read as {}, but it could be {} as well: --from {}",
      fmt::join(usual, " or "), fmt::join(twins, " or "), fmt::join(names, " or ")));
}

void ByVersion(const CheckedRules& rules, const Config& config, Layouts* layouts,
               std::vector<std::string>* reasons) {
  const std::optional<Value> version = config.Lookup("peft_version");
  if (!version || version->AsString() == nullptr) return;
  std::string text = *version->AsString();
  text = text.substr(0, text.find_first_not_of("0123456789."));
  while (text.ends_with(".")) text.pop_back();
  Diagnostics ignored;
  const std::optional<ResolvedTarget> target = ResolveTarget(rules, "peft@" + text, &ignored);
  if (!target) return;
  if (Narrow(
          Where(*layouts,
                [&](const CheckedLayout* layout) { return layout->name.text == target->layout; }),
          layouts))
    reasons->push_back(fmt::format("adapter_config.json has peft_version {}, which writes {}", text,
                                   target->layout));
}

}  // namespace

void WeighEvidence(const CheckedRules& rules, const Config& adapter_config, Layouts* layouts,
                   std::vector<std::string>* reasons) {
  ByStamps(adapter_config, layouts, reasons);
  ByVersion(rules, adapter_config, layouts, reasons);
  ByTwins(layouts, reasons);
}

}  // namespace rr
