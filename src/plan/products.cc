#include "plan/products.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "plan/box.h"
#include "plan/defaults.h"
#include "plan/join.h"

namespace rr {
namespace {

// Per tensor that a layout stores: its factor, or -1.
std::map<int, int> FactorsIn(const BoundLayout& bound) {
  std::map<int, int> factors;
  for (const BoundTensor& tensor : bound.tensors) {
    const CheckedEntry& entry = bound.EntryOf(tensor);
    if (entry.rule->tied) continue;
    for (const CheckedLeaf& leaf : entry.leaves) factors[leaf.tensor] = entry.times;
  }
  return factors;
}

class ProductMaker {
 public:
  ProductMaker(const BoundSource& source, const KeyTable& table, Graph* graph,
               Diagnostics* diagnostics)
      : source_(source),
        rules_(source.model->rules()),
        table_(table),
        graph_(graph),
        diagnostics_(diagnostics) {}

  std::set<int> Run(const BoundLayout& destination) {
    Diagnostics reported;  // where defaults are used
    const std::map<int, double> defaults = DefaultValues(*source_.model, source_.layout, &reported);
    const std::map<int, int> here = FactorsIn(source_.layout);
    std::set<int> factors;
    for (const auto& [tensor, factor] : FactorsIn(destination)) {
      if (factor < 0) continue;
      const auto stored = here.find(tensor);
      if (stored != here.end() && stored->second == factor) continue;
      const auto one = defaults.find(factor);
      if (one != defaults.end() && one->second == 1) continue;
      if (one != defaults.end() || defaults.count(tensor) > 0) {
        Refuse(Code::kMissingKey, tensor, factor,
               "layout `{0}` stores only one of `{1}` and `{2}`");
        continue;
      }
      factors.insert(factor);
      if (stored != here.end()) Multiply(tensor, factor);
    }
    return factors;
  }

 private:
  // `text` may name the source's layout {0}, the tensor {1} and the factor {2}.
  void Refuse(Code code, int tensor, int factor, std::string_view text) {
    diagnostics_->Add(code, {},
                      fmt::format(fmt::runtime(text), source_.layout.layout->name.text,
                                  rules_.FullName(tensor), rules_.FullName(factor)));
  }

  // The pieces of one tensor, in tied copies too where they are asked for.
  BoundLayout Only(int tensor, bool tied) const {
    BoundLayout only = source_.layout;
    std::erase_if(only.pieces, [&](const BoundPiece& piece) {
      const BoundLeaf& leaf = only.leaves[piece.leaf];
      return leaf.tensor != tensor || (leaf.tied && !tied);
    });
    return only;
  }

  // The pieces of a tensor seen along the axes of its factor alone.
  BoundLayout Seen(const BoundLayout& bound, int tensor, int factor) const {
    const std::vector<std::string>& axes = rules_.tensors[static_cast<size_t>(tensor)].axes;
    std::vector<size_t> kept;
    for (const std::string& axis : rules_.tensors[static_cast<size_t>(factor)].axes)
      kept.push_back(static_cast<size_t>(std::find(axes.begin(), axes.end(), axis) - axes.begin()));
    BoundLayout seen = bound;
    for (BoundLeaf& leaf : seen.leaves) {
      if (leaf.tensor != tensor) continue;
      std::vector<BoundLeaf::Axis> own;
      for (const size_t a : kept) own.push_back(leaf.axes[a]);
      leaf.axes = std::move(own);
      leaf.tensor = factor;
    }
    for (BoundPiece& piece : seen.pieces) {
      std::vector<int64_t> fixed;
      for (const size_t a : kept) fixed.push_back(piece.fixed[a]);
      piece.fixed = std::move(fixed);
    }
    return seen;
  }

