#include "run/synth.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "base/text.h"
#include "bind/announced.h"
#include "bind/quantized.h"
#include "bind/targets.h"
#include "io/json.h"
#include "plan/conversion.h"
#include "plan/plan.h"
#include "run/executor.h"
#include "run/source_reader.h"

namespace rr {
namespace {

uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

uint64_t HashOf(const std::string& text) {
  uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

// Without its highest exponent bit a number is below 2 and never an infinity or NaN.
uint64_t MaskOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return 0xBFFFFFFFFFFFFFFFULL;
    case Dtype::kF32:
      return 0xBFFFFFFFBFFFFFFFULL;
    case Dtype::kF16:
    case Dtype::kBF16:
      return 0xBFFFBFFFBFFFBFFFULL;
    case Dtype::kF8E4M3:
    case Dtype::kF8E8M0:
      return 0xBFBFBFBFBFBFBFBFULL;
    default:
      return ~0ULL;
  }
}

// The config with what --set changed, so that the written checkpoint is described by its own
// config.json.
Value ConfigOf(const Config& config, const SourceRequest& request, const CheckedRules& rules) {
  Value json = config.json().AsMap() != nullptr ? config.json() : Value(Value::Map{});
  auto& map = std::get<Value::Map>(json.data);
  auto put = [](Value::Map* into, const std::string& name, Value value) {
    for (auto& [key, old] : *into) {
      if (key == name) {
        old = std::move(value);
        return;
      }
    }
    into->push_back({name, std::move(value)});
  };
  for (const auto& [name, text] : request.set) {
    std::string attribute = name;
    if (const AxisRule* axis = rules.file->FindAxis(name)) {
      const std::vector<std::string> direct =
          axis->formula ? axis->formula->DirectNames() : std::vector<std::string>{};
      if (direct.empty()) continue;
      attribute = direct[0];
    }
    Diagnostics ignored;
    std::optional<Value> value = ParseJson("--set", text, &ignored);
    Value::Map* into = &map;
    for (auto& [key, member] : map) {
      if (key == "text_config" && member.Find(attribute) != nullptr)
        into = &std::get<Value::Map>(member.data);
    }
    put(into, attribute, value ? std::move(*value) : Value(text));
  }
  return json;
}

// What --set may change besides what the rules ask for: what the config that is written says of
// the model, and whatever else stands in it.
std::set<std::string> AttributesWritten(const Config& config) {
  std::set<std::string> names{"model_type", "dtype", "torch_dtype"};
  const Value* text = config.json().Find("text_config");
  for (const Value* map : {&config.json(), text}) {
    if (map == nullptr || map->AsMap() == nullptr) continue;
    for (const auto& [name, value] : *map->AsMap()) names.insert(name);
  }
  return names;
}

// What the config says that the model is published in.
Dtype DtypeOf(const Config& config) {
  for (const char* attribute : {"dtype", "torch_dtype"}) {
    const std::optional<Value> value = config.Lookup(attribute);
    const std::string* name = value ? value->AsString() : nullptr;
    if (name == nullptr) continue;
    if (const std::optional<Dtype> known = ParseTorchName(*name)) return *known;
  }
  return Dtype::kBF16;
}

// The layout in whose keys and positions elements are made: the first that writes none twice,
// because the copies would be made different.
const CheckedLayout& LayoutOfContent(const CheckedRules& rules) {
  const auto once = [](const CheckedEntry& entry) {
    return !entry.rule->written &&
           std::all_of(entry.leaves.begin(), entry.leaves.end(),
                       [](const CheckedLeaf& leaf) { return leaf.copies.empty(); });
  };
  for (const CheckedLayout& layout : rules.layouts) {
    if (std::all_of(layout.entries.begin(), layout.entries.end(), once)) return layout;
  }
  return rules.layouts[0];
}

// nullptr after an error.
RulesPtr FamilyOf(const SourceRequest& source, const Config& config, RuleLibrary* library,
                  Diagnostics* diagnostics) {
  std::vector<RulesPtr> families = CandidateFamilies(source, config, library, diagnostics);
  if (diagnostics->HasErrors()) return nullptr;
  if (const std::vector<RulesPtr> named = FamiliesOf(families, config); !named.empty())
    families = named;
  if (families.size() == 1) return families[0];
  diagnostics->Add(Code::kUnknownFamily, {}, "the config does not say which family it is").help =
      "--family names it";
  return nullptr;
}

// The tensors whose elements are made, with parts of quantised weights where the config announces
// them; the notes say which optional blocks are left out. nullopt after an error.
std::optional<KeyTable> ContentOf(const SynthRequest& request, const Model& model,
                                  const CheckedLayout& layout, const Config& config,
                                  RuleLibrary* library, std::vector<std::string>* notes,
                                  Diagnostics* diagnostics) {
  const CheckedRules& rules = model.rules();
  const Dtype usual = DtypeOf(config);
  const auto dtype_of = [&](const CheckedEntry& entry) {
    return request.dtype ? *request.dtype : rules.DtypeOf(entry).value_or(usual);
  };
  const auto wanted = [&](size_t b) {
    const BlockRule& block = rules.file->blocks[b];
    if (!block.optional) return true;
    if (!request.optional) return false;
    Diagnostics found;
    const bool known =
        SyntheticKeys(
            model, layout, dtype_of, [&](size_t other) { return other == b; }, &found)
            .has_value();
    if (!known)
      notes->push_back(fmt::format("no `{}`: {}", block.name.text, found.all().at(0).message));
    return known;
  };
  std::optional<KeyTable> table = SyntheticKeys(model, layout, dtype_of, wanted, diagnostics);
  if (!table) return std::nullopt;
  const std::vector<QuantFormatPtr>& formats = library->QuantFormats(diagnostics);
  return MakeQuantizedKeyTable(AsAnnounced(std::move(table->keys), formats, config), formats,
                               config, QuantizedAs::kCodes, diagnostics);
}

OutputLayout LayOutAll(const SynthRequest& request, const std::vector<OutputTensor>& tensors) {
  OutputOptions options;
  options.max_shard_bytes =
      request.destination.ends_with(".safetensors") ? UINT64_MAX : request.max_shard_bytes;
  return LayOut(tensors, options);
}

// False after an error; then nothing is left behind.
bool WriteCheckpoint(Files& files, const SynthRequest& request, const OutputLayout& layout,
                     const KeyTable& content, const Conversion& conversion, const Value& config,
                     Diagnostics* diagnostics) {
  const Plan plan = MakePlan(conversion.graph, {}, diagnostics);
  if (diagnostics->HasErrors()) return false;
  const std::unique_ptr<OutputCheckpoint> checkpoint = OutputCheckpoint::Create(
      files, request.destination, layout, "", request.force, 0, diagnostics);
  if (checkpoint == nullptr) return false;
  RunOptions run;
  run.jobs = request.jobs;
  std::vector<uint32_t> tensor_of(content.keys.size());
  std::iota(tensor_of.begin(), tensor_of.end(), 0U);
  const SourceReader reader(std::make_unique<SyntheticReader>(content), std::move(tensor_of),
                            conversion.constants);
  Execute(plan, reader, *checkpoint, run, diagnostics);
  if (diagnostics->HasErrors()) return false;
  checkpoint->AddFile("config.json", ToPrettyJson(config) + "\n");
  checkpoint->Publish();
  return true;
}

}  // namespace

