#include "run/quant_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "base/shape.h"
#include "bind/announced.h"
#include "bind/quantized.h"
#include "io/json.h"
#include "io/tensor_io.h"
#include "run/dequantized_reader.h"
#include "syntax/regex.h"

namespace rr {
namespace {

std::string KeyText(const FoundKey& key) {
  return fmt::format("{} {}[{}]", key.name, key.dtype ? NameOf(*key.dtype) : "",
                     fmt::join(key.shape.value_or(std::vector<int64_t>{}), ", "));
}

// One test and what it is asked of.
class QuantTestRun {
 public:
  QuantTestRun(const QuantTest& test, const std::vector<QuantFormatPtr>& formats,
               Diagnostics* diagnostics)
      : test_(test), formats_(formats), diagnostics_(diagnostics) {}

  size_t Run() {
    const auto named = std::find_if(
        formats_.begin(), formats_.end(),
        [&](const QuantFormatPtr& format) { return format->name.text == test_.format.text; });
    if (named == formats_.end()) {
      diagnostics_->Add(Code::kBadTest, test_.format.place,
                        fmt::format("there is no format `{}`", test_.format.text));
      return 0;
    }
    format_ = *named;
    if (!ReadConfig()) return 0;
    CheckAnnounced();
    CheckUsual();
    if (!test_.stored.empty()) {
      CheckWritten();
      CheckRead();
      CheckValues();
    }
    return checked_;
  }

 private:
  bool ReadConfig() {
    Value::Map own;
    for (const auto& [name, text] : test_.config) {
      const std::optional<Value> value = ParseJson(name.text, text.text, diagnostics_);
      if (!value) return false;
      own.emplace_back(name.text, *value);
    }
    Value::Map whole;
    whole.emplace_back("quantization_config", Value(std::move(own)));
    config_ = Config(Value(std::move(whole)));
    return true;
  }

  void Fail(const Place& place, std::string message) {
    diagnostics_->Add(Code::kTestFailed, place, std::move(message));
  }

  void CheckAnnounced() {
    if (!test_.announces) return;
    ++checked_;
    std::set<std::string> found, expected;
    const Config own = QuantizationConfig(config_);
    for (const QuantFormatPtr& format : formats_) {
      if (IsAnnounced(*format, own)) found.insert(format->name.text);
    }
    for (const SpannedText& name : *test_.announces) expected.insert(name.text);
    if (found != expected)
      Fail(test_.place, fmt::format("the config announces [{}], the test says [{}]",
                                    fmt::join(found, ", "), fmt::join(expected, ", ")));
  }

  void CheckUsual() {
    for (const auto& [keys, expected] :
         {std::pair{&test_.usual, true}, std::pair{&test_.unusual, false}}) {
      for (const SpannedText& key : *keys) {
        ++checked_;
        const bool usual = format_->usual && CompiledRegex(*format_->usual).Matches(key.text);
        if (usual != expected)
          Fail(key.place(), fmt::format("`{}` is {}usually quantised as `{}`", key.text,
                                        usual ? "" : "not ", format_->name.text));
      }
    }
  }

  // What a checkpoint that is announced has for the weight, whether or not its key is usual.
  void CheckWritten() {
    ++checked_;
    QuantFormat format = *format_;
    format.usual = ".*";
    Diagnostics none;
    format.marks = {*Formula::Parse(SpannedText::FromString("true"), &none)};
    std::vector<std::string> found, expected;
    for (const FoundKey& key :
         AsAnnounced({{test_.weight, test_.shape, Dtype::kBF16}},
                     {std::make_shared<const QuantFormat>(std::move(format))}, config_))
      found.push_back(KeyText(key));
    for (const FoundKey& key : Stored(0, 0)) expected.push_back(KeyText(key));
    expected.resize(test_.stored.size());
    if (found != expected)
      Fail(test_.place, fmt::format("`{}` is stored as [{}], the test says [{}]", test_.weight,
                                    fmt::join(found, ", "), fmt::join(expected, ", ")));
  }

  // The keys of the test, with one of the dtypes of one of them.
  std::vector<FoundKey> Stored(size_t which, size_t dtype) const {
    std::vector<FoundKey> keys;
    for (size_t i = 0; i < test_.stored.size(); ++i) {
      const QuantStored& stored = test_.stored[i];
      keys.push_back({stored.key, stored.shape, stored.dtypes[i == which ? dtype : 0]});
    }
    for (const std::string& other : test_.others)
      keys.push_back({other, std::vector<int64_t>{1}, Dtype::kF32});
    return keys;
  }

  KeyTable Table(std::vector<FoundKey> keys) {
    Diagnostics odd;
    return MakeQuantizedKeyTable(std::move(keys), formats_, config_, QuantizedAs::kExact, &odd);
  }

