#include "run/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/text.h"
#include "run/adapter_factors.h"
#include "run/check_known.h"
#include "run/convert.h"
#include "run/dequantized_reader.h"
#include "run/diff_sources.h"
#include "run/kernel_product.h"
#include "run/kernel_value.h"
#include "run/source_reader.h"

namespace rr {
namespace {

// Elements as doubles.
std::vector<double> AsDoubles(Dtype dtype, std::span<const std::byte> bytes) {
  const size_t count = bytes.size() * 8 / static_cast<size_t>(BitsOf(dtype));
  std::vector<double> values(count);
  ConvertRow({dtype, Dtype::kF64, {}}, static_cast<int64_t>(count), bytes.data(), 1,
             reinterpret_cast<std::byte*>(values.data()), 1);
  return values;
}

// Takes what a conversion writes and compares it with the second checkpoint.
class Comparer : public TensorWriter {
 public:
  struct Tensor {
    std::string key;
    Dtype dtype = Dtype::kF32;
    uint32_t other = 0;  // index in the second's key table
    Dtype other_dtype = Dtype::kF32;
    bool skip = false;
    uint64_t elements = 0;
    double largest = 0;
  };

  Comparer(std::vector<Tensor> tensors, const TensorReader& second)
      : tensors_(std::move(tensors)), second_(second) {}

  void Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) override {
    Tensor& tensor = tensors_[index];
    if (tensor.skip) return;
    const auto own = static_cast<uint64_t>(BitsOf(tensor.dtype));
    const auto theirs = static_cast<uint64_t>(BitsOf(tensor.other_dtype));
    std::vector<std::byte> other(data.size() * theirs / own);
    second_.Read(tensor.other, offset * theirs / own, other);
    if (tensor.dtype == tensor.other_dtype &&
        std::memcmp(data.data(), other.data(), data.size()) == 0)
      return;
    uint64_t elements = 0;
    double largest = 0;
    if (IsFloat(tensor.dtype) && IsFloat(tensor.other_dtype)) {
      const std::vector<double> x = AsDoubles(tensor.dtype, data);
      const std::vector<double> y = AsDoubles(tensor.other_dtype, other);
      for (size_t i = 0; i < x.size(); ++i) {
        if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
        ++elements;
        largest = std::max(largest, std::fabs(x[i] - y[i]));
      }
    } else {
      const size_t element = std::max<size_t>(1, static_cast<size_t>(own) / 8);
      for (size_t i = 0; i + element <= data.size(); i += element)
        elements += std::memcmp(data.data() + i, other.data() + i, element) != 0;
    }
    const std::lock_guard lock(mutex_);
    tensor.elements += elements;
    tensor.largest = std::max(tensor.largest, largest);
  }

  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  std::vector<Tensor> tensors_;
  const TensorReader& second_;
  std::mutex mutex_;
};

class Comparison {
 public:
  Comparison(const Files& files, const DiffRequest& request, OpenedSource first,
             OpenedSource second, Diagnostics* diagnostics)
      : files_(files),
        request_(request),
        first_(std::move(first)),
        second_(std::move(second)),
        diagnostics_(diagnostics) {}

  std::optional<DiffReport> Run() {
    report_.family = second_.rules->file->family.text;
    report_.first = first_.detection.layout;
    report_.second = second_.detection.layout;
    report_.adapters = second_.rules->file->adapters;
    const bool good = report_.adapters ? Adapters() : Weights();
    return good ? std::optional(std::move(report_)) : std::nullopt;
  }

 private:
  bool Weights() {
    const OpenedSource& second = second_;
    std::optional<PreparedConversion> prepared =
        PrepareOpened(files_, std::move(first_), ConversionOf(request_, second), diagnostics_);
    if (!prepared) return false;
    std::vector<Comparer::Tensor> tensors;
    std::set<std::string> here;
    for (const GraphTensor& tensor : prepared->conversion.graph.destinations) {
      here.insert(tensor.key);
      tensors.push_back(PairOf(tensor));
    }
    const std::set<uint32_t> ignored(second.bound->ignored.begin(), second.bound->ignored.end());
    for (uint32_t i = 0; i < second.table.keys.size(); ++i) {
      const FoundKey& key = second.table.keys[i];
      if (here.count(key.name) == 0 && key.part_of < 0 && ignored.count(i) == 0)
        report_.differences.push_back({second.table.keys[i].name, "only the second has it", 0, 0});
    }
    const std::unique_ptr<TensorReader> reader = OpenTensors(files_, *prepared);
    const DequantizedReader theirs(
        std::make_unique<SourceReader>(ReadTensorsOf(files_, second.checkpoint), second.tensor_of,
                                       std::vector<double>()),
        second.table, DequantizedReader::Order::kNamed);
    Comparer comparer(std::move(tensors), theirs);
    RunOptions run;
    run.jobs = request_.jobs;
    Diagnostics found;
    Execute(prepared->plan, *reader, comparer, run, &found);
    for (const Diagnostic& d : found.all()) {
      Diagnostic& shown = diagnostics_->Add(d.code, {}, "") = d;
      if (d.code == Code::kCopiesDiffer)
        shown.help = fmt::format("the first of the two says both, and `{}` has one place for them",
                                 report_.second);
    }
    if (found.HasErrors()) return false;
    CompareKnown(prepared->conversion, *reader);
    report_.not_compared = std::move(prepared->conversion.left_out);
    for (const Comparer::Tensor& tensor : comparer.tensors()) {
      report_.compared += !tensor.skip;
      report_.largest = std::max(report_.largest, tensor.largest);
      if (tensor.elements > 0)
        report_.differences.push_back(
            {tensor.key, "values differ", tensor.elements, tensor.largest});
    }
    return true;
  }

