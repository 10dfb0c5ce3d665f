// Formulas, read by recursive descent: one function per level of the grammar in formula.h.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include "base/text.h"
#include "syntax/formula.h"
#include "syntax/formula_lexer.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;
using NodePtr = std::shared_ptr<const FormulaNode>;
using Kind = FormulaToken::Kind;

constexpr int kMostDepth = 64;
// A chain `a + a + ...` is a tree as deep as it is long, so length is bounded too: whoever walks
// the tree may recurse.
constexpr size_t kMostNodes = 1000;

struct Function {
  std::string_view name;
  Op op;
  size_t least;
  size_t most;
};
constexpr Function kFunctions[] = {{"ceil_div", Op::kCeilDiv, 2, 2},
                                   {"len", Op::kLen, 1, 1},
                                   {"max", Op::kMax, 1, std::numeric_limits<size_t>::max()},
                                   {"min", Op::kMin, 1, std::numeric_limits<size_t>::max()},
                                   {"sqrt", Op::kSqrt, 1, 1}};

struct Operator {
  std::string_view text;
  Op op;
};
constexpr Operator kComparisons[] = {
    {"==", Op::kEqual}, {"!=", Op::kNotEqual}, {"<=", Op::kLessEqual}, {">=", Op::kGreaterEqual},
    {"<", Op::kLess},   {">", Op::kGreater},   {"in", Op::kIn},
};
constexpr Operator kOr[] = {{"or", Op::kOr}};
constexpr Operator kAnd[] = {{"and", Op::kAnd}};
constexpr Operator kSums[] = {{"+", Op::kAdd}, {"-", Op::kSubtract}};
constexpr Operator kProducts[] = {
    {"*", Op::kMultiply}, {"/", Op::kExactDivide}, {"//", Op::kFloorDivide}, {"%", Op::kModulo}};

// What other languages write, and what formulas write.
std::string HelpFor(std::string_view symbol) {
  static constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
      {"=", "equality is written `==`"},
      {"&&", "write `and`"},
      {"||", "write `or`"},
      {"!", "write `not`"},
      {"**", "there are no powers; write a product"},
      {"?", "a value for an absent name is written `a ?? b`"}};
  for (const auto& [theirs, help] : kOthers) {
    if (symbol == theirs) return std::string(help);
  }
  return {};
}

class FormulaParser {
 public:
  FormulaParser(const SpannedText& text, Diagnostics* diagnostics)
      : text_(text), diagnostics_(diagnostics) {
    Next();
  }

  NodePtr Run() {
    NodePtr node = Coalesce();
    if (node == nullptr) return nullptr;
    if (token_.kind == Kind::kEnd) return node;
    return Fail("expected an operator or the end of the formula, found " + Found(),
                HelpFor(token_.text));
  }

 private:
  // What a node covers in the text, its parentheses included.
  struct Span {
    size_t begin = 0;
    size_t end = 0;
    bool parenthesised = false;
  };

  NodePtr FailAt(size_t begin, size_t end, std::string message, std::string help = "") {
    if (!failed_) {
      diagnostics_->Add(Code::kBadFormula, text_.PlaceOf(begin, end), std::move(message)).help =
          std::move(help);
    }
    failed_ = true;
    return nullptr;
  }
  // A fault of the token that is next. Text that is not closed is the fault, whatever was expected.
  NodePtr Fail(std::string message, std::string help = "") {
    if (token_.kind == Kind::kUnclosed) {
      message = "this text has no closing quote";
      help.clear();
    }
    return FailAt(token_.begin, token_.end, std::move(message), std::move(help));
  }
  std::string Found() const {
    return token_.kind == Kind::kEnd ? "the end of the formula"
                                     : "`" + Written(token_.begin, token_.end) + "`";
  }
  std::string Written(size_t begin, size_t end) const {
    return text_.text.substr(begin, end - begin);
  }

  void Next() {
    last_end_ = token_.end;
    token_ = ReadFormulaToken(text_.text, token_.end);
  }
  bool Take(std::string_view text) {
    if (!token_.Is(text)) return false;
    Next();
    return true;
  }

