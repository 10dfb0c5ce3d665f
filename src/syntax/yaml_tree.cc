#include "syntax/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>

#include "syntax/yaml_check.h"
#include "syntax/yaml_scalar.h"

namespace rr {
namespace {

constexpr size_t kMostDepth = 32;
// Further refusals of one file say nothing new, and a hostile file could have 100,000.
constexpr size_t kMostRefusals = 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Thrown through the parser to stop it: there is no other way to.
struct Stop {};

// A list or map that is still open.
struct Frame {
  YamlNode node;
  bool as_key = false;      // stands where a key is expected
  size_t refusals = 0;      // of the file when it was opened
  bool flow = false;        // written with brackets
  bool has_key = false;     // a map whose next child is a value
  bool drop_value = false;  // that value belongs to a key given before
  SpannedText key;
  std::unordered_map<std::string, Place> keys;  // the keys so far, and where
};

class Builder : public YAML::EventHandler {
 public:
  Builder(SourcePtr source, uint32_t shift, Diagnostics* diagnostics)
      : source_(std::move(source)),
        text_(source_->text()),
        shift_(shift),
        diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    Open(mark, YamlNode::Kind::kList, style);
  }
  void OnSequenceEnd() override { Close(']'); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    Open(mark, YamlNode::Kind::kMap, style);
  }
  void OnMapEnd() override { Close('}'); }

  uint32_t OffsetOf(const YAML::Mark& mark) const;
  void Refuse(uint32_t begin, uint32_t end, std::string message, std::string help = "");
  bool refused() const { return refusals_ > 0; }
  std::optional<YamlNode> TakeRoot() { return std::move(root_); }

 private:
  Place PlaceAt(uint32_t begin, uint32_t end) const { return {source_, begin, end, {}}; }
  bool KeyExpected() const {
    return !open_.empty() && open_.back().node.IsMap() && !open_.back().has_key;
  }
  uint32_t Begin(const YAML::Mark& mark);
  void Open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::EmitterStyle::value style);
  void Close(char bracket);
  void Add(YamlNode node);
  void SetKey(SpannedText key, const Place& place, bool plain);
  void CheckColon(const Place& key, std::string_view text);

  SourcePtr source_;
  std::string_view text_;
  uint32_t shift_;  // bytes before what the parser was given
  Diagnostics* diagnostics_;
  size_t refusals_ = 0;
  size_t documents_ = 0;
  std::vector<Frame> open_;
  std::optional<YamlNode> root_;
  uint32_t last_end_ = 0;  // where the last node ends
  // The last event was a null: where it was said to be, and the place it has when it turns out not
  // to be written.
  std::optional<std::pair<uint32_t, uint32_t>> last_null_;
};

uint32_t Builder::OffsetOf(const YAML::Mark& mark) const {
  if (mark.is_null() || mark.pos < 0) return 0;
  return std::min(static_cast<uint32_t>(mark.pos) + shift_, static_cast<uint32_t>(text_.size()));
}

void Builder::Refuse(uint32_t begin, uint32_t end, std::string message, std::string help) {
  diagnostics_->Add(Code::kBadYaml, PlaceAt(begin, std::max(begin, end)), std::move(message)).help =
      std::move(help);
  if (++refusals_ >= kMostRefusals) throw Stop();
}

void Builder::OnDocumentStart(const YAML::Mark& mark) {
  if (++documents_ == 1) {
    last_end_ = OffsetOf(mark);
    return;
  }
  const uint32_t at = OffsetOf(mark);
  Refuse(at, at + 1,
         text_.substr(at, 3) == "---" ? "a second document; a rule file is one YAML document"
                                      : "text after the end of the document");
  throw Stop();
}

