#include "bind/quantized.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace rr {
namespace {

constexpr size_t kShownScales = 3;

bool Holds(const Formula& formula, const Config& config) {
  const Formula::Outcome outcome =
      formula.Evaluate([&](const std::string& name) { return config.Lookup(name); });
  const bool* holds = outcome.AsBool();
  return holds != nullptr && *holds;
}

bool Allows(const std::vector<Dtype>& dtypes, const std::optional<Dtype>& dtype) {
  return !dtype || std::find(dtypes.begin(), dtypes.end(), *dtype) != dtypes.end();
}

// A scale of a whole weight may be [], [1] or [1, 1].
bool IsGrid(std::vector<int64_t> shape, std::vector<int64_t> grid,
            const std::array<int64_t, 2>& block) {
  if (block[0] == 0 || block[1] == 0) {
    std::erase(shape, 1);
    std::erase(grid, 1);
  }
  return shape == grid;
}

class Finder {
 public:
  Finder(std::vector<FoundKey> keys, const std::vector<QuantFormatPtr>& formats,
         const Config& config, Diagnostics* diagnostics)
      : keys_(std::move(keys)), diagnostics_(diagnostics), config_(QuantizationConfig(config)) {
    for (uint32_t i = 0; i < keys_.size(); ++i) index_[keys_[i].name] = i;
    formats_ = formats;
    std::stable_partition(formats_.begin(), formats_.end(), [&](const QuantFormatPtr& format) {
      return IsAnnounced(*format, config_);
    });
  }

  KeyTable Run(QuantizedAs as) {
    for (const QuantFormatPtr& format : formats_) {
      const std::optional<std::array<int64_t, 2>> block = BlockOf(*format, config_);
      if (!block) continue;
      for (uint32_t i = 0; i < keys_.size(); ++i) Try(format, *block, i);
    }
    ReportOddScales();
    const Dtype common = CommonFloat();
    std::vector<QuantizedWeight> weights;
    for (auto& [name, weight] : found_) {
      Rename(name, weight, as, common, static_cast<int32_t>(weights.size()));
      weights.push_back(std::move(weight));
    }
    return MakeKeyTable(std::move(keys_), std::move(weights));
  }

 private:
  std::optional<uint32_t> IndexOf(const std::optional<std::string>& key) const {
    const auto found = key ? index_.find(*key) : index_.end();
    return found == index_.end() ? std::nullopt : std::optional(found->second);
  }

  void Try(const QuantFormatPtr& format, const std::array<int64_t, 2>& block, uint32_t scales) {
    const std::optional<std::string> weight = format->scales.WeightOf(keys_[scales].name);
    if (!weight || found_.count(*weight) > 0) return;
    const std::optional<std::string> codes_key = format->codes.KeyOf(*weight);
    const std::optional<uint32_t> codes = IndexOf(codes_key);
    if (!codes || (*codes_key != *weight && IndexOf(*weight))) return;
    QuantizedWeight made;
    made.format = format;
    made.codes = *codes;
    made.scales = scales;
    made.block = block;
    if (format->shape) {
      made.shape = IndexOf(format->shape->KeyOf(*weight));
      if (!made.shape) return;
    }
    for (size_t i = 0; i < format->others.size(); ++i) {
      if (const std::optional<uint32_t> other = IndexOf(format->others[i].KeyOf(*weight)))
        made.others.push_back({i, *other});
    }
    const FoundKey& coded = keys_[*codes];
    if (!Allows(format->code_dtypes, coded.dtype) ||
        !Allows(format->scale_dtypes, keys_[scales].dtype))
      return;
    made.code_dtype = coded.dtype;
    if (coded.shape) {
      made.code_shape = *coded.shape;
      made.elements = *coded.shape;
      if (format->tail > 0) {
        if (made.elements.size() < 3 || made.elements.back() != format->tail) return;
        made.elements.pop_back();
        made.elements.back() *= format->tail;
      }
      if (made.elements.size() < 2) return;
      const int64_t bits = BitsOf(coded.dtype.value_or(format->code_dtypes[0]));
      made.elements.back() *= bits / format->code.Bits();
      const std::vector<int64_t> grid = ScaleGrid(made.elements, block);
      if (keys_[scales].shape && !IsGrid(*keys_[scales].shape, grid, block)) {
        odd_.emplace(*weight, std::pair{format, grid});
        return;
      }
    }
    odd_.erase(*weight);
    found_.emplace(*weight, std::move(made));
  }

