#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/text.h"
#include "bind/bound_layout.h"
#include "bind/model.h"
#include "io/json.h"
#include "run/rule_tests.h"

namespace rr {
namespace {

struct Element {
  int tensor = -1;
  std::vector<int64_t> indices;
};

// "experts.up[1, 3, 7, 5]"
std::optional<Element> ParseElement(const CheckedRules& rules, const SpannedText& text,
                                    Diagnostics* diagnostics) {
  const std::string& s = text.text;
  auto fail = [&](std::string message, std::string help = "") {
    diagnostics->Add(Code::kBadTest, text.place(), std::move(message)).help = std::move(help);
    return std::nullopt;
  };
  const size_t open = s.find('[');
  if (open == std::string::npos || !s.ends_with(']'))
    return fail("an element is written `block.tensor[index, index]`");
  Element element;
  const std::string name = s.substr(0, open);
  element.tensor = rules.FindTensor(name);
  if (element.tensor < 0) {
    std::vector<std::string> names;
    for (size_t t = 0; t < rules.tensors.size(); ++t)
      names.push_back(rules.FullName(static_cast<int>(t)));
    return fail(fmt::format("there is no tensor `{}`", name), DidYouMean(name, names));
  }
  const char* at = s.data() + open + 1;
  const char* end = s.data() + s.size() - 1;
  while (at < end) {
    while (at < end && (*at == ' ' || *at == ',')) ++at;
    int64_t n = 0;
    const auto [next, error] = std::from_chars(at, end, n);
    if (error != std::errc()) return fail(fmt::format("`{}` is no index", std::string(at, end)));
    element.indices.push_back(n);
    at = next;
  }
  const auto& axes = rules.tensors[static_cast<size_t>(element.tensor)].axes;
  if (element.indices.size() != axes.size()) {
    return fail(fmt::format("`{}` has {} indices, its axes are [{}]", name, element.indices.size(),
                            fmt::join(axes, " ")));
  }
  return element;
}

std::string PlaceText(const std::string& key, const std::vector<int64_t>& position) {
  return key.empty() ? "nowhere" : fmt::format("{} [{}]", key, fmt::join(position, ", "));
}

}  // namespace

std::pair<std::string, std::vector<int64_t>> Locate(const CheckedRules& rules,
                                                    const CheckedLayout& layout, const Model& model,
                                                    int tensor, const std::vector<int64_t>& indices,
                                                    Diagnostics* diagnostics) {
  // Only the tensor's own block is needed: sizes that other blocks need may be unknown.
  LayoutChoice choice = DefaultChoice(layout);
  const auto block = static_cast<size_t>(rules.tensors[static_cast<size_t>(tensor)].block);
  for (size_t b = 0; b < choice.present.size(); ++b)
    choice.present[b] = choice.present[b] && b == block;
  const std::optional<BoundLayout> bound = Instantiate(model, layout, choice, {}, diagnostics);
  if (!bound) return {};
  for (const BoundPiece& piece : bound->pieces) {
    const BoundLeaf& leaf = bound->leaves[piece.leaf];
    if (leaf.tensor != tensor) continue;
    int64_t position = piece.start;
    bool here = true;
    for (size_t a = 0; here && a < indices.size(); ++a) {
      if (leaf.axes[a].fixed) {
        here = piece.fixed[a] == indices[a];
        continue;
      }
      int64_t size = 1, rest = indices[a];
      for (const BoundLeaf::Digit& digit : leaf.axes[a].digits) size *= digit.n;
      here = indices[a] < size;
      for (auto digit = leaf.axes[a].digits.rbegin(); here && digit != leaf.axes[a].digits.rend();
           ++digit) {
        position += (rest % digit->n) * digit->stride;
        rest /= digit->n;
      }
    }
    if (!here) continue;
    const BoundTensor& stored = bound->tensors[piece.stored];
    std::vector<int64_t> at(stored.shape.size());
    for (size_t d = stored.shape.size(); d-- > 0;) {
      at[d] = position % stored.shape[d];
      position /= stored.shape[d];
    }
    return {stored.key, at};
  }
  return {};
}

void RunElementTests(const CheckedRules& rules, RuleTestReport* report, Diagnostics* diagnostics) {
  for (const TestRule& test : rules.file->tests) {
    if (!test.element) continue;
    const std::optional<Element> element = ParseElement(rules, *test.element, diagnostics);
    if (!element) continue;
    Config config;
    for (const auto& [name, text] : test.config) {
      Diagnostics ignored;
      std::optional<Value> value = ParseJson(name.text, text.text, &ignored);
      config.Set(name.text, value ? std::move(*value) : Value(text.text));
    }
    std::map<std::string, int64_t> sizes;
    for (const auto& [name, size] : test.sizes) {
      sizes[name.text] = size;
      if (rules.file->FindAxis(name.text) == nullptr)
        diagnostics->Add(Code::kBadTest, name.place,
                         fmt::format("`{}` is no axis of this family", name.text));
    }
    const Model model(rules, config, sizes);
    for (const TestRule::Expectation& expected : test.expectations) {
      const CheckedLayout* layout = rules.FindLayout(expected.layout.text);
      if (layout == nullptr) {
        diagnostics
            ->Add(Code::kBadTest, expected.layout.place,
                  fmt::format("`{}` is no layout of this family", expected.layout.text))
            .help = DidYouMean(expected.layout.text, rules.LayoutNames());
        continue;
      }
      const size_t errors = diagnostics->ErrorCount();
      const auto [key, position] =
          Locate(rules, *layout, model, element->tensor, element->indices, diagnostics);
      if (diagnostics->ErrorCount() > errors) continue;
      ++report->elements;
      if (key == expected.key && position == expected.position) continue;
      diagnostics->Add(Code::kTestFailed, expected.place,
                       fmt::format("{} is at {} in `{}`, the test says {}", test.element->text,
                                   PlaceText(key, position), expected.layout.text,
                                   PlaceText(expected.key, expected.position)));
    }
  }
}

}  // namespace rr
