// Can two conditions hold together? Kinds of one partition exclude each other; every other part of
// a condition is a free true/false.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "check/proofs.h"

namespace rr {
namespace {

// The smallest parts of a condition that are not and/or/not, by their text (kinds by name).
std::string AtomOf(const FormulaNode& node) {
  const Place& place = node.place;
  if (node.op == FormulaNode::Op::kName) return node.name;
  if (place.source == nullptr) return "";
  return place.source->text().substr(place.begin, place.end - place.begin);
}

void Atoms(const FormulaNode& node, std::set<std::string>* atoms) {
  using Op = FormulaNode::Op;
  if (node.op == Op::kAnd || node.op == Op::kOr || node.op == Op::kNot) {
    for (const auto& operand : node.operands) Atoms(*operand, atoms);
  } else {
    atoms->insert(AtomOf(node));
  }
}

bool Holds(const FormulaNode& node, const std::map<std::string, bool>& truth) {
  using Op = FormulaNode::Op;
  switch (node.op) {
    case Op::kAnd:
      return Holds(*node.operands[0], truth) && Holds(*node.operands[1], truth);
    case Op::kOr:
      return Holds(*node.operands[0], truth) || Holds(*node.operands[1], truth);
    case Op::kNot:
      return !Holds(*node.operands[0], truth);
    default:
      return truth.at(AtomOf(node));
  }
}

}  // namespace

bool Exclude(const RuleFile& file, const std::optional<Formula>& a,
             const std::optional<Formula>& b) {
  if (!a || !b || a->root() == nullptr || b->root() == nullptr) return false;
  std::set<std::string> atoms;
  Atoms(*a->root(), &atoms);
  Atoms(*b->root(), &atoms);
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
  if (free_atoms.size() > 12) return false;
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
    if (Holds(*a->root(), truth) && Holds(*b->root(), truth)) return false;
  }
  return true;
}

}  // namespace rr
