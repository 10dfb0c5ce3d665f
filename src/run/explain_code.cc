#include "run/explain_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <vector>

#include "run/stored_groups.h"

namespace rr {
namespace {

// A name that Python takes: H' is H_.
std::string Identifier(std::string name) {
  for (char& c : name) {
    if (c == '\'' || c == '-') c = '_';
  }
  return name;
}

std::string Tuple(const std::vector<std::string>& items) {
  return fmt::format("({}{})", fmt::join(items, ", "), items.size() == 1 ? "," : "");
}

class CodeWriter {
 public:
  CodeWriter(const BoundSource& source, const Conversion& conversion, CodeDialect dialect)
      : rules_(source.model->rules()),
        model_(*source.model),
        from_(source.layout),
        to_(conversion.destination),
        torch_(dialect == CodeDialect::kTorch) {
    FindKeyedAxes();
  }

  std::string Run() {
    const std::vector<StoredGroup> reads = GroupStored(from_), writes = GroupStored(to_);
    for (size_t b = 0; b < rules_.file->blocks.size(); ++b) {
      const auto here = [&](const BoundLayout& bound, const StoredGroup& group) {
        return EntryOf(bound, group).block == static_cast<int>(b);
      };
      const bool used =
          std::any_of(writes.begin(), writes.end(), [&](const auto& g) { return here(to_, g); });
      if (!used) continue;
      Line(1, "# " + rules_.file->blocks[b].name.text);
      guarded_ = false;
      if (rules_.file->blocks[b].optional) {
        const auto first = std::find_if(reads.begin(), reads.end(),
                                        [&](const auto& group) { return here(from_, group); });
        if (first == reads.end()) continue;
        Line(1, fmt::format("if \"{}\" in source:", from_.tensors[first->stored[0]].key));
        guarded_ = true;
      }
      for (size_t t = 0; t < rules_.tensors.size(); ++t) {
        if (rules_.tensors[t].block == static_cast<int>(b) && !keyed_[t].empty() &&
            stored_.count(static_cast<int>(t)) > 0)
          Line(1, Name(static_cast<int>(t)) + " = {}");
      }
      for (const StoredGroup& group : reads) {
        if (here(from_, group)) Group(from_, group, true);
      }
      for (const StoredGroup& group : writes) {
        if (here(to_, group)) Group(to_, group, false);
      }
    }
    guarded_ = false;
    Line(1, "return result");
    return Head() + body_;
  }

 private:
  static const CheckedEntry& EntryOf(const BoundLayout& bound, const StoredGroup& group) {
    return bound.layout->entries[static_cast<size_t>(group.entry)];
  }
  const char* Module() const { return torch_ ? "torch" : "np"; }

  std::string Head() const {
    std::string text = torch_ ? "import torch\n\n" : "import numpy as np\n\n";
    for (const auto& [name, size] : sizes_) text += fmt::format("{} = {}\n", name, size);
    return text + fmt::format(
                      "\n\ndef convert(source):\n"
                      "    \"\"\"{}: from {} to {}, for these sizes.\"\"\"\n    result = {{}}\n",
                      rules_.file->family.text, from_.layout->name.text, to_.layout->name.text);
  }

  void Line(int indent, const std::string& text) {
    body_ += std::string(static_cast<size_t>(indent + (guarded_ ? 1 : 0)) * 4, ' ') + text + "\n";
  }

  // Axes by which a logical tensor is kept as several arrays: one of the layouts takes it apart
  // there.
  void FindKeyedAxes() {
    keyed_.resize(rules_.tensors.size());
    for (const BoundLayout* bound : {&from_, &to_}) {
      for (const BoundPiece& piece : bound->pieces) {
        const BoundLeaf& leaf = bound->leaves[piece.leaf];
        stored_.insert(leaf.tensor);
        for (size_t a = 0; a < leaf.axes.size(); ++a) {
          if (leaf.axes[a].fixed || leaf.axes[a].replicated)
            keyed_[static_cast<size_t>(leaf.tensor)].insert(a);
        }
      }
    }
  }

  std::string Name(int tensor) const {
    const std::string name = Identifier(rules_.tensors[static_cast<size_t>(tensor)].name);
    static const std::set<std::string> kTaken{"in",     "is",   "or",     "as",     "if",  "np",
                                              "stored", "made", "source", "result", "part"};
    return kTaken.count(name) > 0 ? name + "_" : name;
  }

  // The loop variable of an axis: its small letters, told from the block's tensors.
  std::string Variable(const std::string& axis, int block) const {
    std::string name = Identifier(axis);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const LogicalTensor& tensor : rules_.tensors) {
      if (tensor.block == block && Identifier(tensor.name) == name) return name + "_";
    }
    return name == "in" || name == "is" || name == "as" || name == "np" ? name + "_" : name;
  }

