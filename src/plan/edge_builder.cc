#include "plan/edge_builder.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/text.h"
#include "plan/value_words.h"

namespace rr {
namespace {

constexpr size_t kShownEdges = 3;

// Multiplying by a power of two changes the exponent only.
bool IsPowerOfTwo(double x) {
  int exponent = 0;
  return std::frexp(std::fabs(x), &exponent) == 0.5;
}

}  // namespace

bool EdgeBuilder::IsTyped(uint32_t destination) const {
  return destination < typed_.size() && typed_[destination];
}

void EdgeBuilder::GiveDtype(uint32_t destination, Dtype dtype) {
  if (IsTyped(destination)) return;
  if (typed_.size() <= destination) typed_.resize(destination + 1, false);
  typed_[destination] = true;
  graph_->destinations[destination].dtype = dtype;
}

void EdgeBuilder::Add(Edge edge, const CheckedEntry& from, const CheckedEntry& to, double factor) {
  GraphTensor& destination = graph_->destinations[edge.destination];
  const GraphTensor& source = graph_->sources[edge.source];
  Dtype dtype = source.dtype;
  if (IsFloat(dtype))
    dtype =
        to.rule->cast ? *to.rule->cast : options_.dtype.value_or(source.stored_as.value_or(dtype));
  GiveDtype(edge.destination, dtype);
  if (destination.dtype != dtype) {
    if (mixed_.insert(edge.destination).second && mixed_.size() <= kShownEdges) {
      diagnostics_
          ->Add(Code::kMixedDtypes, {},
                fmt::format("{} would hold {} and {} ({} is {})", destination.key,
                            NameOf(destination.dtype), NameOf(dtype), source.key,
                            NameOf(source.dtype)))
          .help = "choose one with --dtype";
    }
    return;
  }
  std::optional<ValueOp> op =
      ComposeValueWords(model_, *from.rule, *to.rule, source.dtype, dtype, diagnostics_);
  if (!op) {
    good_ = false;
    return;
  }
  if (factor != 1)
    op->steps.push_back(
        {ValueStep::Kind::kMultiply, factor, dtype == Dtype::kF64 ? Dtype::kF64 : Dtype::kF32});
  if (!op->steps.empty() || op->from != op->to) {
    if (!IsFloat(source.dtype)) {
      diagnostics_->Add(
          Code::kValueOpOnDtype, {},
          fmt::format("{} is {}: its values cannot be changed", source.key, NameOf(source.dtype)));
      return;
    }
    const std::string words = Describe(*op);
    // F16 has so few exponents that a power of two can leave it.
    const bool exact = factor == 1 || (IsPowerOfTwo(factor) && dtype != Dtype::kF16);
    const bool rounds = !IsWidening(op->from, op->to) || !exact;
    if (rounds && !options_.allow_lossy && lossy_reported_.insert(words).second) {
      diagnostics_
          ->Add(Code::kLossyConversion, {},
                fmt::format("{} would be stored by {}", source.key, words))
          .help = "--allow lossy does it, and lists what it touched in the report";
    }
    if (!op->steps.empty() || !IsWidening(op->from, op->to)) {
      Destinations& lossy = lossy_[words];
      if (lossy.seen.insert(edge.destination).second) lossy.keys.push_back(destination.key);
    }
    edge.value_op = OpIndex(*op);
  }
  graph_->edges.push_back(std::move(edge));
}

int32_t EdgeBuilder::OpIndex(const ValueOp& op) {
  auto& ops = graph_->value_ops;
  for (size_t i = 0; i < ops.size(); ++i) {
    if (SameOp(ops[i], op)) return static_cast<int32_t>(i);
  }
  ops.push_back(op);
  return static_cast<int32_t>(ops.size()) - 1;
}

std::vector<std::string> EdgeBuilder::Lossy() const {
  std::vector<std::string> lines;
  for (const auto& [words, lossy] : lossy_)
    lines.push_back(fmt::format("{}: {}", words, JoinWords(lossy.keys, kShownEdges)));
  return lines;
}

}  // namespace rr
