#include "report/formats.h"
#include "report/render.h"

namespace rr {

std::string RenderConcise(const Diagnostics& diagnostics) {
  RenderOptions options;
  options.excerpt = false;
  return RenderText(diagnostics, options);
}

}  // namespace rr
