#include "bind/asked_attributes.h"

#include "syntax/adapter_style.h"
#include "syntax/names_used.h"

namespace rr {

std::set<std::string> AskedAttributes(const RuleFile& weights,
                                      const std::vector<StylePtr>& styles) {
  std::set<std::string> asked{"architectures", "quantization_config"};
  for (const std::string& name : NamesUsed(weights)) {
    if (!IsAxisName(name)) asked.insert(name);
  }
  for (const KindRule& kind : weights.kinds) {
    for (const auto& [name, formula] : kind.cases) asked.erase(name.text);
  }
  for (const StylePtr& style : styles) {
    if (!style->scaled_rank) continue;
    for (const Formula::Name& name : style->scaled_rank->rank.Names()) {
      if (!IsAxisName(name.name)) asked.insert(name.name);
    }
  }
  return asked;
}

}  // namespace rr
