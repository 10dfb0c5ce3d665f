#include "bind/key_table.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <set>
#include <utility>

#include "syntax/regex.h"

namespace rr {
namespace {

RE2::Options Options() {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(64 << 20);
  return options;
}

std::string PatternOf(const std::string& key) {
  std::string pattern;
  for (const char c : key) {
    if (!std::isdigit(static_cast<unsigned char>(c))) {
      pattern += c;
    } else if (pattern.empty() || pattern.back() != '#') {
      pattern += '#';
    }
  }
  return pattern;
}

// The templates of a layout under one choice of prefixes, compiled.
class CompiledLayout {
 public:
  CompiledLayout(const CheckedLayout& layout, const LayoutChoice& choice)
      : layout_(layout), set_(Options(), RE2::ANCHOR_BOTH) {
    for (const CheckedEntry& entry : layout.entries) {
      keys_.push_back(ConcreteKey(layout, entry, choice));
      regexes_.push_back(entry.rule->match ? entry.rule->match->text : ToRegex(keys_.back()));
      set_.Add(regexes_.back(), nullptr);
      bool digits = false;
      for (const KeyPart& part : keys_.back().parts) {
        for (const std::string& word : part.words) any_form_ = any_form_ || HasDigit(word);
        digits = digits || (part.kind == KeyPart::Kind::kLiteral && HasDigit(part.text));
      }
      if (digits && !entry.rule->match)
        literal_digits_.insert(
            PatternOf(FormatKey(WithoutWords(keys_.back()), [](const std::string&) { return 0; })));
    }
    for (const RegexRule& ignore : layout.ignore) set_.Add(ignore.regex.text, nullptr);
    for (const SpannedText& pass : layout.pass) set_.Add(pass.text, nullptr);
    set_.Compile();
    compiled_.resize(layout.entries.size());
  }

  // Indices of entries, then of `ignore`, then of `pass`.
  std::vector<int> Match(const std::string& key) const {
    std::vector<int> matches;
    set_.Match(key, &matches);
    std::sort(matches.begin(), matches.end());
    return matches;
  }

  // Whether a template of this form has digits of its own, so that keys of the form differ in who
  // knows them.
  bool HasLiteralDigits(const std::string& pattern) const {
    return any_form_ || literal_digits_.count(pattern) > 0;
  }

  std::optional<EntryMatch> Captures(int entry, uint32_t index, const std::string& key) {
    auto& re = compiled_[static_cast<size_t>(entry)];
    if (re == nullptr) re = std::make_unique<RE2>(regexes_[static_cast<size_t>(entry)], Options());
    const int groups = re->NumberOfCapturingGroups();
    std::vector<re2::StringPiece> texts(static_cast<size_t>(groups) + 1);
    if (!re->Match(key, 0, key.size(), RE2::ANCHOR_BOTH, texts.data(), groups + 1))
      return std::nullopt;
    EntryMatch match{index, entry, {}};
    const bool named = layout_.entries[static_cast<size_t>(entry)].rule->match.has_value();
    int group = 0;
    for (const KeyPart& part : keys_[static_cast<size_t>(entry)].parts) {
      if (part.kind != KeyPart::Kind::kCapture) continue;
      ++group;
      const auto at = named ? static_cast<size_t>(re->NamedCapturingGroups().at(part.text))
                            : static_cast<size_t>(group);
      const auto value = CaptureValue(part, std::string_view(texts[at].data(), texts[at].size()));
      if (!value) return std::nullopt;
      match.captures.push_back({part.text, *value});
    }
    return match;
  }

 private:
  static bool HasDigit(const std::string& text) {
    return text.find_first_of("0123456789") != std::string::npos;
  }
  static KeyTemplate WithoutWords(KeyTemplate key) {
    for (KeyPart& part : key.parts) part.words.resize(std::min<size_t>(part.words.size(), 1));
    return key;
  }

