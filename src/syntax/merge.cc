#include "syntax/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "syntax/fields.h"
#include "syntax/parsed_file.h"

namespace rr {
namespace {

YamlMember* FindMember(YamlNode* map, std::string_view key) {
  for (YamlMember& member : map->members) {
    if (member.key.text == key) return &member;
  }
  return nullptr;
}

// Fields of a block that say how it is merged, and are gone afterwards.
constexpr std::string_view kReplace = "replace";
constexpr std::string_view kLike = "like";

void RemoveNulls(YamlNode* node) {
  if (node->IsMap()) {
    std::erase_if(node->members, [](const YamlMember& member) { return member.value.IsNull(); });
    for (YamlMember& member : node->members) RemoveNulls(&member.value);
  }
  for (YamlNode& item : node->items) RemoveNulls(&item);
}

// Nulls what `table` has: a null, and no hole, so that the result still removes it when it is
// merged over the same file once more. Without a table of its own the block has none, and the
// layout that it is like is asked.
void Forget(const YamlNode& block, YamlMember* table) {
  const YamlNode* layouts = block.Find("layouts");
  if (layouts == nullptr || layouts->Find(table->key.text) == nullptr || !table->value.IsMap()) {
    table->value = YamlNode();
    return;
  }
  for (YamlMember& member : table->value.members) member.value = YamlNode();
}

// Depth of one block or layout in a file: there `replace` and `place` have their own ways of
// merging.
constexpr int kBlockDepth = 2;

// `over` wins; its nulls stay in the result, where they remove what a third file has.
void MergeInto(YamlNode* base, const YamlNode& over, int depth) {
  if (!base->IsMap() || !over.IsMap()) {
    *base = over;
    return;
  }
  base->place = over.place;
  if (const YamlNode* replace = over.Find(kReplace); replace != nullptr && depth == kBlockDepth) {
    if (YamlMember* layouts = FindMember(base, "layouts"); layouts != nullptr) {
      for (const YamlNode& layout : ItemsOf(*replace)) {
        if (YamlMember* table = FindMember(&layouts->value, layout.text.text)) Forget(over, table);
      }
    }
  }
  for (const YamlMember& member : over.members) {
    YamlMember* found = FindMember(base, member.key.text);
    if (found == nullptr) {
      base->members.push_back(member);
    } else if (member.key.text == kReplace && depth == kBlockDepth) {
      // The block that this one is like, and that is merged last, is replaced as well.
      YamlNode both = member.value;
      both.kind = YamlNode::Kind::kList;
      both.items.clear();
      for (const YamlNode* of :
           std::initializer_list<const YamlNode*>{&found->value, &member.value}) {
        for (const YamlNode& layout : ItemsOf(*of)) both.items.push_back(layout);
      }
      found->value = std::move(both);
    } else if (member.key.text == "place" && depth == kBlockDepth) {
      *found = member;
    } else {
      found->key = member.key;
      MergeInto(&found->value, member.value, depth + 1);
    }
  }
}

// Takes every mention of a layout out of `targets`; what is then empty goes too.
void ForgetTarget(YamlNode* targets, std::string_view layout) {
  std::erase_if(targets->members, [&](YamlMember& member) {
    if (member.value.IsText()) return member.value.text.text == layout;
    if (!member.value.IsMap() || member.value.members.empty()) return false;
    ForgetTarget(&member.value, layout);
    return member.value.members.empty();
  });
}

// A file that removes a layout need not remove its tables and targets one by one.
void ForgetLayouts(YamlNode* base, const YamlNode& over) {
  const YamlNode* layouts = over.Find("layouts");
  if (layouts == nullptr || !layouts->IsMap()) return;
  YamlMember* blocks = FindMember(base, "blocks");
  YamlMember* targets = FindMember(base, "targets");
  for (const YamlMember& layout : layouts->members) {
    if (!layout.value.IsNull()) continue;
    if (targets != nullptr) ForgetTarget(&targets->value, layout.key.text);
    if (blocks == nullptr) continue;
    for (YamlMember& block : blocks->value.members) {
      YamlMember* tables = FindMember(&block.value, "layouts");
      if (tables == nullptr) continue;
      std::erase_if(tables->value.members,
                    [&](const YamlMember& m) { return m.key.text == layout.key.text; });
    }
  }
}

class Reader {
 public:
  Reader(const FindParsedFile& find, Diagnostics* diagnostics)
      : find_(find), diagnostics_(diagnostics) {}

