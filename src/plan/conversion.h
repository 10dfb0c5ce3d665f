// From two bound layouts to a transform graph.
//
// Enters: a bound source, and the layout that is wanted. Leaves: the destination's tensors and one
// edge per pair of leaves that share elements, with everything that is not an exact move written
// down. Refusals come before any byte is read.
#ifndef RULE_RUNNER_PLAN_CONVERSION_H_
#define RULE_RUNNER_PLAN_CONVERSION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/dtype.h"
#include "bind/bind_source.h"
#include "plan/graph.h"

namespace rr {

// How parts that are stored together share a rank: one A where theirs are equal, stacked ranks and
// a block-diagonal B otherwise; or always the one or the other.
enum class FuseMode { kAuto, kShared, kBlockDiagonal };

struct ConversionOptions {
  bool allow_lossy = false;
  bool allow_partial = false;
  bool allow_shape = false;
  const LayoutChoice* choice = nullptr;  // prefixes and alternatives of the destination
  bool only_present = false;             // within one layout: what the source lacks is left out
  // Tied copies that are written, and no others: each from its own within one layout.
  std::optional<std::set<std::string>> copies;
  std::optional<Dtype> dtype;  // floating-point tensors are stored in it
  std::string only;            // destination keys that match this RE2 regex; empty: all
  // Adapters.
  FuseMode fuse = FuseMode::kAuto;
  bool fill_zero = false;           // what the source lacks and the destination needs is zero
  bool allow_uniform_rank = false;  // fill ranks with zeros, fold scales into B
  std::optional<int64_t> rank;      // of every module of the destination
};

// Elements of a source tensor that are not moved, because the destination takes them as known:
// padding, and tensors that it has a `default` for.
struct KnownElements {
  uint32_t source = 0;        // index into Graph::sources
  StridedCopy box;            // both sides are positions in the source
  double value = 0;           // before `op`
  std::optional<ValueOp> op;  // to what is stored; without one all bits are zero
  bool required = false;      // others are an error; else they are counted for the report
  std::string what;           // "its padding"
  bool operator==(const KnownElements&) const = default;
};

struct Conversion {
  Graph graph;  // sources: every key of the checkpoint, in its order
  BoundLayout destination;
  std::vector<KnownElements> known;  // looked at before anything is written
  std::vector<double> constants;     // extra sources after the checkpoint's: one element each, F64
  // For the report: what is not an exact, complete move.
  std::vector<std::string> lossy;      // casts and value words that round
  std::vector<std::string> left_out;   // what the destination does not hold
  std::vector<std::string> dropped;    // tied copies, ignored keys
  std::vector<std::string> defaulted;  // tensors made from a default, sizes that nothing says
  std::vector<std::string> notes;
};

// Whether both do the same with equal sources.
inline bool SameEffect(const Conversion& a, const Conversion& b) {
  return a.graph == b.graph && a.constants == b.constants && a.known == b.known;
}

// Errors: RR402, RR501, RR502, RR503, RR505, RR506, RR510, and those of Instantiate.
std::optional<Conversion> BuildConversion(const BoundSource& source, const KeyTable& table,
                                          const CheckedLayout& destination,
                                          const ConversionOptions& options,
                                          Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_CONVERSION_H_
