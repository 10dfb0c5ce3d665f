// Formulas, read by recursive descent: one function per level of the grammar in formula.h.
#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <map>
#include <utility>

#include "base/text.h"
#include "syntax/formula.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;
using NodePtr = std::shared_ptr<const FormulaNode>;

constexpr int kMaxDepth = 64;

struct Function {
  Op op;
  size_t least, most;
};
const std::map<std::string, Function>& Functions() {
  static const std::map<std::string, Function> functions = {
      {"ceil_div", {Op::kCeilDiv, 2, 2}}, {"min", {Op::kMin, 1, 16}}, {"max", {Op::kMax, 1, 16}}, {"sqrt", {Op::kSqrt, 1, 1}}};
  return functions;
}

struct Token {
  enum class Kind { kEnd, kNumber, kString, kName, kSymbol } kind = Kind::kEnd;
  std::string text;  // of a string: without its quotes
  size_t begin = 0, end = 0;
};

class Parser {
 public:
  Parser(const SpannedText& text, Diagnostics* diagnostics) : text_(text), diagnostics_(diagnostics) { Next(); }

  NodePtr Run() {
    NodePtr node = Coalesce();
    if (node == nullptr) return nullptr;
    if (token_.kind != Token::Kind::kEnd) return Fail(fmt::format("expected the end of the formula or an operator, found `{}`", token_.text));
    return node;
  }

 private:
  NodePtr Fail(std::string message, std::string help = "") {
    if (!failed_) {
      diagnostics_->Add(Code::kBadFormula, text_.PlaceOf(token_.begin, std::max(token_.end, token_.begin + 1)), std::move(message)).help = std::move(help);
    }
    failed_ = true;
    return nullptr;
  }

