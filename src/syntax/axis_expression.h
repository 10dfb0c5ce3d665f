// The axis expression: what the dimensions of a stored tensor are made of.
//
//   expr := dim*
//   dim  := AXIS | "=" AXIS | "1" | "(" dim* ")" | "{" dim* ("|" dim*)+ "}" | tensor "[" dim* "]"
//
// (A B) is a product, flattened row-major, A slowest; {x | y} is a sum, x first, each side
// flattened; gate[I] says that these axes belong to logical tensor gate; =N, which is no axis of
// the tensor, says that the rest of the product is stored N times. At the top level tensor[A B] is
// two dimensions; inside a product or a sum it is flattened. Axes are Capitalised (a trailing '
// makes another name), tensors lower case. grammar/axis_expression.ebnf.
#ifndef RULE_RUNNER_SYNTAX_AXIS_EXPRESSION_H_
#define RULE_RUNNER_SYNTAX_AXIS_EXPRESSION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/poly.h"
#include "base/source.h"

namespace rr {

struct AxisNode {
  enum class Kind { kAxis, kCopies, kOne, kProduct, kSum, kTensor };
  Kind kind = Kind::kOne;
  std::string name;                                 // kAxis, kCopies, kTensor
  std::vector<AxisNode> children;                   // kProduct, kTensor
  std::vector<std::vector<AxisNode>> alternatives;  // kSum, two or more
  Place place;
};

using AxisExpr = std::vector<AxisNode>;

bool IsAxisName(std::string_view text);    // Capitalised
bool IsTensorName(std::string_view text);  // lower case

// nullopt after RR201 at the true place.
std::optional<AxisExpr> ParseAxisExpr(const SpannedText& text, Diagnostics* diagnostics);

// The canonical text: single spaces, products only where they are needed.
std::string ToString(const AxisExpr& expr);

// Every axis name (of copies, too) / tensor name used, in the order of the text, with repetitions.
struct NamedPlace {
  std::string name;
  Place place;
};
std::vector<NamedPlace> AxesIn(const AxisExpr& expr);
std::vector<NamedPlace> TensorsIn(const AxisExpr& expr);
// Every node, what is around others first, in the order of the text.
template <typename Visit>
void ForEachNode(const AxisExpr& expr, const Visit& visit) {
  for (const AxisNode& node : expr) {
    visit(node);
    ForEachNode(node.children, visit);
    for (const AxisExpr& alternative : node.alternatives) ForEachNode(alternative, visit);
  }
}
// Whether the axis, or the tensor, stands in it.
bool Mentions(const AxisExpr& expr, AxisNode::Kind kind, std::string_view name);

// `expr` with axis `name` replaced by `replacement` (no dims at all removes it).
AxisExpr ReplaceAxis(AxisExpr expr, std::string_view name, const AxisExpr& replacement);

// --- leaves
// -------------------------------------------------------------------------------------------------------
// Multiplying products over sums gives leaves. In a leaf every axis has one stride within one
// dimension, so the leaf is a box of elements: position in dimension d = offsets[d] + sum over axes
// in d of index * stride.
struct LeafAxis {
  std::string axis;
  int dim = 0;
  Poly stride;  // in positions of its dimension
  Place place;
  bool copies = false;  // every index along it is the same element
};
struct Leaf {
  std::string tensor;  // empty: no tensor is named
  std::vector<LeafAxis> axes;
  std::vector<Poly> offsets;  // one per dimension
  Place place;                // of the tensor's name; of the expression when none is named
};
struct ExpandedExpr {
  std::vector<Poly> shape;
  std::vector<Leaf> leaves;
};
// nullopt after RR205 (two tensors multiplied) or RR201 (more than 4096 leaves). A top-level
// tensor[A B] counts as two dimensions.
std::optional<ExpandedExpr> Expand(const AxisExpr& expr, Diagnostics* diagnostics);
// The size of dims multiplied with each other.
Poly SizeOf(const std::vector<AxisNode>& dims);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_AXIS_EXPRESSION_H_
