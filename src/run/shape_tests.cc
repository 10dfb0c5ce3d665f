// `counts` and `shapes` of a test: the keys that a layout writes for its model, without bytes.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "base/shape.h"
#include "bind/bound_layout.h"
#include "check/test_names.h"
#include "run/locate.h"
#include "run/rule_test_model.h"
#include "run/rule_tests.h"
#include "syntax/regex.h"

namespace rr {
namespace {

constexpr size_t kMostNotes = 20;

class Shapes {
 public:
  Shapes(const RuleTests& tests, const TestRule& test) : tests_(tests), test_(test) {}

  void Run() {
    for (const TestRule::Count& count : test_.counts) {
      if (const CheckedRules* rules = RulesOf(count.layout)) Count(*rules, count);
    }
    for (const TestRule::Shape& shape : test_.shapes) {
      if (const CheckedRules* rules = RulesOf(shape.layout)) Shape(*rules, shape);
    }
  }

 private:
  const CheckedRules* RulesOf(const Name& layout) const {
    return RulesOfTest(tests_.weights, tests_.adapters, "", layout.text);
  }

  // Every block but the optional ones, as `synth` makes a model; of an adapter, its A and B.
  void Count(const CheckedRules& rules, const TestRule::Count& count) {
    const CheckedLayout& layout = *rules.FindLayout(count.layout.text);
    const Model model = ModelOfTest(rules, test_);
    Diagnostics unmet;
    model.CheckConfig(layout, &unmet);
    model.CheckRequirements(layout, &unmet);
    if (count.refused || unmet.HasErrors()) {
      ++tests_.report->facts;
      if (count.refused != unmet.HasErrors()) Refusal(count, unmet);
      return;
    }
    LayoutChoice choice = DefaultChoice(layout);
    for (size_t b = 0; b < choice.present.size(); ++b)
      choice.present[b] = choice.present[b] && !tests_.weights.file->blocks[b].optional;
    const size_t errors = tests_.diagnostics->ErrorCount();
    const std::optional<BoundLayout> bound =
        Instantiate(model, layout, choice, OptionsOf(model), tests_.diagnostics);
    if (!bound || tests_.diagnostics->ErrorCount() > errors) return;
    int64_t tensors = 0, elements = 0;
    std::map<int, std::vector<const BoundTensor*>> by_entry;
    for (const BoundTensor& tensor : bound->tensors) {
      if (rules.file->adapters && !HasRank(EntryOf(layout, tensor))) continue;
      if (!IsKnown(tensor, count.place)) return;
      ++tensors;
      elements += ElementCount(tensor.shape);
      by_entry[tensor.entry].push_back(&tensor);
    }
    tests_.report->facts += count.tensors.has_value() + count.elements.has_value();
    std::string found, said;
    if (count.tensors.value_or(tensors) != tensors) {
      found = fmt::format("{} tensors", tensors);
      said = fmt::format("{}", *count.tensors);
    }
    if (count.elements.value_or(elements) != elements) {
      found += fmt::format("{}{} elements", found.empty() ? "" : " with ", elements);
      said += fmt::format("{}{}", said.empty() ? "" : " with ", *count.elements);
    }
    if (found.empty()) return;
    Diagnostic& failure = tests_.diagnostics->Add(
        Code::kTestFailed, count.place,
        fmt::format("`{}` has {}, the test says {}", count.layout.text, found, said));
    for (const auto& [entry, some] : by_entry) {
      if (failure.notes.size() == kMostNotes) {
        failure.notes.push_back({{}, fmt::format("and {} more", by_entry.size() - kMostNotes)});
        break;
      }
      const CheckedEntry& of = layout.entries[static_cast<size_t>(entry)];
      failure.notes.push_back(
          {of.rule->place, fmt::format("{} of {} [{}]", some.size(), of.key.ToString(),
                                       fmt::join(some[0]->shape, ", "))});
    }
  }

  void Refusal(const TestRule::Count& count, const Diagnostics& unmet) {
    Diagnostic& failure =
        tests_.diagnostics->Add(Code::kTestFailed, count.place,
                                fmt::format("`{}` {} this model, the test says {}",
                                            count.layout.text, count.refused ? "takes" : "refuses",
                                            count.refused ? "refused" : "what it has of it"));
    for (const Diagnostic& why : unmet.all()) failure.notes.push_back({why.place, why.message});
  }

