#include "check/index_axes.h"

#include <fmt/format.h>

#include <set>

namespace rr {
namespace {

std::set<std::string> AxesOf(const BlockRule& block) {
  std::set<std::string> axes;
  for (const TensorRule& tensor : block.tensors) {
    for (const Name& axis : tensor.Axes()) axes.insert(axis.text);
  }
  return axes;
}

std::string OneOf(const std::set<std::string>& axes, const std::string& who, const Place& place,
                  Diagnostics* diagnostics) {
  if (axes.size() > 1) {
    diagnostics
        ->Add(Code::kTwoIndices, place,
              fmt::format("{} depends on the indices {}", who, fmt::join(axes, " and ")))
        .help = "where a size is meant, give it a name of its own under `axes`";
  }
  return axes.empty() ? "" : *axes.begin();
}

}  // namespace

IndexAxes FindIndexAxes(const RuleFile& file, Diagnostics* diagnostics) {
  std::set<std::string> tensor_axes;
  for (const BlockRule& block : file.blocks) tensor_axes.merge(AxesOf(block));
  IndexAxes result;
  for (const KindRule& kind : file.kinds) {
    std::set<std::string> axes;
    for (const auto& [name, formula] : kind.cases) {
      if (!formula) continue;
      for (const Formula::Name& used : formula->Names()) {
        if (tensor_axes.count(used.name) > 0) axes.insert(used.name);
      }
    }
    const std::string axis =
        OneOf(axes, fmt::format("`{}`", kind.name.text), kind.name.place, diagnostics);
    for (const auto& [name, formula] : kind.cases) result.of_kind[name.text] = axis;
  }
  for (const BlockRule& block : file.blocks) {
    const std::set<std::string> own = AxesOf(block);
    std::set<std::string> axes;
    auto add_kind = [&](const std::string& name) {
      const auto kind = result.of_kind.find(name);
      if (kind != result.of_kind.end() && !kind->second.empty()) axes.insert(kind->second);
    };
    if (block.where) {
      for (const Formula::Name& used : block.where->Names()) {
        add_kind(used.name);
        if (own.count(used.name) > 0) axes.insert(used.name);
      }
    }
    // A size that differs by kind depends on the index of its kinds.
    for (const std::string& axis : own) {
      const AxisRule* rule = file.FindAxis(axis);
      if (rule == nullptr) continue;
      for (const auto& [kind, formula] : rule->by_kind) add_kind(kind.text);
    }
    result.of_block.push_back(OneOf(axes, fmt::format("block `{}`", block.name.text),
                                    block.where ? block.where->text().place() : block.name.place,
                                    diagnostics));
  }
  return result;
}

}  // namespace rr
