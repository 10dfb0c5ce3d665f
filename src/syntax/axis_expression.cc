#include "syntax/axis_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace rr {
namespace {

constexpr int kMaxDepth = 32;

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

class Parser {
 public:
  Parser(const SpannedText& text, Diagnostics* diagnostics)
      : text_(text), diagnostics_(diagnostics) {}

  std::optional<AxisExpr> Run() {
    std::optional<AxisExpr> expr = Dims("", 0);
    if (!expr) return std::nullopt;
    if (!AtEnd()) return Fail(at_, at_ + 1, fmt::format("`{}` closes nothing", Peek()));
    return expr;
  }

 private:
  bool AtEnd() {
    while (at_ < text_.text.size() && std::isspace(static_cast<unsigned char>(text_.text[at_])))
      ++at_;
    return at_ >= text_.text.size();
  }
  char Peek() const { return text_.text[at_]; }

  std::nullopt_t Fail(size_t begin, size_t end, std::string message, std::string help = "") {
    Diagnostic& d =
        diagnostics_->Add(Code::kBadExpression, text_.PlaceOf(begin, end), std::move(message));
    d.help = std::move(help);
    return std::nullopt;
  }

  // Dims up to one of `stops` (not consumed) or the end.
  std::optional<AxisExpr> Dims(std::string_view stops, int depth) {
    if (depth > kMaxDepth) return Fail(at_, at_ + 1, "the expression is nested too deeply");
    AxisExpr dims;
    while (!AtEnd() && stops.find(Peek()) == std::string_view::npos) {
      if (Peek() == ')' || Peek() == ']' || Peek() == '}' || Peek() == '|') {
        if (stops.empty()) break;
        return Fail(at_, at_ + 1, fmt::format("expected `{}` before `{}`", stops.back(), Peek()));
      }
      std::optional<AxisNode> node = Dim(depth);
      if (!node) return std::nullopt;
      dims.push_back(std::move(*node));
    }
    return dims;
  }

  std::optional<AxisNode> Dim(int depth) {
    const char c = Peek();
    if (c == '(') return Product(depth);
    if (c == '{') return Sum(depth);
    if (c == '=') return Copies();
    if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') return AxisOrTensor(depth);
    if (std::isdigit(static_cast<unsigned char>(c))) return One();
    return FailAtSymbol();
  }

  std::optional<AxisNode> Product(int depth) {
    const size_t begin = at_++;
    AxisNode node;
    node.kind = AxisNode::Kind::kProduct;
    std::optional<AxisExpr> dims = Dims(")", depth + 1);
    if (!dims || !Close(')', begin)) return std::nullopt;
    node.children = std::move(*dims);
    node.place = text_.PlaceOf(begin, at_);
    return node;
  }

  std::optional<AxisNode> Sum(int depth) {
    const size_t begin = at_++;
    AxisNode node;
    node.kind = AxisNode::Kind::kSum;
    do {
      std::optional<AxisExpr> dims = Dims("|}", depth + 1);
      if (!dims) return std::nullopt;
      node.alternatives.push_back(std::move(*dims));
    } while (!AtEnd() && Peek() == '|' && ++at_);
    if (!Close('}', begin)) return std::nullopt;
    if (node.alternatives.size() < 2)
      return Fail(begin, at_, "a sum needs at least two sides: `{x | y}`");
    node.place = text_.PlaceOf(begin, at_);
    return node;
  }

  std::optional<AxisNode> Copies() {
    const size_t begin = at_++;
    AtEnd();  // spaces may stand between symbols
    const size_t name_begin = at_;
    AxisNode node;
    node.kind = AxisNode::Kind::kCopies;
    node.name = Word();
    if (!IsAxisName(node.name)) {
      return Fail(begin, at_,
                  node.name.empty() ? "`=` is followed by no axis"
                                    : fmt::format("`{}` is no axis", node.name),
                  "`=N` says that the elements are stored N times, for an axis N");
    }
    node.place = text_.PlaceOf(name_begin, at_);
    return node;
  }

  std::optional<AxisNode> AxisOrTensor(int depth) {
    const size_t begin = at_;
    AxisNode node;
    node.name = Word();
    const size_t name_end = at_;
    node.place = text_.PlaceOf(begin, name_end);
    if (!AtEnd() && Peek() == '[') return Tensor(std::move(node), begin, name_end, depth);
    at_ = name_end;
    if (!IsAxisName(node.name)) {
      return Fail(
          begin, name_end, fmt::format("`{}` is no axis: axes are Capitalised", node.name),
          IsTensorName(node.name) ? fmt::format("a tensor is written `{}[...]`", node.name) : "");
    }
    node.kind = AxisNode::Kind::kAxis;
    return node;
  }

  // The name has been read, and [ comes next.
  std::optional<AxisNode> Tensor(AxisNode node, size_t begin, size_t name_end, int depth) {
    if (!IsTensorName(node.name)) {
      return Fail(
          begin, name_end,
          fmt::format("`{}` is no tensor name: tensors are lower case, and begin with a letter",
                      node.name));
    }
    const size_t open = at_++;
    node.kind = AxisNode::Kind::kTensor;
    std::optional<AxisExpr> dims = Dims("]", depth + 1);
    if (!dims || !Close(']', open)) return std::nullopt;
    node.children = std::move(*dims);
    return node;
  }

