// `key` and `passed` of a test: what a key is in layouts, and what layouts call it.
#include <fmt/format.h>

#include <optional>
#include <string>

#include "bind/key_table.h"
#include "check/test_names.h"
#include "plan/passed_name.h"
#include "run/rule_tests.h"
#include "syntax/regex.h"

namespace rr {
namespace {

struct KnownKey {
  KeyKind kind = KeyKind::kUnknown;
  Place rule;          // what says so
  std::string reason;  // of `drop` and `ignore`
};

KnownKey KindOf(const CheckedLayout& layout, const std::string& key) {
  FoundKey found;
  found.name = key;
  const LayoutMatch match = MatchKeys(layout, MakeKeyTable({found}));
  KnownKey known;
  for (const EntryMatch& of : match.matches) {
    const EntryRule& rule = *layout.entries[static_cast<size_t>(of.entry)].rule;
    if (known.kind == KeyKind::kStored) break;
    known = {rule.drop   ? KeyKind::kDropped
             : rule.tied ? KeyKind::kTied
                         : KeyKind::kStored,
             rule.place, rule.drop.value_or("")};
  }
  if (!match.matches.empty()) return known;
  for (const RegexRule& ignore : layout.ignore) {
    if (!match.ignored.empty() && FirstMatch(ignore.regex.text, {key}))
      return {KeyKind::kIgnored, ignore.regex.place(), ignore.reason};
  }
  for (const SpannedText& pass : layout.pass) {
    if (!match.passed.empty() && FirstMatch(pass.text, {key}))
      return {KeyKind::kPassed, pass.place(), ""};
  }
  return known;
}

std::string WordOf(KeyKind kind) {
  switch (kind) {
    case KeyKind::kStored:
      return "stored";
    case KeyKind::kTied:
      return "tied";
    case KeyKind::kDropped:
      return "dropped";
    case KeyKind::kIgnored:
      return "ignored";
    case KeyKind::kPassed:
      return "passed";
    case KeyKind::kUnknown:
      break;
  }
  return "unknown";
}

const CheckedLayout* LayoutOf(const RuleTests& tests, const Name& name) {
  const CheckedRules* rules = RulesOfTest(tests.weights, tests.adapters, "", name.text);
  return rules != nullptr ? rules->FindLayout(name.text) : nullptr;
}

void TestUse(const RuleTests& tests, const TestRule& test, const TestRule::KeyUse& use) {
  const CheckedLayout* layout = LayoutOf(tests, use.layout);
  if (layout == nullptr) return;
  ++tests.report->facts;
  const KnownKey known = KindOf(*layout, test.key->text);
  if (known.kind == use.kind) return;
  Diagnostic& failure =
      tests.diagnostics->Add(Code::kTestFailed, use.place,
                             fmt::format("{} is {} in `{}`, the test says {}", test.key->text,
                                         WordOf(known.kind), use.layout.text, WordOf(use.kind)));
  if (known.kind != KeyKind::kUnknown)
    failure.notes.push_back({known.rule, known.reason.empty() ? "it says so here" : known.reason});
}

// Each name is passed by its own layout, and is what the others' names become there.
void TestPassed(const RuleTests& tests, const TestRule& test, const TestRule::PassedKey& from) {
  const CheckedLayout* source = LayoutOf(tests, from.layout);
  if (source == nullptr || from.key.empty()) return;
  ++tests.report->facts;
  const KnownKey known = KindOf(*source, from.key);
  if (known.kind != KeyKind::kPassed) {
    // Of a later name it is said when the first one goes there.
    if (&from != test.passed.data()) return;
    tests.diagnostics->Add(Code::kTestFailed, from.place,
                           fmt::format("{} is {} in `{}`, the test says passed", from.key,
                                       WordOf(known.kind), from.layout.text));
    return;
  }
  for (const TestRule::PassedKey& to : test.passed) {
    const CheckedLayout* destination = LayoutOf(tests, to.layout);
    if (&to == &from || destination == nullptr) continue;
    ++tests.report->facts;
    std::string name = PassedName(*source, *destination, from.key);
    if (KindOf(*destination, name).kind != KeyKind::kPassed) name = "";
    if (name == to.key) continue;
    const auto shown = [](const std::string& key) { return key.empty() ? "nowhere" : key; };
    tests.diagnostics->Add(
        Code::kTestFailed, to.place,
        fmt::format("{} of `{}` is {} in `{}`, the test says {}", from.key, from.layout.text,
                    shown(name), to.layout.text, shown(to.key)));
  }
}

}  // namespace

void RunKeyTests(const RuleTests& tests) {
  for (const TestRule& test : tests.weights.file->tests) {
    for (size_t i = 0; test.key && i < test.uses.size(); ++i) TestUse(tests, test, test.uses[i]);
    for (const TestRule::PassedKey& passed : test.passed) TestPassed(tests, test, passed);
  }
}

}  // namespace rr