std::optional<KeyTable> SyntheticKeys(const Model& model, const CheckedLayout& layout,
                                      const std::function<Dtype(const CheckedEntry&)>& dtype_of,
                                      const std::function<bool(size_t block)>& wanted,
                                      Diagnostics* diagnostics) {
  LayoutChoice choice = DefaultChoice(layout);
  for (size_t b = 0; b < choice.present.size(); ++b)
    choice.present[b] = choice.present[b] && wanted(b);
  const std::optional<BoundLayout> bound = Instantiate(model, layout, choice, {}, diagnostics);
  if (!bound) return std::nullopt;
  std::vector<FoundKey> keys;
  for (const BoundTensor& tensor : bound->tensors) {
    const CheckedEntry& entry = bound->EntryOf(tensor);
    if (!tensor.unknown_axis.empty()) {
      ReportUnknownShape(tensor, entry.rule->place, diagnostics);
      return std::nullopt;
    }
    keys.push_back(
        {tensor.key, tensor.shape, entry.rule->cast ? *entry.rule->cast : dtype_of(entry)});
  }
  // By layer and expert, as checkpoints are saved: keys sorted by name.
  std::sort(keys.begin(), keys.end(),
            [](const FoundKey& a, const FoundKey& b) { return a.name < b.name; });
  return MakeKeyTable(std::move(keys));
}

