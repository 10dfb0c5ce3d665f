// Where rule files are found and how they become checked rules. A command reads only the files that
// it needs.
#ifndef RULE_RUNNER_BIND_RULE_LIBRARY_H_
#define RULE_RUNNER_BIND_RULE_LIBRARY_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checkpoint_kind.h"
#include "base/diagnostic.h"
#include "bind/detect.h"
#include "bind/key_table.h"
#include "bind/quantized_weight.h"
#include "check/checked_rules.h"
#include "check/derive_adapters.h"
#include "io/files.h"
#include "syntax/parsed_file.h"

namespace rr {

class RuleLibrary {
 public:
  // `directories` in order: a family of an earlier one hides one of the same name in a later one.
  // Shared parts are looked up beside the file that extends them first, then in each directory,
  // each time also in its `common/`.
  RuleLibrary(const Files& files, std::vector<std::string> directories);

  // The families that have files (`common/` has none), sorted.
  std::vector<std::string> Families() const;
  // The path of a family's file; "" when there is none.
  std::string PathOf(const std::string& family) const;

  // Checked rules of one family or file. Findings go to `diagnostics`; nullptr when it cannot be
  // read at all.
  RulesPtr Load(const std::string& family, Diagnostics* diagnostics);
  RulesPtr LoadFile(const std::string& path, Diagnostics* diagnostics);

  // The adapter styles of all directories (their `adapters/`), by file name and order; one of an
  // earlier directory hides one of the same name.
  const std::vector<StylePtr>& Styles(Diagnostics* diagnostics);
  // The quantisation formats of all directories (their `quantization/`), in the same way.
  const std::vector<QuantFormatPtr>& QuantFormats(Diagnostics* diagnostics);
  // The rules of a family's adapters, derived from those of its weights. Never nullptr. Layouts
  // that only `merge` and `diff` need are made when they are asked for.
  enum class Internal { kNo, kYes };
  RulesPtr AdaptersOf(const RulesPtr& weights, Internal internal, Diagnostics* diagnostics);
  // The same as far as keys of `table` may be of it: a fraction of the time, for the question which
  // of many families knows them. Layouts of which there is nothing are not there.
  RulesPtr AdaptersThatMayKnow(const KeyTable& table, const RulesPtr& weights, Internal internal);
  // Finds what is wrong with the layouts of adapters that only `merge` and `diff` need, key by key:
  // that their keys differ and that no factor is missing follows from the proof of the weights,
  // because each weight's key stands for its factors.
  void CheckInternal(const RulesPtr& weights, Diagnostics* diagnostics);
  // The rules of a family for one kind of checkpoint.
  RulesPtr Of(const RulesPtr& weights, CheckpointKind kind, Internal internal,
              Diagnostics* diagnostics);

  // A rule file as it is written, read once; nullptr when there is none.
  ParsedFilePtr Parsed(const std::string& path);

  // Lets go of all rules; what was read (files, styles) stays.
  void ForgetRules();

  const std::vector<std::string>& directories() const { return directories_; }

 private:
  template <class Item, class ParseFile>
  std::vector<std::shared_ptr<const Item>> ReadNamed(const std::string& folder, ParseFile parse,
                                                     Diagnostics* diagnostics);

  std::vector<StylePtr> StylesOf(Internal internal, Diagnostics* diagnostics);

  const Files& files_;
  std::vector<std::string> directories_;
  std::map<std::string, RulesPtr> loaded_;
  std::map<std::string, ParsedFilePtr> parsed_;  // by path; nullptr when there is none
  Diagnostics of_styles_, of_quant_formats_;
  std::optional<std::vector<StylePtr>> styles_;
  std::optional<std::vector<QuantFormatPtr>> quant_formats_;
  std::map<std::pair<const CheckedRules*, Internal>, std::pair<RulesPtr, RulesPtr>>
      adapters_;  // weights, adapters
  RegexMemo key_matches_;
};

}  // namespace rr

#endif  // RULE_RUNNER_BIND_RULE_LIBRARY_H_
