// `bias: yes` on a linear tensor: its bias has the batch and output axes, and every key that stores
// the weight has a sibling that stores the bias with the same expression without the input side. A
// table that names the bias tensor itself is left alone. `bias: optional` puts them into a block of
// their own, `<block>_bias`.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "check/proofs.h"

namespace rr {
namespace {

std::set<std::string> InputAxes(const RuleFile& file, const TensorRule& tensor) {
  std::set<std::string> axes;
  for (const Name& axis : tensor.in) axes.insert(axis.text);
  for (const LayoutRule& layout : file.layouts) {
    for (const RefineRule& refine : layout.refine) {
      if (axes.count(refine.axis.text) == 0) continue;
      for (const NamedPlace& factor : AxesIn(refine.expr)) axes.insert(factor.name);
    }
  }
  return axes;
}

void RenameTensors(AxisExpr* expr, const std::set<std::string>& tensors) {
  for (AxisNode& node : *expr) {
    if (node.kind == AxisNode::Kind::kTensor && tensors.count(node.name) > 0) node.name += "_bias";
    RenameTensors(&node.children, tensors);
    for (auto& alternative : node.alternatives) RenameTensors(&alternative, tensors);
  }
}

// "...q_proj.weight" -> "...q_proj.bias", "...-kernel" -> "...-bias", "...linear_fc1.weight{E}" ->
// "...linear_fc1.bias{E}".
bool RenameKey(KeyTemplate* key) {
  for (auto part = key->parts.rbegin(); part != key->parts.rend(); ++part) {
    if (part->kind != KeyPart::Kind::kLiteral) continue;
    for (const std::string_view word : {"weight", "kernel"}) {
      const size_t at = part->text.rfind(word);
      if (at == std::string::npos) continue;
      part->text.replace(at, word.size(), "bias");
      return true;
    }
  }
  return false;
}

// Drops the dims of the input side: top-level ones, and, below a tensor's name, its children.
AxisExpr WithoutInput(const AxisExpr& expr, const std::set<std::string>& input) {
  AxisExpr result;
  for (const AxisNode& node : expr) {
    // Copies are of no side: those beside input axes go with them, others stay.
    bool has_axes = false, is_input = true;
    ForEachNode({node}, [&](const AxisNode& part) {
      if (part.kind != AxisNode::Kind::kAxis) return;
      has_axes = true;
      is_input = is_input && input.count(part.name) > 0;
    });
    is_input = is_input && has_axes;
    if (node.kind == AxisNode::Kind::kTensor) {
      AxisNode copy = node;
      copy.children = WithoutInput(node.children, input);
      result.push_back(std::move(copy));  // empty, it still says whose the other dims are
    } else if (!is_input) {
      result.push_back(node);
    }
  }
  return result;
}

}  // namespace

namespace {

using Bias = TensorRule::Bias;

class BiasAdder {
 public:
  BiasAdder(RuleFile* file, const BlockRule& block, Bias kind) : file_(file) {
    for (const TensorRule& tensor : block.tensors) {
      if (tensor.bias != kind || !tensor.linear) continue;
      with_bias_.insert(tensor.name.text);
      inputs_[tensor.name.text] = InputAxes(*file_, tensor);
      TensorRule bias;
      bias.name = {tensor.name.text + "_bias", tensor.name.place};
      bias.out = tensor.batch;
      bias.out.insert(bias.out.end(), tensor.out.begin(), tensor.out.end());
      bias.place = tensor.place;
      bias.bias_of = tensor.name.text;
      tensors_.push_back(std::move(bias));
    }
  }

  const std::vector<TensorRule>& tensors() const { return tensors_; }

  // Whether a table's entry holds one of the biases.
  bool Stores(const EntryRule& entry) const {
    for (const NamedPlace& tensor : TensorsIn(entry.expr)) {
      for (const TensorRule& bias : tensors_) {
        if (bias.name.text == tensor.name) return true;
      }
    }
    return false;
  }