  // The names of axes and the formulas that this entry gives to numbers.
  void NameNumbers(const CheckedEntry& entry) {
    numbers_.clear();
    const Poly::SizeOf size_of = [&](const std::string& axis) { return model_.SizeOf(axis); };
    const auto add = [&](const Poly& poly) {
      const std::optional<int64_t> value = poly.Evaluate(size_of);
      if (value && *value > 1) numbers_.emplace(*value, poly);
    };
    for (const CheckedLeaf& leaf : entry.leaves) {
      for (const AxisUse& use : leaf.axes) {
        for (const AxisUse::Atom& atom : use.atoms) add(Poly::Axis(atom.axis));
      }
      for (const AxisUse::Atom& atom : leaf.copies) add(Poly::Axis(atom.axis));
      for (const std::string& axis : rules_.tensors[static_cast<size_t>(leaf.tensor)].axes)
        add(Poly::Axis(axis));
    }
    for (const Poly& extent : entry.shape) add(extent);
    for (const CheckedLeaf& leaf : entry.leaves) {
      for (const Poly& offset : leaf.offsets) add(offset);
      for (size_t d = 0; d < leaf.offsets.size(); ++d) {
        Poly size = Poly::Constant(1);
        for (const AxisUse& use : leaf.axes) {
          for (const AxisUse::Atom& atom : use.atoms) {
            if (!atom.captured && atom.dim == static_cast<int>(d))
              size = size * Poly::Axis(atom.axis);
          }
        }
        for (const AxisUse::Atom& atom : leaf.copies) {
          if (atom.dim == static_cast<int>(d)) size = size * Poly::Axis(atom.axis);
        }
        add(size);
        add(leaf.offsets[d] + size);
      }
    }
  }
  std::string Number(int64_t value) {
    const auto found = numbers_.find(value);
    if (found == numbers_.end()) return std::to_string(value);
    for (const std::string& axis : found->second.Axes())
      sizes_[Identifier(axis)] = *model_.SizeOf(axis);
    return Identifier(found->second.ToString());
  }
  std::string Range(const std::vector<int64_t>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] != static_cast<int64_t>(i)) return fmt::format("[{}]", fmt::join(values, ", "));
    }
    return fmt::format("range({})", Number(static_cast<int64_t>(values.size())));
  }

  void Group(const BoundLayout& bound, const StoredGroup& group, bool reading) {
    const CheckedEntry& entry = EntryOf(bound, group);
    NameNumbers(entry);
    const std::vector<std::string> captures = CapturesOf(entry);
    names_.clear();
    for (const std::string& axis : captures) names_.push_back(Variable(axis, entry.block));
    // What each fixed index is, in terms of the captures; where that is no formula, every tensor is
    // said by itself.
    if (group.stored.size() > 1 && !HasFormulas(bound, group)) {
      for (size_t i = 0; i < group.stored.size(); ++i)
        Group(bound, {group.entry, {group.stored[i]}, {group.runs[i]}}, reading);
      return;
    }
    const int depth = Loops(bound, group, 1);
    const BoundTensor& first = bound.tensors[group.stored[0]];
    const std::string key = KeyText(bound, entry);
    std::vector<std::string> shape;
    for (const int64_t extent : first.shape) shape.push_back(Number(extent));
    if (reading) {
      Line(depth, fmt::format("stored = source[{}]  # [{}]", key, fmt::join(shape, ", ")));
      for (size_t r = 0; r < group.runs[0].size(); ++r) {
        if (!bound.leaves[bound.pieces[group.runs[0][r].pieces[0]].leaf].tied)
          Read(bound, group, r, depth);
      }
      return;
    }
    if (group.runs[0].size() == 1 && WritesWhole(bound, group, key, depth)) return;
    const int tensor = bound.leaves[bound.pieces[group.runs[0][0].pieces[0]].leaf].tensor;
    const std::string any = keyed_[static_cast<size_t>(tensor)].empty()
                                ? Name(tensor)
                                : fmt::format("next(iter({}.values()))", Name(tensor));
    Line(depth, fmt::format("made = {}.zeros({}, dtype={}.dtype)", Module(), Tuple(shape), any));
    for (size_t r = 0; r < group.runs[0].size(); ++r) Write(bound, group, r, depth);
    Line(depth, fmt::format("result[{}] = made", key));
  }

  // "for l in range(L):" for every capture; a list of tuples where they are no product.
  int Loops(const BoundLayout& bound, const StoredGroup& group, int depth) {
    if (names_.empty() || group.stored.size() == 1) {
      for (size_t c = 0; c < names_.size(); ++c)
        Line(depth, fmt::format("{} = {}", names_[c], bound.tensors[group.stored[0]].captures[c]));
      return depth;
    }
    std::vector<std::set<int64_t>> values(names_.size());
    size_t count = 1;
    for (const uint32_t s : group.stored) {
      for (size_t c = 0; c < names_.size(); ++c) values[c].insert(bound.tensors[s].captures[c]);
    }
    for (const auto& one : values) count *= one.size();
    if (count == group.stored.size()) {
      for (size_t c = 0; c < names_.size(); ++c) {
        Line(depth++,
             fmt::format("for {} in {}:", names_[c], Range({values[c].begin(), values[c].end()})));
      }
      return depth;
    }
    std::vector<std::string> tuples;
    for (const uint32_t s : group.stored)
      tuples.push_back(fmt::format("({})", fmt::join(bound.tensors[s].captures, ", ")));
    Line(depth, fmt::format("for {} in [{}]:", fmt::join(names_, ", "), fmt::join(tuples, ", ")));
    return depth + 1;
  }

  std::string IndexText(const BoundLayout& bound, const StoredGroup& group, size_t run,
                        size_t axis) const {
    std::vector<int64_t> values;
    std::vector<std::vector<int64_t>> captures;
    for (size_t i = 0; i < group.stored.size(); ++i) {
      values.push_back(bound.pieces[group.runs[i][run].pieces[0]].fixed[axis]);
      captures.push_back(bound.tensors[group.stored[i]].captures);
    }
    return AsFormula(values, captures, names_);
  }

  bool HasFormulas(const BoundLayout& bound, const StoredGroup& group) const {
    for (size_t r = 0; r < group.runs[0].size(); ++r) {
      const PieceRun& run = group.runs[0][r];
      const BoundLeaf& leaf = bound.leaves[bound.pieces[run.pieces[0]].leaf];
      for (size_t a = 0; a < leaf.axes.size(); ++a) {
        if (leaf.axes[a].fixed && run.axis != static_cast<int>(a) &&
            IndexText(bound, group, r, a).empty())
          return false;
      }
    }
    return true;
  }

  std::string KeyText(const BoundLayout& bound, const CheckedEntry& entry) const {
    std::string text;
    bool formatted = false;
    for (const KeyPart& part : ConcreteKey(*bound.layout, entry, bound.choice).parts) {
      if (part.kind == KeyPart::Kind::kLiteral) {
        text += part.text;
        continue;
      }
      formatted = true;
      const std::string name = Variable(part.text, entry.block);
      if (part.words.empty()) {
        text += fmt::format("{{{}}}", name);
      } else {
        text += fmt::format("{{('{}',)[{}]}}", fmt::join(part.words, "', '"), name);
      }
    }
    return fmt::format("{}\"{}\"", formatted ? "f" : "", text);
  }

  // One run, taken apart into what reading and writing have in common.
  struct Statement {
    int tensor = 0;
    CodeView view;
    std::string loop;                     // over the pieces of the run; empty when there is one
    std::vector<std::string> keys;        // of the dict, in the order of the axes
    std::vector<std::string> dim_loops;   // "for e in range(E)": keyed axes that are dimensions
    std::vector<std::string> dim_names;   // their variables
    std::vector<std::string> copy_loops;  // keyed axes for all of which one element stands
  };

  Statement StatementOf(const BoundLayout& bound, const StoredGroup& group, size_t index) {
    const PieceRun& run = group.runs[0][index];
    const BoundPiece& piece = bound.pieces[run.pieces[0]];
    const BoundLeaf& leaf = bound.leaves[piece.leaf];
    const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(leaf.tensor)];
    const std::set<size_t>& keyed = keyed_[static_cast<size_t>(leaf.tensor)];
    Statement made;
    made.tensor = leaf.tensor;
    MovingDim moving;
    std::vector<size_t> dims;
    for (const size_t a : keyed) {
      const std::string variable = Variable(tensor.axes[a], tensor.block);
      if (run.axis == static_cast<int>(a)) {
        std::vector<int64_t> values;
        for (const uint32_t p : run.pieces) values.push_back(bound.pieces[p].fixed[a]);
        const std::string range = Range(values);
        moving = run.moving;
        moving.variable = range.starts_with("range") ? variable : "i";
        made.loop = range.starts_with("range")
                        ? fmt::format("for {} in {}:", variable, range)
                        : fmt::format("for i, {} in enumerate({}):", variable, range);
        made.keys.push_back(variable);
      } else if (leaf.axes[a].fixed) {
        made.keys.push_back(IndexText(bound, group, index, a));
      } else if (leaf.axes[a].replicated) {
        made.keys.push_back(variable);
        made.copy_loops.push_back(
            fmt::format("for {} in range({})", variable, Number(leaf.axes[a].digits[0].n)));
      } else {
        int64_t n = 1;
        for (const BoundLeaf::Digit& digit : leaf.axes[a].digits) n *= digit.n;
        made.keys.push_back(variable);
        made.dim_loops.push_back(fmt::format("for {} in range({})", variable, Number(n)));
        made.dim_names.push_back(variable);
        dims.push_back(a);
      }
    }
    for (size_t a = 0; a < tensor.axes.size(); ++a) {
      if (keyed.count(a) == 0) dims.push_back(a);
    }
    made.view = ViewOf(
        bound.tensors[piece.stored].shape, leaf, piece.start, dims, moving,
        [this](int64_t n) { return Number(n); }, torch_ ? "permute" : "transpose");
    return made;
  }

  static std::string Reshape(const std::vector<std::string>& extents) {
    return extents.empty() ? ".reshape(())" : fmt::format(".reshape({})", fmt::join(extents, ", "));
  }
  std::string Array(const Statement& statement) const {
    return statement.keys.empty()
               ? Name(statement.tensor)
               : fmt::format("{}[{}]", Name(statement.tensor), fmt::join(statement.keys, ", "));
  }

  void Read(const BoundLayout& bound, const StoredGroup& group, size_t run, int depth) {
    const Statement s = StatementOf(bound, group, run);
    if (!s.loop.empty()) Line(depth++, s.loop);
    std::string part = "stored" + s.view.text;
    if (s.view.digits != s.view.merged) part += Reshape(s.view.merged);
    if (!s.dim_loops.empty()) {
      Line(depth, "part = " + part);
      part = fmt::format("part[{}]", fmt::join(s.dim_names, ", "));
    }
    for (const std::string& loop : s.dim_loops) Line(depth++, loop + ":");
    for (const std::string& loop : s.copy_loops) Line(depth++, loop + ":");
    Line(depth, fmt::format("{} = {}", Array(s), part));
  }

  // The array that a run stores.
  std::string Value(Statement s) const {
    for (size_t i = 0; i < s.copy_loops.size(); ++i) {
      // One of the copies.
      const size_t at = s.copy_loops[i].find(' ', 4);
      const std::string variable = s.copy_loops[i].substr(4, at - 4);
      std::replace(s.keys.begin(), s.keys.end(), variable, std::string("0"));
    }
    std::string value = Array(s);
    for (auto loop = s.dim_loops.rbegin(); loop != s.dim_loops.rend(); ++loop)
      value = fmt::format("{}.stack([{} {}])", Module(), value, *loop);
    return s.view.digits == s.view.merged ? value : value + Reshape(s.view.digits);
  }

  // One array is the whole tensor, in its own order.
  bool WritesWhole(const BoundLayout& bound, const StoredGroup& group, const std::string& key,
                   int depth) {
    const Statement s = StatementOf(bound, group, 0);
    if (!s.loop.empty() || !s.view.whole ||
        s.view.digits.size() != bound.tensors[group.stored[0]].shape.size())
      return false;
    Line(depth, fmt::format("result[{}] = {}", key, Value(s)));
    return true;
  }

  void Write(const BoundLayout& bound, const StoredGroup& group, size_t run, int depth) {
    const Statement s = StatementOf(bound, group, run);
    if (!s.loop.empty()) Line(depth++, s.loop);
    Line(depth,
         fmt::format("made{}{} = {}", s.view.text, s.view.is_index ? "" : "[...]", Value(s)));
  }

  const CheckedRules& rules_;
  const Model& model_;
  const BoundLayout& from_;
  const BoundLayout& to_;
  const bool torch_;
  std::vector<std::set<size_t>> keyed_;   // per logical tensor: axes
  std::set<int> stored_;                  // logical tensors that are stored at all
  std::map<int64_t, Poly> numbers_;       // of the entry at hand
  std::map<std::string, int64_t> sizes_;  // axes whose names are used
  std::vector<std::string> names_;        // of the captures of the entry at hand
  bool guarded_ = false;                  // the lines are of an optional block, within its `if`
  std::string body_;
};

}  // namespace

std::optional<std::string> CodeText(const BoundSource& source, const Conversion& conversion,
                                    CodeDialect dialect, Diagnostics* diagnostics) {
  std::set<uint32_t> products;
  for (const Product& product : conversion.graph.products) products.insert(product.source);
  for (const Edge& edge : conversion.graph.edges) {
    if (edge.value_op < 0 && products.count(edge.source) == 0 &&
        edge.source < conversion.graph.sources.size() - conversion.constants.size())
      continue;
    diagnostics->Add(Code::kLossyConversion, {},
                     fmt::format("{} is computed, not moved: the code says moves only",
                                 conversion.graph.destinations[edge.destination].key));
    return std::nullopt;
  }
  return CodeWriter(source, conversion, dialect).Run();
}

}  // namespace rr