  // Of the block that may have the key, under any prefixes and in any alternative.
  void Shape(const CheckedRules& rules, const TestRule::Shape& shape) {
    const CheckedLayout& layout = *rules.FindLayout(shape.layout.text);
    const Model model = ModelOfTest(rules, test_);
    const CheckedEntry* tied = nullptr;
    std::vector<LayoutChoice> asked;
    for (LayoutChoice& choice : PrefixChoices(layout)) {
      for (const CheckedEntry& entry : layout.entries) {
        if (!FirstMatch(ToRegex(ConcreteKey(layout, entry, choice)), {shape.key.text})) continue;
        if (entry.rule->tied && !entry.rule->written) tied = &entry;
        const size_t errors = tests_.diagnostics->ErrorCount();
        LayoutChoice of_block = choice;
        of_block.present.assign(choice.present.size(), false);
        of_block.present[static_cast<size_t>(entry.block)] = true;
        of_block.variants[static_cast<size_t>(entry.block)] = entry.variant;
        const std::optional<BoundLayout> bound =
            Instantiate(model, layout, of_block, OptionsOf(model), tests_.diagnostics);
        if (!bound || tests_.diagnostics->ErrorCount() > errors) return;
        for (const BoundTensor& tensor : bound->tensors) {
          if (tensor.key != shape.key.text) continue;
          if (IsKnown(tensor, shape.place)) Compare(rules, layout, tensor, shape);
          return;
        }
      }
    }
    ++tests_.report->facts;
    if (shape.absent) return;
    Diagnostic& failure = Fail(shape, "absent");
    if (tied != nullptr)
      failure.notes.push_back({tied->rule->place, "it is a tied copy, which is not written"});
  }

  void Compare(const CheckedRules& rules, const CheckedLayout& layout, const BoundTensor& tensor,
               const TestRule::Shape& shape) {
    ++tests_.report->facts;
    const CheckedEntry& entry = EntryOf(layout, tensor);
    const std::optional<Dtype> dtype = rules.DtypeOf(entry);
    if (!shape.absent && tensor.shape == shape.dims && dtype == shape.dtype) return;
    Diagnostic& failure = Fail(shape, Text(dtype, tensor.shape));
    failure.notes.push_back(
        {entry.rule->place, fmt::format("it is {} here", ShapeText(layout, tensor))});
    if (dtype && !entry.rule->cast)
      failure.notes.push_back({rules.tensors[static_cast<size_t>(entry.leaves[0].tensor)].place,
                               fmt::format("it is published in {} here", NameOf(*dtype))});
  }

  Diagnostic& Fail(const TestRule::Shape& shape, const std::string& found) {
    const std::string said = shape.absent ? "absent" : Text(shape.dtype, shape.dims);
    return tests_.diagnostics->Add(Code::kTestFailed, shape.place,
                                   fmt::format("{} is {} in `{}`, the test says {}", shape.key.text,
                                               found, shape.layout.text, said));
  }

  static std::string Text(const std::optional<Dtype>& dtype, const std::vector<int64_t>& dims) {
    return fmt::format("{}[{}]", dtype ? fmt::format("{} ", NameOf(*dtype)) : "",
                       fmt::join(dims, ", "));
  }

  // The shape as a formula: "[E, 2*I, H]".
  static std::string ShapeText(const CheckedLayout& layout, const BoundTensor& tensor) {
    std::vector<std::string> dims;
    const EntryRule& rule = *EntryOf(layout, tensor).rule;
    for (size_t d = 0; d < tensor.shape.size(); ++d) {
      const bool padded = rule.pad && rule.pad->dim == static_cast<int64_t>(d);
      dims.push_back(padded ? rule.pad->to.text : EntryOf(layout, tensor).shape[d].ToString());
    }
    return fmt::format("[{}]", fmt::join(dims, ", "));
  }

  static const CheckedEntry& EntryOf(const CheckedLayout& layout, const BoundTensor& tensor) {
    return layout.entries[static_cast<size_t>(tensor.entry)];
  }

  bool IsKnown(const BoundTensor& tensor, const Place& place) {
    if (tensor.unknown_axis.empty()) return true;
    tests_.diagnostics->Add(Code::kBadTest, place, tensor.WhyUnknown());
    return false;
  }

  const RuleTests& tests_;
  const TestRule& test_;
};

}  // namespace

void RunShapeTests(const RuleTests& tests) {
  for (const TestRule& test : tests.weights.file->tests) Shapes(tests, test).Run();
}

}  // namespace rr
