#include "bind/announced.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bind/quantized.h"

namespace rr {
namespace {

// What quantization_config leaves out: names of modules or of a part of their path, with `*` for
// anything (transformers), or `re:` and a regex that the beginning of a name matches
// (compressed-tensors).
class LeftOut {
 public:
  explicit LeftOut(const Config& config) : regexes_(RE2::Quiet, RE2::ANCHOR_BOTH) {
    for (const char* list : {"modules_to_not_convert", "ignore"}) {
      const std::optional<Value> value = config.Lookup(list);
      const Value::List* items = value ? value->AsList() : nullptr;
      if (items == nullptr) continue;
      for (const Value& item : *items) {
        if (item.AsString() != nullptr) Add(*item.AsString());
      }
    }
    regexes_.Compile();
  }

  bool Has(const std::string& module) const { return any_ && regexes_.Match(module, nullptr); }

 private:
  void Add(const std::string& name) {
    std::string regex;
    if (name.starts_with("re:")) {
      regex = "(?:" + name.substr(3) + ").*";
    } else {
      for (const char c : name) regex += c == '*' ? ".*" : RE2::QuoteMeta(std::string(1, c));
      regex = "(?:.*\\.)?" + regex + "(?:\\..*)?";
    }
    any_ = regexes_.Add(regex, nullptr) >= 0 || any_;  // what is no regex leaves nothing out
  }

  RE2::Set regexes_;
  bool any_ = false;
};

std::string ModuleOf(const std::string& key) {
  return key.ends_with(".weight") ? key.substr(0, key.size() - 7) : key;
}

// The parts of a weight; empty where the format cannot have this shape.
std::vector<FoundKey> PartsOf(const FoundKey& key, const QuantFormat& format,
                              const std::array<int64_t, 2>& block) {
  std::vector<int64_t> elements = *key.shape;
  if (elements.size() < 2) return {};
  if (format.transposed) std::swap(elements.back(), elements[elements.size() - 2]);
  const std::optional<std::string> codes = format.codes.KeyOf(key.name);
  const std::optional<std::string> scales = format.scales.KeyOf(key.name);
  const int64_t per = BitsOf(format.code_dtypes[0]) / format.code.Bits();
  if (!codes || !scales || elements.back() % (per * std::max<int64_t>(format.tail, 1)) != 0)
    return {};
  const std::vector<int64_t> grid = ScaleGrid(elements, block);
  std::vector<int64_t> shape = elements;
  shape.back() /= per;
  if (format.tail > 0) {
    shape.back() /= format.tail;
    shape.push_back(format.tail);
  }
  std::vector<FoundKey> parts{{*codes, shape, format.code_dtypes[0]},
                              {*scales, grid, format.scale_dtypes[0]}};
  if (format.shape) {
    if (const auto name = format.shape->KeyOf(key.name))
      parts.push_back(
          {*name, std::vector<int64_t>{static_cast<int64_t>(elements.size())}, Dtype::kI64});
  }
  return parts;
}

}  // namespace

std::vector<FoundKey> AsAnnounced(std::vector<FoundKey> keys,
                                  const std::vector<QuantFormatPtr>& formats,
                                  const Config& config) {
  const Config own = QuantizationConfig(config);
  const LeftOut left_out(own);
  for (const QuantFormatPtr& format : formats) {
    const std::optional<std::array<int64_t, 2>> block = BlockOf(*format, own);
    if (!block || !format->usual || !IsAnnounced(*format, own)) continue;
    const RE2 usual(*format->usual, RE2::Quiet);
    std::vector<FoundKey> stored;
    for (FoundKey& key : keys) {
      std::vector<FoundKey> parts;
      if (key.dtype && IsFloat(*key.dtype) && RE2::FullMatch(key.name, usual) &&
          !left_out.Has(ModuleOf(key.name)))
        parts = PartsOf(key, *format, *block);
      if (parts.empty()) {
        stored.push_back(std::move(key));
      } else {
        stored.insert(stored.end(), parts.begin(), parts.end());
      }
    }
    keys = std::move(stored);
  }
  return keys;
}

}  // namespace rr