  // Each file is merged once, after everything that it extends: two parts that stand on the same
  // base do not undo each other's changes.
  std::optional<YamlNode> Read(const ParsedFilePtr& file) {
    if (!ReadFile(file)) return std::nullopt;
    YamlNode merged = *files_[0]->tree;
    for (size_t i = 1; i < files_.size(); ++i) {
      const YamlNode& over = *files_[i]->tree;
      if (const YamlNode* tests = files_[i - 1]->tree->Find("tests")) {
        for (const YamlNode& item : ItemsOf(*tests)) base_tests.push_back(item);
      }
      // What describes a base file does not describe this one.
      std::erase_if(merged.members, [](const YamlMember& m) {
        return m.key.text == "describes" || m.key.text == "tests" || m.key.text == "about" ||
               m.key.text == "family" || m.key.text == "rule-runner";
      });
      ForgetLayouts(&merged, over);
      MergeInto(&merged, over, 0);
    }
    return merged;
  }

  std::vector<SourcePtr> sources;
  std::vector<YamlNode> base_tests;

 private:
  // Appends the file and, before it, what it extends; false when it cannot be read itself.
  bool ReadFile(const ParsedFilePtr& file) {
    sources.push_back(file->source);
    diagnostics_->Append(file->found);
    const std::optional<YamlNode>& own = file->tree;
    if (!own) return false;
    if (!own->IsMap()) {
      diagnostics_->Add(Code::kWrongYamlType, own->place, "a rule file is a map");
      return false;
    }
    const YamlNode* version = own->Find("rule-runner");
    if (!open_.empty() && (version == nullptr || !version->IsText() || version->text.text != "1")) {
      diagnostics_->Add(Code::kBadVersion, version != nullptr ? version->place : own->place,
                        "a rule file begins with `rule-runner: 1`");
      return false;
    }
    CheckReplace(*own);
    const YamlNode* extends = own->Find("extends");
    if (extends != nullptr && !extends->IsNull() && !extends->IsList()) {
      diagnostics_->Add(Code::kWrongYamlType, extends->place, "`extends` is a list of families");
    } else if (extends != nullptr) {
      open_.push_back(file->source);
      for (const YamlNode& item : extends->items) ReadBase(item);
      open_.pop_back();
    }
    files_.push_back(file);
    return true;
  }

  // `replace` is gone after merging, so its form is checked before.
  void CheckReplace(const YamlNode& own) {
    const YamlNode* blocks = own.Find("blocks");
    if (blocks == nullptr || !blocks->IsMap()) return;
    for (const YamlMember& block : blocks->members) {
      const YamlNode* replace = block.value.IsMap() ? block.value.Find(kReplace) : nullptr;
      if (replace != nullptr) TextsOf(*replace, "a layout of `replace`", diagnostics_);
    }
  }

  void ReadBase(const YamlNode& item) {
    if (!item.IsText()) {
      diagnostics_->Add(Code::kWrongYamlType, item.place, "`extends` is a list of families");
      return;
    }
    const std::string& name = item.text.text;
    const ParsedFilePtr file = find_(name);
    // The file that is being read may extend another one of its own name, and is not found under it
    // itself.
    const auto cycle = std::find_if(open_.begin(), open_.end(), [&](SourcePtr open) {
      return file != nullptr ? open->name() == file->source->name() : FamilyOf(*open) == name;
    });
    if (cycle != open_.end()) {
      std::string chain;
      for (auto open = cycle; open != open_.end(); ++open)
        chain += fmt::format("`{}` extends ", FamilyOf(**open));
      diagnostics_->Add(Code::kBadExtends, item.place, fmt::format("{}itself", chain));
      return;
    }
    if (file == nullptr) {
      diagnostics_
          ->Add(Code::kBadExtends, item.place, fmt::format("there is no rule file `{}`", name))
          .help =
          "a file is named without folder and ending; it is looked up beside this file, then in "
          "each folder of rules, and in their `common/`";
      return;
    }
    if (read_.insert(file->source->name()).second) ReadFile(file);
  }