  void Next() {
    const std::string& s = text_.text;
    last_end_ = token_.end;
    while (at_ < s.size() && std::isspace(static_cast<unsigned char>(s[at_]))) ++at_;
    token_ = {Token::Kind::kEnd, "", at_, at_};
    if (at_ >= s.size()) return;
    const auto is_word = [&](size_t i) { return i < s.size() && (std::isalnum(static_cast<unsigned char>(s[i])) || s[i] == '_'); };
    const char c = s[at_];
    size_t end = at_ + 1;
    if (std::isdigit(static_cast<unsigned char>(c))) {
      token_.kind = Token::Kind::kNumber;
      while (is_word(end) || (end < s.size() && s[end] == '.' && end + 1 < s.size() && std::isdigit(static_cast<unsigned char>(s[end + 1])))) ++end;
    } else if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') {
      token_.kind = Token::Kind::kName;
      while (is_word(end) || (end < s.size() && s[end] == '.' && is_word(end + 1))) ++end;
      while (end < s.size() && s[end] == '\'') ++end;
    } else if (c == '"' || c == '\'') {
      token_.kind = Token::Kind::kString;
      while (end < s.size() && s[end] != c) ++end;
      token_.text = s.substr(at_ + 1, end - at_ - 1);
      token_.begin = at_;
      if (end >= s.size()) {
        token_.end = end;
        Fail("this text is not closed");
        at_ = s.size();
        return;
      }
      token_.end = at_ = end + 1;
      return;
    } else {
      token_.kind = Token::Kind::kSymbol;
      for (const char* two : {"??", "==", "!=", "<=", ">=", "//"}) {
        if (s.compare(at_, 2, two) == 0) end = at_ + 2;
      }
    }
    token_.text = s.substr(at_, end - at_);
    token_.end = at_ = end;
  }

  bool Is(std::string_view text) const {
    return (token_.kind == Token::Kind::kSymbol || token_.kind == Token::Kind::kName) && token_.text == text;
  }
  bool Take(std::string_view text) {
    if (!Is(text)) return false;
    Next();
    return true;
  }

  NodePtr Make(Op op, size_t begin, std::vector<NodePtr> operands) {
    auto node = std::make_shared<FormulaNode>();
    node->op = op;
    node->operands = std::move(operands);
    node->place = text_.PlaceOf(begin, last_end_);
    return node;
  }

  std::string TextOf(size_t begin, size_t end) const { return text_.text.substr(begin, end - begin); }

  // `a ?? b / c` could mean two things, so operands of ?? are single values or stand in parentheses.
  NodePtr Coalesce() {
    if (++depth_ > kMaxDepth) return Fail("the formula is nested too deeply");
    const size_t begin = token_.begin;
    NodePtr node = Or();
    std::vector<std::pair<NodePtr, std::pair<size_t, size_t>>> operands;
    if (node != nullptr) operands.push_back({node, {begin, last_end_}});
    bool parenthesised = closed_in_parentheses_;
    std::vector<bool> simple{IsSimple(node, parenthesised)};
    while (node != nullptr && Is("??")) {
      Next();
      const size_t operand_begin = token_.begin;
      NodePtr next = Or();
      if (next == nullptr) return nullptr;
      operands.push_back({next, {operand_begin, last_end_}});
      simple.push_back(IsSimple(next, closed_in_parentheses_));
    }
    --depth_;
    if (node == nullptr || operands.size() == 1) return node;
    for (size_t i = 0; i < operands.size(); ++i) {
      if (simple[i]) continue;
      const auto [from, to] = operands[i].second;
      token_.begin = from;
      token_.end = to;
      const std::string operand = TextOf(from, to);
      return Fail(fmt::format("`??` beside another operator can be read in two ways: write `({})` if `{}` is one operand", operand, operand),
                  "otherwise put the `??` and its operands into parentheses");
    }
    std::vector<NodePtr> nodes;
    for (auto& operand : operands) nodes.push_back(std::move(operand.first));
    return Make(Op::kCoalesce, begin, std::move(nodes));
  }

  static bool IsSimple(const NodePtr& node, bool parenthesised) {
    if (node == nullptr || parenthesised) return true;
    switch (node->op) {
      case Op::kLiteral: case Op::kName: case Op::kList: case Op::kIndex:
      case Op::kCeilDiv: case Op::kMin: case Op::kMax: case Op::kSqrt: return true;
      default: return false;
    }
  }

  NodePtr Or() { return Chain("or", Op::kOr, &Parser::And); }
  NodePtr And() { return Chain("and", Op::kAnd, &Parser::Not); }

  NodePtr Chain(std::string_view word, Op op, NodePtr (Parser::*operand)()) {
    const size_t begin = token_.begin;
    NodePtr left = (this->*operand)();
    while (left != nullptr && Take(word)) {
      NodePtr right = (this->*operand)();
      if (right == nullptr) return nullptr;
      left = Make(op, begin, {left, right});
      closed_in_parentheses_ = false;
    }
    return left;
  }

  NodePtr Not() {
    const size_t begin = token_.begin;
    if (!Is("not")) return Comparison();
    if (++depth_ > kMaxDepth) return Fail("the formula is nested too deeply");
    Next();
    NodePtr operand = Not();
    --depth_;
    closed_in_parentheses_ = false;
    return operand == nullptr ? nullptr : Make(Op::kNot, begin, {operand});
  }

  std::optional<Op> TakeComparison() {
    static const std::pair<const char*, Op> kSymbols[] = {{"==", Op::kEqual}, {"!=", Op::kNotEqual}, {"<=", Op::kLessEqual}, {">=", Op::kGreaterEqual}, {"<", Op::kLess}, {">", Op::kGreater}, {"in", Op::kIn}};
    for (const auto& [text, op] : kSymbols) {
      if (Take(text)) return op;
    }
    if (!Is("not")) return std::nullopt;
    Next();
    if (!Take("in")) {
      Fail("expected `in` after `not`");
      return std::nullopt;
    }
    return Op::kNotIn;
  }

  NodePtr Comparison() {
    const size_t begin = token_.begin;
    NodePtr left = Sum();
    if (left == nullptr) return nullptr;
    const std::optional<Op> op = TakeComparison();
    if (!op) return failed_ ? nullptr : left;
    NodePtr right = Sum();
    if (right == nullptr) return nullptr;
    NodePtr node = Make(*op, begin, {left, right});
    closed_in_parentheses_ = false;
    for (const char* next : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (Is(next)) return Fail("comparisons do not chain", "write `a < b and b < c`");
    }
    return node;
  }

  NodePtr Sum() {
    const size_t begin = token_.begin;
    NodePtr left = Product();
    while (left != nullptr && (Is("+") || Is("-"))) {
      const Op op = Is("+") ? Op::kAdd : Op::kSubtract;
      Next();
      NodePtr right = Product();
      if (right == nullptr) return nullptr;
      left = Make(op, begin, {left, right});
      closed_in_parentheses_ = false;
    }
    return left;
  }

  NodePtr Product() {
    const size_t begin = token_.begin;
    NodePtr left = Unary();
    while (left != nullptr && (Is("*") || Is("/") || Is("//") || Is("%"))) {
      const Op op = Is("*") ? Op::kMultiply : Is("/") ? Op::kExactDivide : Is("//") ? Op::kFloorDivide : Op::kModulo;
      Next();
      NodePtr right = Unary();
      if (right == nullptr) return nullptr;
      left = Make(op, begin, {left, right});
      closed_in_parentheses_ = false;
    }
    return left;
  }

  NodePtr Unary() {
    const size_t begin = token_.begin;
    if (!Is("-")) return Postfix();
    if (++depth_ > kMaxDepth) return Fail("the formula is nested too deeply");
    Next();
    NodePtr operand = Unary();
    --depth_;
    closed_in_parentheses_ = false;
    return operand == nullptr ? nullptr : Make(Op::kNegate, begin, {operand});
  }

  NodePtr Postfix() {
    const size_t begin = token_.begin;
    NodePtr node = Primary();
    while (node != nullptr && Is("[")) {
      Next();
      NodePtr index = Coalesce();
      if (index == nullptr) return nullptr;
      if (!Take("]")) return Fail("expected `]`");
      node = Make(Op::kIndex, begin, {node, index});
      closed_in_parentheses_ = false;
    }
    return node;
  }

  NodePtr Literal(Value value) {
    auto node = std::make_shared<FormulaNode>();
    node->literal = std::move(value);
    node->place = text_.PlaceOf(token_.begin, token_.end);
    Next();
    return node;
  }

  NodePtr Primary() {
    closed_in_parentheses_ = false;
    const size_t begin = token_.begin;
    switch (token_.kind) {
      case Token::Kind::kEnd: return Fail("expected a value, found the end of the formula");
      case Token::Kind::kString: return failed_ ? nullptr : Literal(Value(token_.text));
      case Token::Kind::kNumber: return Number();
      case Token::Kind::kName: return Name();
      case Token::Kind::kSymbol: break;
    }
    if (Is("(")) {
      Next();
      NodePtr node = Coalesce();
      if (node == nullptr) return nullptr;
      if (!Take(")")) return Fail("expected `)`");
      closed_in_parentheses_ = true;
      return node;
    }
    if (Is("[")) {
      std::vector<NodePtr> items;
      Next();
      if (!Items("]", &items)) return nullptr;
      closed_in_parentheses_ = false;
      return Make(Op::kList, begin, std::move(items));
    }
    return Fail(fmt::format("expected a value, found `{}`", token_.text));
  }

  bool Items(std::string_view close, std::vector<NodePtr>* items) {
    if (Take(close)) return true;
    do {
      NodePtr item = Coalesce();
      if (item == nullptr) return false;
      items->push_back(std::move(item));
    } while (Take(","));
    if (Take(close)) return true;
    Fail(fmt::format("expected `,` or `{}`", close));
    return false;
  }

  NodePtr Number() {
    const std::string& s = token_.text;
    int64_t n = 0;
    auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (error == std::errc() && end == s.data() + s.size()) return Literal(Value(n));
    double d = 0;
    auto [d_end, d_error] = std::from_chars(s.data(), s.data() + s.size(), d);
    if (error == std::errc::result_out_of_range || d_error != std::errc() || d_end != s.data() + s.size()) {
      return Fail(fmt::format("`{}` is no number", s));
    }
    return Literal(Value(d));
  }

  NodePtr Name() {
    const size_t begin = token_.begin;
    const std::string name = token_.text;
    if (name == "true" || name == "True") return Literal(Value(true));
    if (name == "false" || name == "False") return Literal(Value(false));
    if (name == "null" || name == "None") return Literal(Value());
    for (const char* word : {"and", "or", "in"}) {
      if (name == word) return Fail(fmt::format("expected a value, found `{}`", word));
    }
    const Token token = token_;
    Next();
    if (!Is("(")) {
      auto node = std::make_shared<FormulaNode>();
      node->op = Op::kName;
      node->name = name;
      node->place = text_.PlaceOf(token.begin, token.end);
      return node;
    }
    const auto function = Functions().find(name);
    if (function == Functions().end()) {
      std::vector<std::string> names;
      for (const auto& [known, unused] : Functions()) names.push_back(known);
      token_ = token;
      return Fail(fmt::format("there is no function `{}`", name), DidYouMean(name, names));
    }
    Next();
    std::vector<NodePtr> arguments;
    if (!Items(")", &arguments)) return nullptr;
    closed_in_parentheses_ = false;
    if (arguments.size() < function->second.least || arguments.size() > function->second.most) {
      token_ = token;
      return Fail(fmt::format("`{}` takes {} argument{}, not {}", name, function->second.least, function->second.least == 1 ? "" : "s", arguments.size()));
    }
    return Make(function->second.op, begin, std::move(arguments));
  }

  const SpannedText& text_;
  Diagnostics* diagnostics_;
  Token token_;
  size_t at_ = 0, last_end_ = 0;
  int depth_ = 0;
  bool failed_ = false;
  bool closed_in_parentheses_ = false;  // the operand just read was `( ... )`
};

}  // namespace

std::optional<Formula> Formula::Parse(const SpannedText& text, Diagnostics* diagnostics) {
  Formula formula;
  formula.text_ = text;
  formula.root_ = Parser(formula.text_, diagnostics).Run();
  if (formula.root_ == nullptr) return std::nullopt;
  return formula;
}

}  // namespace rr