SyntheticReader::SyntheticReader(const KeyTable& table) {
  for (const FoundKey& key : table.keys) {
    const Dtype stored = key.quantized < 0
                             ? *key.dtype
                             : *table.quantized[static_cast<size_t>(key.quantized)].code_dtype;
    tensors_.push_back({HashOf(key.name), MaskOf(stored)});
  }
}

void SyntheticReader::Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const {
  const Tensor& tensor = tensors_.at(index);
  for (size_t done = 0; done < out.size();) {
    const uint64_t word = Mix(tensor.seed ^ ((offset + done) / 8)) & tensor.mask;
    const size_t within = (offset + done) % 8;
    const size_t n = std::min(8 - within, out.size() - done);
    std::memcpy(out.data() + done, reinterpret_cast<const std::byte*>(&word) + within, n);
    done += n;
  }
}

std::optional<SynthReport> Synth(Files& files, RuleLibrary* library, const SynthRequest& request,
                                 Diagnostics* diagnostics) {
  const auto start = std::chrono::steady_clock::now();
  Config config;
  if (!request.source.config.empty()) {
    std::optional<Config> read = ReadConfigFile(files, request.source.config, diagnostics);
    if (!read) return std::nullopt;
    config = std::move(*read);
  }
  const RulesPtr family = FamilyOf(request.source, config, library, diagnostics);
  if (family == nullptr) return std::nullopt;
  const CheckedRules& rules = *family;
  std::map<std::string, int64_t> given;
  ApplySettings(request.source.set, &config, &given, diagnostics);
  CheckSettings(request.source.set, rules, AttributesWritten(config), library, diagnostics);
  if (diagnostics->HasErrors() || rules.layouts.empty()) return std::nullopt;
  std::string layout_name = rules.layouts[0].name.text;
  if (!request.layout.empty()) {
    const std::optional<ResolvedTarget> resolved =
        ResolveTarget(rules, request.layout, diagnostics);
    if (!resolved) return std::nullopt;
    layout_name = resolved->layout;
  }
  const CheckedLayout& first = LayoutOfContent(rules);
  const CheckedLayout& wanted = *rules.FindLayout(layout_name);
  const Model model(rules, config, given);
  model.CheckConfig(first, diagnostics);
  model.CheckRequirements(first, diagnostics);
  if (diagnostics->HasErrors()) return std::nullopt;
  SynthReport report;
  const std::optional<KeyTable> content =
      ContentOf(request, model, first, config, library, &report.notes, diagnostics);
  if (!content) return std::nullopt;
  const std::optional<BoundSource> bound =
      BindSource(rules, first, config, given, *content, {}, diagnostics);
  if (!bound || diagnostics->HasErrors()) return std::nullopt;
  ConversionOptions options;
  options.allow_lossy = options.allow_partial = true;
  const std::optional<Conversion> conversion =
      BuildConversion(*bound, *content, wanted, options, diagnostics);
  if (!conversion) return std::nullopt;

  if (!conversion->left_out.empty())
    report.notes.push_back(
        fmt::format("`{}` does not hold {}", layout_name, JoinWords(conversion->left_out, 5)));
  report.family = rules.file->family.text;
  report.layout = layout_name;
  for (const GraphTensor& tensor : conversion->graph.destinations)
    report.keys.push_back({tensor.key, tensor.dtype, tensor.shape});
  const OutputLayout layout = LayOutAll(request, report.keys);
  report.tensors = report.keys.size();
  report.shards = layout.shards.size();
  for (const OutputPlacement& tensor : layout.tensors) report.bytes += tensor.size;
  if (request.dry_run) return report;

  if (!WriteCheckpoint(files, request, layout, *content, *conversion,
                       ConfigOf(config, request.source, rules), diagnostics))
    return std::nullopt;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace rr
