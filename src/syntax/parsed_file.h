// A rule file as it is written, parsed once however many files extend it.
#ifndef RULE_RUNNER_SYNTAX_PARSED_FILE_H_
#define RULE_RUNNER_SYNTAX_PARSED_FILE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "syntax/merge.h"

namespace rr {

struct ParsedFile {
  SourcePtr source;
  std::optional<YamlNode> tree;
  Diagnostics found;  // while it was read; given to whoever merges it
};
using ParsedFilePtr = std::shared_ptr<const ParsedFile>;

ParsedFilePtr ParsedFileOf(SourcePtr source);

// Finds another rule file by its family name: nullptr when there is none.
using FindParsedFile = std::function<ParsedFilePtr(const std::string& family)>;

// As in merge.h.
std::optional<MergedRules> ReadAndMerge(const ParsedFilePtr& file, const FindParsedFile& find,
                                        Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_PARSED_FILE_H_
