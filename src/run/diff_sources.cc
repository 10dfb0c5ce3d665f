#include "run/diff_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "run/adapter_factors.h"

namespace rr {
namespace {

const std::string& FamilyOf(const OpenedSource& source) { return source.rules->file->family.text; }

std::optional<OpenedSource> Open(const Files& files, RuleLibrary* library, SourceRequest request,
                                 Diagnostics* diagnostics) {
  request.internal = RuleLibrary::Internal::kYes;
  request.quantized = QuantizedAs::kExact;  // values are compared, whatever codes they have
  return OpenBoundSource(files, library, request, {}, diagnostics);
}

// Opens the first as the family that the second is read as.
std::optional<DiffSources> WithFirst(const Files& files, RuleLibrary* library,
                                     const DiffRequest& request, OpenedSource second,
                                     Diagnostics* diagnostics) {
  SourceRequest wanted = request.first;
  wanted.family = FamilyOf(second);
  // Adapters have no config.json of their own: what one of them was given holds for both.
  if (wanted.config.empty() && second.rules->file->adapters) wanted.model_config = second.config;
  std::optional<OpenedSource> first = Open(files, library, wanted, diagnostics);
  if (!first) return std::nullopt;
  if (first->rules->file->adapters != second.rules->file->adapters) {
    diagnostics->Add(Code::kBadAdapterUse, Place::File(request.first.path),
                     "one is an adapter, the other a model");
    return std::nullopt;
  }
  return DiffSources{std::move(*first), std::move(second)};
}

std::optional<DiffSources> OpenAs(const Files& files, RuleLibrary* library,
                                  const DiffRequest& request, const std::string& family,
                                  Diagnostics* diagnostics) {
  SourceRequest wanted = request.second;
  wanted.family = family;
  std::optional<OpenedSource> second = Open(files, library, wanted, diagnostics);
  if (!second) return std::nullopt;
  return WithFirst(files, library, request, std::move(*second), diagnostics);
}

// What is done to the two before they are compared; empty after an error.
std::vector<Conversion> Conversions(const Files& files, const DiffRequest& request,
                                    DiffSources sources) {
  Diagnostics ignored;
  std::vector<Conversion> conversions;
  if (!sources.second.rules->file->adapters) {
    std::optional<PreparedConversion> prepared = PrepareOpened(
        files, std::move(sources.first), ConversionOf(request, sources.second), &ignored);
    if (prepared) conversions.push_back(std::move(prepared->conversion));
    return conversions;
  }
  const std::string layout = LayoutOfFactors(*sources.second.rules);
  for (const OpenedSource* one : {&sources.first, &sources.second}) {
    const auto factors = AdapterFactors::Open(files, *one, layout, nullptr, &ignored);
    if (factors == nullptr) return {};
    conversions.push_back(factors->conversion());
  }
  return conversions;
}

std::set<std::string> TiedOf(const BoundLayout& bound) {
  std::set<std::string> keys;
  for (const BoundTensor& tensor : bound.tensors) {
    if (bound.EntryOf(tensor).rule->tied) keys.insert(tensor.key);
  }
  return keys;
}

// The families that a source may be of, the chosen one first.
std::vector<std::string> MayBe(const OpenedSource& source) {
  std::vector<std::string> families{FamilyOf(source)};
  for (const Candidate& candidate : source.detection.alike) {
    const std::string& family = candidate.rules->file->family.text;
    if (std::find(families.begin(), families.end(), family) == families.end())
      families.push_back(family);
  }
  return families;
}

}  // namespace

ConvertRequest ConversionOf(const DiffRequest& request, const OpenedSource& second) {
  ConvertRequest convert;
  convert.to = second.detection.layout;
  convert.memory = request.memory;
  convert.jobs = request.jobs;
  convert.conversion.allow_lossy = convert.conversion.allow_partial = true;
  convert.conversion.choice = &second.bound->layout.choice;
  convert.conversion.copies = TiedOf(second.bound->layout);
  return convert;
}

std::string LayoutOfFactors(const CheckedRules& rules) {
  for (const CheckedLayout& layout : rules.layouts) {
    if (layout.IsInternal()) return layout.NameOfWeights();
  }
  return "";
}

std::optional<DiffSources> OpenBoth(const Files& files, RuleLibrary* library,
                                    const DiffRequest& request, Diagnostics* diagnostics) {
  Diagnostics found, of_first;
  std::optional<OpenedSource> second = Open(files, library, request.second, &found);
  std::vector<std::string> families = second ? MayBe(*second) : std::vector<std::string>{};
  if (families.size() == 1) {
    diagnostics->AppendNew(found);
    return WithFirst(files, library, request, std::move(*second), diagnostics);
  }
  // The first may say by its config what the second does not.
  const std::optional<OpenedSource> first = Open(files, library, request.first, &of_first);
  if (first && first->detection.alike.empty()) families = MayBe(*first);
  std::optional<DiffSources> chosen;
  std::vector<Conversion> own;
  std::vector<std::string> others;
  for (const std::string& family : families) {
    Diagnostics not_meant;
    std::optional<DiffSources> read = OpenAs(files, library, request, family, &not_meant);
    if (!read) continue;
    const bool same_layout = read->first.detection.layout == read->second.detection.layout;
    std::vector<Conversion> conversions;
    if (!same_layout) conversions = Conversions(files, request, *read);
    if (!chosen) {
      chosen = std::move(read);
      own = std::move(conversions);
    } else if (!std::equal(conversions.begin(), conversions.end(), own.begin(), own.end(),
                           SameEffect)) {
      others.push_back(family);
    }
  }
  if (!chosen) {
    if (second) return OpenAs(files, library, request, families[0], diagnostics);
    diagnostics->AppendNew(found);
    return std::nullopt;
  }
  if (others.empty()) return chosen;
  diagnostics
      ->Add(Code::kAmbiguousLayout, {},
            fmt::format("the keys are stored alike by {} and {}, in which what one of the two "
                        "stores corresponds to different elements of the other",
                        FamilyOf(chosen->second), JoinWords(others)))
      .help = "say which with --family, or give the config.json with --config";
  return std::nullopt;
}

}  // namespace rr
