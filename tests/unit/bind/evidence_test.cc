#include "bind/evidence.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/toy_adapters.h"

namespace rr {
namespace {

// The layouts that stay, then why.
std::string Weighed(const std::vector<std::string>& names, Value::Map config) {
  static const RulesOf rules = GoodAdapters();
  std::vector<const CheckedLayout*> layouts;
  for (const std::string& name : names) {
    layouts.push_back(rules->FindLayout(name));
    REQUIRE(layouts.back() != nullptr);
  }
  std::vector<std::string> reasons;
  WeighEvidence(*rules, Config(Value(std::move(config))), &layouts, &reasons);
  std::string out;
  for (const CheckedLayout* layout : layouts) out += layout->name.text + " ";
  for (const std::string& reason : reasons) out += "| " + reason;
  return out;
}

const std::string kTwin =
    "| no mark of another trainer: it is read as folded, but it could be blocked (a pair for each "
    "linear) as well: --from blocked";

TEST_CASE("a stamp decides against the version") {
  CHECK(
      Weighed({"folded", "direct", "blocked"}, {{"order", "direct"}, {"peft_version", "0.20.0"}}) ==
      "direct | adapter_config.json has order == 'direct'");
  CHECK(Weighed({"folded", "direct", "blocked"}, {{"columns", "experts"}}) ==
        "blocked | adapter_config.json has columns == 'experts'");
}

TEST_CASE("what a stamp excludes goes, the others stay") {
  CHECK(Weighed({"direct", "blocked", "stacked"}, {{"order", "swapped"}}) ==
        "blocked stacked | adapter_config.json has order == 'swapped'");
  // All excluded: at least one stays.
  CHECK(Weighed({"direct"}, {{"order", "swapped"}}) == "direct ");
}

TEST_CASE("the version of PEFT, development builds included") {
  CHECK(Weighed({"folded", "direct"}, {{"peft_version", "0.18.1"}}) ==
        "direct | adapter_config.json has peft_version 0.18.1, which writes direct");
  CHECK(Weighed({"folded", "direct"}, {{"peft_version", "0.20.1.dev0@abc123"}}) ==
        "folded | adapter_config.json has peft_version 0.20.1, which writes folded");
  // A version whose layout does not fit says nothing.
  CHECK(Weighed({"direct", "stacked"}, {{"peft_version", "0.20.0"}}) == "direct stacked ");
  CHECK(Weighed({"folded", "direct"}, {{"peft_version", "new"}}) == "folded direct ");
  CHECK(Weighed({"folded", "direct"}, {{"peft_version", 19}}) == "folded direct ");
}

TEST_CASE("of twins the usual one, when nothing says otherwise") {
  CHECK(Weighed({"folded", "blocked"}, {}) == "folded " + kTwin);
  CHECK(Weighed({"folded", "direct", "blocked"}, {}) == "folded direct " + kTwin);
  // Without its twin there is no choice.
  CHECK(Weighed({"direct", "blocked"}, {}) == "direct blocked ");
}

}  // namespace
}  // namespace rr