  void ReportOddScales() {
    size_t reported = 0;
    for (const auto& [weight, why] : odd_) {
      const auto& [format, grid] = why;
      const std::optional<uint32_t> scales = IndexOf(format->scales.KeyOf(weight));
      if (found_.count(weight) > 0 || !keys_[*scales].dtype || ++reported > kShownScales) continue;
      diagnostics_->Add(Code::kShapeMismatch, format->name.place,
                        fmt::format("{} is [{}], but the scales of {} are [{}] by `{}`",
                                    keys_[*scales].name, fmt::join(*keys_[*scales].shape, ", "),
                                    weight, fmt::join(grid, ", "), format->name.text));
    }
    if (reported > kShownScales)
      diagnostics_->Add(
          Code::kShapeMismatch, {},
          fmt::format("{} more weights have scales of a wrong shape", reported - kShownScales));
  }

  // The dtype of most tensors that are not quantised.
  Dtype CommonFloat() const {
    std::set<uint32_t> quantized;
    for (const auto& [name, weight] : found_) {
      quantized.insert({weight.codes, weight.scales});
      for (const auto& [which, other] : weight.others) quantized.insert(other);
    }
    std::map<Dtype, size_t> counts{{Dtype::kBF16, 0}};
    for (uint32_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i].dtype && IsFloat(*keys_[i].dtype) && quantized.count(i) == 0)
        ++counts[*keys_[i].dtype];
    }
    Dtype common = Dtype::kBF16;
    for (const auto& [dtype, count] : counts) {
      if (count > counts.at(common)) common = dtype;
    }
    return common;
  }

  void Rename(const std::string& name, const QuantizedWeight& weight, QuantizedAs as, Dtype common,
              int32_t index) {
    FoundKey& key = keys_[weight.codes];
    key.name = name;
    key.quantized = index;
    if (key.shape) {
      key.shape = weight.elements;
      if (weight.format->transposed)
        std::swap(key.shape->back(), (*key.shape)[key.shape->size() - 2]);
    }
    if (as == QuantizedAs::kCodes) {
      if (key.dtype && weight.format->code.Bits() < 8) key.dtype = Dtype::kF4;
    } else {
      key.dtype = Dtype::kF32;
      if (as == QuantizedAs::kValues) key.stored_as = weight.format->dtype.value_or(common);
    }
    const auto part = [&](uint32_t other) {
      keys_[other].part_of = static_cast<int64_t>(weight.codes);
    };
    part(weight.scales);
    if (weight.shape) part(*weight.shape);
    for (const auto& [which, other] : weight.others) part(other);
  }

  std::vector<FoundKey> keys_;
  Diagnostics* diagnostics_;
  Config config_;  // quantization_config
  std::vector<QuantFormatPtr> formats_;
  std::unordered_map<std::string, uint32_t> index_;
  std::map<std::string, QuantizedWeight> found_;  // by the weight's key
  std::map<std::string, std::pair<QuantFormatPtr, std::vector<int64_t>>> odd_;
};

}  // namespace

Config QuantizationConfig(const Config& config) {
  const std::optional<Value> own = config.Lookup("quantization_config");
  return own ? Config(*own) : Config();
}

bool IsAnnounced(const QuantFormat& format, const Config& quantization_config) {
  return !format.marks.empty() &&
         std::all_of(format.marks.begin(), format.marks.end(),
                     [&](const Formula& mark) { return Holds(mark, quantization_config); });
}

std::optional<std::array<int64_t, 2>> BlockOf(const QuantFormat& format,
                                              const Config& quantization_config) {
  std::array<int64_t, 2> block{};
  for (size_t d = 0; d < 2; ++d) {
    if (!format.block[d]) continue;
    const Formula::Outcome outcome = format.block[d]->Evaluate(
        [&](const std::string& name) { return quantization_config.Lookup(name); });
    const int64_t* size = outcome.ok() ? outcome.value.AsInt() : nullptr;
    if (size == nullptr || *size < 1) return std::nullopt;
    block[d] = *size;
  }
  return block;
}

std::vector<int64_t> ScaleGrid(const std::vector<int64_t>& elements,
                               const std::array<int64_t, 2>& block) {
  std::vector<int64_t> grid = elements;
  for (size_t d = 0; d < 2 && grid.size() >= 2; ++d) {
    int64_t& extent = grid[grid.size() - 2 + d];
    extent = block[d] == 0 ? 1 : (extent + block[d] - 1) / block[d];
  }
  return grid;
}

KeyTable MakeQuantizedKeyTable(std::vector<FoundKey> keys,
                               const std::vector<QuantFormatPtr>& formats, const Config& config,
                               QuantizedAs as, Diagnostics* diagnostics) {
  return Finder(std::move(keys), formats, config, diagnostics).Run(as);
}

}  // namespace rr
