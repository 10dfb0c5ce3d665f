// Names that were repaired (key_repair.h): the file is read as it was meant, and written right.
#include "bind/each_cause.h"

namespace rr {

void CauseRepairedNames(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.repairs == nullptr) return;
  const std::string to = scene.layout != nullptr ? scene.layout->name.text
                         : scene.adapter         ? PeftTarget(scene)
                                                 : "hub";
  for (const KeyRepair& repair : *scene.repairs)
    causes->push_back({repair.name, repair.why, ConvertCommand(scene, to)});
}

}  // namespace rr
