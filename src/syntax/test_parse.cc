#include "syntax/test_parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.h"
#include "syntax/fields.h"
#include "syntax/target_parse.h"

namespace rr {
namespace {

constexpr std::string_view kNowhere = "nowhere";
constexpr std::string_view kAbsent = "absent";
constexpr std::string_view kRefused = "refused";

constexpr std::pair<std::string_view, KeyKind> kKeyKinds[] = {
    {"stored", KeyKind::kStored},   {"tied", KeyKind::kTied},     {"dropped", KeyKind::kDropped},
    {"ignored", KeyKind::kIgnored}, {"passed", KeyKind::kPassed}, {"unknown", KeyKind::kUnknown}};

class TestParser {
 public:
  TestParser(TestRule* test, Diagnostics* diagnostics) : test_(*test), diagnostics_(diagnostics) {}

  void Parse(const YamlNode& node) {
    const size_t errors = diagnostics_->ErrorCount();
    ParseForm(node);
    if (diagnostics_->ErrorCount() == errors && !SaysSomething())
      diagnostics_->Add(Code::kBadTest, node.place, "this test says nothing of any layout").help =
          "a place (`hub: [key, index, ...]`), `values`, `counts`, `shapes` or `passed`";
  }

 private:
  void ParseForm(const YamlNode& node) {
    if (const YamlNode* target = node.Find("target")) {
      if (ExpectText(*target, "`target`", diagnostics_)) test_.target = target->text;
      YamlNode rest = node;
      std::erase_if(rest.members, [](const YamlMember& m) { return m.key.text == "target"; });
      test_.speaks = ParseTargetCase(rest, diagnostics_);
    } else if (node.Find("golden") != nullptr) {
      Golden(node);
    } else if (node.Find("among") != nullptr) {
      Evidence(node);
    } else if (const YamlNode* key = node.Find("key")) {
      if (ExpectText(*key, "`key`", diagnostics_)) test_.key = key->text;
      for (const YamlMember& member : node.members) {
        if (member.key.text != "key") Use(member);
      }
    } else {
      for (const YamlMember& member : node.members) OfModel(member);
    }
  }

  // A test that states nothing passes, whatever the rules say.
  bool SaysSomething() const {
    if (test_.target || test_.golden || !test_.among.empty()) return true;
    if (test_.key) return !test_.uses.empty();
    if (!test_.expectations.empty() || !test_.values.empty()) return true;
    return !test_.element &&
           !(test_.counts.empty() && test_.shapes.empty() && test_.passed.empty());
  }

  // {golden: FOLDER, from: LAYOUT, to: LAYOUT, back: no}
  void Golden(const YamlNode& node) {
    RefuseUnknownFields(node, "a golden test", {"golden", "from", "to", "back"}, diagnostics_);
    TestRule::Golden golden;
    bool good = ExpectText(*node.Find("golden"), "`golden`, a folder,", diagnostics_);
    if (good) golden.folder = node.Find("golden")->text;
    for (const auto& [field, into] : {std::pair{"from", &golden.from}, {"to", &golden.to}}) {
      const YamlNode* name = node.Find(field);
      if (name == nullptr)
        diagnostics_->Add(
            Code::kMissingField, node.place,
            fmt::format("a golden test names a layout, or a system, with `{}`", field));
      good = name != nullptr && ExpectText(*name, "a layout", diagnostics_) && good;
      if (good) *into = NameFrom(name->text);
    }
    if (const YamlNode* back = node.Find("back"))
      golden.back = YesNoOf(*back, "`back`", diagnostics_).value_or(true);
    if (good) test_.golden = std::move(golden);
  }

