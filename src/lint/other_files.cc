#include "lint/other_files.h"

#include <vector>

#include "lint/config_attributes.h"
#include "lint/passes.h"
#include "syntax/adapter_style.h"
#include "syntax/quant_format.h"
#include "syntax/quant_test.h"
#include "syntax/rule_file.h"

namespace rr {
namespace {

// A part lacks what the files have that extend it.
void LintPart(const YamlNode& tree, Diagnostics* diagnostics) {
  Diagnostics found;
  ParseRuleFile(tree, &found);
  for (const Diagnostic& d : found.all()) {
    if (d.code == Code::kMissingField && !d.message.starts_with("`family`")) continue;
    diagnostics->Add(d.code, {}, "") = d;
  }
}

void LintFormats(const YamlNode& tree, Diagnostics* diagnostics) {
  const std::vector<QuantFormat> formats = ParseQuantFormats(tree, diagnostics);
  const std::vector<QuantTest> tests = ParseQuantTests(tree, diagnostics);
  if (!diagnostics->HasErrors()) FindUntestedFormats(formats, tests, diagnostics);
}

}  // namespace

void LintForm(const YamlNode& tree, RuleFileKind kind, Diagnostics* diagnostics) {
  switch (kind) {
    case RuleFileKind::kStyles:
      ParseAdapterStyles(tree, diagnostics);
      break;
    case RuleFileKind::kFormats:
      LintFormats(tree, diagnostics);
      break;
    case RuleFileKind::kAttributes: {
      ConfigAttributes read;
      read.Add(tree, diagnostics);
      break;
    }
    default:
      LintPart(tree, diagnostics);
  }
  Diagnostics of_form;
  FindDuplicateItems(tree, &of_form);
  diagnostics->AppendNew(of_form);
}

}  // namespace rr
