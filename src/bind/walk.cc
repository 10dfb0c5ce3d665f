#include "bind/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace rr {
namespace {

class WalkFinder {
 public:
  WalkFinder(const Model& model, const CheckedLayout& layout, const CheckedEntry& entry,
             int64_t most_tensors, Diagnostics* diagnostics)
      : model_(model),
        rules_(model.rules()),
        layout_(layout),
        entry_(entry),
        most_tensors_(most_tensors),
        diagnostics_(diagnostics) {}

  std::optional<std::vector<Walk>> Run() {
    const std::string& index_axis = model_.IndexAxisOf(entry_.block);
    std::vector<Walk> walks;
    std::set<std::pair<std::string, int>> seen;
    for (const CheckedLeaf& leaf : entry_.leaves) {
      const LogicalTensor& tensor = TensorOf(leaf);
      for (size_t a = 0; a < tensor.axes.size(); ++a) {
        const AxisUse& use = leaf.axes[a];
        const bool captured = std::any_of(use.atoms.begin(), use.atoms.end(),
                                          [](const AxisUse::Atom& atom) { return atom.captured; });
        const bool walked = captured || tensor.axes[a] == index_axis || IsSum(tensor.axes[a], use);
        if (use.replicated || !seen.insert({tensor.axes[a], use.alternative}).second) continue;
        if (!walked) {
          if (!CheckRefinement(tensor.axes[a], use)) return std::nullopt;
          continue;
        }
        Walk walk{tensor.axes[a], use, {}};
        if (!FindGroups(tensor.axes[a] == index_axis, &walk)) return std::nullopt;
        walks.push_back(std::move(walk));
        // There is no such key, whatever the sizes of the others are.
        if (walks.back().groups.empty()) return walks;
      }
    }
    return walks;
  }

 private:
  const LogicalTensor& TensorOf(const CheckedLeaf& leaf) const {
    return rules_.tensors[static_cast<size_t>(leaf.tensor)];
  }

  bool TooMany(const std::string& axis, int64_t count) {
    diagnostics_
        ->Add(Code::kContradictingSize, entry_.rule->place,
              fmt::format("the sizes ask for {} tensors of this key", count))
        .notes.push_back({{}, fmt::format("{} is {}", axis, model_.OriginOf(axis))});
    return false;
  }

  bool IsSum(const std::string& axis, const AxisUse& use) const {
    return use.alternative >= 0 && layout_.refinements.at(axis).alternatives.size() > 1;
  }

  bool Unknown(const std::string& axis) {
    const AxisRule* rule = rules_.file->FindAxis(axis);
    Diagnostic& d = diagnostics_->Add(Code::kUnknownSize, entry_.rule->place,
                                      fmt::format("the size of {} is unknown", axis));
    if (rule != nullptr && rule->formula)
      d.notes.push_back(
          {rule->name.place, fmt::format("it is {} by the config", rule->formula->text().text)});
    d.help = fmt::format("give --config, or --set {}=N", axis);
    return false;
  }

  // The alternative of the axis's refinement that is walked, in numbers.
  struct Digits {
    const Refinement::Alternative* alternative = nullptr;  // nullptr: the axis itself
    std::vector<int64_t> strides, sizes;
    int64_t offset = 0;

    // nullopt when the alternative does not hold the value.
    std::optional<std::vector<int64_t>> Of(int64_t value) const {
      if (alternative == nullptr) return std::vector<int64_t>{value};
      // Strides are nested, slowest first, so division by each in turn gives the digits.
      std::vector<int64_t> digits;
      int64_t rest = value - offset;
      if (rest < 0) return std::nullopt;
      for (size_t i = 0; i < strides.size(); ++i) {
        digits.push_back(strides[i] == 0 ? 0 : rest / strides[i]);
        if (digits.back() >= sizes[i]) return std::nullopt;
        rest -= digits.back() * strides[i];
      }
      return rest == 0 ? std::optional(std::move(digits)) : std::nullopt;
    }
  };

  bool FindDigits(const Walk& walk, Digits* digits) {
    if (walk.use.alternative < 0) return true;
    const Refinement& refinement = layout_.refinements.at(walk.axis);
    digits->alternative = &refinement.alternatives[static_cast<size_t>(walk.use.alternative)];
    if (!CheckRefinement(walk.axis, walk.use)) return false;
    const Poly::SizeOf size_of = [&](const std::string& a) { return model_.SizeOf(a); };
    for (const Refinement::Factor& factor : digits->alternative->factors) {
      const auto n = model_.SizeOf(factor.axis);
      const auto stride = factor.stride.Evaluate(size_of);
      if (!n || !stride) return Unknown(factor.axis);
      digits->sizes.push_back(*n);
      digits->strides.push_back(*stride);
    }
    digits->offset = digits->alternative->offset.Evaluate(size_of).value_or(0);
    return true;
  }