  NodePtr Finish(std::shared_ptr<FormulaNode> node, size_t begin) {
    if (spans_.size() >= kMostNodes) {
      return FailAt(begin, last_end_,
                    fmt::format("the formula has more than {} parts", kMostNodes));
    }
    node->place = text_.PlaceOf(begin, last_end_);
    spans_[node.get()] = {begin, last_end_, false};
    return node;
  }
  NodePtr Make(Op op, size_t begin, std::vector<NodePtr> operands) {
    auto node = std::make_shared<FormulaNode>();
    node->op = op;
    node->operands = std::move(operands);
    return Finish(std::move(node), begin);
  }

  // Runs `parse` one level deeper.
  NodePtr Deeper(NodePtr (FormulaParser::*parse)()) {
    if (depth_ >= kMostDepth) {
      return Fail(fmt::format("the formula is nested deeper than {}", kMostDepth));
    }
    ++depth_;
    NodePtr node = (this->*parse)();
    --depth_;
    return node;
  }

  NodePtr Coalesce() { return Deeper(&FormulaParser::CoalesceChain); }
  NodePtr CoalesceChain();
  NodePtr RefuseMixed(const std::vector<NodePtr>& operands);
  bool IsOneOperand(const FormulaNode& node) const;
  Span FirstOperand(const FormulaNode& node) const;
  Span LastOperand(const FormulaNode& node) const;

  NodePtr Or() { return Chain(kOr, &FormulaParser::And); }
  NodePtr And() { return Chain(kAnd, &FormulaParser::Not); }
  NodePtr Sum() { return Chain(kSums, &FormulaParser::Product); }
  NodePtr Product() { return Chain(kProducts, &FormulaParser::Unary); }
  template <size_t n>
  NodePtr Chain(const Operator (&operators)[n], NodePtr (FormulaParser::*operand)());

  NodePtr Not();
  NodePtr Comparison();
  std::optional<Op> TakeComparison();
  NodePtr Unary();
  NodePtr Postfix();
  NodePtr Primary();
  NodePtr Literal(Value value);
  NodePtr Number();
  NodePtr NameOrCall();
  NodePtr Call(const FormulaToken& name);
  bool Items(std::string_view close, std::vector<NodePtr>* items);

  const SpannedText& text_;
  Diagnostics* diagnostics_;
  FormulaToken token_;
  size_t last_end_ = 0;  // where the token before token_ ends
  int depth_ = 0;
  bool failed_ = false;
  std::map<const FormulaNode*, Span> spans_;
};

NodePtr FormulaParser::CoalesceChain() {
  const size_t begin = token_.begin;
  std::vector<NodePtr> operands;
  do {
    operands.push_back(Or());
    if (operands.back() == nullptr) return nullptr;
  } while (Take("??"));
  if (operands.size() == 1) return operands[0];
  const auto one = [&](const NodePtr& operand) { return IsOneOperand(*operand); };
  if (!std::all_of(operands.begin(), operands.end(), one)) return RefuseMixed(operands);
  return Make(Op::kCoalesce, begin, std::move(operands));
}

bool FormulaParser::IsOneOperand(const FormulaNode& node) const {
  if (spans_.at(&node).parenthesised) return true;
  switch (node.op) {
    case Op::kLiteral:
    case Op::kName:
    case Op::kList:
    case Op::kIndex:
    case Op::kCeilDiv:
    case Op::kMin:
    case Op::kMax:
    case Op::kSqrt:
    case Op::kLen:
      return true;
    case Op::kNegate:
      return IsOneOperand(*node.operands[0]);
    default:
      return false;
  }
}

// The operands of a formula that stand next to its neighbours: `a` and `c` of `a / b + c`.
FormulaParser::Span FormulaParser::FirstOperand(const FormulaNode& node) const {
  return IsOneOperand(node) || node.op == Op::kNot ? spans_.at(&node)
                                                   : FirstOperand(*node.operands.front());
}
FormulaParser::Span FormulaParser::LastOperand(const FormulaNode& node) const {
  return IsOneOperand(node) ? spans_.at(&node) : LastOperand(*node.operands.back());
}

