// Do two key templates meet? A breadth-first walk of the product of their automata finds a shortest
// common key.
//
// A template is a chain of pieces: a literal byte, a decimal integer, or one of several words. An
// automaton state is (piece, where within it); integers have two inner states (before the first
// digit, after a digit other than a leading zero).
#include <algorithm>
#include <compare>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "syntax/key_template.h"

namespace rr {
namespace {

// A nondeterministic automaton over bytes; digits are one symbol class per digit.
struct Automaton {
  struct Edge {
    char low, high;
    int to;
  };
  std::vector<std::vector<Edge>> edges;
  int final_state = 0;

  int Add() {
    edges.emplace_back();
    return static_cast<int>(edges.size()) - 1;
  }
};

// `epsilon` is avoided: a state that may go on as the next piece gets that piece's first edges when
// it is built, so pieces are built from the last to the first.
Automaton Build(const KeyTemplate& key) {
  Automaton a;
  a.final_state = a.Add();
  int next = a.final_state;
  for (auto part = key.parts.rbegin(); part != key.parts.rend(); ++part) {
    if (part->kind != KeyPart::Kind::kCapture) {
      for (auto c = part->text.rbegin(); c != part->text.rend(); ++c) {
        const int state = a.Add();
        a.edges[state].push_back({*c, *c, next});
        next = state;
      }
      continue;
    }
    if (part->words.empty()) {
      // `more` has read a non-zero first digit: it may read on, or behave as `next`.
      const int start = a.Add();
      const int more = a.Add();
      a.edges[start].push_back({'0', '0', next});
      a.edges[start].push_back({'1', '9', next});
      a.edges[start].push_back({'1', '9', more});
      a.edges[more].push_back({'0', '9', more});
      a.edges[more].push_back({'0', '9', next});
      next = start;
      continue;
    }
    const int start = a.Add();
    for (const std::string& word : part->words) {
      int state = start;
      for (size_t i = 0; i < word.size(); ++i) {
        const int to = i + 1 == word.size() ? next : a.Add();
        a.edges[state].push_back({word[i], word[i], to});
        state = to;
      }
    }
    next = start;
  }
  // The start state is the last one made for the first piece; remember it in a conventional place.
  a.edges.push_back(a.edges[next]);
  return a;
}

int Start(const Automaton& a) { return static_cast<int>(a.edges.size()) - 1; }
// A copied start state never equals the final state unless the key is empty, which the parser
// refuses.

bool HasClearBorders(const KeyTemplate& key) {
  std::vector<const KeyPart*> parts;
  for (const KeyPart& part : key.parts) parts.push_back(&part);
  return rr::HasClearBorders(parts);
}

// Whether two keys whose integers have clear borders can be the same, where walking both from the
// left shows it: a common text, an integer in both, a common text, and so on. nullopt where an
// integer meets a literal digit.
std::optional<bool> MeetFromTheLeft(const KeyTemplate& a, const KeyTemplate& b) {
  struct Walk {
    const KeyTemplate& key;
    size_t part = 0, at = 0;

    bool Done() {
      while (part < key.parts.size() && IsLiteral() && at == key.parts[part].text.size())
        ++part, at = 0;
      return part == key.parts.size();
    }
    bool IsLiteral() const { return key.parts[part].kind != KeyPart::Kind::kCapture; }
    char Byte() const { return key.parts[part].text[at]; }
  };
  Walk x{a}, y{b};
  while (true) {
    const bool x_done = x.Done(), y_done = y.Done();
    if (x_done || y_done) return x_done && y_done;
    if (x.IsLiteral() && y.IsLiteral()) {
      if (x.Byte() != y.Byte()) return false;
      ++x.at, ++y.at;
    } else if (!x.IsLiteral() && !y.IsLiteral()) {
      // No digit follows either of them, so both end at the same byte.
      ++x.part, ++y.part;
    } else {
      const char c = x.IsLiteral() ? x.Byte() : y.Byte();
      if (c >= '0' && c <= '9') return std::nullopt;
      return false;
    }
  }
}

}  // namespace

bool HasClearBorders(const std::vector<const KeyPart*>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i]->kind != KeyPart::Kind::kCapture) continue;
    if (!parts[i]->words.empty()) return false;
    size_t next = i + 1;
    while (next < parts.size() && parts[next]->kind == KeyPart::Kind::kLiteral &&
           parts[next]->text.empty())
      ++next;
    if (next == parts.size()) continue;
    if (parts[next]->kind != KeyPart::Kind::kLiteral) return false;
    const char c = parts[next]->text[0];
    if (c >= '0' && c <= '9') return false;
  }
  return true;
}

