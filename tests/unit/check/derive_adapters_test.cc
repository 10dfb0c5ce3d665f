#include "check/derive_adapters.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/toy_adapters.h"

namespace rr {
namespace {

TEST_CASE("PRINT") {
  Diagnostics d;
  auto rules = AdaptersOf(kToyFamily, kToyStyles, &d);
  MESSAGE(Findings(d));
  for (const auto& layout : rules->layouts)
    MESSAGE(layout.name.text, "\n", EntriesOf(*rules, layout.name.text));
}

}  // namespace
}  // namespace rr
