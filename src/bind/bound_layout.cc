#include "bind/bound_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "syntax/adapter_style.h"

namespace rr {
namespace {

KeyTemplate WithPrefixes(const CheckedLayout& layout, KeyTemplate key, const LayoutChoice& choice) {
  for (const auto& [name, variants] : layout.prefixes) {
    const bool used =
        std::any_of(key.parts.begin(), key.parts.end(), [&wanted = name](const KeyPart& part) {
          return part.kind == KeyPart::Kind::kName && part.text == wanted;
        });
    if (used)
      key = ReplacePart(key, KeyPart::Kind::kName, name, variants[choice.prefixes.at(name)]);
  }
  return key;
}

}  // namespace

std::string BoundTensor::WhyUnknown() const {
  return fmt::format("the shape of {} needs {}, which is unknown", key, unknown_axis);
}

void ReportUnknownShape(const BoundTensor& tensor, const Place& place, Diagnostics* diagnostics) {
  diagnostics->Add(Code::kUnknownSize, place, tensor.WhyUnknown()).help =
      fmt::format("give --config, or --set {}=N", tensor.unknown_axis);
}

int64_t BoundLayout::CountOf(const BoundPiece& piece) const {
  int64_t n = 1;
  for (const BoundLeaf::Axis& axis : leaves[piece.leaf].axes) {
    for (const BoundLeaf::Digit& digit : axis.digits) n *= axis.replicated ? 1 : digit.n;
  }
  return n;
}

std::string StorageOf(const CheckedLayout& layout, const CheckedEntry& entry) {
  std::string text = entry.Signature();
  std::set<std::string> axes;
  for (const CheckedLeaf& leaf : entry.leaves) {
    for (const AxisUse& use : leaf.axes) {
      for (const AxisUse::Atom& atom : use.atoms) axes.insert(atom.axis);
    }
  }
  // A factor means what the layout's refinement makes of it.
  for (const auto& [axis, refinement] : layout.refinements) {
    for (const Refinement::Alternative& alternative : refinement.alternatives) {
      const bool used =
          std::any_of(alternative.factors.begin(), alternative.factors.end(),
                      [&](const Refinement::Factor& f) { return axes.count(f.axis) > 0; });
      if (!used) continue;
      text += fmt::format(" {}={}", axis, alternative.offset.ToString());
      for (const Refinement::Factor& factor : alternative.factors)
        text += fmt::format("+{}*({})", factor.axis, factor.stride.ToString());
    }
  }
  return text;
}

bool HasRank(const CheckedEntry& entry) {
  return std::any_of(entry.shape.begin(), entry.shape.end(),
                     [](const Poly& extent) { return extent.Has(kRankAxis); });
}

std::string WeightKey(const CheckedLayout& layout, const LayoutChoice& choice,
                      const BoundTensor& tensor) {
  const CheckedEntry& entry = layout.entries[static_cast<size_t>(tensor.entry)];
  if (!entry.weight) return "";
  KeyTemplate key = WithPrefixes(layout, *entry.weight, choice);
  const std::vector<std::string> axes = CapturesOf(entry);
  for (KeyPart& part : key.parts) {
    if (part.kind != KeyPart::Kind::kCapture) continue;
    if (std::find(axes.begin(), axes.end(), part.text) != axes.end()) continue;
    part = {KeyPart::Kind::kLiteral, "*", {}, {}};
  }
  return FormatKey(key, [&](const std::string& axis) {
    const auto at = std::find(axes.begin(), axes.end(), axis) - axes.begin();
    return tensor.captures[static_cast<size_t>(at)];
  });
}

std::vector<std::string> CapturesOf(const CheckedEntry& entry) {
  std::vector<std::string> axes = entry.key.Captures();
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

std::string ModuleOfWeight(std::string weight) {
  for (const std::string_view end : {".weight", ".weight*"}) {
    if (weight.ends_with(end)) weight.resize(weight.size() - end.size());
  }
  return weight;
}

LayoutChoice DefaultChoice(const CheckedLayout& layout) {
  LayoutChoice choice;
  for (const auto& [name, variants] : layout.prefixes) choice.prefixes[name] = 0;
  choice.variants.assign(layout.variant_counts.size(), 0);
  for (const int count : layout.variant_counts) choice.present.push_back(count > 0);
  return choice;
}

std::vector<LayoutChoice> PrefixChoices(const CheckedLayout& layout) {
  std::vector<LayoutChoice> choices{DefaultChoice(layout)};
  for (const auto& [name, variants] : layout.prefixes) {
    std::vector<LayoutChoice> next;
    for (const LayoutChoice& choice : choices) {
      for (size_t v = 0; v < variants.size(); ++v) {
        next.push_back(choice);
        next.back().prefixes[name] = v;
      }
    }
    choices = std::move(next);
  }
  return choices;
}

void KeepPrefixes(const CheckedLayout& from, const LayoutChoice& from_choice,
                  const CheckedLayout& to, LayoutChoice* choice) {
  const auto count = [](const CheckedLayout& layout, const std::string& name) {
    for (const auto& [other, variants] : layout.prefixes) {
      if (other == name) return variants.size();
    }
    return size_t{0};
  };
  for (auto& [name, variant] : choice->prefixes) {
    const auto same = from_choice.prefixes.find(name);
    if (same == from_choice.prefixes.end()) continue;
    if (count(from, name) == count(to, name)) variant = same->second;
  }
}

KeyTemplate ConcreteKey(const CheckedLayout& layout, const CheckedEntry& entry,
                        const LayoutChoice& choice) {
  return WithPrefixes(layout, entry.key, choice);
}

}  // namespace rr
