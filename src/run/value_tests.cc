// `values` of a test: one element with that value goes through a conversion.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/shape.h"
#include "bind/bind_source.h"
#include "check/test_names.h"
#include "plan/conversion.h"
#include "run/float_bits.h"
#include "run/graph_tensors.h"
#include "run/locate.h"
#include "run/reference.h"
#include "run/rule_test_model.h"
#include "run/rule_tests.h"
#include "run/synth.h"

namespace rr {
namespace {

using Bytes = std::vector<std::byte>;

template <class Bits>
void PutBits(Bytes* bytes, int64_t index, Bits bits) {
  std::memcpy(bytes->data() + static_cast<size_t>(index) * sizeof bits, &bits, sizeof bits);
}
template <class Bits>
Bits GetBits(const Bytes& bytes, int64_t index) {
  Bits bits;
  std::memcpy(&bits, bytes.data() + static_cast<size_t>(index) * sizeof bits, sizeof bits);
  return bits;
}

// Of the floating-point dtypes; NaN and nothing for others, which no value word is for.
void PutNumber(Bytes* bytes, Dtype dtype, int64_t index, double value) {
  if (dtype == Dtype::kF64) PutBits(bytes, index, value);
  if (dtype == Dtype::kF32) PutBits(bytes, index, static_cast<float>(value));
  if (dtype == Dtype::kF16) PutBits(bytes, index, F16FromDouble(value));
  if (dtype == Dtype::kBF16) PutBits(bytes, index, Bf16FromDouble(value));
}
double GetNumber(const Bytes& bytes, Dtype dtype, int64_t index) {
  if (dtype == Dtype::kF64) return GetBits<double>(bytes, index);
  if (dtype == Dtype::kF32) return GetBits<float>(bytes, index);
  if (dtype == Dtype::kF16) return FloatFromF16(GetBits<uint16_t>(bytes, index));
  if (dtype == Dtype::kBF16) return FloatFromBf16(GetBits<uint16_t>(bytes, index));
  return std::nan("");
}

// What `value` is when it is stored: whoever writes a test need not round.
double Rounded(Dtype dtype, double value) {
  Bytes bytes(sizeof value);
  PutNumber(&bytes, dtype, 0, value);
  return GetNumber(bytes, dtype, 0);
}

int64_t FlatIndex(const std::vector<int64_t>& position, const std::vector<int64_t>& shape) {
  int64_t index = 0;
  for (size_t d = 0; d < shape.size(); ++d) index = index * shape[d] + position[d];
  return index;
}

class Values {
 public:
  Values(const RuleTests& tests, const TestRule& test, ResolvedElement element)
      : rules_(tests.weights),
        tests_(tests),
        test_(test),
        element_(std::move(element)),
        model_(ModelOfTest(rules_, test)) {
    for (const auto& [name, size] : test.sizes) sizes_[name.text] = size;
  }

  void Run() {
    const TestRule::StoredValue& first = test_.values[0];
    for (size_t i = 1; i < test_.values.size(); ++i) {
      const TestRule::StoredValue& other = test_.values[i];
      if (!std::isnan(other.value)) Convert(first, other);
      if (!std::isnan(first.value)) Convert(other, first);
    }
  }

