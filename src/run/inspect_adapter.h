// What `inspect` says of an adapter besides what it says of every checkpoint.
#ifndef RULE_RUNNER_RUN_INSPECT_ADAPTER_H_
#define RULE_RUNNER_RUN_INSPECT_ADAPTER_H_

#include <string>
#include <vector>

#include "run/open_source.h"

namespace rr {

// What a system's loader does with the adapter as it is.
struct LoaderVerdict {
  enum class Kind {
    kLoads,     // as it was trained
    kDrops,     // it does not know some of the tensors
    kRefuses,   // shapes that it expects otherwise, or what it has no use for
    kMisreads,  // it knows all tensors and reads them in another order: silently wrong
  };
  std::string system;  // "peft >=0.19.1"
  Kind kind = Kind::kLoads;
  std::string text;  // which tensors, what to do
};

struct AdapterFacts {
  std::string dialect;               // what the layout is, in words
  std::vector<std::string> ranks;    // "rank 8: 96 modules", "256 = E 32 x rank 8 in ..."
  std::vector<std::string> adapts;   // "experts.up: 2 layers, 4 experts"
  std::vector<std::string> remarks;  // what is unusual
  std::vector<LoaderVerdict> loaders;
};

// Of an adapter that was recognised.
AdapterFacts DescribeAdapter(const OpenedSource& source);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_INSPECT_ADAPTER_H_
