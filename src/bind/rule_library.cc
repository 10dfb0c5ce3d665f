#include "bind/rule_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "io/paths.h"
#include "syntax/adapter_style.h"
#include "syntax/merge.h"
#include "syntax/test_parse.h"

namespace rr {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;

// A family's name is a file's name, never a path.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && name[0] != '.' &&
         name.find('\0') == std::string::npos;
}

ParsedFilePtr Read(const Files& files, const std::string& path) {
  if (files.KindOf(path) != FileKind::kFile) return nullptr;
  std::optional<std::string> text = ReadSmallFile(files, path, kMostBytes);
  return text ? ParsedFileOf(KeepSource(path, std::move(*text))) : nullptr;
}

}  // namespace

RuleLibrary::RuleLibrary(const Files& files, std::vector<std::string> directories)
    : files_(files), directories_(std::move(directories)) {}

std::vector<std::string> RuleLibrary::Families() const {
  std::set<std::string> names;
  for (const std::string& directory : directories_) {
    if (files_.KindOf(directory) != FileKind::kDirectory) continue;
    for (const std::string& name : files_.List(directory)) {
      if (name.size() > 5 && name.ends_with(".yaml") && name[0] != '.')
        names.insert(name.substr(0, name.size() - 5));
    }
  }
  return {names.begin(), names.end()};
}

std::string RuleLibrary::PathOf(const std::string& family) const {
  if (!IsPlainName(family)) return "";
  for (const std::string& directory : directories_) {
    const std::string path = directory + "/" + family + ".yaml";
    if (files_.KindOf(path) == FileKind::kFile) return path;
  }
  return "";
}

RulesPtr RuleLibrary::Load(const std::string& family, Diagnostics* diagnostics) {
  if (const auto done = loaded_.find(family); done != loaded_.end()) return done->second;
  const std::string path = PathOf(family);
  if (path.empty()) {
    Diagnostic& d = diagnostics->Add(Code::kUnknownFamily, {},
                                     fmt::format("there are no rules for family `{}`", family));
    d.help = DidYouMean(family, Families());
    if (d.help.empty()) d.help = fmt::format("families: {}", JoinWords(Families(), 60));
    return nullptr;
  }
  return loaded_[family] = LoadFile(path, diagnostics);
}

ParsedFilePtr RuleLibrary::Parsed(const std::string& path) {
  const auto [known, is_new] = parsed_.try_emplace(path);
  if (is_new) known->second = Read(files_, path);
  return known->second;
}

void RuleLibrary::ForgetRules() {
  loaded_.clear();
  adapters_.clear();
}

RulesPtr RuleLibrary::LoadFile(const std::string& path, Diagnostics* diagnostics) {
  const ParsedFilePtr parsed = Parsed(path);
  if (parsed == nullptr) {
    diagnostics->Add(Code::kBadYaml, Place::File(path), "this is no file of at most 1 MB");
    return nullptr;
  }
  const FindParsedFile find = [&](const std::string& name) -> ParsedFilePtr {
    if (!IsPlainName(name)) return nullptr;
    std::vector<std::string> places{DirectoryOf(path)};
    places.insert(places.end(), directories_.begin(), directories_.end());
    for (const std::string& place : places) {
      for (const char* sub : {"/", "/common/"}) {
        if (place + sub + name + ".yaml" == path) continue;
        if (ParsedFilePtr found = Parsed(place + sub + name + ".yaml")) return found;
      }
    }
    return nullptr;
  };
  Diagnostics found;
  std::shared_ptr<CheckedRules> rules;
  if (const std::optional<MergedRules> merged = ReadAndMerge(parsed, find, &found)) {
    if (std::optional<RuleFile> file = ParseRuleFile(merged->tree, &found)) {
      file->sources = merged->sources;
      for (const YamlNode& test : merged->base_tests) {
        Diagnostics reported;  // with the file that has it
        if (std::optional<TestRule> parsed_test = ParseTest(test, &reported))
          file->inherited_tests.push_back(std::move(*parsed_test));
      }
      Diagnostics of_styles;  // reported where adapters are derived
      for (const StylePtr& style : Styles(&of_styles))
        file->style_names.push_back(style->name.text);
      const bool well_formed = !found.HasErrors();
      rules = std::make_shared<CheckedRules>(Check(std::move(*file), &found));
      rules->valid = rules->valid && well_formed;
    }
  }
  diagnostics->AppendNew(found);
  return rules;
}