  bool FindGroups(bool is_index, Walk* walk) {
    const std::optional<int64_t> size = model_.SizeOf(walk->axis);
    if (!size) return Unknown(walk->axis);
    if (*size > most_tensors_) return TooMany(walk->axis, *size);
    Digits digits;
    if (!FindDigits(*walk, &digits)) return false;
    std::map<std::vector<int64_t>, size_t> by_capture;
    for (int64_t value = 0; value < *size; ++value) {
      if (is_index) {
        const std::optional<bool> exists = model_.Exists(entry_.block, value);
        if (!exists) return UnknownWhether(walk->axis, value);
        if (!*exists) continue;
      }
      std::optional<std::vector<int64_t>> of_value = digits.Of(value);
      if (!of_value) continue;
      AddToGroup({value, std::move(*of_value)}, &by_capture, walk);
    }
    for (Group& group : walk->groups) {
      if (!FindRanks(*walk, &group)) return false;
    }
    return true;
  }

  bool UnknownWhether(const std::string& axis, int64_t value) {
    const BlockRule& block = rules_.file->blocks[static_cast<size_t>(entry_.block)];
    diagnostics_
        ->Add(Code::kUnknownSize, block.where->text().place(),
              fmt::format("whether block `{}` exists at {} = {} is unknown: the config lacks "
                          "what `{}` needs",
                          block.name.text, axis, value, block.where->text().text))
        .help = "give --config";
    return false;
  }

  // Values with the same captures stand under one key.
  static void AddToGroup(WalkedValue walked, std::map<std::vector<int64_t>, size_t>* by_capture,
                         Walk* walk) {
    std::vector<int64_t> captured;
    for (size_t i = 0; i < walk->use.atoms.size(); ++i) {
      if (walk->use.atoms[i].captured) captured.push_back(walked.digits[i]);
    }
    const auto [found, is_new] = by_capture->emplace(captured, walk->groups.size());
    if (is_new) {
      Group group;
      size_t c = 0;
      for (const AxisUse::Atom& atom : walk->use.atoms) {
        if (atom.captured) group.captured.push_back({atom.axis, captured[c++]});
      }
      walk->groups.push_back(std::move(group));
    }
    walk->groups[found->second].values.push_back(std::move(walked));
  }

  // What an axis is written as must be as long as the axis itself, or elements would be lost or
  // made up.
  bool CheckRefinement(const std::string& axis, const AxisUse& use) {
    const std::optional<int64_t> size = model_.SizeOf(axis);
    if (use.alternative < 0 || !size) return true;
    const Refinement& refinement = layout_.refinements.at(axis);
    Poly sum;
    for (const Refinement::Alternative& alternative : refinement.alternatives)
      sum = sum + alternative.size;
    const auto total = sum.Evaluate([&](const std::string& a) { return model_.SizeOf(a); });
    if (!total || *total == *size) return true;
    diagnostics_->Add(Code::kContradictingSize, layout_.name.place,
                      fmt::format("layout `{}` writes {} = {} as {} = {}", layout_.name.text,
                                  refinement.axis, *size, sum.ToString(), *total));
    return false;
  }

  // The digits of every atom in the shape, ranked; their combinations must all be there.
  bool FindRanks(const Walk& walk, Group* group) {
    size_t combinations = 1;
    for (size_t i = 0; i < walk.use.atoms.size(); ++i) {
      if (walk.use.atoms[i].captured) continue;
      std::set<int64_t> digits;
      for (const WalkedValue& value : group->values) digits.insert(value.digits[i]);
      combinations *= digits.size();
      group->ranks[walk.use.atoms[i].axis] = {digits.begin(), digits.end()};
    }
    if (combinations == group->values.size()) return true;
    std::vector<int64_t> values;
    for (const WalkedValue& value : group->values) values.push_back(value.value);
    diagnostics_->Add(Code::kNotAProduct, entry_.rule->place,
                      fmt::format("the values {} of {} that this key stacks are not a product",
                                  fmt::join(values, ", "), walk.axis));
    return false;
  }

  const Model& model_;
  const CheckedRules& rules_;
  const CheckedLayout& layout_;
  const CheckedEntry& entry_;
  int64_t most_tensors_;
  Diagnostics* diagnostics_;
};

}  // namespace

std::optional<std::vector<Walk>> FindWalks(const Model& model, const CheckedLayout& layout,
                                           const CheckedEntry& entry, int64_t most_tensors,
                                           Diagnostics* diagnostics) {
  return WalkFinder(model, layout, entry, most_tensors, diagnostics).Run();
}

}  // namespace rr
