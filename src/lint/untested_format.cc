// RR903, RR904 of quantisation formats: one without tests, or a part of one that no test reaches.
#include "lint/untested_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace rr {

void FindUntestedFormats(const std::vector<QuantFormat>& formats,
                         const std::vector<QuantTest>& tests, Diagnostics* diagnostics) {
  for (const QuantFormat& format : formats) {
    const std::string& name = format.name.text;
    const auto any = [&](const auto& holds) {
      return std::any_of(tests.begin(), tests.end(), [&](const QuantTest& test) {
        return test.format.text == name && holds(test);
      });
    };
    if (!any([](const QuantTest&) { return true; })) {
      diagnostics
          ->Add(Code::kNoTests, format.name.place, fmt::format("format `{}` has no tests", name))
          .help = "say under `tests` what announces it, which keys stand for a weight, and values";
      continue;
    }
    std::vector<std::string> untested;
    const auto announced = [&](const QuantTest& test) {
      const auto& names = test.announces;
      return names && std::any_of(names->begin(), names->end(),
                                  [&](const SpannedText& one) { return one.text == name; });
    };
    if (!format.marks.empty() && !any(announced)) untested.push_back("`announces`");
    if (format.usual && !any([](const QuantTest& test) { return !test.usual.empty(); }))
      untested.push_back("`usual`");
    if (format.usual && !any([](const QuantTest& test) { return !test.unusual.empty(); }))
      untested.push_back("`unusual`");
    if (!any([](const QuantTest& test) { return !test.stored.empty(); }))
      untested.push_back("`stored`");
    if (!format.others.empty() && !any([](const QuantTest& test) { return !test.others.empty(); }))
      untested.push_back("`others`");
    if (!any([](const QuantTest& test) { return !test.values.empty(); }))
      untested.push_back("`values`");
    if (untested.empty()) continue;
    diagnostics->Add(Code::kUntestedPart, format.name.place,
                     fmt::format("no test of `{}` has {}", name, JoinWords(untested)));
  }
}

}  // namespace rr
