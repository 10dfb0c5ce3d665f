#include "run/open_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bind/key_regex.h"
#include "bind/megatron_run_config.h"
#include "bind/scaled_rank.h"
#include "bind/targets.h"
#include "io/json.h"
#include "io/tensor_io.h"
#include "run/automodel_config.h"

namespace rr {
namespace {

// Rules of adapters are derived: of more families than this only as far as they may know a key.
constexpr size_t kFewFamilies = 8;

// The names under which the keys are read: what the user said, then known mistakes.
bool NameKeys(const SourceRequest& request, std::vector<FoundKey>* keys, OpenedSource* source,
              Diagnostics* diagnostics) {
  std::vector<std::string> names;
  for (const FoundKey& key : *keys) names.push_back(key.name);
  if (!RenameKeys(request.renames, &names, diagnostics)) return false;
  source->repairs = RepairKeys(&names);
  for (size_t i = 0; i < names.size(); ++i) (*keys)[i].name = names[i];
  // A part of a checkpoint, or one whose weights lay within wrappers, may be of the other kind.
  const bool was_adapter = source->checkpoint.kind == CheckpointKind::kAdapter;
  const bool unwrapped =
      std::any_of(source->repairs.begin(), source->repairs.end(),
                  [](const KeyRepair& repair) { return repair.name == "wrapped-weight"; });
  if (was_adapter ? unwrapped : !source->excluded.empty())
    source->checkpoint.kind = KindOfNames(names);
  return true;
}

// Placeholders: some trainers write factors without elements for a projection that a family lacks.
// A factor has two dimensions at least (thinking-machines-lab/tinker-cookbook#547).
bool IsPlaceholder(const OpenedSource& source, const FoundKey& key) {
  return source.checkpoint.kind == CheckpointKind::kAdapter && key.shape &&
         *key.shape == std::vector<int64_t>{0};
}

KeyRepair PlaceholdersLeftOut(const std::vector<std::string>& keys) {
  return {"empty-tensors",
          fmt::format("{} tensors have no elements, for instance {}: placeholders of a projection "
                      "that was not trained or that the family lacks. They are taken as absent",
                      keys.size(), keys[0])};
}

// The keys that are read, under the names that they are read by: those that --include and --exclude
// leave, less placeholders.
std::optional<std::vector<FoundKey>> TakeKeys(const SourceRequest& request,
                                              std::vector<FoundKey> all, OpenedSource* source,
                                              Diagnostics* diagnostics) {
  std::optional<KeyRegex> exclude, include;
  if (!request.exclude.empty()) {
    exclude = KeyRegex::Compile("--exclude", request.exclude, diagnostics);
    if (!exclude) return std::nullopt;
  }
  if (!request.include.empty()) {
    include = KeyRegex::Compile("--include", request.include, diagnostics);
    if (!include) return std::nullopt;
  }
  std::vector<FoundKey> keys;
  std::vector<std::string> placeholders;
  for (uint32_t i = 0; i < all.size(); ++i) {
    FoundKey& key = all[i];
    if ((exclude && exclude->IsFoundIn(key.name)) || (include && !include->IsFoundIn(key.name))) {
      source->excluded.push_back(std::move(key.name));
    } else if (IsPlaceholder(*source, key)) {
      placeholders.push_back(std::move(key.name));
    } else {
      keys.push_back(std::move(key));
      source->tensor_of.push_back(i);
    }
  }
  if (keys.empty() && !source->excluded.empty()) {
    const bool by_include = exclude == std::nullopt;
    diagnostics->Add(
        Code::kUnmatchedKey, {},
        by_include
            ? fmt::format("--include leaves nothing: `{}` is found in none of the {} keys, for "
                          "instance {}",
                          request.include, source->excluded.size(), source->excluded[0])
            : fmt::format("--exclude `{}`{} leaves none of the {} keys, for instance {}",
                          request.exclude,
                          include ? fmt::format(" and --include `{}`", request.include) : "",
                          source->excluded.size(), source->excluded[0]));
    return std::nullopt;
  }
  if (!NameKeys(request, &keys, source, diagnostics)) return std::nullopt;
  if (!placeholders.empty()) source->repairs.push_back(PlaceholdersLeftOut(placeholders));
  return keys;
}

std::string NameOfType(const Config& config) {
  const std::optional<Value> type = config.ModelType();
  return type && type->AsString() != nullptr ? *type->AsString() : "";
}

std::optional<Config> ReadConfig(const Files& files, const SourceRequest& request,
                                 const Checkpoint& checkpoint, Diagnostics* diagnostics) {
  if (request.model_config) return *request.model_config;
  if (request.config.empty()) {
    Config config = checkpoint.config ? Config(*checkpoint.config) : Config();
    if (!CheckModelType(config, checkpoint.directory + "/config.json", diagnostics))
      return std::nullopt;
    return config;
  }
  return ReadConfigFile(files, request.config, diagnostics);
}

// Megatron-Bridge keeps rank, alpha and the training's tensor parallel size in run_config.yaml.
void ReadRunConfig(const Files& files, OpenedSource* source, Diagnostics* diagnostics) {
  const std::string path = source->checkpoint.directory + "/run_config.yaml";
  if (source->adapter_config.present() || files.KindOf(path) != FileKind::kFile) return;
  const std::optional<MegatronRunConfig> run = ReadMegatronRunConfig(files, path, diagnostics);
  if (!run) return;
  Value::Map peft{{"peft_type", "LORA"}};
  if (run->dim) peft.push_back({"r", *run->dim});
  if (run->alpha) peft.push_back({"lora_alpha", *run->alpha});
  if (run->normalize_moe_lora) peft.push_back({"normalize_moe_lora", true});
  source->adapter_config = Config(Value(std::move(peft)));
  source->run_config = true;
  if (run->expert_tensor_parallel)
    source->config.Set("expert_tensor_parallel_size", Value(*run->expert_tensor_parallel));
  if (run->tensor_parallel)
    source->config.Set("tensor_model_parallel_size", Value(*run->tensor_parallel));
}

void ReadAdapter(const SourceRequest& request, AdapterConfig config, OpenedSource* source,
                 Diagnostics* diagnostics) {
  if (request.alpha) config.set_alpha(*request.alpha);
  AdapterSourceOptions options;
  options.fill_zero = request.fill_zero;
  options.run_config = source->run_config;
  const AdapterStyle* style = source->bound->layout.layout->style.get();
  options.scaled_rank = style != nullptr && style->scaled_rank &&
                        HasStamp(*style->scaled_rank, source->adapter_config);
  source->adapter = ReadAdapterSource(*source->bound, std::move(config), options, diagnostics);
}

// An adapter is not quantised.
void MakeTable(RuleLibrary* library, const SourceRequest& request, std::vector<FoundKey> keys,
               OpenedSource* source, Diagnostics* diagnostics) {
  if (source->checkpoint.kind == CheckpointKind::kAdapter) {
    source->table = MakeKeyTable(std::move(keys));
    return;
  }
  source->quantized = request.quantized;
  source->table = MakeQuantizedKeyTable(std::move(keys), library->QuantFormats(diagnostics),
                                        source->config, request.quantized, diagnostics);
}

// A config whose family knows none of the keys is of another model: the keys decide.
void TryOtherFamilies(RuleLibrary* library, const SourceRequest& request,
                      const SourceOptions& options, OpenedSource* source,
                      Diagnostics* diagnostics) {
  const std::string type = NameOfType(source->config);
  const Config nameless = source->config.WithoutName();
  std::vector<RulesPtr> families = CandidateFamilies(request, nameless, library, diagnostics);
  for (RulesPtr& rules : families)
    rules = library->Of(rules, source->checkpoint.kind, request.internal, diagnostics);
  source->detection = Detect(families, "", nameless, source->adapter_config, source->given,
                             source->table, options, diagnostics);
  if (source->detection.rules == nullptr) return;
  diagnostics->Add(Code::kOddFile, {},
                   fmt::format("config.json says model_type `{}`, which has none of these keys; "
                               "they are those of {}",
                               type, source->detection.rules->file->family.text));
}

// Family, layout and binding of a source whose keys and config are known.
void Recognize(RuleLibrary* library, const SourceRequest& request, const SourceOptions& options,
               const AdapterConfig& adapter_config, OpenedSource* source,
               Diagnostics* diagnostics) {
  std::vector<RulesPtr> families = CandidateFamilies(request, source->config, library, diagnostics);
  if (families.empty()) return;
  if (std::vector<RulesPtr> named = FamiliesOf(families, source->config); !named.empty())
    families = std::move(named);
  const bool sketch =
      source->checkpoint.kind == CheckpointKind::kAdapter && families.size() > kFewFamilies;
  for (RulesPtr& rules : families)
    rules = sketch ? library->AdaptersThatMayKnow(source->table, rules, request.internal)
                   : library->Of(rules, source->checkpoint.kind, request.internal, diagnostics);
  source->families = families;
  if (diagnostics->HasErrors()) return;
  ApplySettings(request.set, &source->config, &source->given, diagnostics);
  if (families.size() == 1 && !CheckSettings(request.set, *families[0], {}, library, diagnostics))
    return;
  std::string layout;
  if (!request.from.empty()) {
    // A target means something only within a family; a layout name is the same in all.
    const std::vector<RulesPtr> named = FamiliesOf(families, source->config);
    const RulesPtr& rules = named.empty() ? families[0] : named[0];
    if (families.size() > 1 && named.empty()) {
      layout = request.from;
    } else {
      std::optional<ResolvedTarget> resolved = ResolveTarget(*rules, request.from, diagnostics);
      if (!resolved) return;
      layout = std::move(resolved->layout);
    }
  }
  // --allow shape is for the conversion: what a shape contradicts is no layout's first choice.
  SourceOptions strict = options;
  strict.allow_shape = false;
  Diagnostics found;
  source->detection = Detect(families, layout, source->config, source->adapter_config,
                             source->given, source->table, strict, &found);
  if (request.other_families && request.family.empty() && source->detection.candidates.empty()) {
    TryOtherFamilies(library, request, strict, source, diagnostics);
  } else {
    diagnostics->AppendNew(found);
  }
  for (const KeyRepair& repair : source->repairs) source->detection.reasons.push_back(repair.why);
  if (source->detection.rules == nullptr ||
      (families.size() > 1 &&
       !CheckSettings(request.set, *source->detection.rules, {}, library, diagnostics)))
    return;
  if (sketch) {
    const RulesPtr weights = library->Load(source->detection.rules->file->family.text, diagnostics);
    source->detection.rules = source->detection.family =
        library->AdaptersOf(weights, request.internal, diagnostics);
    source->families = {source->detection.rules};
  }
  source->rules = source->detection.rules;
  source->bound = BindSource(*source->rules, *source->rules->FindLayout(source->detection.layout),
                             source->config, source->given, source->table, options, diagnostics);
  if (source->bound && source->rules->file->adapters)
    ReadAdapter(request, adapter_config, source, diagnostics);
}

// What is the same for a checkpoint and for a list of keys, once its config and keys are there.
std::optional<OpenedSource> Read(RuleLibrary* library, const SourceRequest& request,
                                 const SourceOptions& options, std::vector<FoundKey> all,
                                 OpenedSource source, Diagnostics* diagnostics) {
  SetInAdapterConfig(request.set, &source.adapter_config);
  std::optional<std::vector<FoundKey>> keys =
      TakeKeys(request, std::move(all), &source, diagnostics);
  if (!keys) return std::nullopt;
  if (request.kind && source.checkpoint.kind != *request.kind) {
    diagnostics
        ->Add(Code::kBadAdapterUse, Place::File(request.path),
              *request.kind == CheckpointKind::kWeights
                  ? "this is an adapter, where a model is expected"
                  : "this is a model, where an adapter is expected")
        .help = "rule-runner merge MODEL DESTINATION --adapter ADAPTER";
    return std::nullopt;
  }
  AdapterConfig adapter_config;
  if (source.checkpoint.kind == CheckpointKind::kAdapter) {
    // Whatever the family is, and before rules are looked for.
    auto read = AdapterConfig::Read(
        source.adapter_config, source.checkpoint.directory + "/adapter_config.json", diagnostics);
    if (!read) return std::nullopt;
    adapter_config = std::move(*read);
  }
  MakeTable(library, request, std::move(*keys), &source, diagnostics);
  Recognize(library, request, options, adapter_config, &source, diagnostics);
  return source;
}

}  // namespace

std::vector<RulesPtr> CandidateFamilies(const SourceRequest& request, const Config& config,
                                        RuleLibrary* library, Diagnostics* diagnostics) {
  std::vector<RulesPtr> families;
  if (!request.family.empty()) {
    const size_t errors = diagnostics->ErrorCount();
    RulesPtr rules = library->Load(request.family, diagnostics);
    if (rules != nullptr && rules->valid && diagnostics->ErrorCount() == errors)
      families.push_back(std::move(rules));
    return families;
  }
  const std::string type = NameOfType(config);
  if (!type.empty() && !library->PathOf(type).empty()) {
    RulesPtr rules = library->Load(type, diagnostics);
    if (rules != nullptr && rules->valid && !FamiliesOf({rules}, config).empty()) return {rules};
  }
  for (const std::string& name : library->Families()) {
    Diagnostics own;
    RulesPtr rules = library->Load(name, &own);
    if (rules != nullptr && rules->valid) {
      families.push_back(std::move(rules));
    } else {
      diagnostics
          ->Add(Code::kOddFile, Place::File(library->PathOf(name)),
                "this rule file has errors and is passed over")
          .help = fmt::format("rule-runner lint {}", library->PathOf(name));
    }
  }
  // A config that names its type is not converted by the rules of another one because the keys
  // happen to fit.
  if (!type.empty() && FamiliesOf(families, config).empty()) {
    Diagnostic& d = diagnostics->Add(Code::kUnknownFamily, {},
                                     fmt::format("no family describes model_type `{}`", type));
    std::vector<std::string> names;
    for (const RulesPtr& rules : families) names.push_back(rules->file->family.text);
    d.help = DidYouMean(type, names);
    if (d.help.empty())
      d.help =
          "add a rule file with --rules, or name a family that stores the same tensors with "
          "--family";
    return {};
  }
  return families;
}

std::optional<OpenedSource> OpenSource(const Files& files, RuleLibrary* library,
                                       const SourceRequest& request, const SourceOptions& options,
                                       Diagnostics* diagnostics) {
  OpenedSource source;
  std::optional<Checkpoint> checkpoint = OpenCheckpoint(files, request.path, diagnostics);
  if (!checkpoint) return std::nullopt;
  source.checkpoint = std::move(*checkpoint);
  std::optional<Config> config = ReadConfig(files, request, source.checkpoint, diagnostics);
  if (!config) return std::nullopt;
  source.config = std::move(*config);
  if (source.checkpoint.adapter_config)
    source.adapter_config = Config(*source.checkpoint.adapter_config);

  if (source.checkpoint.kind == CheckpointKind::kAdapter)
    ReadRunConfig(files, &source, diagnostics);
  if (source.checkpoint.kind == CheckpointKind::kAdapter)
    source.adapter_config =
        WithAutomodelConfig(files, source.checkpoint.directory, source.adapter_config, diagnostics);
  std::vector<FoundKey> all;
  for (const StoredTensor& tensor : source.checkpoint.tensors)
    all.push_back({tensor.name, tensor.shape, tensor.dtype});
  return Read(library, request, options, std::move(all), std::move(source), diagnostics);
}

std::optional<OpenedSource> OpenBoundSource(const Files& files, RuleLibrary* library,
                                            const SourceRequest& request,
                                            const SourceOptions& options,
                                            Diagnostics* diagnostics) {
  std::optional<OpenedSource> source = OpenSource(files, library, request, options, diagnostics);
  if (source) ExplainErrors(*source, diagnostics);
  if (!source || diagnostics->HasErrors() || !source->bound) return std::nullopt;
  return source;
}

std::optional<OpenedSource> OpenKeyList(const Files& files, RuleLibrary* library,
                                        const SourceRequest& request, const SourceOptions& options,
                                        Diagnostics* diagnostics) {
  const std::optional<std::string> text = files.KindOf(request.path) == FileKind::kFile
                                              ? ReadSmallFile(files, request.path, 1 << 30)
                                              : std::nullopt;
  if (!text) {
    diagnostics->Add(Code::kNoCheckpoint, Place::File(request.path),
                     "this is no file that can be read as a key list");
    return std::nullopt;
  }
  std::optional<Value> json = ParseJson(request.path, *text, diagnostics);
  if (!json) return std::nullopt;
  auto bad = [&](std::string message) {
    diagnostics->Add(Code::kBadJson, Place::File(request.path), std::move(message));
    return std::nullopt;
  };
  if (json->AsMap() == nullptr) return bad("a key list is a JSON object {key: shape or null}");
  std::vector<FoundKey> keys;
  for (const auto& [name, value] : *json->AsMap()) {
    FoundKey key{name, std::nullopt, std::nullopt};
    if (!value.IsNull()) {
      if (value.AsList() == nullptr)
        return bad(fmt::format("the shape of {} is {}, where a list or null is expected", name,
                               TypeName(value)));
      key.shape.emplace();
      for (const Value& extent : *value.AsList()) {
        if (extent.AsInt() == nullptr || *extent.AsInt() < 0)
          return bad(fmt::format("the shape of {} is {}", name, ToJson(value)));
        key.shape->push_back(*extent.AsInt());
      }
    }
    keys.push_back(std::move(key));
  }
  OpenedSource source;
  source.checkpoint.path = request.path;
  std::vector<std::string> names;
  for (const FoundKey& key : keys) names.push_back(key.name);
  source.checkpoint.kind = KindOfNames(names);
  std::optional<Config> config = ReadConfig(files, request, source.checkpoint, diagnostics);
  if (!config) return std::nullopt;
  source.config = std::move(*config);
  return Read(library, request, options, std::move(keys), std::move(source), diagnostics);
}

ReadTensor ReadWholeTensors(const Files& files, const OpenedSource& source) {
  std::shared_ptr<TensorReader> reader = ReadTensorsOf(files, source.checkpoint);
  return [reader, &source](uint32_t key) {
    const uint32_t tensor = source.tensor_of[key];
    std::vector<std::byte> bytes(source.checkpoint.tensors[tensor].size);
    reader->Read(tensor, 0, bytes);
    return bytes;
  };
}

}  // namespace rr