// `a ?? b / c` is taken for `(a ?? b) / c` by some and for `a ?? (b / c)` by others, so it must be
// said.
NodePtr FormulaParser::RefuseMixed(const std::vector<NodePtr>& operands) {
  size_t at = 0;
  while (IsOneOperand(*operands[at])) ++at;
  const FormulaNode& mixed = *operands[at];
  const Span span = spans_.at(&mixed);
  const size_t begin = spans_.at(operands.front().get()).begin;
  const size_t end = spans_.at(operands.back().get()).end;
  const std::string loose = fmt::format("{}({}){}", Written(begin, span.begin),
                                        Written(span.begin, span.end), Written(span.end, end));
  std::string tight;
  if (at > 0) {
    const size_t close = FirstOperand(mixed).end;
    tight = fmt::format("({}){}", Written(begin, close), Written(close, end));
  } else {
    const size_t open = LastOperand(mixed).begin;
    const size_t close = FirstOperand(*operands[1]).end;
    tight =
        fmt::format("{}({}){}", Written(begin, open), Written(open, close), Written(close, end));
  }
  return FailAt(
      begin, end,
      fmt::format("`??` beside another operator needs parentheses: `{}` or `{}`", loose, tight));
}

template <size_t n>
NodePtr FormulaParser::Chain(const Operator (&operators)[n], NodePtr (FormulaParser::*operand)()) {
  const size_t begin = token_.begin;
  NodePtr left = (this->*operand)();
  while (left != nullptr) {
    const auto is_next = [&](const Operator& o) { return token_.Is(o.text); };
    const Operator* found = std::find_if(std::begin(operators), std::end(operators), is_next);
    if (found == std::end(operators)) break;
    Next();
    NodePtr right = (this->*operand)();
    if (right == nullptr) return nullptr;
    left = Make(found->op, begin, {left, right});
  }
  return left;
}

NodePtr FormulaParser::Not() {
  const size_t begin = token_.begin;
  if (!Take("not")) return Comparison();
  NodePtr operand = Deeper(&FormulaParser::Not);
  return operand == nullptr ? nullptr : Make(Op::kNot, begin, {operand});
}

std::optional<Op> FormulaParser::TakeComparison() {
  for (const Operator& comparison : kComparisons) {
    if (Take(comparison.text)) return comparison.op;
  }
  if (!Take("not")) return std::nullopt;
  if (Take("in")) return Op::kNotIn;
  Fail("expected `in` after `not`, found " + Found());
  return std::nullopt;
}

NodePtr FormulaParser::Comparison() {
  const size_t begin = token_.begin;
  NodePtr left = Sum();
  if (left == nullptr) return nullptr;
  const std::optional<Op> op = TakeComparison();
  if (failed_ || !op) return failed_ ? nullptr : left;
  NodePtr right = Sum();
  if (right == nullptr) return nullptr;
  const FormulaToken next = token_;
  if (TakeComparison()) {
    return FailAt(next.begin, next.end, "comparisons do not chain", "write `a < b and b < c`");
  }
  return failed_ ? nullptr : Make(*op, begin, {left, right});
}

NodePtr FormulaParser::Unary() {
  const size_t begin = token_.begin;
  if (!Take("-")) return Postfix();
  NodePtr operand = Deeper(&FormulaParser::Unary);
  return operand == nullptr ? nullptr : Make(Op::kNegate, begin, {operand});
}

NodePtr FormulaParser::Postfix() {
  const size_t begin = token_.begin;
  NodePtr node = Primary();
  while (node != nullptr && Take("[")) {
    NodePtr index = Coalesce();
    if (index == nullptr) return nullptr;
    if (!Take("]")) return Fail("expected `]`, found " + Found());
    node = Make(Op::kIndex, begin, {node, index});
  }
  return node;
}

