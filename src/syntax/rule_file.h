// A rule file as it was written: the syntax tree of one family, after merging, before any check of
// meaning.
//
// Enters: merged YAML (merge.h). Leaves: plain values that hold names, parsed formulas, expressions
// and templates, each with its place. Nothing here knows whether a name exists or a layout is a
// bijection: that is check/'s.
#ifndef RULE_RUNNER_SYNTAX_RULE_FILE_H_
#define RULE_RUNNER_SYNTAX_RULE_FILE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/dtype.h"
#include "base/source.h"
#include "syntax/axis_expression.h"
#include "syntax/formula.h"
#include "syntax/key_template.h"
#include "syntax/version_range.h"
#include "syntax/yaml_tree.h"

namespace rr {

struct AdapterStyle;

struct Name {
  std::string text;
  Place place;
};

// `axes:` one size.
struct AxisRule {
  enum class Kind {
    kFormula,  // from the config, by one formula
    kByKind,   // one formula per kind: the size differs from layer to layer
    kFree,     // solved from the shapes found; with a formula, that is the value when nothing was
               // found (layout parameters)
    kWords,    // enumerated: its values are words in keys
  };
  Name name;
  Kind kind = Kind::kFormula;
  std::optional<Formula> formula;                 // kFormula, kFree
  std::optional<Formula> fallback;                // kFormula: in a config that leaves it out
  std::vector<std::pair<Name, Formula>> by_kind;  // kByKind
  std::vector<std::string> words;                 // kWords
};

// `kinds:` one partition of an index. The last case has no formula: else.
struct KindRule {
  Name name;
  std::vector<std::pair<Name, std::optional<Formula>>> cases;
};

// `targets:` what a system speaks.
struct TargetCase {
  std::optional<VersionRange> versions;  // absent: every version
  Place place;
  Name weights;  // layout names; empty when the system has none
  Name adapters;
  // What the system's loader of adapters needs beside tensors.
  std::vector<std::string> target_modules;  // added to those of adapter_config.json
  bool bake_rslora = false;                 // it reads alpha / rank whatever use_rslora says
  bool one_scale = false;                   // it ignores rank_pattern and alpha_pattern
  bool uniform = false;                     // it takes one rank and one alpha for all modules
  bool only_pairs = false;                  // it takes A and B of modules, and no other tensors
};
struct TargetRule {
  Name system;
  std::vector<TargetCase> cases;
};

struct PlaceCase {
  KeyTemplate key;
  AxisExpr dims;
  Place place;
};
struct PlaceRule {
  Name axis;
  std::vector<PlaceCase> cases;
};
struct RefineRule {
  Name axis;
  AxisExpr expr;
};
struct RegexRule {
  SpannedText regex;
  std::string reason;
};

// `layouts:` what holds for a whole layout.
struct LayoutRule {
  Name name;
  std::optional<Name> like;
  std::vector<std::pair<Name, std::vector<SpannedText>>>
      prefixes;  // named strings: their variants, tried in order
  std::vector<PlaceRule> place;
  std::vector<RefineRule> refine;
  std::vector<RegexRule> ignore;       // keys that are recognised, reported and never written
  std::vector<SpannedText> pass;       // keys that are moved unchanged under the same name
  std::optional<std::string> partial;  // why this layout does not store everything
  std::vector<Formula> require;        // what a config must satisfy for the layout to exist
  std::optional<std::string> about;
  std::shared_ptr<const AdapterStyle> style;  // of a layout of adapters
  bool broken =
      false;  // something of it could not be read: what depends on it is not reported as well
};

// One op of the long form, stored -> logical.
struct OpRule {
  enum class Kind { kReshape, kPermute, kSplit, kConcat, kStack };
  Kind kind = Kind::kReshape;
  Place place;
  std::vector<SpannedText> dims;                          // reshape, permute: the new dims
  int64_t dim = 0;                                        // split, concat, stack
  std::vector<std::pair<SpannedText, SpannedText>> into;  // split: tensor -> size
  std::string of;    // the branch it works on; empty: the only one
  SpannedText axis;  // concat, stack
};

struct PadWord {
  SpannedText to;  // an axis or a formula: the stored size
  int64_t dim = 0;
  bool check_zero = false;  // check: zero
  Place place;
};

// One key template of one layout and what it holds.
struct EntryRule {
  Place place;
  KeyTemplate key;                   // what is written
  std::optional<SpannedText> match;  // what is read instead, an RE2 regex with named groups
  AxisExpr expr;                     // the short form, or the lowered long form
  std::optional<SpannedText> expr_text;
  std::vector<SpannedText> shape;  // stated shape; empty when not stated
  bool has_shape = false;
  bool long_form = false;
  std::vector<OpRule> ops;  // as written
  // What the ops end with: per tensor (empty name: the only one) its dims in order.
  std::vector<std::pair<std::string, std::vector<std::string>>> ops_results;
  // Value words.
  std::optional<Dtype> cast;
  std::optional<Formula> add, multiply, back;
  Dtype in = Dtype::kF32;
  std::optional<Name> times;  // each element times that of another tensor of the block
  std::optional<PadWord> pad;
  std::vector<Name> replicate;
  bool tied = false;     // a copy of elements that another key stores
  bool written = false;  // a tied copy that the system stores, too
  // Derived from an adapter style. Parts of the expression that name no tensor belong to all of
  // `shared`: one A for gate and up.
  std::vector<std::string> shared;
  std::optional<KeyTemplate> weight;  // the key of the weight that the factor belongs to
  bool parameter = false;             // PEFT wraps that weight as a parameter
  std::optional<std::string> drop;    // recognised, never written: why
  Place words_place;
};

struct DefaultRule {
  Name tensor;
  Formula value;
};

// One layout's table of a block.
struct TableRule {
  Name layout;
  struct Variant {
    Name name;  // empty for the only one
    std::vector<EntryRule> entries;
    bool may_lack = false;  // need not store every tensor
  };
  std::vector<Variant> variants;  // `one of`: the file decides
  std::optional<std::string> partial;
  std::vector<DefaultRule> defaults;
  Place place;
  bool broken = false;  // something of it could not be read
};

// What a tensor of an adapter is to a weight W of the model: W + scale * B * A.
enum class Factor {
  kNone,       // a tensor of the model
  kA,          // rank x input
  kB,          // output x rank
  kMagnitude,  // DoRA's length of each output
  kBias,       // added to the bias, times the scale (lora_bias)
  kSaved,      // takes the weight's place (modules_to_save)
};

struct TensorRule {
  Name name;
  std::vector<Name> batch, out, in;
  bool linear = false;  // written with <-
  // Has a bias over batch and out: in the same block, or in one of its own that a model may lack.
  enum class Bias { kNone, kYes, kOptional };
  Bias bias = Bias::kNone;
  std::string bias_of;  // this tensor is the bias of that one (in the block, or the block it is of)
  Factor factor = Factor::kNone;
  std::string weight;          // the tensor that a factor belongs to
  bool optional = false;       // a layout may lack it without saying why
  std::optional<Dtype> dtype;  // what it is published as, whatever the others are
  Place place;
  std::vector<Name> Axes() const;
};

struct BlockRule {
  Name name;
  std::optional<Formula> where;
  bool optional = false;  // where it may be, the checkpoint decides whether it is
  std::vector<TensorRule> tensors;
  std::vector<TableRule> tables;
  bool broken = false;  // a tensor could not be read
};

// What a key is in a layout.
enum class KeyKind {
  kStored,   // a table holds it
  kTied,     // a copy of what another key stores
  kDropped,  // `drop`: recognised, never written
  kIgnored,  // `ignore`
  kPassed,   // `pass`
  kUnknown,  // no rule knows it
};

// `tests:` one item: what is known about a small model, or about the file, from elsewhere than the
// rules. An item may say several things of one model; `target` and `key` stand by themselves.
struct TestRule {
  Place place;
  std::vector<std::pair<Name, int64_t>> sizes;
  std::vector<std::pair<Name, SpannedText>> config;  // attributes, as JSON text
  std::optional<SpannedText> element;                // "experts.up[1, 3, 7, 5]"
  struct Expectation {
    Name layout;
    std::string key;  // empty: nowhere
    std::vector<int64_t> position;
    Place place;
    bool written = true;  // where the layout writes it; else under other prefixes or in another
                          // alternative of `one of`
  };
  std::vector<Expectation> expectations;
  // `values`: what layouts store for that element.
  struct StoredValue {
    Name layout;
    double value = 0;
    Place place;
  };
  std::vector<StoredValue> values;
  // `counts`: the keys that a layout writes for the whole model.
  struct Count {
    Name layout;
    std::optional<int64_t> tensors, elements;
    bool refused = false;  // a `require` does not take the model
    Place place;
  };
  std::vector<Count> counts;
  // `shapes`: one key of a layout.
  struct Shape {
    Name layout, key;
    bool absent = false;
    std::optional<Dtype> dtype;
    std::vector<int64_t> dims;
    Place place;
  };
  std::vector<Shape> shapes;
  // `passed`: the names of one tensor that layouts let through; an empty name: this one does not.
  struct PassedKey {
    Name layout;
    std::string key;
    Place place;
  };
  std::vector<PassedKey> passed;
  // `target`: "peft@0.19.1", and what it stands for. A layout named `none`: there is none.
  std::optional<SpannedText> target;
  TargetCase speaks;
  // `key`: any key, and what it is in layouts.
  struct KeyUse {
    Name layout;
    KeyKind kind = KeyKind::kUnknown;
    Place place;
  };
  std::optional<SpannedText> key;
  std::vector<KeyUse> uses;
  // `among`: adapter styles, and whether with that adapter_config the file `is` one of theirs.
  struct StyleChoice {
    Name style;
    bool is = false;
    Place place;  // in `is`, else in `among`
  };
  std::vector<StyleChoice> among;
  std::vector<std::pair<Name, SpannedText>> adapter_config;  // attributes, as JSON text
  // `golden`: a folder beside the rule file, with a checkpoint and what a system makes of it.
  struct Golden {
    SpannedText folder;
    Name from, to;  // layouts or targets
    bool back = true;
  };
  std::optional<Golden> golden;
};

struct RuleFile {
  Name family;
  std::vector<SpannedText> model_types;    // describes: {model_type: [...]}
  std::vector<SpannedText> architectures;  // describes: {architectures: [...]}
  std::optional<std::string> about;
  std::vector<AxisRule> axes;
  std::vector<KindRule> kinds;
  std::vector<TargetRule> targets;
  std::vector<LayoutRule> layouts;
  std::vector<BlockRule> blocks;
  std::vector<Formula> require;
  std::vector<TestRule> tests;
  std::vector<TestRule> inherited_tests;  // of the files that this one extends
  std::vector<SourcePtr> sources;         // this file first, then what it extends
  std::vector<std::string> style_names;   // what adapters may be written as
  bool adapters = false;                  // derived: the factors of the family's weights

  const AxisRule* FindAxis(std::string_view name) const;
  const LayoutRule* FindLayout(std::string_view name) const;
};

// "L E : I <- H": false after RR211.
bool ParseTensorAxes(const SpannedText& text, TensorRule* tensor, Diagnostics* diagnostics);

// From merged YAML. Everything that is well formed is in the result even after errors, so that
// later checks can go on; nullopt only when the root is no map.
std::optional<RuleFile> ParseRuleFile(const YamlNode& merged, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_RULE_FILE_H_
