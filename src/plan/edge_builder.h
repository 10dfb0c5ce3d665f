// Edges of a graph, each with what happens to the values on their way: the destination gets its
// dtype from the first, and what is not exact must be allowed.
#ifndef RULE_RUNNER_PLAN_EDGE_BUILDER_H_
#define RULE_RUNNER_PLAN_EDGE_BUILDER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/model.h"
#include "check/checked_rules.h"
#include "plan/conversion.h"
#include "plan/graph.h"

namespace rr {

class EdgeBuilder {
 public:
  EdgeBuilder(const Model& model, const ConversionOptions& options, Graph* graph,
              Diagnostics* diagnostics)
      : model_(model), options_(options), graph_(graph), diagnostics_(diagnostics) {}

  // The destinations of the graph are new.
  void Reset() { typed_.clear(); }
  void GiveDtype(uint32_t destination, Dtype dtype);
  // `factor` multiplies the values besides the words of the two entries. Errors: RR501, RR505,
  // RR510, those of value words.
  void Add(Edge edge, const CheckedEntry& from, const CheckedEntry& to, double factor = 1);
  int32_t OpIndex(const ValueOp& op);

  bool good() const { return good_; }
  // For the report: what rounds, and where.
  std::vector<std::string> Lossy() const;

 private:
  bool IsTyped(uint32_t destination) const;

  const Model& model_;
  const ConversionOptions& options_;
  Graph* graph_;
  Diagnostics* diagnostics_;
  bool good_ = true;
  std::vector<bool> typed_;
  std::set<uint32_t> mixed_;
  std::set<std::string> lossy_reported_;
  struct Destinations {
    std::set<uint32_t> seen;
    std::vector<std::string> keys;  // each once, in the order of the edges
  };
  std::map<std::string, Destinations> lossy_;  // by what happens to the values
};

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_EDGE_BUILDER_H_
