#include <vector>

#include "plan/box.h"
#include "plan/passes.h"

namespace rr {

void FusePass(Graph* graph) {
  for (Edge& edge : graph->edges) FuseDims(&edge.copy);
  std::erase_if(graph->edges, [](const Edge& edge) { return edge.copy.Count() == 0; });
}

}  // namespace rr