  // {among: [STYLE, ...], is: STYLE, adapter_config: {attribute: JSON}}
  void Evidence(const YamlNode& node) {
    RefuseUnknownFields(node, "a test of styles", {"among", "is", "adapter_config"}, diagnostics_);
    for (const SpannedText& name : TextsOf(*node.Find("among"), "a style of `among`", diagnostics_))
      test_.among.push_back({NameFrom(name), false, name.place()});
    if (const YamlNode* is = node.Find("is")) {
      for (const SpannedText& name : TextsOf(*is, "`is`, a style,", diagnostics_)) Is(name);
    } else {
      diagnostics_->Add(Code::kMissingField, node.place, "a test of styles says which it `is`");
    }
    if (const YamlNode* config = node.Find("adapter_config"))
      Attributes(*config, "`adapter_config`", &test_.adapter_config);
  }

  void Is(const SpannedText& name) {
    for (TestRule::StyleChoice& choice : test_.among) {
      if (choice.style.text != name.text) continue;
      choice.is = true;
      choice.place = name.place();
      return;
    }
    diagnostics_->Add(Code::kBadTest, name.place(),
                      fmt::format("`{}` is not one of `among`", name.text));
  }

  // {name: JSON text}
  void Attributes(const YamlNode& node, std::string_view what,
                  std::vector<std::pair<Name, SpannedText>>* into) {
    EachMember(node, what, [&](const YamlMember& attribute) {
      if (ExpectText(attribute.value, "a config attribute, as JSON text,", diagnostics_))
        into->push_back({NameFrom(attribute.key), attribute.value.text});
    });
  }

  // {key: "rotary_emb.inv_freq", LAYOUT: ignored}
  void Use(const YamlMember& member) {
    for (const auto& [word, kind] : kKeyKinds) {
      if (member.value.IsText() && member.value.text.text == word) {
        test_.uses.push_back({NameFrom(member.key), kind, member.value.place});
        return;
      }
    }
    std::vector<std::string> words;
    for (const auto& [word, kind] : kKeyKinds) words.emplace_back(word);
    Wrong(member.value,
          fmt::format("what a key is in a layout is one word: {}", fmt::join(words, ", ")));
  }

  void OfModel(const YamlMember& member) {
    const std::string& field = member.key.text;
    const YamlNode& value = member.value;
    if (field == "sizes") {
      EachMember(value, "`sizes`", [&](const YamlMember& size) {
        if (auto n = IntegerOf(size.value, "a size", diagnostics_))
          test_.sizes.push_back({NameFrom(size.key), *n});
      });
    } else if (field == "config") {
      Attributes(value, "`config`", &test_.config);
    } else if (field == "element") {
      if (ExpectText(value, "`element`", diagnostics_)) test_.element = value.text;
    } else if (field == "values") {
      EachMember(value, "`values`", [&](const YamlMember& m) { Value(m); });
    } else if (field == "counts") {
      EachMember(value, "`counts`", [&](const YamlMember& m) { Count(m); });
    } else if (field == "shapes") {
      EachMember(value, "`shapes`", [&](const YamlMember& layout) {
        EachMember(layout.value, "`shapes` of a layout",
                   [&](const YamlMember& m) { Shape(NameFrom(layout.key), m); });
      });
    } else if (field == "passed") {
      EachMember(value, "`passed`", [&](const YamlMember& m) {
        if (!ExpectText(m.value, "the name of what is passed, or `nowhere`,", diagnostics_)) return;
        const std::string& name = m.value.text.text;
        test_.passed.push_back({NameFrom(m.key), name == kNowhere ? "" : name, m.value.place});
      });
    } else {
      Places(member);
    }
  }

  template <typename Each>
  void EachMember(const YamlNode& node, std::string_view what, const Each& each) {
    if (!ExpectMap(node, what, diagnostics_)) return;
    for (const YamlMember& member : node.members) each(member);
  }

  // One place, `nowhere`, or a list of places of which the first is the one that is written.
  void Places(const YamlMember& member) {
    const YamlNode& value = member.value;
    if (value.IsText() && value.text.text == kNowhere) {
      test_.expectations.push_back({NameFrom(member.key), "", {}, value.place});
      return;
    }
    const bool several = value.IsList() && !value.items.empty() &&
                         std::all_of(value.items.begin(), value.items.end(),
                                     [](const YamlNode& item) { return item.IsList(); });
    if (!several) {
      Place(NameFrom(member.key), value, true);
      return;
    }
    for (size_t i = 0; i < value.items.size(); ++i)
      Place(NameFrom(member.key), value.items[i], i == 0);
  }

