// The stages that need no sizes: ast and checked.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "check/strength.h"
#include "run/explain.h"

namespace rr {
namespace {

std::string AxisText(const AxisRule& axis) {
  switch (axis.kind) {
    case AxisRule::Kind::kFormula:
      return axis.fallback ? fmt::format("{}, in a config without it {}", axis.formula->text().text,
                                         axis.fallback->text().text)
                           : axis.formula->text().text;
    case AxisRule::Kind::kFree:
      return axis.formula ? fmt::format("free, else {}", axis.formula->text().text) : "free";
    case AxisRule::Kind::kWords:
      return fmt::format("one of {}", fmt::join(axis.words, ", "));
    case AxisRule::Kind::kByKind: {
      std::string text;
      for (const auto& [kind, formula] : axis.by_kind)
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", kind.text, formula.text().text);
      return text;
    }
  }
  return "";
}

std::string TensorText(const LogicalTensor& tensor) {
  auto part = [&](size_t begin, size_t end) {
    return fmt::format("{}", fmt::join(tensor.axes.begin() + static_cast<ptrdiff_t>(begin),
                                       tensor.axes.begin() + static_cast<ptrdiff_t>(end), " "));
  };
  const std::string dtype =
      tensor.dtype ? fmt::format(", published in {}", NameOf(*tensor.dtype)) : "";
  if (!tensor.linear) return part(0, tensor.axes.size()) + dtype;
  return fmt::format("{} : {} <- {}{}", part(0, tensor.batch),
                     part(tensor.batch, tensor.batch + tensor.out),
                     part(tensor.batch + tensor.out, tensor.axes.size()), dtype);
}

std::vector<std::string> Words(const EntryRule& rule) {
  std::vector<std::string> words;
  if (rule.cast) words.push_back(fmt::format("cast {}", NameOf(*rule.cast)));
  if (rule.multiply)
    words.push_back(
        fmt::format("multiply by {}{}", rule.multiply->text().text,
                    rule.back ? fmt::format(" (back by {})", rule.back->text().text) : ""));
  if (rule.times) words.push_back(fmt::format("each times that of {}", rule.times->text));
  if (rule.add) words.push_back(fmt::format("add {}", rule.add->text().text));
  if (rule.pad)
    words.push_back(fmt::format("dimension {} padded to {}{}", rule.pad->dim, rule.pad->to.text,
                                rule.pad->check_zero ? ", zeros" : ""));
  for (const Name& axis : rule.replicate) words.push_back(fmt::format("one for all {}", axis.text));
  if (rule.tied)
    words.push_back(fmt::format("tied: a copy of what is stored elsewhere{}",
                                rule.written ? ", written, too" : ""));
  if (rule.drop) words.push_back(fmt::format("dropped: {}", *rule.drop));
  return words;
}

std::string ShapeText(const SharedList<Poly>& shape) {
  std::vector<std::string> extents;
  for (const Poly& extent : shape) extents.push_back(extent.ToString());
  return fmt::format("[{}]", fmt::join(extents, ", "));
}

std::string KeyRegex(const CheckedLayout& layout, const CheckedEntry& entry) {
  if (entry.rule->match) return entry.rule->match->text;
  return ToRegex(ConcreteKey(layout, entry, DefaultChoice(layout)));
}

}  // namespace

std::string AstText(const CheckedRules& rules) {
  const RuleFile& file = *rules.file;
  std::string text = fmt::format("family {}\n", file.family.text);
  if (file.about) text += fmt::format("  {}\n", *file.about);
  std::vector<std::string> sources;
  for (SourcePtr source : file.sources) {
    if (std::find(sources.begin(), sources.end(), source->name()) == sources.end())
      sources.push_back(source->name());
  }
  text += fmt::format("  from {}\n", fmt::join(sources, ", "));
  for (const AxisRule& axis : file.axes)
    text += fmt::format("  axis {} = {}\n", axis.name.text, AxisText(axis));
  for (const KindRule& kind : file.kinds) {
    text += fmt::format("  kinds {}\n", kind.name.text);
    for (const auto& [name, formula] : kind.cases)
      text += fmt::format("    {}: {}\n", name.text, formula ? formula->text().text : "else");
  }
  for (const LayoutRule& layout : file.layouts) {
    text += fmt::format("  layout {}{}\n", layout.name.text,
                        layout.like ? " like " + layout.like->text : "");
    for (const auto& [name, variants] : layout.prefixes) {
      std::vector<std::string> quoted;
      for (const SpannedText& variant : variants) quoted.push_back(JsonQuote(variant.text));
      text += fmt::format("    {} is {}\n", name.text, fmt::join(quoted, " or "));
    }
    for (const PlaceRule& place : layout.place) {
      for (const PlaceCase& one : place.cases)
        text += fmt::format("    {} is placed as {} [{}]\n", place.axis.text, one.key.ToString(),
                            ToString(one.dims));
    }
    for (const RefineRule& refine : layout.refine)
      text += fmt::format("    {} = {}\n", refine.axis.text, ToString(refine.expr));
    for (const Formula& formula : layout.require)
      text += fmt::format("    requires {}\n", formula.text().text);
    if (layout.partial) text += fmt::format("    partial: {}\n", *layout.partial);
  }
  for (size_t b = 0; b < file.blocks.size(); ++b) {
    const BlockRule& block = file.blocks[b];
    text += fmt::format("  block {}{}\n", block.name.text,
                        block.where ? " where " + block.where->text().text : "");
    for (const LogicalTensor& tensor : rules.tensors) {
      if (tensor.block == static_cast<int>(b))
        text += fmt::format("    {}: {}\n", tensor.name, TensorText(tensor));
    }
    for (const TableRule& table : block.tables) {
      for (const TableRule::Variant& variant : table.variants) {
        text += fmt::format("    {}{}\n", table.layout.text,
                            variant.name.text.empty() ? "" : ", " + variant.name.text);
        for (const EntryRule& entry : variant.entries)
          text += fmt::format("      {}: {}\n", entry.key.ToString(), ToString(entry.expr));
      }
    }
  }
  return text;
}

// Which indices of a dimension a leaf has, where it has not all of them: a range, or the steps of
// each axis (slowest first) where they leave room for other leaves.
std::string PartText(size_t dim, const Poly& offset, const Poly& extent,
                     const std::vector<AxisUse::Atom>& atoms) {
  const Poly step = atoms.empty() ? Poly::Constant(1) : atoms.back().stride;
  Poly size = Poly::Constant(1);
  bool dense = true;
  for (auto atom = atoms.rbegin(); atom != atoms.rend(); ++atom) {
    dense = dense && atom->stride == step * size;
    size = size * Poly::Axis(atom->axis);
  }
  if (size == extent) return "";
  std::string text = fmt::format(" dim {} from {}", dim, offset.ToString());
  if (dense) {
    if (!(step == Poly::Constant(1))) text += fmt::format(" step {}", step.ToString());
    return text + fmt::format(" take {};", size.ToString());
  }
  for (const AxisUse::Atom& atom : atoms)
    text += fmt::format("{} {} by {}", &atom == &atoms.front() ? "" : ",", atom.axis,
                        atom.stride.ToString());
  return text + ";";
}

std::string OpsText(const CheckedRules& rules, const CheckedEntry& entry,
                    const std::string& indent) {
  std::string text;
  for (const CheckedLeaf& leaf : entry.leaves) {
    const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
    text += fmt::format("{}{}:", indent, tensor.name);
    // Where the leaf is a part of a dimension, it is cut out first.
    std::vector<std::vector<AxisUse::Atom>> by_dim(entry.shape.size());
    for (const AxisUse& use : leaf.axes) {
      for (const AxisUse::Atom& atom : use.atoms) {
        if (!atom.captured) by_dim[static_cast<size_t>(atom.dim)].push_back(atom);
      }
    }
    std::set<std::string> copied;
    for (const AxisUse::Atom& atom : leaf.copies) {
      by_dim[static_cast<size_t>(atom.dim)].push_back(atom);
      copied.insert(atom.axis);
    }
    std::vector<std::string> opened;
    for (size_t d = 0; d < by_dim.size(); ++d) {
      auto& atoms = by_dim[d];
      // Slowest first: where every axis has two indices or more, the slower stride is the larger
      // one.
      const auto at_two = [](const AxisUse::Atom& atom) {
        return atom.stride.Evaluate([](const std::string&) { return 2; }).value_or(INT64_MAX);
      };
      std::stable_sort(atoms.begin(), atoms.end(),
                       [&](const auto& a, const auto& b) { return at_two(a) > at_two(b); });
      std::vector<std::string> names;
      for (const AxisUse::Atom& atom : atoms)
        names.push_back(copied.count(atom.axis) > 0 ? "=" + atom.axis : atom.axis);
      text += PartText(d, leaf.offsets[d], entry.shape[d], atoms);
      opened.insert(opened.end(), names.begin(), names.end());
    }
    std::vector<std::string> logical;
    for (const AxisUse& use : leaf.axes) {
      for (const AxisUse::Atom& atom : use.atoms) {
        if (!atom.captured) logical.push_back(atom.axis);
      }
    }
    text += fmt::format(" reshape [{}]", fmt::join(opened, ", "));
    if (opened != logical) text += fmt::format("; permute [{}]", fmt::join(logical, ", "));
    text += "\n";
  }
  return text;
}

std::string EntryText(const CheckedRules& rules, const CheckedLayout& layout,
                      const CheckedEntry& entry, const std::string& indent) {
  std::string text = fmt::format("{}{}\n", indent, entry.key.ToString());
  text += fmt::format("{}  regex ^{}$\n", indent, KeyRegex(layout, entry));
  const std::vector<std::string> words = Words(*entry.rule);
  if (!words.empty()) text += fmt::format("{}  words {}\n", indent, fmt::join(words, "; "));
  if (entry.rule->drop) return text;
  const std::optional<Dtype> dtype = rules.DtypeOf(entry);
  text += fmt::format("{}  shape {}{}\n", indent, ShapeText(entry.shape),
                      dtype && !entry.rule->cast ? " of " + std::string(NameOf(*dtype)) : "");
  text += fmt::format("{}  is {}\n", indent, ToString(entry.expr));
  return text + OpsText(rules, entry, indent + "  ");
}

std::string CheckedText(const CheckedRules& rules, const CheckedLayout& layout) {
  std::string text = fmt::format("{} {}: {}\n", rules.file->family.text, layout.name.text,
                                 ToString(StrengthOf(layout)));
  int block = -1;
  for (const CheckedEntry& entry : layout.entries) {
    if (entry.block != block) {
      block = entry.block;
      const BlockRule& rule = rules.file->blocks[static_cast<size_t>(block)];
      text += fmt::format(" {}{}\n", rule.name.text,
                          rule.where ? " where " + rule.where->text().text : "");
    }
    text += EntryText(rules, layout, entry, "  ");
  }
  return text;
}

}  // namespace rr