  // What the second's layout does not store it says by a value, and the first may say another.
  void CompareKnown(const Conversion& conversion, const TensorReader& reader) {
    for (const KnownElements& known : conversion.known) {
      if (!known.op) continue;  // padding is no part of the model
      const GraphTensor& tensor = conversion.graph.sources[known.source];
      const uint64_t others = CountOthers(known, tensor.dtype, reader);
      if (others == 0) continue;
      report_.differences.push_back(
          {tensor.key,
           fmt::format("{} elements of {}, which is {} where `{}` does not store it",
                       WithCommas(others), known.what, known.value, report_.second),
           0, 0});
    }
  }

  // The tensor and the second's of this key; what can be told without their values is.
  Comparer::Tensor PairOf(const GraphTensor& tensor) {
    Comparer::Tensor pair;
    pair.key = tensor.key;
    pair.dtype = tensor.dtype;
    const auto found = second_.table.by_name.find(tensor.key);
    if (found == second_.table.by_name.end()) {
      pair.skip = true;
      report_.differences.push_back({tensor.key, "only the first has it", 0, 0});
      return pair;
    }
    const FoundKey& key = second_.table.keys[found->second];
    pair.other = found->second;
    pair.other_dtype = *key.dtype;
    if (*key.shape != tensor.shape) {
      pair.skip = true;
      report_.differences.push_back({tensor.key, "shapes differ", 0, 0});
    } else if (pair.dtype != pair.other_dtype) {
      pair.skip = !IsFloat(pair.dtype) || !IsFloat(pair.other_dtype);
      report_.differences.push_back(
          {tensor.key, fmt::format("{} and {}", NameOf(pair.dtype), NameOf(pair.other_dtype)), 0,
           0});
    }
    return pair;
  }

  bool Adapters() {
    const std::string layout = LayoutOfFactors(*second_.rules);
    const auto first = AdapterFactors::Open(files_, first_, layout, nullptr, diagnostics_);
    const auto second = AdapterFactors::Open(files_, second_, layout, nullptr, diagnostics_);
    if (first == nullptr || second == nullptr) return false;
    std::set<std::string> keys;
    for (const auto* factors : {first.get(), second.get()}) {
      for (const auto& [key, weight] : factors->weights()) keys.insert(key);
    }
    static const AdapterFactors::Weight kNothing;
    for (const std::string& key : keys) {
      const auto a = first->weights().find(key), b = second->weights().find(key);
      Weight(key, *first, a == first->weights().end() ? kNothing : a->second, *second,
             b == second->weights().end() ? kNothing : b->second);
    }
    return !diagnostics_->HasErrors();
  }

  void Weight(const std::string& key, const AdapterFactors& first, const AdapterFactors::Weight& a,
              const AdapterFactors& second, const AdapterFactors::Weight& b) {
    ++report_.compared;
    const std::vector<double> x = DeltaOf(first, a), y = DeltaOf(second, b);
    Compare(key, "changes differ", x, y);
    auto values = [](const AdapterFactors& factors, const std::optional<uint32_t>& tensor) {
      return tensor ? factors.LoadDouble(*tensor) : std::vector<double>{};
    };
    Compare(key, "magnitudes differ", values(first, a.magnitude), values(second, b.magnitude));
    std::vector<double> bias_x = values(first, a.bias), bias_y = values(second, b.bias);
    for (double& v : bias_x) v *= a.scale;
    for (double& v : bias_y) v *= b.scale;
    Compare(key, "biases of B differ", bias_x, bias_y);
    Compare(key, "saved weights differ", values(first, a.saved), values(second, b.saved));
  }

