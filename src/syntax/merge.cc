#include "syntax/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

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

// `over` wins; its nulls stay in the result, where they remove what a third file has.
YamlNode Merge(const YamlNode& base, const YamlNode& over) {
  if (!base.IsMap() || !over.IsMap()) return over;
  YamlNode result = base;
  result.place = over.place;
  if (const YamlNode* replace = over.Find(kReplace); replace != nullptr && replace->IsList()) {
    if (YamlMember* layouts = FindMember(&result, "layouts"); layouts != nullptr) {
      for (const YamlNode& layout : replace->items) {
        std::erase_if(layouts->value.members, [&](const YamlMember& m) { return m.key.text == layout.text.text; });
      }
    }
  }
  for (const YamlMember& member : over.members) {
    if (member.key.text == kReplace) continue;
    YamlMember* found = FindMember(&result, member.key.text);
    if (found == nullptr) {
      result.members.push_back(member);
    } else if (member.key.text == "place") {
      *found = member;
    } else {
      found->key = member.key;
      found->value = Merge(found->value, member.value);
    }
  }
  return result;
}

class Reader {
 public:
  Reader(const FindRuleText& find, Diagnostics* diagnostics) : find_(find), diagnostics_(diagnostics) {}

  std::optional<YamlNode> Read(const SourcePtr& source) {
    sources.push_back(source);
    std::optional<YamlNode> own = ParseYaml(source, diagnostics_);
    if (!own) return std::nullopt;
    if (!own->IsMap()) {
      diagnostics_->Add(Code::kWrongYamlType, own->place, "a rule file is a map");
      return std::nullopt;
    }
    const YamlNode* extends = own->Find("extends");
    if (extends == nullptr || extends->IsNull()) return own;
    if (!extends->IsList()) {
      diagnostics_->Add(Code::kWrongYamlType, extends->place, "`extends` is a list of families");
      return own;
    }
    std::optional<YamlNode> merged;
    for (const YamlNode& item : extends->items) {
      std::optional<YamlNode> base = ReadBase(item);
      if (!base) continue;
      // What describes the base file does not describe this one.
      std::erase_if(base->members, [](const YamlMember& m) {
        return m.key.text == "describes" || m.key.text == "tests" || m.key.text == "about" || m.key.text == "family";
      });
      merged = merged ? Merge(*merged, *base) : *base;
    }
    return merged ? Merge(*merged, *own) : own;
  }

  std::vector<SourcePtr> sources;

 private:
  std::optional<YamlNode> ReadBase(const YamlNode& item) {
    if (!item.IsText()) {
      diagnostics_->Add(Code::kWrongYamlType, item.place, "`extends` is a list of families");
      return std::nullopt;
    }
    const std::string& name = item.text.text;
    if (std::find(open_.begin(), open_.end(), name) != open_.end()) {
      diagnostics_->Add(Code::kBadExtends, item.place, fmt::format("`{}` extends itself", name));
      return std::nullopt;
    }
    const SourcePtr source = find_(name);
    if (source == nullptr) {
      diagnostics_->Add(Code::kBadExtends, item.place, fmt::format("there is no rule file `{}`", name));
      return std::nullopt;
    }
    open_.push_back(name);
    std::optional<YamlNode> base = Read(source);
    open_.pop_back();
    return base;
  }

  const FindRuleText& find_;
  Diagnostics* diagnostics_;
  std::vector<std::string> open_;
};

// `like: other` inside a block: the other block with this one merged over it.
void ResolveLikeBlocks(YamlNode* tree, Diagnostics* diagnostics) {
  YamlMember* blocks = FindMember(tree, "blocks");
  if (blocks == nullptr || !blocks->value.IsMap()) return;
  const YamlNode original = blocks->value;
  for (YamlMember& block : blocks->value.members) {
    std::set<std::string> seen{block.key.text};
    while (block.value.IsMap()) {
      const YamlNode* like = block.value.Find(kLike);
      if (like == nullptr || !like->IsText()) break;
      const std::string name = like->text.text;
      const YamlNode* other = original.Find(name);
      if (other == nullptr || !seen.insert(name).second) {
        Diagnostic& d = diagnostics->Add(Code::kBadExtends, like->place,
                         other == nullptr ? fmt::format("there is no block `{}`", name)
                                          : fmt::format("block `{}` is like itself", name));
        (void)d;
        break;
      }
      YamlNode own = block.value;
      std::erase_if(own.members, [](const YamlMember& m) { return m.key.text == kLike; });
      block.value = Merge(*other, own);
    }
    std::erase_if(block.value.members, [](const YamlMember& m) { return m.key.text == kLike || m.key.text == kReplace; });
  }
}

}  // namespace

std::optional<MergedRules> ReadAndMerge(const SourcePtr& source, const FindRuleText& find, Diagnostics* diagnostics) {
  Reader reader(find, diagnostics);
  std::optional<YamlNode> tree = reader.Read(source);
  if (!tree) return std::nullopt;
  ResolveLikeBlocks(&*tree, diagnostics);
  RemoveNulls(&*tree);
  return MergedRules{std::move(*tree), std::move(reader.sources)};
}

}  // namespace rr