// The named items of all files in one folder of each directory; a name of an earlier directory
// hides the same in later ones.
template <class Item, class ParseFile>
std::vector<std::shared_ptr<const Item>> RuleLibrary::ReadNamed(const std::string& folder,
                                                                ParseFile parse,
                                                                Diagnostics* diagnostics) {
  std::vector<std::shared_ptr<const Item>> items;
  std::set<std::string> names;
  for (const std::string& directory : directories_) {
    const std::string where = directory + "/" + folder;
    if (files_.KindOf(where) != FileKind::kDirectory) continue;
    std::vector<std::string> paths;
    for (const std::string& name : files_.List(where)) {
      if (name.ends_with(".yaml") && name[0] != '.') paths.push_back(where + "/" + name);
    }
    std::sort(paths.begin(), paths.end());
    std::set<std::string> own;
    for (const std::string& path : paths) {
      std::optional<std::string> text = ReadSmallFile(files_, path, kMostBytes);
      if (!text) continue;
      std::optional<YamlNode> tree = ParseYaml(KeepSource(path, std::move(*text)), diagnostics);
      if (!tree) continue;
      for (Item& item : parse(*tree, diagnostics)) {
        if (names.count(item.name.text) > 0) continue;
        own.insert(item.name.text);
        items.push_back(std::make_shared<Item>(std::move(item)));
      }
    }
    names.merge(own);
  }
  return items;
}

const std::vector<StylePtr>& RuleLibrary::Styles(Diagnostics* diagnostics) {
  if (!styles_) styles_ = ReadNamed<AdapterStyle>("adapters", ParseAdapterStyles, &of_styles_);
  diagnostics->AppendNew(of_styles_);
  return *styles_;
}

const std::vector<QuantFormatPtr>& RuleLibrary::QuantFormats(Diagnostics* diagnostics) {
  if (!quant_formats_)
    quant_formats_ = ReadNamed<QuantFormat>("quantization", ParseQuantFormats, &of_quant_formats_);
  diagnostics->AppendNew(of_quant_formats_);
  return *quant_formats_;
}

std::vector<StylePtr> RuleLibrary::StylesOf(Internal internal, Diagnostics* diagnostics) {
  std::vector<StylePtr> styles = Styles(diagnostics);
  if (internal == Internal::kNo)
    std::erase_if(styles, [](const StylePtr& style) { return style->IsInternal(); });
  return styles;
}

RulesPtr RuleLibrary::AdaptersOf(const RulesPtr& weights, Internal internal,
                                 Diagnostics* diagnostics) {
  const std::pair key{weights.get(), internal};
  if (const auto done = adapters_.find(key); done != adapters_.end()) return done->second.second;
  Diagnostics found;
  RuleFile derived =
      DeriveAdapters(*weights, StylesOf(internal, &found), {}, &key_matches_, &found);
  derived.tests = weights->file->tests;  // their configs
  auto rules = std::make_shared<CheckedRules>(Check(std::move(derived), &found));
  rules->valid = weights->valid && !found.HasErrors();
  diagnostics->AppendNew(found);
  adapters_[key] = {weights, rules};
  return rules;
}

RulesPtr RuleLibrary::AdaptersThatMayKnow(const KeyTable& table, const RulesPtr& weights,
                                          Internal internal) {
  // A key of each form has all that a template says literally.
  WantedAdapters wanted;
  wanted.key = [&](const KeyTemplate& key) {
    return std::any_of(table.forms.begin(), table.forms.end(), [&](const KeyForm& form) {
      const std::string& name = table.keys[form.keys[0]].name;
      return std::all_of(key.parts.begin(), key.parts.end(), [&](const KeyPart& part) {
        return part.kind != KeyPart::Kind::kLiteral || name.find(part.text) != std::string::npos;
      });
    });
  };
  Diagnostics ignored;
  auto rules = std::make_shared<CheckedRules>(
      Check(DeriveAdapters(*weights, StylesOf(internal, &ignored), wanted, &key_matches_, &ignored),
            &ignored));
  rules->valid = weights->valid;
  return rules;
}

RulesPtr RuleLibrary::Of(const RulesPtr& weights, CheckpointKind kind, Internal internal,
                         Diagnostics* diagnostics) {
  return kind == CheckpointKind::kWeights ? weights : AdaptersOf(weights, internal, diagnostics);
}

}  // namespace rr
