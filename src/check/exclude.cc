// Can conditions hold together? Kinds of one partition exclude each other; every other part of a
// condition is a free true/false, and a comparison and its opposite are one part.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "check/proofs.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;

// The comparison that holds when this one does not.
std::optional<Op> OppositeOf(Op op) {
  switch (op) {
    case Op::kNotEqual:
      return Op::kEqual;
    case Op::kGreaterEqual:
      return Op::kLess;
    case Op::kLessEqual:
      return Op::kGreater;
    case Op::kNotIn:
      return Op::kIn;
    default:
      return std::nullopt;
  }
}

std::string TextOf(const FormulaNode& node) {
  return node.op == Op::kName ? node.name : std::string(node.place.Text());
}

// The smallest parts of a condition that are not and/or/not, by their text (kinds by name), and
// whether the part stands for its opposite.
std::pair<std::string, bool> AtomOf(const FormulaNode& node) {
  const std::optional<Op> opposite = OppositeOf(node.op);
  if (node.operands.size() != 2) return {TextOf(node), false};
  const Op op = opposite.value_or(node.op);
  return {TextOf(*node.operands[0]) + " " + std::to_string(static_cast<int>(op)) + " " +
              TextOf(*node.operands[1]),
          opposite.has_value()};
}

void Atoms(const FormulaNode& node, std::set<std::string>* atoms) {
  if (node.op == Op::kAnd || node.op == Op::kOr || node.op == Op::kNot) {
    for (const auto& operand : node.operands) Atoms(*operand, atoms);
  } else if (node.op != Op::kLiteral) {
    atoms->insert(AtomOf(node).first);
  }
}

bool Holds(const FormulaNode& node, const std::map<std::string, bool>& truth) {
  switch (node.op) {
    case Op::kAnd:
      return Holds(*node.operands[0], truth) && Holds(*node.operands[1], truth);
    case Op::kOr:
      return Holds(*node.operands[0], truth) || Holds(*node.operands[1], truth);
    case Op::kNot:
      return !Holds(*node.operands[0], truth);
    case Op::kLiteral:
      return node.literal == Value(true);
    default: {
      const auto [atom, opposite] = AtomOf(node);
      return truth.at(atom) != opposite;
    }
  }
}

}  // namespace

bool CanHold(const RuleFile& file, const std::vector<const Formula*>& hold,
             const std::vector<const Formula*>& fail) {
  std::set<std::string> atoms;
  for (const auto* formulas : {&hold, &fail}) {
    for (const Formula* formula : *formulas) {
      if (formula->root() == nullptr) return true;
      Atoms(*formula->root(), &atoms);
    }
  }
  // Each choice is a set of atoms of which exactly one (a partition) or any (a free atom) holds.
  std::vector<std::vector<std::string>> partitions;
  std::set<std::string> free = atoms;
  for (const KindRule& kind : file.kinds) {
    std::vector<std::string> cases;
    bool used = false;
    for (const auto& [name, formula] : kind.cases) {
      cases.push_back(name.text);
      used = used || atoms.count(name.text) > 0;
      free.erase(name.text);
    }
    if (used) partitions.push_back(std::move(cases));
  }
  const std::vector<std::string> free_atoms(free.begin(), free.end());
  if (free_atoms.size() > 12) return true;
  size_t combinations = size_t{1} << free_atoms.size();
  for (const auto& partition : partitions) combinations *= partition.size();
  for (size_t n = 0; n < combinations; ++n) {
    std::map<std::string, bool> truth;
    size_t rest = n;
    for (const std::string& atom : free_atoms) {
      truth[atom] = rest % 2 == 1;
      rest /= 2;
    }
    for (const auto& partition : partitions) {
      for (size_t i = 0; i < partition.size(); ++i)
        truth[partition[i]] = rest % partition.size() == i;
      rest /= partition.size();
    }
    const auto holds = [&](const Formula* formula) { return Holds(*formula->root(), truth); };
    if (std::all_of(hold.begin(), hold.end(), holds) &&
        std::none_of(fail.begin(), fail.end(), holds))
      return true;
  }
  return false;
}

bool Exclude(const RuleFile& file, const std::optional<Formula>& a,
             const std::optional<Formula>& b) {
  return a && b && !CanHold(file, {&*a, &*b}, {});
}

}  // namespace rr
