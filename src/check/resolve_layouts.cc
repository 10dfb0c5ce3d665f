// Layouts with `like` resolved: prefixes merge name by name, `place` and each refinement are the
// nearest one, a block's table is the nearest one.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "check/proofs.h"
#include "syntax/regex.h"

namespace rr {
namespace {

bool HasTree(const CheckedLayout& layout, const std::string& name) {
  return std::any_of(layout.pass.begin(), layout.pass.end(), [&](const SpannedText& pass) {
    const auto tree = TreeOf(pass.text);
    return tree && tree->name == name;
  });
}

std::vector<std::string> LayoutNames(const RuleFile& file) {
  std::vector<std::string> names;
  for (const LayoutRule& layout : file.layouts) names.push_back(layout.name.text);
  return names;
}

// The layout and what it is like, nearest first. Layouts that are like themselves are reported
// once: they go into `cyclic`.
std::vector<const LayoutRule*> Chain(const RuleFile& file, const LayoutRule& layout,
                                     std::set<const LayoutRule*>* cyclic,
                                     Diagnostics* diagnostics) {
  std::vector<const LayoutRule*> chain{&layout};
  while (chain.back()->like) {
    const Name& like = *chain.back()->like;
    const LayoutRule* next = file.FindLayout(like.text);
    if (next == nullptr) {
      SuggestName(&diagnostics->Add(Code::kUnknownLayout, like.place,
                                    fmt::format("there is no layout `{}`", like.text)),
                  like.text, LayoutNames(file), "layouts");
      break;
    }
    if (cyclic->count(next) > 0) break;
    if (std::find(chain.begin(), chain.end(), next) != chain.end()) {
      std::string way;
      for (const LayoutRule* link : chain) way += fmt::format("`{}` is like ", link->name.text);
      diagnostics->Add(Code::kUnknownLayout, layout.like->place,
                       fmt::format("layout {}`{}`", way, next->name.text));
      cyclic->insert(chain.begin(), chain.end());
      break;
    }
    chain.push_back(next);
  }
  return chain;
}

std::optional<Refinement> Refine(const RuleFile& file, const RefineRule& rule,
                                 Diagnostics* diagnostics) {
  auto fail = [&](const Place& place, std::string message, std::string help = "") {
    diagnostics->Add(Code::kBadPlace, place, std::move(message)).help = std::move(help);
    return std::nullopt;
  };
  const auto unknown = [&](const std::string& axis, const Place& place) {
    SuggestName(&diagnostics->Add(Code::kBadPlace, place,
                                  fmt::format("`{}` is no axis of this family", axis)),
                axis, AxisNames(file), "axes");
    return std::nullopt;
  };
  if (file.FindAxis(rule.axis.text) == nullptr) {
    return unknown(rule.axis.text, rule.axis.place);
  }
  for (const NamedPlace& factor : AxesIn(rule.expr)) {
    if (file.FindAxis(factor.name) == nullptr) return unknown(factor.name, factor.place);
    if (factor.name == rule.axis.text)
      return fail(factor.place, fmt::format("`{}` is refined by itself", factor.name));
  }
  if (!TensorsIn(rule.expr).empty())
    return fail(TensorsIn(rule.expr)[0].place, "a refinement is made of axes only");
  const AxisNode* copies = nullptr;
  ForEachNode(rule.expr, [&](const AxisNode& node) {
    if (node.kind == AxisNode::Kind::kCopies && copies == nullptr) copies = &node;
  });
  if (copies != nullptr)
    return fail(copies->place, fmt::format("`={}` is no part of an axis", copies->name),
                "copies stand in the expressions of keys");
  AxisNode product;
  product.kind = AxisNode::Kind::kProduct;
  product.children = rule.expr;
  std::optional<ExpandedExpr> expanded = Expand({product}, diagnostics);
  if (!expanded) return std::nullopt;
  Refinement refinement;
  refinement.axis = rule.axis.text;
  for (const Leaf& leaf : expanded->leaves) {
    Refinement::Alternative alternative;
    alternative.offset = leaf.offsets[0];
    alternative.size = Poly::Constant(1);
    for (const LeafAxis& axis : leaf.axes) {
      const bool twice =
          std::any_of(alternative.factors.begin(), alternative.factors.end(),
                      [&](const Refinement::Factor& f) { return f.axis == axis.axis; });
      if (twice)
        return fail(axis.place,
                    fmt::format("`{}` is a factor of {} twice", axis.axis, rule.axis.text));
      alternative.factors.push_back({axis.axis, axis.stride});
      alternative.size = alternative.size * Poly::Axis(axis.axis);
    }
    refinement.alternatives.push_back(std::move(alternative));
  }
  return refinement;
}

void InheritPrefixes(const LayoutRule& link, CheckedLayout* layout) {
  for (const auto& [name, variants] : link.prefixes) {
    const bool known =
        std::any_of(layout->prefixes.begin(), layout->prefixes.end(),
                    [&, &name = name](const auto& p) { return p.first == name.text; });
    if (known) continue;
    std::vector<KeyTemplate> texts;
    for (const SpannedText& variant : variants) {
      KeyTemplate text;  // plain text: a variant has no captures
      text.text = variant;
      if (!variant.text.empty())
        text.parts.push_back({KeyPart::Kind::kLiteral, variant.text, {}, variant.place()});
      texts.push_back(std::move(text));
    }
    if (!texts.empty()) layout->prefixes.push_back({name.text, std::move(texts)});
  }
}

void InheritRefinements(const RuleFile& file, const LayoutRule& link, CheckedLayout* layout,
                        Diagnostics* diagnostics) {
  for (const RefineRule& refine : link.refine) {
    if (layout->refinements.count(refine.axis.text) > 0) continue;
    if (auto refinement = Refine(file, refine, diagnostics))
      layout->refinements[refine.axis.text] = std::move(*refinement);
  }
}

// Of what the layout is like, places of unknown axes were reported there.
void InheritPlaces(const RuleFile& file, const LayoutRule& link, bool own, CheckedLayout* layout,
                   Diagnostics* diagnostics) {
  if (!layout->place.empty()) return;
  for (const PlaceRule& place : link.place) {
    if (file.FindAxis(place.axis.text) != nullptr) {
      layout->place.push_back(&place);
    } else if (own) {
      SuggestName(&diagnostics->Add(Code::kBadPlace, place.axis.place,
                                    fmt::format("`{}` is no axis of this family", place.axis.text)),
                  place.axis.text, AxisNames(file), "axes");
    }
  }
}

void InheritPass(const LayoutRule& link, bool own, CheckedLayout* layout) {
  for (const SpannedText& pass : link.pass) {
    const auto tree = TreeOf(pass.text);
    const bool known = tree && !own && HasTree(*layout, tree->name);
    if (!known) layout->pass.push_back(pass);
  }
}

const TableRule* NearestTable(const BlockRule& block, const std::vector<const LayoutRule*>& chain) {
  for (const LayoutRule* link : chain) {
    for (const TableRule& table : block.tables) {
      if (table.layout.text == link->name.text) return &table;
    }
  }
  return nullptr;
}

CheckedLayout Resolve(const RuleFile& file, const LayoutRule& rule,
                      std::set<const LayoutRule*>* cyclic, Diagnostics* diagnostics) {
  CheckedLayout layout;
  layout.name = rule.name;
  layout.partial = rule.partial;
  layout.style = rule.style;
  const std::vector<const LayoutRule*> chain = Chain(file, rule, cyclic, diagnostics);
  const size_t errors = diagnostics->ErrorCount();
  bool broken = cyclic->count(chain.back()) > 0 ||
                (chain.back()->like && file.FindLayout(chain.back()->like->text) == nullptr);
  for (const LayoutRule* link : chain) {
    const bool own = link == &rule;
    broken = broken || link->broken;
    InheritPrefixes(*link, &layout);
    InheritRefinements(file, *link, &layout, diagnostics);
    InheritPlaces(file, *link, own, &layout, diagnostics);
    layout.ignore.insert(layout.ignore.end(), link->ignore.begin(), link->ignore.end());
    if (layout.require.empty()) {
      for (const Formula& formula : link->require) layout.require.push_back(&formula);
    }
    InheritPass(*link, own, &layout);
  }
  broken = broken || diagnostics->ErrorCount() > errors;
  for (const BlockRule& block : file.blocks) {
    const TableRule* table = NearestTable(block, chain);
    layout.tables.push_back(table);
    layout.broken.push_back(broken || block.broken || (table != nullptr && table->broken));
    layout.variant_counts.push_back(table == nullptr ? 0
                                                     : static_cast<int>(table->variants.size()));
  }
  return layout;
}

void RefuseTablesOfNoLayout(const RuleFile& file, Diagnostics* diagnostics) {
  for (const BlockRule& block : file.blocks) {
    for (const TableRule& table : block.tables) {
      if (file.FindLayout(table.layout.text) != nullptr) continue;
      Diagnostic& d = diagnostics->Add(
          Code::kUnknownLayout, table.layout.place,
          fmt::format("block `{}` has a table for `{}`, which is no layout of the family",
                      block.name.text, table.layout.text));
      SuggestName(&d, table.layout.text, LayoutNames(file), "layouts");
    }
  }
}

}  // namespace

std::vector<CheckedLayout> ResolveLayouts(const RuleFile& file, Diagnostics* diagnostics) {
  RefuseTablesOfNoLayout(file, diagnostics);
  std::set<const LayoutRule*> cyclic;
  std::vector<CheckedLayout> layouts;
  for (const LayoutRule& rule : file.layouts)
    layouts.push_back(Resolve(file, rule, &cyclic, diagnostics));
  return layouts;
}

}  // namespace rr