NodePtr FormulaParser::Primary() {
  const size_t begin = token_.begin;
  if (token_.kind == Kind::kString) return Literal(Value(token_.text));
  if (token_.kind == Kind::kNumber) return Number();
  if (token_.kind == Kind::kName) return NameOrCall();
  if (Take("(")) {
    NodePtr node = Coalesce();
    if (node == nullptr) return nullptr;
    if (!Take(")")) return Fail("expected `)`, found " + Found());
    spans_[node.get()] = {begin, last_end_, true};
    return node;
  }
  if (Take("[")) {
    std::vector<NodePtr> items;
    return Items("]", &items) ? Make(Op::kList, begin, std::move(items)) : nullptr;
  }
  return Fail("expected a value, found " + Found(), HelpFor(token_.text));
}

NodePtr FormulaParser::Literal(Value value) {
  auto node = std::make_shared<FormulaNode>();
  node->literal = std::move(value);
  const size_t begin = token_.begin;
  Next();
  return Finish(std::move(node), begin);
}

NodePtr FormulaParser::Number() {
  const char* begin = token_.text.data();
  const char* end = begin + token_.text.size();
  int64_t whole = 0;
  const auto [whole_end, whole_error] = std::from_chars(begin, end, whole);
  if (whole_end == end && whole_error == std::errc()) return Literal(Value(whole));
  if (whole_end == end) return Fail(Found() + " is too large for a whole number");
  double number = 0;
  const auto [number_end, number_error] = std::from_chars(begin, end, number);
  if (number_end != end || number_error != std::errc()) return Fail(Found() + " is no number");
  return Literal(Value(number));
}

NodePtr FormulaParser::NameOrCall() {
  if (token_.text == "true" || token_.text == "True") return Literal(Value(true));
  if (token_.text == "false" || token_.text == "False") return Literal(Value(false));
  if (token_.text == "null" || token_.text == "None") return Literal(Value());
  for (const std::string_view word : {"and", "or", "in", "not"}) {
    if (token_.Is(word)) return Fail("expected a value, found " + Found());
  }
  const FormulaToken name = token_;
  Next();
  if (token_.Is("(")) return Call(name);
  auto node = std::make_shared<FormulaNode>();
  node->op = Op::kName;
  node->name = name.text;
  return Finish(std::move(node), name.begin);
}

NodePtr FormulaParser::Call(const FormulaToken& name) {
  const auto is_named = [&](const Function& function) { return function.name == name.text; };
  const Function* function = std::find_if(std::begin(kFunctions), std::end(kFunctions), is_named);
  if (function == std::end(kFunctions)) {
    std::vector<std::string> known;
    for (const Function& each : kFunctions) known.emplace_back(each.name);
    std::string help = DidYouMean(name.text, known);
    if (help.empty()) help = "the functions are " + JoinWords(known);
    return FailAt(name.begin, name.end, fmt::format("there is no function `{}`", name.text),
                  std::move(help));
  }
  Next();
  std::vector<NodePtr> arguments;
  if (!Items(")", &arguments)) return nullptr;
  if (arguments.size() < function->least || arguments.size() > function->most) {
    return FailAt(name.begin, last_end_,
                  fmt::format("`{}` takes {}{} argument{}, here are {}", name.text,
                              function->least == function->most ? "" : "at least ", function->least,
                              function->least == 1 ? "" : "s", arguments.size()));
  }
  return Make(function->op, name.begin, std::move(arguments));
}

bool FormulaParser::Items(std::string_view close, std::vector<NodePtr>* items) {
  if (Take(close)) return true;
  do {
    NodePtr item = Coalesce();
    if (item == nullptr) return false;
    items->push_back(std::move(item));
  } while (Take(","));
  if (Take(close)) return true;
  Fail(fmt::format("expected `,` or `{}`, found {}", close, Found()));
  return false;
}

}  // namespace

std::optional<Formula> Formula::Parse(const SpannedText& text, Diagnostics* diagnostics) {
  Formula formula;
  formula.text_ = text;
  formula.root_ = FormulaParser(formula.text_, diagnostics).Run();
  if (formula.root_ == nullptr) return std::nullopt;
  return formula;
}

}  // namespace rr