  // "rules/common/decoder.yaml" -> "decoder"
  static std::string FamilyOf(const Source& source) {
    std::string name = source.name().substr(source.name().rfind('/') + 1);
    return name.substr(0, name.rfind(".yaml"));
  }

  const FindParsedFile& find_;
  Diagnostics* diagnostics_;
  std::vector<SourcePtr> open_;
  std::set<std::string> read_;
  std::vector<ParsedFilePtr> files_;  // in the order of merging
};

// `like: other` inside a block: the other block with this one merged over it. A block whose `like`
// leads nowhere is left out: nothing that follows from it is worth a finding.
void ResolveLikeBlocks(YamlNode* tree, Diagnostics* diagnostics) {
  YamlMember* blocks = FindMember(tree, "blocks");
  if (blocks == nullptr || !blocks->value.IsMap()) return;
  const YamlNode original = blocks->value;
  std::set<std::string> broken;
  for (YamlMember& block : blocks->value.members) {
    std::vector<std::string> chain{block.key.text};
    while (block.value.IsMap() && broken.count(block.key.text) == 0) {
      const YamlNode* like = block.value.Find(kLike);
      if (like == nullptr) break;
      const bool is_text = like->IsText();
      const std::string name = is_text ? like->text.text : "";
      const YamlNode* other = original.Find(name);
      if (is_text && other != nullptr && broken.count(name) == 0 &&
          std::find(chain.begin(), chain.end(), name) == chain.end()) {
        chain.push_back(name);
        YamlNode own = block.value;
        std::erase_if(own.members, [](const YamlMember& m) { return m.key.text == kLike; });
        block.value = *other;
        MergeInto(&block.value, own, kBlockDepth);
        continue;
      }
      if (!is_text) {
        diagnostics->Add(
            Code::kWrongYamlType, like->place,
            fmt::format("`like` is the name of a block, this is {}", NameOf(like->kind)));
      } else if (other == nullptr) {
        diagnostics->Add(Code::kBadExtends, like->place,
                         fmt::format("there is no block `{}`", name));
      } else if (broken.count(name) == 0) {
        std::string way;
        for (const std::string& link : chain) way += fmt::format("`{}` is like ", link);
        diagnostics->Add(Code::kBadExtends, original.Find(block.key.text)->Find(kLike)->place,
                         fmt::format("block {}`{}`", way, name));
      }
      broken.insert(chain.begin(), chain.end());
    }
    if (!block.value.IsMap()) continue;
    std::erase_if(block.value.members, [](const YamlMember& m) {
      return m.key.text == kLike || m.key.text == kReplace;
    });
  }
  std::erase_if(blocks->value.members,
                [&](const YamlMember& m) { return broken.count(m.key.text) > 0; });
}

}  // namespace

ParsedFilePtr ParsedFileOf(SourcePtr source) {
  auto file = std::make_shared<ParsedFile>();
  file->tree = ParseYaml(source, &file->found);
  file->source = std::move(source);
  return file;
}

std::optional<MergedRules> ReadAndMerge(const ParsedFilePtr& file, const FindParsedFile& find,
                                        Diagnostics* diagnostics) {
  Reader reader(find, diagnostics);
  std::optional<YamlNode> tree = reader.Read(file);
  if (!tree) return std::nullopt;
  ResolveLikeBlocks(&*tree, diagnostics);
  RemoveNulls(&*tree);
  for (YamlNode& test : reader.base_tests) RemoveNulls(&test);
  return MergedRules{std::move(*tree), std::move(reader.sources), std::move(reader.base_tests)};
}

std::optional<MergedRules> ReadAndMerge(SourcePtr source, const FindRuleText& find,
                                        Diagnostics* diagnostics) {
  const FindParsedFile find_parsed = [&](const std::string& family) -> ParsedFilePtr {
    SourcePtr found = find(family);
    return found == nullptr ? nullptr : ParsedFileOf(std::move(found));
  };
  return ReadAndMerge(ParsedFileOf(source), find_parsed, diagnostics);
}

}  // namespace rr