  const CheckedLayout& layout_;
  RE2::Set set_;
  std::set<std::string> literal_digits_;  // forms of templates with digits of their own
  bool any_form_ = false;                 // digits in words: any form may be one
  std::vector<KeyTemplate> keys_;
  std::vector<std::string> regexes_;
  std::vector<std::unique_ptr<RE2>> compiled_;
};

size_t CountKnown(const CompiledLayout& compiled, const KeyTable& table) {
  size_t count = 0;
  for (const KeyForm& form : table.forms) {
    if (!compiled.Match(table.keys[form.keys[0]].name).empty())
      count += form.keys.size() + form.parts;
  }
  return count;
}

struct Chosen {
  LayoutChoice choice;
  std::unique_ptr<CompiledLayout> compiled;
  size_t known = 0;
};

// The choice of prefixes that knows the most keys; the first of equals.
Chosen BestChoice(const CheckedLayout& layout, const KeyTable& table) {
  Chosen best;
  for (const LayoutChoice& choice : PrefixChoices(layout)) {
    auto compiled = std::make_unique<CompiledLayout>(layout, choice);
    const size_t known = CountKnown(*compiled, table);
    if (best.compiled == nullptr || known > best.known) best = {choice, std::move(compiled), known};
    if (known == table.keys.size()) break;  // none can know more
  }
  return best;
}

}  // namespace

KeyTable MakeKeyTable(std::vector<FoundKey> keys, std::vector<QuantizedWeight> quantized) {
  KeyTable table;
  table.keys = std::move(keys);
  table.quantized = std::move(quantized);
  std::vector<size_t> parts(table.keys.size(), 0);
  for (const FoundKey& key : table.keys) {
    if (key.part_of >= 0) ++parts[static_cast<size_t>(key.part_of)];
  }
  std::map<std::string, size_t> forms;
  for (uint32_t i = 0; i < table.keys.size(); ++i) {
    if (table.keys[i].part_of >= 0) continue;
    const std::string pattern = PatternOf(table.keys[i].name);
    const auto [form, is_new] = forms.emplace(pattern, table.forms.size());
    if (is_new) table.forms.push_back({pattern, {}});
    table.forms[form->second].keys.push_back(i);
    table.forms[form->second].parts += parts[i];
    table.by_name[table.keys[i].name] = i;
  }
  return table;
}

size_t CountKnownKeys(const CheckedLayout& layout, const KeyTable& table) {
  return BestChoice(layout, table).known;
}

LayoutMatch MatchKeys(const CheckedLayout& layout, const KeyTable& table) {
  Chosen best = BestChoice(layout, table);
  CompiledLayout& compiled = *best.compiled;
  LayoutMatch result;
  result.choice = std::move(best.choice);
  result.known.assign(table.keys.size(), false);
  const auto entries = static_cast<int>(layout.entries.size());
  const auto ignores = static_cast<int>(layout.ignore.size());
  for (const KeyForm& form : table.forms) {
    // The form stands for its keys where templates capture the digits and nothing else could take
    // them.
    const std::vector<int> of_form = compiled.Match(table.keys[form.keys[0]].name);
    const bool by_form =
        !of_form.empty() && of_form.back() < entries && !compiled.HasLiteralDigits(form.pattern);
    for (const uint32_t key : form.keys) {
      const std::string& name = table.keys[key].name;
      bool matched = false, stored = false;
      for (int attempt = by_form ? 0 : 1; attempt < 2 && !matched; ++attempt) {
        for (const int m : attempt == 0 ? of_form : compiled.Match(name)) {
          if (m < entries) {
            if (auto match = compiled.Captures(m, key, name)) {
              result.matches.push_back(std::move(*match));
              matched = stored = true;
            }
          } else if (!matched) {  // what an entry describes is not ignored
            (m < entries + ignores ? result.ignored : result.passed).push_back(key);
            matched = true;
          } else if (stored && m >= entries + ignores) {
            result.stored_or_passed.push_back(key);
            break;
          }
        }
      }
      result.known[key] = matched;
      result.known_count += matched;
    }
  }
  // Per block the alternative of `one of` that knows the most keys.
  std::vector<std::vector<size_t>> counts;
  for (const int count : layout.variant_counts)
    counts.emplace_back(static_cast<size_t>(std::max(count, 1)));
  std::vector<bool> present(layout.variant_counts.size(), false);
  for (const EntryMatch& match : result.matches) {
    const CheckedEntry& entry = layout.entries[static_cast<size_t>(match.entry)];
    ++counts[static_cast<size_t>(entry.block)][static_cast<size_t>(entry.variant)];
    if (!entry.rule->drop && !entry.rule->tied) present[static_cast<size_t>(entry.block)] = true;
  }
  for (size_t b = 0; b < counts.size(); ++b) {
    result.choice.variants[b] =
        static_cast<int>(std::max_element(counts[b].begin(), counts[b].end()) - counts[b].begin());
    result.choice.present[b] = present[b];
  }
  return result;
}

}  // namespace rr