  void Place(Name layout, const YamlNode& value, bool written) {
    if (!value.IsList() || value.items.empty() || !value.items[0].IsText()) {
      Wrong(value, "the place of an element is a list: [key, index, index, ...], or `nowhere`");
      return;
    }
    TestRule::Expectation expectation{
        std::move(layout), value.items[0].text.text, {}, value.place, written};
    for (size_t i = 1; i < value.items.size(); ++i) {
      if (auto n = IntegerOf(value.items[i], "an index", diagnostics_))
        expectation.position.push_back(*n);
    }
    test_.expectations.push_back(std::move(expectation));
  }

  void Value(const YamlMember& member) {
    if (!ExpectText(member.value, "a value", diagnostics_)) return;
    const std::string& text = member.value.text.text;
    double value = std::numeric_limits<double>::quiet_NaN();
    if (text != kNowhere) {
      value = ParseNumber<double>(text).value_or(value);
      if (!std::isfinite(value)) {
        Wrong(member.value, fmt::format("a value is a number or `nowhere`, this is `{}`", text));
        return;
      }
    }
    test_.values.push_back({NameFrom(member.key), value, member.value.place});
  }

  void Count(const YamlMember& member) {
    TestRule::Count count;
    count.layout = NameFrom(member.key);
    count.place = member.value.place;
    count.refused = member.value.IsText() && member.value.text.text == kRefused;
    if (count.refused) {
      test_.counts.push_back(std::move(count));
      return;
    }
    if (!ExpectMap(member.value, "`counts` of a layout", diagnostics_)) return;
    RefuseUnknownFields(member.value, "`counts` of a layout", {"tensors", "elements"},
                        diagnostics_);
    if (const YamlNode* n = member.value.Find("tensors"))
      count.tensors = IntegerOf(*n, "a number of tensors", diagnostics_);
    if (const YamlNode* n = member.value.Find("elements"))
      count.elements = IntegerOf(*n, "a number of elements", diagnostics_);
    if (count.tensors || count.elements) {
      test_.counts.push_back(std::move(count));
    } else if (member.value.members.empty()) {
      diagnostics_->Add(Code::kMissingField, member.value.place,
                        "`counts` of a layout names `tensors`, `elements` or both");
    }
  }

  // [n, ...], [dtype, n, ...] or `absent`
  void Shape(Name layout, const YamlMember& member) {
    const YamlNode& value = member.value;
    TestRule::Shape shape{std::move(layout), NameFrom(member.key), false, std::nullopt, {},
                          value.place};
    shape.absent = value.IsText() && value.text.text == kAbsent;
    if (!shape.absent && !value.IsList()) {
      Wrong(value, "the shape of a key is a list of sizes, or `absent`");
      return;
    }
    for (size_t i = 0; i < value.items.size(); ++i) {
      const YamlNode& item = value.items[i];
      if (i == 0 && item.IsText() && (shape.dtype = ParseDtype(item.text.text))) continue;
      if (auto n = IntegerOf(item, "a size of a shape", diagnostics_)) shape.dims.push_back(*n);
    }
    test_.shapes.push_back(std::move(shape));
  }

  void Wrong(const YamlNode& node, std::string message) {
    diagnostics_->Add(Code::kWrongYamlType, node.place, std::move(message));
  }

  TestRule& test_;
  Diagnostics* diagnostics_;
};

}  // namespace

std::optional<TestRule> ParseTest(const YamlNode& node, Diagnostics* diagnostics) {
  if (!ExpectMap(node, "a test", diagnostics)) return std::nullopt;
  TestRule test;
  test.place = node.place;
  TestParser(&test, diagnostics).Parse(node);
  return test;
}

}  // namespace rr