KeyEnds EndsOf(const KeyTemplate& key) {
  KeyEnds ends;
  for (const KeyPart& part : key.parts) {
    if (part.kind != KeyPart::Kind::kLiteral) break;
    ends.start += part.text;
  }
  for (auto part = key.parts.rbegin(); part != key.parts.rend(); ++part) {
    if (part->kind != KeyPart::Kind::kLiteral) break;
    ends.end.insert(0, part->text);
  }
  return ends;
}

bool Differ(const KeyEnds& a, const KeyEnds& b) {
  const size_t start = std::min(a.start.size(), b.start.size());
  if (a.start.compare(0, start, b.start, 0, start) != 0) return true;
  const size_t end = std::min(a.end.size(), b.end.size());
  return a.end.compare(a.end.size() - end, end, b.end, b.end.size() - end, end) != 0;
}

std::optional<std::string> CommonKey(const KeyTemplate& ka, const KeyTemplate& kb) {
  if (HasClearBorders(ka) && HasClearBorders(kb) && MeetFromTheLeft(ka, kb) == false)
    return std::nullopt;
  if (Differ(EndsOf(ka), EndsOf(kb))) return std::nullopt;
  const Automaton a = Build(ka);
  const Automaton b = Build(kb);
  using State = std::pair<int, int>;
  std::map<State, std::pair<State, char>> came_from;
  std::deque<State> queue;
  const State start{Start(a), Start(b)};
  came_from[start] = {start, 0};
  queue.push_back(start);
  while (!queue.empty()) {
    const State state = queue.front();
    queue.pop_front();
    if (state.first == a.final_state && state.second == b.final_state) {
      std::string key;
      for (State s = state; s != start; s = came_from[s].first) key += came_from[s].second;
      std::reverse(key.begin(), key.end());
      return key;
    }
    for (const auto& ea : a.edges[state.first]) {
      for (const auto& eb : b.edges[state.second]) {
        const char low = std::max(ea.low, eb.low);
        if (low > std::min(ea.high, eb.high)) continue;
        const State to{ea.to, eb.to};
        if (came_from.emplace(to, std::pair{state, low}).second) queue.push_back(to);
      }
    }
  }
  return std::nullopt;
}

// Two readings of one key are two walks through the automaton, which has one walk for each reading.
std::optional<std::string> AmbiguousKey(const KeyTemplate& key) {
  // Every way through the automaton is one reading, so a key is ambiguous exactly when two ways
  // that part somewhere both end with it: the automaton walked twice at once, with a note of
  // whether the two ways have parted.
  if (HasClearBorders(key)) return std::nullopt;
  const Automaton a = Build(key);
  struct State {
    int first, second;
    bool parted;
    auto operator<=>(const State&) const = default;
  };
  std::map<State, std::pair<State, char>> came_from;
  std::deque<State> queue;
  const State start{Start(a), Start(a), false};
  came_from[start] = {start, 0};
  queue.push_back(start);
  while (!queue.empty()) {
    const State state = queue.front();
    queue.pop_front();
    if (state.first == a.final_state && state.second == a.final_state && state.parted) {
      std::string example;
      for (State s = state; s != start; s = came_from[s].first) example += came_from[s].second;
      std::reverse(example.begin(), example.end());
      return example;
    }
    const auto& first = a.edges[state.first];
    const auto& second = a.edges[state.second];
    for (size_t i = 0; i < first.size(); ++i) {
      for (size_t j = 0; j < second.size(); ++j) {
        const char low = std::max(first[i].low, second[j].low);
        if (low > std::min(first[i].high, second[j].high)) continue;
        const State to{first[i].to, second[j].to,
                       state.parted || state.first != state.second || i != j};
        if (came_from.emplace(to, std::pair{state, low}).second) queue.push_back(to);
      }
    }
  }
  // An integer before a literal digit could be read from the right, but no reader would see the
  // border: refused as well.
  for (size_t i = 0; i + 1 < key.parts.size(); ++i) {
    const KeyPart& part = key.parts[i];
    const KeyPart& next = key.parts[i + 1];
    if (part.kind != KeyPart::Kind::kCapture || !part.words.empty()) continue;
    if (next.kind != KeyPart::Kind::kLiteral || next.text[0] < '0' || next.text[0] > '9') continue;
    std::string example;
    for (const KeyPart& p : key.parts) {
      example += p.kind == KeyPart::Kind::kCapture ? (p.words.empty() ? "11" : p.words[0]) : p.text;
    }
    return example;
  }
  return std::nullopt;
}

}  // namespace rr