  // An adapter that has nothing for a weight does not change it.
  void Compare(const std::string& key, const std::string& what, const std::vector<double>& x,
               const std::vector<double>& y) {
    if (!x.empty() && !y.empty() && x.size() != y.size()) {
      report_.differences.push_back({key, what + ": sizes", 0, 0});
      return;
    }
    double scale = 0, largest = 0;
    uint64_t elements = 0;
    const size_t count = std::max(x.size(), y.size());
    for (size_t i = 0; i < count; ++i) {
      const double p = x.empty() ? 0 : x[i], q = y.empty() ? 0 : y[i];
      scale = std::max({scale, std::fabs(p), std::fabs(q)});
      largest = std::max(largest, std::fabs(p - q));
    }
    for (size_t i = 0; i < count; ++i) {
      const double p = x.empty() ? 0 : x[i], q = y.empty() ? 0 : y[i];
      elements += std::fabs(p - q) > request_.tolerance * scale;
    }
    report_.largest = std::max(report_.largest, largest);
    if (elements > 0) report_.differences.push_back({key, what, elements, largest});
  }

  // scale * B * A, in float64: products of float32 are exact there.
  static std::vector<double> DeltaOf(const AdapterFactors& factors,
                                     const AdapterFactors::Weight& weight) {
    if (!weight.a || !weight.b || weight.rank == 0) return {};
    const std::vector<double> a = factors.LoadDouble(*weight.a);
    const std::vector<double> b = factors.LoadDouble(*weight.b);
    const int64_t in = factors.ShapeOf(*weight.a).back();
    const std::vector<int64_t>& shape = factors.ShapeOf(*weight.b);
    const int64_t out = shape[shape.size() - 2];
    const int64_t batch = static_cast<int64_t>(a.size()) / (weight.rank * in);
    std::vector<double> delta(static_cast<size_t>(batch * out * in), 0);
    for (int64_t i = 0; i < batch; ++i) {
      AddProduct(out, in, weight.rank, weight.scale, b.data() + i * out * weight.rank,
                 a.data() + i * weight.rank * in, in, delta.data() + i * out * in);
    }
    return delta;
  }

  const Files& files_;
  const DiffRequest& request_;
  OpenedSource first_, second_;
  Diagnostics* diagnostics_;
  DiffReport report_;
};

}  // namespace

std::optional<DiffReport> Diff(const Files& files, RuleLibrary* library, const DiffRequest& request,
                               Diagnostics* diagnostics) {
  std::optional<DiffSources> sources = OpenBoth(files, library, request, diagnostics);
  if (!sources) return std::nullopt;
  return Comparison(files, request, std::move(sources->first), std::move(sources->second),
                    diagnostics)
      .Run();
}

Value DiffReport::ToJson() const {
  Value::List list, none;
  for (const std::string& name : not_compared) none.push_back(name);
  for (const TensorDifference& one : differences)
    list.push_back(Value(Value::Map{{"key", one.key},
                                    {"what", one.what},
                                    {"elements", static_cast<int64_t>(one.elements)},
                                    {"largest", one.largest}}));
  return Value(Value::Map{{"equal", equal()},
                          {"family", family},
                          {"first", first},
                          {"second", second},
                          {"kind", adapters ? "adapter" : "weights"},
                          {"compared", static_cast<int64_t>(compared)},
                          {"largest", largest},
                          {"differences", std::move(list)},
                          {"not_compared", std::move(none)}});
}

std::string DiffReport::ToText() const {
  std::string text =
      fmt::format("{}: {} and {}: {}\n", family, first, second, equal() ? "equal" : "they differ");
  text += fmt::format("  {} {} compared", WithCommas(compared),
                      adapters ? "weights' changes" : "tensors");
  if (largest > 0) text += fmt::format(", largest difference {:.6g}", largest);
  text += "\n";
  constexpr size_t kShown = 20;
  for (size_t i = 0; i < std::min(kShown, differences.size()); ++i) {
    const TensorDifference& one = differences[i];
    text += fmt::format("  {}: {}", one.key, one.what);
    if (one.elements > 0)
      text += fmt::format(" ({} elements, by up to {:.6g})", WithCommas(one.elements), one.largest);
    text += "\n";
  }
  if (differences.size() > kShown)
    text += fmt::format("  and {} more\n", differences.size() - kShown);
  if (!not_compared.empty())
    text += fmt::format("  not compared, `{}` does not hold it: {}\n", second,
                        JoinWords(not_compared, kShown));
  return text;
}

}  // namespace rr
