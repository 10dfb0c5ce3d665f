#include <utility>

#include "run/open_source.h"

namespace rr {

namespace {

CauseScene SceneOf(const OpenedSource& source) {
  CauseScene scene;
  scene.path = source.checkpoint.path;
  scene.adapter = source.checkpoint.kind == CheckpointKind::kAdapter;
  scene.table = &source.table;
  scene.families = source.families;
  scene.detection = &source.detection;
  scene.config = &source.config;
  scene.adapter_config = &source.adapter_config;
  scene.given = &source.given;
  scene.repairs = &source.repairs;
  if (source.bound) {
    scene.rules = source.rules.get();
    scene.bound = &*source.bound;
    scene.layout = scene.bound->layout.layout;
  }
  if (source.adapter) scene.factors = &*source.adapter;
  return scene;
}

}  // namespace

std::vector<Cause> CausesOf(const OpenedSource& source) { return FindCauses(SceneOf(source)); }

void ExplainErrors(const OpenedSource& source, Diagnostics* diagnostics) {
  if (!diagnostics->HasErrors()) return;
  for (Cause& cause : FindCausesOfErrors(SceneOf(source)))
    diagnostics->Add(Code::kKnownCause, {}, cause.name + ": " + cause.why).help =
        std::move(cause.mend);
}

}  // namespace rr
