// RR012: `family` and the name of the file differ.
#include <fmt/format.h>

#include "lint/passes.h"

namespace rr {

void FindWrongFamilyName(const YamlNode& tree, Diagnostics* diagnostics) {
  const YamlNode* family = tree.Find("family");
  if (family == nullptr || !family->IsText()) return;
  const std::string& path = family->place.source->name();
  std::string name = path.substr(path.rfind('/') + 1);
  if (!name.ends_with(".yaml")) return;  // standard input without a name
  name.resize(name.size() - 5);
  if (family->text.text == name) return;
  Diagnostic& finding = diagnostics->Add(
      Code::kWrongFamilyName, family->place,
      fmt::format("the family is called `{}`, the file `{}`", family->text.text, name));
  finding.help = fmt::format("call it `{}`, or rename the file", name);
  finding.fix = {{family->place, name}};
}

}  // namespace rr