  void Multiply(int tensor, int factor) {
    const BoundLayout stored = Only(tensor, true);
    const BoundLayout factors = Only(factor, false);
    std::vector<int64_t> left;  // elements of each piece that have no factor yet
    for (const BoundPiece& piece : stored.pieces) left.push_back(stored.CountOf(piece));
    for (JoinedBox& box : Join(factors, Seen(stored, tensor, factor), rules_, diagnostics_)) {
      const BoundPiece& piece = stored.pieces[box.destination_piece];
      if (box.kind != EdgeKind::kCopy) {
        Refuse(Code::kNoCommonRefinement, tensor, factor,
               "layout `{0}` stores one element of `{1}` for several of `{2}`");
        return;
      }
      // Along its other axes the factor stays the same.
      const std::vector<std::string>& axes = rules_.tensors[static_cast<size_t>(tensor)].axes;
      const std::vector<std::string>& own = rules_.tensors[static_cast<size_t>(factor)].axes;
      const BoundLeaf& leaf = stored.leaves[piece.leaf];
      for (size_t a = 0; a < axes.size(); ++a) {
        const BoundLeaf::Axis& axis = leaf.axes[a];
        if (axis.replicated || std::find(own.begin(), own.end(), axes[a]) != own.end()) continue;
        for (const BoundLeaf::Digit& digit : axis.digits)
          box.copy.dims.push_back({digit.n, 0, digit.stride});
      }
      FuseDims(&box.copy);
      left[box.destination_piece] -= box.copy.Count();
      const BoundPiece& from = factors.pieces[box.source_piece];
      Add(source_.found[piece.stored], source_.found[from.stored], std::move(box.copy));
    }
    if (diagnostics_->HasErrors()) return;
    const bool complete = std::all_of(left.begin(), left.end(), [](int64_t n) { return n == 0; });
    if (stored.pieces.empty()) {
      Refuse(Code::kUnknownSize, tensor, factor,
             "to multiply `{1}` by `{2}` their sizes must be known");
    } else if (!complete) {
      Refuse(Code::kMissingKey, tensor, factor,
             "`{2}`, by which `{1}` is multiplied, is not there, or not all of it");
    }
  }

  void Add(uint32_t source, uint32_t factor, StridedCopy copy) {
    for (const uint32_t key : {source, factor}) {
      const GraphTensor& tensor = graph_->sources[key];
      const int32_t quantized = table_.keys[key].quantized;
      // Codes are no numbers, and values of what is stored turned round have other places.
      const bool turned =
          quantized >= 0 && table_.quantized[static_cast<size_t>(quantized)].format->transposed;
      if (IsFloat(tensor.dtype) && !turned) continue;
      if (!refused_.insert(key).second) return;
      Diagnostic& d = diagnostics_->Add(
          Code::kValueOpOnDtype, {},
          fmt::format("{} is {}: it cannot be part of a product", tensor.key,
                      quantized >= 0 ? "quantised" : std::string(NameOf(tensor.dtype))));
      if (!IsFloat(tensor.dtype) && quantized >= 0)
        d.help = "--allow lossy takes the values of the weights";
      return;
    }
    graph_->products.push_back({source, factor, graph_->sources[source].dtype,
                                graph_->sources[factor].dtype, std::move(copy)});
  }

  const BoundSource& source_;
  const CheckedRules& rules_;
  const KeyTable& table_;
  Graph* graph_;
  Diagnostics* diagnostics_;
  std::set<uint32_t> refused_;
};

}  // namespace

std::set<int> AddProducts(const BoundSource& source, const KeyTable& table,
                          const BoundLayout& destination, Graph* graph, Diagnostics* diagnostics) {
  return ProductMaker(source, table, graph, diagnostics).Run(destination);
}

std::vector<std::string> ProductsText(const CheckedRules& rules, const Conversion& conversion) {
  constexpr size_t kShownTensors = 3;
  if (conversion.graph.products.empty()) return {};
  std::map<int, std::vector<std::string>> keys;
  for (const BoundTensor& tensor : conversion.destination.tensors) {
    const int factor = conversion.destination.EntryOf(tensor).times;
    if (factor >= 0) keys[factor].push_back(tensor.key);
  }
  std::vector<std::string> texts;
  for (const auto& [factor, of] : keys)
    texts.push_back(fmt::format("multiply by {}, which does not come back: {}",
                                rules.FullName(factor), JoinWords(of, kShownTensors)));
  return texts;
}

}  // namespace rr
