#include "run/follow_element.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "base/shape.h"
#include "run/locate.h"

namespace rr {
namespace {

float FloatAt(const std::vector<std::byte>& bytes, size_t index) {
  float value;
  std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
  return value;
}

// Where a copy puts an element of its source; nullopt when it does not take it.
std::optional<int64_t> Through(const StridedCopy& copy, int64_t element) {
  std::vector<int64_t> at(copy.dims.size(), 0);
  for (bool more = true; more;) {
    int64_t from = copy.src_start, to = copy.dst_start;
    for (size_t d = 0; d < at.size(); ++d) {
      from += at[d] * copy.dims[d].src;
      to += at[d] * copy.dims[d].dst;
    }
    if (from == element) return to;
    more = false;
    for (size_t d = at.size(); d-- > 0;) {
      if (++at[d] < copy.dims[d].n) {
        more = true;
        break;
      }
      at[d] = 0;
    }
  }
  return std::nullopt;
}

const CheckedEntry* EntryOf(const BoundLayout& bound, const std::string& key) {
  for (const BoundTensor& tensor : bound.tensors) {
    if (tensor.key == key) return &bound.EntryOf(tensor);
  }
  return nullptr;
}

}  // namespace

std::optional<WrongElement> FirstWrong(const std::vector<std::byte>& expected,
                                       const std::vector<std::byte>& found, float tolerance) {
  if (expected == found) return std::nullopt;
  if (expected.size() != found.size()) return WrongElement{-1, 0, 0};
  for (size_t i = 0; i < expected.size() / sizeof(float); ++i) {
    const float was = FloatAt(expected, i), is = FloatAt(found, i);
    const bool good = tolerance > 0
                          ? std::fabs(was - is) <= tolerance * std::max(1.0F, std::fabs(was))
                          : std::memcmp(&was, &is, sizeof was) == 0;
    if (!good) return WrongElement{static_cast<int64_t>(i), was, is};
  }
  return std::nullopt;
}

std::string DoesNotComeBack(const FoundKey& key, const WrongElement& wrong) {
  if (wrong.element < 0) return fmt::format("{} comes back with another size", key.name);
  return fmt::format("{} comes back with another value at [{}]: {} was {}", key.name,
                     fmt::join(PositionOf(wrong.element, *key.shape), ", "), wrong.found,
                     wrong.expected);
}

std::vector<std::string> FollowElement(const CheckedRules& rules, const BoundSource& source,
                                       const Conversion& conversion, uint32_t key,
                                       int64_t element) {
  std::vector<std::string> lines;
  const Graph& graph = conversion.graph;
  for (const Edge& edge : graph.edges) {
    if (edge.source != key || element < 0) continue;
    const std::optional<int64_t> to = Through(edge.copy, element);
    if (!to) continue;
    const GraphTensor& destination = graph.destinations[edge.destination];
    lines.push_back(fmt::format("in `{}` it is at {}", conversion.destination.layout->name.text,
                                PlaceText(destination.key, PositionOf(*to, destination.shape))));
    const CheckedEntry* here = EntryOf(source.layout, graph.sources[key].key);
    const CheckedEntry* there = EntryOf(conversion.destination, destination.key);
    if (here == nullptr || there == nullptr) break;
    std::set<int> shared;
    for (const CheckedLeaf& leaf : here->leaves) shared.insert(leaf.tensor);
    std::erase_if(shared, [&](int tensor) { return IndexFormulas(rules, *there, tensor).empty(); });
    for (const int tensor : shared) {
      for (const CheckedEntry* entry : {here, there}) {
        const CheckedLayout& layout =
            entry == here ? *source.layout.layout : *conversion.destination.layout;
        for (const std::string& line : IndexFormulas(rules, *entry, tensor))
          lines.push_back(fmt::format("in `{}` {}", layout.name.text, line));
      }
    }
    break;
  }
  return lines;
}

}  // namespace rr