  std::vector<EntryRule> EntriesOf(const TableRule::Variant& variant) const {
    std::set<std::string> stored;
    for (const EntryRule& entry : variant.entries) {
      for (const NamedPlace& tensor : TensorsIn(entry.expr)) stored.insert(tensor.name);
    }
    std::vector<EntryRule> derived;
    for (const EntryRule& entry : variant.entries) {
      const std::vector<NamedPlace> tensors = TensorsIn(entry.expr);
      const bool all =
          !tensors.empty() && std::all_of(tensors.begin(), tensors.end(), [&](const NamedPlace& t) {
            return with_bias_.count(t.name) > 0 && stored.count(t.name + "_bias") == 0;
          });
      if (!all) continue;
      std::set<std::string> input;
      for (const NamedPlace& tensor : tensors) {
        const std::set<std::string>& own = inputs_.at(tensor.name);
        input.insert(own.begin(), own.end());
      }
      EntryRule bias = entry;
      if (!RenameKey(&bias.key)) continue;
      bias.expr = WithoutInput(entry.expr, input);
      RenameTensors(&bias.expr, with_bias_);
      bias.has_shape = bias.long_form = false;
      bias.ops_results.clear();
      bias.match.reset();
      bias.times.reset();  // a bias is multiplied where a table says so
      std::erase_if(bias.replicate, [&](const Name& axis) { return input.count(axis.text) > 0; });
      derived.push_back(std::move(bias));
    }
    return derived;
  }

 private:
  const RuleFile* file_;
  std::set<std::string> with_bias_;
  std::map<std::string, std::set<std::string>>
      inputs_;  // by tensor: one's input may be another's output
  std::vector<TensorRule> tensors_;
};

// Biases that a model may lack are a block of their own, which the checkpoint decides.
BlockRule OptionalBiases(const BlockRule& block, const BiasAdder& adder) {
  BlockRule biases;
  biases.name = {block.name.text + "_bias", block.name.place};
  biases.where = block.where;
  biases.optional = true;
  biases.tensors = adder.tensors();
  for (const TableRule& table : block.tables) {
    TableRule made = table;
    made.defaults.clear();
    for (TableRule::Variant& variant : made.variants) {
      std::vector<EntryRule> entries = adder.EntriesOf(variant);
      std::erase_if(variant.entries, [&](const EntryRule& entry) { return !adder.Stores(entry); });
      variant.entries.insert(variant.entries.end(), entries.begin(), entries.end());
    }
    biases.tables.push_back(std::move(made));
  }
  return biases;
}

}  // namespace

void AddBiases(RuleFile* file, Diagnostics* diagnostics) {
  std::vector<BlockRule> optional;
  for (BlockRule& block : file->blocks) {
    for (const TensorRule& tensor : block.tensors) {
      if (tensor.bias == Bias::kNone || tensor.linear) continue;
      diagnostics->Add(Code::kBadTensorDeclaration, tensor.place,
                       fmt::format("`{}` has no input side, so it has no bias", tensor.name.text));
    }
    if (const BiasAdder adder(file, block, Bias::kOptional); !adder.tensors().empty()) {
      optional.push_back(OptionalBiases(block, adder));
      for (TableRule& table : block.tables) {
        for (TableRule::Variant& variant : table.variants)
          std::erase_if(variant.entries,
                        [&](const EntryRule& entry) { return adder.Stores(entry); });
      }
    }
    const BiasAdder adder(file, block, Bias::kYes);
    if (adder.tensors().empty()) continue;
    for (TableRule& table : block.tables) {
      for (TableRule::Variant& variant : table.variants) {
        std::vector<EntryRule> derived = adder.EntriesOf(variant);
        variant.entries.insert(variant.entries.end(), derived.begin(), derived.end());
      }
    }
    block.tensors.insert(block.tensors.end(), adder.tensors().begin(), adder.tensors().end());
  }
  for (BlockRule& block : optional) file->blocks.push_back(std::move(block));
}

}  // namespace rr
