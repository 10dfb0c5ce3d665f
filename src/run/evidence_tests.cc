// `among` of a test: which of several styles of adapters wrote a file with that
// adapter_config.json.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "bind/config.h"
#include "bind/evidence.h"
#include "run/rule_test_model.h"
#include "run/rule_tests.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

using Layouts = std::vector<const CheckedLayout*>;

std::string NamesOf(const Layouts& layouts) {
  std::vector<std::string> names;
  for (const CheckedLayout* layout : layouts)
    names.push_back(fmt::format("`{}`", layout->name.text));
  return JoinWords(names, names.size());
}

// The styles that a test names, in the order of the rules: all of them, or those that it `is`.
Layouts Named(const CheckedRules& rules, const TestRule& test, bool all) {
  Layouts layouts;
  for (const CheckedLayout& layout : rules.layouts) {
    for (const TestRule::StyleChoice& choice : test.among) {
      if (choice.style.text == layout.name.text && (all || choice.is)) layouts.push_back(&layout);
    }
  }
  return layouts;
}

class Evidence {
 public:
  Evidence(const CheckedRules& rules, const RuleTests& tests, const TestRule& test)
      : rules_(rules), tests_(tests), test_(test) {}

  void Run() {
    const Layouts said = Named(rules_, test_, false);
    if (said.empty() || Named(rules_, test_, true).size() != test_.among.size()) return;
    Weigh(AdapterConfigOfTest(test_), said, "adapter_config.json as the test has it");
    // What a style writes into the file must say the same to whoever reads it.
    if (said.size() > 1) return;
    const AdapterStyle& style = *said[0]->style;
    if (style.stamp.empty() && !style.twin_of) return;
    Config stamped;
    for (const auto& [name, json] : style.stamp) SetJson(name, json, &stamped);
    Weigh(stamped, said, fmt::format("what `{}` writes into adapter_config.json", style.name.text));
  }

 private:
  void Weigh(const Config& config, const Layouts& said, const std::string& what) {
    ++tests_.report->facts;
    Layouts left = Named(rules_, test_, true);
    std::vector<std::string> reasons;
    WeighEvidence(rules_, config, &left, &reasons);
    if (left == said) return;
    Diagnostic& failure = tests_.diagnostics->Add(
        Code::kTestFailed, PlaceOf(*said[0]),
        fmt::format("{} leaves {}, the test says {}", what, NamesOf(left), NamesOf(said)));
    for (const std::string& reason : reasons) failure.notes.push_back({{}, reason});
  }

  // Where the test says that it is this one.
  Place PlaceOf(const CheckedLayout& layout) const {
    for (const TestRule::StyleChoice& choice : test_.among) {
      if (choice.style.text == layout.name.text) return choice.place;
    }
    return test_.place;
  }

  const CheckedRules& rules_;
  const RuleTests& tests_;
  const TestRule& test_;
};

}  // namespace

void RunEvidenceTests(const RuleTests& tests) {
  if (tests.adapters == nullptr) return;
  for (const TestRule& test : tests.weights.file->tests) {
    if (!test.among.empty()) Evidence(*tests.adapters, tests, test).Run();
  }
}

}  // namespace rr
