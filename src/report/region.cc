#include "report/excerpt.h"
#include "report/formats.h"

namespace rr {

TextRegion RegionOf(const Place& place) {
  TextRegion region;
  if (place.source == nullptr) {
    region.file = Printable(place.file);
    return region;
  }
  const Source::Position begin = place.source->PositionOf(place.begin);
  const Source::Position end = place.source->PositionOf(place.end);
  region = {Printable(place.source->name()), begin.line, begin.column, end.line, end.column};
  return region;
}

}  // namespace rr