 private:
  void Convert(const TestRule::StoredValue& from, const TestRule::StoredValue& to) {
    const CheckedLayout* source = rules_.FindLayout(from.layout.text);
    const CheckedLayout* destination = rules_.FindLayout(to.layout.text);
    if (source == nullptr || destination == nullptr) return;
    const auto block =
        static_cast<size_t>(rules_.tensors[static_cast<size_t>(element_.tensor)].block);
    const size_t errors = tests_.diagnostics->ErrorCount();
    const std::optional<KeyTable> table = SyntheticKeys(
        model_, *source, Dtype::kF32, [&](size_t b) { return b == block; }, tests_.diagnostics);
    if (!table) return;
    std::vector<Bytes> tensors;
    for (const FoundKey& key : table->keys) tensors.emplace_back(ByteCount(*key.shape, *key.dtype));
    const Located start = Find(*source);
    if (tests_.diagnostics->ErrorCount() > errors) return;
    if (std::isnan(from.value) != start.key.empty()) {
      Fail(from, start.key.empty() ? "nowhere" : PlaceText(start.key, start.position));
      return;
    }
    if (!start.key.empty()) {
      const uint32_t at = table->by_name.at(start.key);
      const FoundKey& key = table->keys[at];
      PutNumber(&tensors[at], *key.dtype, FlatIndex(start.position, *key.shape), from.value);
    }
    const std::optional<BoundSource> bound =
        BindSource(rules_, *source, model_.config(), sizes_, *table, {}, tests_.diagnostics);
    if (!bound || tests_.diagnostics->ErrorCount() > errors) return;
    ConversionOptions options;
    options.allow_lossy = options.allow_partial = true;
    const std::optional<Conversion> conversion =
        BuildConversion(*bound, *table, *destination, options, tests_.diagnostics);
    if (!conversion) return;
    const MemoryTensors reader(WithConstants(std::move(tensors), conversion->constants));
    MemoryTensors made(EmptyTensors(conversion->graph));
    ExecuteReference(conversion->graph, reader, made, tests_.diagnostics);
    const Located end = Find(*destination);
    if (tests_.diagnostics->ErrorCount() > errors) return;
    ++tests_.report->facts;
    Compare(from, to, *conversion, made, end);
  }

  void Compare(const TestRule::StoredValue& from, const TestRule::StoredValue& to,
               const Conversion& conversion, const MemoryTensors& made, const Located& end) {
    for (size_t i = 0; i < conversion.graph.destinations.size(); ++i) {
      const GraphTensor& tensor = conversion.graph.destinations[i];
      if (tensor.key != end.key) continue;
      const double found =
          GetNumber(made.tensors()[i], tensor.dtype, FlatIndex(end.position, tensor.shape));
      const double said = Rounded(tensor.dtype, to.value);
      if (std::fabs(found - said) <= 1e-6 * std::max(1.0, std::fabs(said))) return;
      Diagnostic& failure = Fail(to, fmt::format("{:.9g}", found));
      failure.notes.push_back(
          {{}, fmt::format("made from {} in `{}`", Shown(from.value), from.layout.text)});
      if (end.entry >= 0)
        failure.notes.push_back(
            {conversion.destination.layout->entries[static_cast<size_t>(end.entry)].rule->place,
             fmt::format("it is at {}", PlaceText(end.key, end.position))});
      return;
    }
    Fail(to, "nowhere");
  }

  Located Find(const CheckedLayout& layout) {
    return Locate(model_, layout, element_.tensor, element_.indices, tests_.diagnostics);
  }

  static std::string Shown(double value) {
    return std::isnan(value) ? "nothing" : fmt::format("{:.9g}", value);
  }

  Diagnostic& Fail(const TestRule::StoredValue& said, const std::string& found) {
    return tests_.diagnostics->Add(
        Code::kTestFailed, said.place,
        fmt::format("{} is {} in `{}`, the test says {}", test_.element->text, found,
                    said.layout.text, std::isnan(said.value) ? "nowhere" : Shown(said.value)));
  }

  const CheckedRules& rules_;
  const RuleTests& tests_;
  const TestRule& test_;
  const ResolvedElement element_;
  const Model model_;
  std::map<std::string, int64_t> sizes_;
};

}  // namespace

void RunValueTests(const RuleTests& tests) {
  for (const TestRule& test : tests.weights.file->tests) {
    if (test.values.size() < 2) {
      if (!test.values.empty())
        tests.diagnostics->Add(Code::kBadTest, test.values[0].place,
                               "a value is made from the value in another layout: give both");
      continue;
    }
    std::optional<ResolvedElement> element = ElementOf(tests.weights, test);
    if (element) Values(tests, test, std::move(*element)).Run();
  }
}

}  // namespace rr