// Every node begins here: refuses what may stand before one, and mends the place of a null that was
// not written.
uint32_t Builder::Begin(const YAML::Mark& mark) {
  const uint32_t at = OffsetOf(mark);
  if (last_null_ && last_null_->first == at && !open_.empty()) {
    // The parser puts a null that is not written where the next thing begins, which is this one.
    Frame& frame = open_.back();
    YamlNode* null = nullptr;
    if (frame.node.IsList() && !frame.node.items.empty()) null = &frame.node.items.back();
    if (frame.node.IsMap() && !frame.node.members.empty()) null = &frame.node.members.back().value;
    if (null != nullptr && null->IsNull())
      null->place = PlaceAt(last_null_->second, last_null_->second);
  }
  last_null_.reset();
  if (at >= text_.size()) return at;
  size_t end = text_.find_first_of(" \t\r\n,[]{}", at);
  if (end == std::string_view::npos) end = text_.size();
  const std::string_view word = text_.substr(at, end - at);
  if (text_[at] == '!') {
    Refuse(at, static_cast<uint32_t>(end),
           fmt::format("the tag `{}`: tags are refused, every value is text", word));
  } else if (text_[at] == '&') {
    Refuse(at, static_cast<uint32_t>(end),
           fmt::format("the anchor `{}`: anchors and aliases are refused", word));
  }
  return at;
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  const uint32_t at = Begin(mark);
  size_t end = std::min(text_.find_first_of(" \t\r\n,[]{}", at), text_.size());
  Refuse(
      at, static_cast<uint32_t>(end),
      fmt::format("the alias `{}`: anchors and aliases are refused", text_.substr(at, end - at)));
  if (KeyExpected()) {
    open_.back().has_key = open_.back().drop_value = true;
  } else {
    Add({});
  }
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t) {
  const uint32_t before = last_end_;
  const uint32_t at = Begin(mark);
  const std::string_view word = text_.substr(at, 4);
  uint32_t length = 0;
  if (word == "null" || word == "Null" || word == "NULL") length = 4;
  if (word.substr(0, 1) == "~") length = 1;
  if (KeyExpected()) {
    Refuse(at, at + length,
           "a key is missing; put quotes around `null` or `~` where it is meant as text");
    open_.back().has_key = open_.back().drop_value = true;
    return;
  }
  if (!open_.empty() && open_.back().flow && open_.back().node.IsList() &&
      word.substr(0, 1) == ",") {
    Refuse(at, at + 1, "an item is expected before this `,`");
  }
  YamlNode node;
  node.place = length > 0 ? PlaceAt(at, at + length) : PlaceAt(before, before);
  Add(std::move(node));
  if (length > 0) last_null_ = {at, before};
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       const std::string& value) {
  const uint32_t at = Begin(mark);
  const bool plain = tag == "?";
  ScalarPlaces places = PlaceScalar(text_, at, value, plain);
  const Place place = PlaceAt(at, places.end);
  if (value.find('\0') != std::string::npos) {
    Refuse(at, places.end, "the text has a NUL character (`\\0`) in it");
  }
  SpannedText text;
  text.text = value;
  text.offsets = TextOffsets(std::move(places.offsets));
  text.source = source_;
  if (KeyExpected()) {
    if (places.exact) CheckColon(place, value);
    SetKey(std::move(text), place, plain);
    last_end_ = places.end;
    return;
  }
  YamlNode node;
  node.kind = YamlNode::Kind::kText;
  node.place = place;
  node.text = std::move(text);
  Add(std::move(node));
}

// yaml-cpp takes a line `word` among the keys of a map for a key without a value, and YAML itself
// does so in `{a, b: c}` and `{a:b}`. Both are slips: text with a comma that lacks quotes, a colon
// without its space.
void Builder::CheckColon(const Place& key, std::string_view text) {
  const Frame& frame = open_.back();
  const bool braces = text_[frame.node.place.begin] == '{';
  if (frame.flow && !braces)
    return;  // `[a: b]`; without its colon this is a list that is not closed
  const size_t at = text_.find_first_not_of(braces ? " \t\r\n" : " \t", key.end);
  size_t before = key.begin;
  while (before > 0 && (text_[before - 1] == ' ' || text_[before - 1] == '\t')) --before;
  if (before > 0 && before < key.begin && text_[before - 1] == '?') {
    Refuse(static_cast<uint32_t>(before - 1), key.end,
           "a key written with `?`; write `key: value`");
  } else if (at == std::string_view::npos || text_[at] != ':') {
    Refuse(key.begin, key.end, fmt::format("`{}` stands where `key: value` is expected", text),
           braces ? "inside `{ }` put quotes around text with a comma, and a space behind the "
                    "colon of a key; "
                    "text that begins with `{` needs quotes too"
                  : "");
  }
}

void Builder::SetKey(SpannedText key, const Place& place, bool plain) {
  Frame& frame = open_.back();
  if (plain && key.text == "<<") {
    Refuse(place.begin, place.end, "the merge key `<<` is refused; `extends` merges rule files");
  }
  const auto [first, is_new] = frame.keys.emplace(key.text, place);
  if (!is_new) {
    Diagnostic& found =
        diagnostics_->Add(Code::kDuplicateYamlKey, place,
                          fmt::format("the key `{}` stands twice in one map", key.text));
    found.notes.push_back({first->second, "it stands here first"});
  }
  frame.has_key = true;
  frame.drop_value = !is_new;
  frame.key = std::move(key);
}

void Builder::Open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::EmitterStyle::value style) {
  const uint32_t at = Begin(mark);
  if (open_.size() >= kMostDepth) {
    Refuse(at, at + 1, fmt::format("lists and maps are nested deeper than {}", kMostDepth));
    throw Stop();
  }
  Frame frame;
  frame.as_key = KeyExpected();
  frame.refusals = refusals_;
  frame.node.kind = kind;
  frame.node.place = PlaceAt(at, at);
  frame.flow = style == YAML::EmitterStyle::Flow;
  open_.push_back(std::move(frame));
  last_end_ = frame.flow ? at + 1 : at;
}

