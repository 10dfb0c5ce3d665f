#include "check/test_names.h"

#include <fmt/format.h>

#include <utility>

#include "check/proofs.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

std::string TensorOf(const TestRule& test) {
  return test.element ? test.element->text.substr(0, test.element->text.find('[')) : "";
}

// Every layout that a test names by itself.
std::vector<const Name*> LayoutsOf(const TestRule& test) {
  std::vector<const Name*> names;
  for (const auto& one : test.values) names.push_back(&one.layout);
  for (const auto& one : test.counts) names.push_back(&one.layout);
  for (const auto& one : test.shapes) names.push_back(&one.layout);
  for (const auto& one : test.passed) names.push_back(&one.layout);
  for (const auto& one : test.uses) names.push_back(&one.layout);
  for (const auto& one : test.among) names.push_back(&one.style);
  return names;
}

class TestNames {
 public:
  TestNames(const CheckedRules& weights, const CheckedRules* adapters, Diagnostics* diagnostics)
      : weights_(weights), adapters_(adapters), diagnostics_(diagnostics) {}

  void Check(const TestRule& test) {
    Element(test);
    for (const auto& [name, size] : test.sizes) {
      if (weights_.file->FindAxis(name.text) != nullptr || name.text == kRankAxis) continue;
      SuggestName(&diagnostics_->Add(Code::kBadTest, name.place,
                                     fmt::format("`{}` is no axis of this family", name.text)),
                  name.text, AxisNames(*weights_.file), "axes");
    }
    for (const TestRule::Expectation& expected : test.expectations)
      Layout(TensorOf(test), expected.layout);
    for (const Name* layout : LayoutsOf(test)) Layout("", *layout);
  }

 private:
  void Element(const TestRule& test) {
    if (!test.element) {
      if (!test.expectations.empty())
        diagnostics_->Add(Code::kBadTest, test.expectations[0].layout.place,
                          "this is where an element is, and the test has no `element`");
      if (!test.values.empty())
        diagnostics_->Add(Code::kBadTest, test.values[0].place,
                          "this is the value of an element, and the test has no `element`");
      return;
    }
    const Place place = test.element->place();
    const std::optional<TestElement> element = ParseTestElement(test.element->text);
    if (!element) {
      diagnostics_->Add(Code::kBadTest, place,
                        "an element is written `block.tensor[index, index]`");
      return;
    }
    const CheckedRules* rules = weights_.FindTensor(element->tensor) >= 0 ? &weights_ : adapters_;
    if (rules == nullptr) return;
    const int tensor = rules->FindTensor(element->tensor);
    if (tensor < 0) {
      std::vector<std::string> names;
      for (const CheckedRules* some : {&weights_, adapters_}) {
        for (size_t t = 0; t < some->tensors.size(); ++t) {
          std::string name = some->FullName(static_cast<int>(t));
          if (some == &weights_ || weights_.FindTensor(name) < 0) names.push_back(std::move(name));
        }
      }
      SuggestName(&diagnostics_->Add(Code::kBadTest, place,
                                     fmt::format("there is no tensor `{}`", element->tensor)),
                  element->tensor, names, "tensors");
      return;
    }
    const auto& axes = rules->tensors[static_cast<size_t>(tensor)].axes;
    if (element->indices.size() != axes.size()) {
      diagnostics_->Add(Code::kBadTest, place,
                        fmt::format("`{}` has {} indices, its axes are [{}]", element->tensor,
                                    element->indices.size(), fmt::join(axes, " ")));
      return;
    }
    for (const auto& [name, size] : test.sizes) {
      for (size_t a = 0; a < axes.size(); ++a) {
        if (axes[a] != name.text || element->indices[a] < size) continue;
        diagnostics_->Add(Code::kBadTest, place,
                          fmt::format("index {} of axis `{}` is not below its size, {}",
                                      element->indices[a], name.text, size));
      }
    }
  }

  void Layout(const std::string& tensor, const Name& layout) {
    if (weights_.FindLayout(layout.text) != nullptr || adapters_ == nullptr) return;
    if (adapters_->FindLayout(layout.text) != nullptr) {
      if (!tensor.empty() && adapters_->FindTensor(tensor) < 0 && weights_.FindTensor(tensor) >= 0)
        diagnostics_->Add(Code::kBadTest, layout.place,
                          fmt::format("`{}` is a layout of adapters, which have no tensor `{}`",
                                      layout.text, tensor));
      return;
    }
    SuggestName(&diagnostics_->Add(Code::kBadTest, layout.place,
                                   fmt::format("`{}` is no layout of this family", layout.text)),
                layout.text, weights_.LayoutNames(), "layouts");
  }

  const CheckedRules& weights_;
  const CheckedRules* adapters_;
  Diagnostics* diagnostics_;
};

}  // namespace

bool NamesAdapters(const CheckedRules& weights) {
  const auto unknown = [&](const Name& layout) {
    return weights.FindLayout(layout.text) == nullptr;
  };
  for (const TestRule& test : weights.file->tests) {
    if (test.target && !test.speaks.adapters.text.empty()) return true;
    if (!test.among.empty()) return true;
    if (test.element && weights.FindTensor(TensorOf(test)) < 0) return true;
    for (const TestRule::Expectation& expected : test.expectations) {
      if (unknown(expected.layout)) return true;
    }
    for (const Name* layout : LayoutsOf(test)) {
      if (unknown(*layout)) return true;
    }
  }
  return false;
}

void CheckTestNames(const CheckedRules& weights, const CheckedRules* adapters,
                    Diagnostics* diagnostics) {
  TestNames names(weights, adapters, diagnostics);
  for (const TestRule& test : weights.file->tests) names.Check(test);
}

const CheckedRules* RulesOfTest(const CheckedRules& weights, const CheckedRules* adapters,
                                const std::string& tensor, const std::string& layout) {
  for (const CheckedRules* rules : {&weights, adapters}) {
    if (rules == nullptr || rules->FindLayout(layout) == nullptr) continue;
    if (tensor.empty() || rules->FindTensor(tensor) >= 0) return rules;
  }
  return nullptr;
}

std::optional<ResolvedElement> ElementOf(const CheckedRules& rules, const TestRule& test) {
  if (!test.element) return std::nullopt;
  std::optional<TestElement> element = ParseTestElement(test.element->text);
  if (!element) return std::nullopt;
  const int tensor = rules.FindTensor(element->tensor);
  if (tensor < 0) return std::nullopt;
  if (rules.tensors[static_cast<size_t>(tensor)].axes.size() != element->indices.size())
    return std::nullopt;
  return ResolvedElement{tensor, std::move(element->indices)};
}

}  // namespace rr