  std::optional<AxisNode> One() {
    const size_t begin = at_;
    while (at_ < text_.text.size() && IsWordByte(text_.text[at_])) ++at_;
    if (at_ != begin + 1 || text_.text[begin] != '1')
      return Fail(begin, at_, "the only number in an axis expression is 1",
                  "give the size a name under `axes` and write that");
    AxisNode node;
    node.kind = AxisNode::Kind::kOne;
    node.place = text_.PlaceOf(begin, at_);
    return node;
  }

  std::nullopt_t FailAtSymbol() {
    const char c = Peek();
    size_t end = at_ + 1;  // the rest of a UTF-8 sequence
    while (end < text_.text.size() && (static_cast<unsigned char>(text_.text[end]) & 0xC0) == 0x80)
      ++end;
    return Fail(
        at_, end,
        fmt::format("`{}` is not part of an axis expression", text_.text.substr(at_, end - at_)),
        c == ','   ? "axes are separated by spaces"
        : c == '<' ? "`<-` stands in `tensors` only"
                   : "");
  }

  std::string Word() {
    const size_t begin = at_;
    while (at_ < text_.text.size() && IsWordByte(text_.text[at_])) ++at_;
    while (at_ < text_.text.size() && text_.text[at_] == '\'') ++at_;
    return text_.text.substr(begin, at_ - begin);
  }

  bool Close(char bracket, size_t open) {
    if (AtEnd() || Peek() != bracket) {
      Diagnostic& d = diagnostics_->Add(Code::kBadExpression, text_.PlaceOf(at_, at_ + 1),
                                        fmt::format("expected `{}`", bracket));
      d.notes.push_back({text_.PlaceOf(open, open + 1), "opened here"});
      return false;
    }
    ++at_;
    return true;
  }

  const SpannedText& text_;
  Diagnostics* diagnostics_;
  size_t at_ = 0;
};

std::string DimsToString(const std::vector<AxisNode>& dims);

std::string NodeToString(const AxisNode& node) {
  switch (node.kind) {
    case AxisNode::Kind::kAxis:
      return node.name;
    case AxisNode::Kind::kCopies:
      return "=" + node.name;
    case AxisNode::Kind::kOne:
      return "1";
    case AxisNode::Kind::kProduct:
      if (node.children.size() == 1 && node.children[0].kind != AxisNode::Kind::kTensor) {
        return NodeToString(node.children[0]);
      }
      return "(" + DimsToString(node.children) + ")";
    case AxisNode::Kind::kTensor:
      return node.name + "[" + DimsToString(node.children) + "]";
    case AxisNode::Kind::kSum: {
      std::string text = "{";
      for (size_t i = 0; i < node.alternatives.size(); ++i) {
        if (i > 0) text += " | ";
        text += DimsToString(node.alternatives[i]);
      }
      return text + "}";
    }
  }
  return "";
}

std::string DimsToString(const std::vector<AxisNode>& dims) {
  std::string text;
  for (const AxisNode& node : dims) {
    if (!text.empty()) text += " ";
    text += NodeToString(node);
  }
  return text;
}

}  // namespace

bool IsAxisName(std::string_view text) {
  while (!text.empty() && text.back() == '\'') text.remove_suffix(1);
  if (text.empty() || !std::isupper(static_cast<unsigned char>(text[0]))) return false;
  for (const char c : text) {
    if (!IsWordByte(c)) return false;
  }
  return true;
}

bool IsTensorName(std::string_view text) {
  if (text.empty() || !std::islower(static_cast<unsigned char>(text[0]))) return false;
  for (const char c : text) {
    if (!IsWordByte(c) || std::isupper(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

std::optional<AxisExpr> ParseAxisExpr(const SpannedText& text, Diagnostics* diagnostics) {
  return Parser(text, diagnostics).Run();
}

std::string ToString(const AxisExpr& expr) { return DimsToString(expr); }

std::vector<NamedPlace> AxesIn(const AxisExpr& expr) {
  std::vector<NamedPlace> names;
  ForEachNode(expr, [&](const AxisNode& node) {
    if (node.kind == AxisNode::Kind::kAxis || node.kind == AxisNode::Kind::kCopies)
      names.push_back({node.name, node.place});
  });
  return names;
}

std::vector<NamedPlace> TensorsIn(const AxisExpr& expr) {
  std::vector<NamedPlace> names;
  ForEachNode(expr, [&](const AxisNode& node) {
    if (node.kind == AxisNode::Kind::kTensor) names.push_back({node.name, node.place});
  });
  return names;
}

bool Mentions(const AxisExpr& expr, AxisNode::Kind kind, std::string_view name) {
  return std::any_of(expr.begin(), expr.end(), [&](const AxisNode& node) {
    if (node.kind == kind && node.name == name) return true;
    return Mentions(node.children, kind, name) ||
           std::any_of(node.alternatives.begin(), node.alternatives.end(),
                       [&](const AxisExpr& part) { return Mentions(part, kind, name); });
  });
}

AxisExpr ReplaceAxis(AxisExpr expr, std::string_view name, const AxisExpr& replacement) {
  if (!Mentions(expr, AxisNode::Kind::kAxis, name)) return expr;
  AxisExpr result;
  result.reserve(expr.size());
  for (AxisNode& node : expr) {
    if (node.kind == AxisNode::Kind::kAxis && node.name == name) {
      for (AxisNode copy : replacement) {
        copy.place = node.place;
        result.push_back(std::move(copy));
      }
      continue;
    }
    node.children = ReplaceAxis(std::move(node.children), name, replacement);
    for (AxisExpr& alternative : node.alternatives)
      alternative = ReplaceAxis(std::move(alternative), name, replacement);
    result.push_back(std::move(node));
  }
  return result;
}

}  // namespace rr