void Builder::Close(char bracket) {
  last_null_.reset();
  Frame frame = std::move(open_.back());
  open_.pop_back();
  uint32_t end = last_end_;
  const bool bracketed =
      text_[frame.node.place.begin] == '[' || text_[frame.node.place.begin] == '{';
  if (frame.flow && bracketed) {
    // Between the last child and its bracket stand only space, comments, `,` and the `:` of a null.
    for (size_t at = end; at < text_.size(); ++at) {
      if (text_[at] == bracket) {
        end = static_cast<uint32_t>(at) + 1;
        break;
      }
      if (text_[at] == '#') {
        at = std::min(text_.find('\n', at), text_.size());
      } else if (std::string_view(" \t\r\n,:").find(text_[at]) == std::string_view::npos) {
        break;
      }
    }
  }
  frame.node.place.end = std::max(end, frame.node.place.begin);
  if (!frame.as_key) {
    Add(std::move(frame.node));
    return;
  }
  // Said only here: a bracket that is never closed looks like the beginning of a key too.
  if (refusals_ == frame.refusals) {
    Refuse(frame.node.place.begin, frame.node.place.end,
           fmt::format("{} as a key; keys are text", NameOf(frame.node.kind)),
           "put quotes around text that begins with a bracket");
  }
  last_end_ = frame.node.place.end;
  open_.back().has_key = open_.back().drop_value = true;
}

void Builder::Add(YamlNode node) {
  last_end_ = std::max(last_end_, node.place.end);
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = open_.back();
  if (frame.node.IsList()) {
    frame.node.items.push_back(std::move(node));
    return;
  }
  if (!frame.drop_value) frame.node.members.push_back({std::move(frame.key), std::move(node)});
  frame.has_key = frame.drop_value = false;
}

// The parser's terse sentences, said for someone who writes rule files.
std::string ExplainParserError(const std::string& message, std::string_view before,
                               std::string_view rest) {
  const std::string_view line = before.substr(before.rfind('\n') + 1);
  const std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != std::string_view::npos)
    return "a tab before the text of a line; indent with spaces";
  static const std::pair<std::string_view, std::string_view> kSentences[] = {
      {"end of map not found",
       "expected the next key, indented like the others, or the end of the map"},
      {"end of map flow not found", "expected `,` or `}`"},
      {"end of sequence not found",
       "expected the next `- ` item, indented like the others, or the end of the list"},
      {"end of sequence flow not found", "expected `,` or `]`"},
      {"illegal map value", "a `:` cannot stand here; put quotes around text with `: ` in it"},
      {"illegal flow end", "a closing bracket that nothing opens"},
      {"illegal EOF in scalar", "quoted text without its closing quote"},
      {"illegal block entry", "a `- ` item cannot stand here"},
  };
  for (const auto& [theirs, ours] : kSentences) {
    if (message == theirs) return std::string(ours);
  }
  if (message == "unknown token" && rest.starts_with('?')) {
    return "within brackets a `?` behind a space begins a key; put quotes around text with ` ?` in "
           "it";
  }
  if (message == "unknown token" && !rest.empty()) {
    return fmt::format("text cannot begin with '{}'; put quotes around it", rest[0]);
  }
  if (message == "the referenced anchor is not defined") {
    return "an alias: anchors and aliases are refused";
  }
  return "not YAML: " + message;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const YamlMember& member) { return member.key.text == key; });
  return found == members.end() ? nullptr : &found->value;
}

std::string_view NameOf(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kText:
      return "text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    default:
      return "null";
  }
}

std::optional<YamlNode> ParseYaml(SourcePtr source, Diagnostics* diagnostics) {
  if (!CheckYamlBytes(source, diagnostics)) return std::nullopt;
  const std::string& text = source->text();
  const bool marked = text.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0;
  const auto shift = static_cast<uint32_t>(marked ? kByteOrderMark.size() : 0);
  Builder builder(source, shift, diagnostics);
  try {
    std::istringstream stream(text.substr(shift));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    const uint32_t at = builder.OffsetOf(error.mark);
    const auto end = std::min(at + 1, static_cast<uint32_t>(text.size()));
    diagnostics->Add(Code::kBadYaml, Place{source, at, end, {}},
                     ExplainParserError(error.msg, std::string_view(text).substr(0, at),
                                        std::string_view(text).substr(at)));
    return std::nullopt;
  }
  if (builder.refused()) return std::nullopt;
  std::optional<YamlNode> root = builder.TakeRoot();
  if (!root || root->IsNull()) {
    diagnostics->Add(Code::kBadYaml, Place{source, 0, 0, {}}, "the file holds no YAML document");
    return std::nullopt;
  }
  return root;
}

}  // namespace rr