  void CheckRead() {
    for (size_t i = 0; i < test_.stored.size(); ++i) {
      for (size_t d = 0; d < test_.stored[i].dtypes.size(); ++d) {
        ++checked_;
        const KeyTable table = Table(Stored(i, d));
        const std::string as =
            fmt::format("with {} as {}", test_.stored[i].key, NameOf(test_.stored[i].dtypes[d]));
        if (table.quantized.size() != 1) {
          Fail(test_.stored[i].place, fmt::format("{} no format reads `{}`", as, test_.weight));
          return;
        }
        const QuantizedWeight& weight = table.quantized[0];
        const FoundKey& key = table.keys[weight.codes];
        if (weight.format != format_ || key.name != test_.weight || key.shape != test_.shape) {
          Fail(test_.stored[i].place,
               fmt::format("{} `{}` reads {} of [{}]", as, weight.format->name.text, key.name,
                           fmt::join(*key.shape, ", ")));
          return;
        }
        for (size_t k = 0; k < table.keys.size(); ++k) {
          if (k == weight.codes || table.keys[k].part_of >= 0) continue;
          Fail(test_.place,
               fmt::format("`{}` does not belong to `{}`", table.keys[k].name, test_.weight));
          return;
        }
      }
    }
  }

  void CheckValues() {
    if (test_.values.empty()) return;
    const KeyTable table = Table(Stored(0, 0));
    if (table.quantized.size() != 1) return;
    ++checked_;
    std::vector<std::vector<std::byte>> tensors;
    for (uint32_t k = 0; k < table.keys.size(); ++k) {
      const bool named = k < test_.stored.size();
      const size_t bytes = named ? ByteCount(test_.stored[k].shape, test_.stored[k].dtypes[0]) : 4;
      tensors.emplace_back(bytes);
      const auto& pattern = k == table.quantized[0].scales ? test_.scale_bytes : test_.code_bytes;
      const bool repeats = k == table.quantized[0].scales;
      for (size_t i = 0; i < bytes && !pattern.empty(); ++i) {
        if (repeats || i < pattern.size())
          tensors.back()[i] = static_cast<std::byte>(pattern[i % pattern.size()]);
      }
    }
    const DequantizedReader reader(std::make_unique<MemoryTensors>(std::move(tensors)), table,
                                   DequantizedReader::Order::kStored);
    std::vector<float> found(test_.values.size());
    reader.Read(table.quantized[0].codes, 0, std::as_writable_bytes(std::span(found)));
    const std::vector<float> expected(test_.values.begin(), test_.values.end());
    if (found != expected)
      Fail(test_.place, fmt::format("the values are [{}], the test says [{}]",
                                    fmt::join(found, ", "), fmt::join(expected, ", ")));
  }

  const QuantTest& test_;
  const std::vector<QuantFormatPtr>& formats_;
  Diagnostics* diagnostics_;
  QuantFormatPtr format_;
  Config config_;
  size_t checked_ = 0;
};

}  // namespace

size_t RunQuantFile(const Files& files, const std::string& path, RuleLibrary* library,
                    Diagnostics* diagnostics) {
  std::optional<std::string> text = ReadSmallFile(files, path);
  if (!text) {
    diagnostics->Add(Code::kBadYaml, Place::File(path), "this is no file of at most 64 MB");
    return 0;
  }
  const auto source = KeepSource(path, std::move(*text));
  const std::optional<YamlNode> tree = ParseYaml(source, diagnostics);
  if (!tree) return 0;
  // The file's own formats first, then what lies elsewhere and has other names.
  std::vector<QuantFormatPtr> formats;
  std::set<std::string> own;
  for (QuantFormat& format : ParseQuantFormats(*tree, diagnostics)) {
    own.insert(format.name.text);
    formats.push_back(std::make_shared<const QuantFormat>(std::move(format)));
  }
  const std::vector<QuantTest> tests = ParseQuantTests(*tree, diagnostics);
  if (diagnostics->HasErrors()) return 0;
  Diagnostics of_others;
  for (const QuantFormatPtr& format : library->QuantFormats(&of_others)) {
    if (own.count(format->name.text) == 0) formats.push_back(format);
  }
  return RunQuantTests(tests, formats, diagnostics);
}

size_t RunQuantTests(const std::vector<QuantTest>& tests,
                     const std::vector<QuantFormatPtr>& formats, Diagnostics* diagnostics) {
  size_t checked = 0;
  for (const QuantTest& test : tests) checked += QuantTestRun(test, formats, diagnostics).Run();
  return checked;
}

}  // namespace rr
