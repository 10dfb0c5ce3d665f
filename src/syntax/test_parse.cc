#include "syntax/test_parse.h"

#include "syntax/fields.h"

namespace rr {

std::optional<TestRule> ParseTest(const YamlNode& node, Diagnostics* diagnostics) {
  if (!ExpectMap(node, "a test", diagnostics)) return std::nullopt;
  TestRule test;
  test.place = node.place;
  for (const YamlMember& member : node.members) {
    const YamlNode& value = member.value;
    if (member.key.text == "sizes") {
      if (!ExpectMap(value, "`sizes`", diagnostics)) continue;
      for (const YamlMember& size : value.members) {
        if (auto n = IntegerOf(size.value, "a size", diagnostics))
          test.sizes.push_back({NameFrom(size.key), *n});
      }
    } else if (member.key.text == "config") {
      if (!ExpectMap(value, "`config`", diagnostics)) continue;
      for (const YamlMember& attribute : value.members) {
        if (ExpectText(attribute.value, "a config attribute, as JSON text,", diagnostics)) {
          test.config.push_back({NameFrom(attribute.key), attribute.value.text});
        }
      }
    } else if (member.key.text == "element") {
      if (ExpectText(value, "`element`", diagnostics)) test.element = value.text;
    } else {
      TestRule::Expectation expectation;
      expectation.layout = NameFrom(member.key);
      expectation.place = value.place;
      if (value.IsText() && value.text.text == "nowhere") {  // no key, as Locate has it
        test.expectations.push_back(std::move(expectation));
        continue;
      }
      if (!value.IsList() || value.items.empty() || !value.items[0].IsText()) {
        diagnostics->Add(
            Code::kWrongYamlType, value.place,
            "the place of an element is a list: [key, index, index, ...], or `nowhere`");
        continue;
      }
      expectation.key = value.items[0].text.text;
      for (size_t i = 1; i < value.items.size(); ++i) {
        if (auto n = IntegerOf(value.items[i], "an index", diagnostics))
          expectation.position.push_back(*n);
      }
      test.expectations.push_back(std::move(expectation));
    }
  }
  return test;
}

}  // namespace rr
