// From an adapter in one layout to the same adapter in another.
//
// Enters: a bound adapter with its ranks and scales. Leaves: a graph as for weights, the rank and
// alpha of every module of the destination, and what had to be done to share a rank. The deltas
// (scale * B * A) stay what they are, bit for bit where no scale is folded.
#ifndef RULE_RUNNER_PLAN_ADAPTER_CONVERSION_H_
#define RULE_RUNNER_PLAN_ADAPTER_CONVERSION_H_

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "bind/bind_source.h"
#include "plan/adapter_pairs.h"
#include "plan/conversion.h"
#include "plan/factor_values.h"

namespace rr {

// One weight that the destination adapts.
struct AdaptedModule {
  std::string weight;      // the key of the weight in the base layout
  bool parameter = false;  // PEFT wraps it as a parameter
  int64_t rank = 0;
  std::optional<double> alpha, scale;
  // A linear map whose weight must be given as a parameter, or it would be taken for an expert's.
  bool by_weight = false;
};

struct AdapterConversion {
  Conversion conversion;
  std::vector<AdaptedModule> modules;    // sorted by weight, each once
  std::vector<std::string> all_modules;  // AllModules of the destination
  std::vector<std::string> saved;        // weights that are stored as a whole (modules_to_save)
  bool use_rslora = false, use_dora = false, lora_bias = false;
  bool scaled_rank = false;  // ranks are those of the style's `scaled rank`, alpha is one
};

// What the loader of the destination asks for.
struct LoaderNeeds {
  bool uniform = false;                   // one rank and one alpha for all modules
  bool one_scale = false;                 // alpha / rank is the same for all modules
  bool rslora = false;                    // the scale is alpha / sqrt(rank)
  std::optional<PairsLoader> only_pairs;  // it takes A and B, and no other tensors
  // The layout's alternatives and prefixes are given: for a merge those of the base.
  const LayoutChoice* choice = nullptr;
  // What the adapter lacks of a weight does not change: for products with the base's weights.
  bool absent_stays = false;
};

std::optional<AdapterConversion> BuildAdapterConversion(
    const BoundSource& source, const AdapterSource& adapter, const KeyTable& table,
    const CheckedLayout& destination, const LoaderNeeds& needs, const ConversionOptions& options,
    ReadTensor read, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_CONVERSION_H_
