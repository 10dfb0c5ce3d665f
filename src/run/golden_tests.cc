#include "run/golden_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/shape.h"
#include "base/text.h"
#include "io/checkpoint.h"
#include "io/memory_files.h"
#include "io/paths.h"
#include "io/tensor_io.h"
#include "run/convert.h"

namespace rr {
namespace {

constexpr uint64_t kMostBytes = 64 << 20;
constexpr const char* kIn = "/in";
constexpr const char* kOut = "/out";
constexpr const char* kMade = "/made";
constexpr const char* kConfig = "/config.json";

class GoldenTest {
 public:
  GoldenTest(const Files& files, RuleLibrary* library, const CheckedRules& rules,
             const TestRule::Golden& golden, RuleTestReport* report, Diagnostics* diagnostics)
      : files_(files),
        library_(library),
        rules_(rules),
        golden_(golden),
        report_(*report),
        diagnostics_(diagnostics) {}

  void Run() {
    if (!ReadFolder()) return;
    Compare(kIn, golden_.from.text, kOut, golden_.to.text);
    if (golden_.back) Compare(kOut, golden_.to.text, kIn, golden_.from.text);
  }

 private:
  bool ReadFolder() {
    const std::string folder =
        JoinPath(DirectoryOf(golden_.folder.source->name()), golden_.folder.text);
    for (const char* part : {kIn, kOut}) {
      if (files_.KindOf(folder + part) != FileKind::kDirectory)
        return Bad(fmt::format("there is no folder `{}` in {}", part + 1, folder));
      for (const std::string& name : files_.List(folder + part)) {
        if (!Read(folder + part + "/" + name, std::string(part) + "/" + name)) return false;
      }
    }
    return files_.KindOf(folder + kConfig) != FileKind::kFile || Read(folder + kConfig, kConfig);
  }

  bool Read(const std::string& from, const std::string& to) {
    if (files_.KindOf(from) != FileKind::kFile) return true;
    const std::optional<std::string> text = ReadSmallFile(files_, from, kMostBytes);
    if (!text) return Bad(fmt::format("{} has more than 64 MiB", from));
    memory_.Put(to, *text);
    return true;
  }

  bool Bad(std::string message) {
    diagnostics_->Add(Code::kBadTest, golden_.folder.place(), std::move(message));
    return false;
  }

  void Compare(const std::string& source, const std::string& from, const std::string& wanted,
               const std::string& to) {
    ++report_.facts;
    ConvertRequest request;
    request.source.path = source;
    request.source.family = rules_.file->family.text;
    request.source.from = from;
    if (memory_.KindOf(kConfig) == FileKind::kFile) request.source.config = kConfig;
    request.destination = kMade;
    request.to = to;
    request.force = true;
    request.jobs = 1;
    Diagnostics found;
    if (!Convert(memory_, library_, request, &found)) {
      const auto error =
          std::find_if(found.all().begin(), found.all().end(),
                       [](const Diagnostic& d) { return d.severity == Severity::kError; });
      Fail(from, to, error == found.all().end() ? "it is refused" : error->message);
      return;
    }
    const std::optional<Checkpoint> made = OpenCheckpoint(memory_, kMade, &found);
    const std::optional<Checkpoint> right = OpenCheckpoint(memory_, wanted, &found);
    if (!made || !right) {
      Fail(from, to, found.all().empty() ? "it cannot be read" : found.all().back().message);
      return;
    }
    if (const std::string difference = DifferenceOf(*made, *right); !difference.empty())
      Fail(from, to, difference);
  }

  // The first thing that differs; empty for none.
  std::string DifferenceOf(const Checkpoint& made, const Checkpoint& right) const {
    for (const StoredTensor& tensor : made.tensors) {
      if (right.Find(tensor.name) == nullptr)
        return fmt::format("{} is written, and the golden output has no such tensor", tensor.name);
    }
    const auto made_bytes = ReadTensorsOf(memory_, made);
    const auto right_bytes = ReadTensorsOf(memory_, right);
    for (uint32_t i = 0; i < right.tensors.size(); ++i) {
      const StoredTensor& tensor = right.tensors[i];
      const StoredTensor* own = made.Find(tensor.name);
      if (own == nullptr) return fmt::format("{} is not written", tensor.name);
      const auto text = [](const StoredTensor& t) {
        return fmt::format("{} [{}]", NameOf(t.dtype), fmt::join(t.shape, ", "));
      };
      if (text(*own) != text(tensor))
        return fmt::format("{} is {}, the golden output has {}", tensor.name, text(*own),
                           text(tensor));
      std::vector<std::byte> a(own->size), b(tensor.size);
      made_bytes->Read(static_cast<uint32_t>(own - made.tensors.data()), 0, a);
      right_bytes->Read(i, 0, b);
      const auto at = std::mismatch(a.begin(), a.end(), b.begin()).first;
      if (at == a.end()) continue;
      const int64_t element = (at - a.begin()) * 8 / BitsOf(tensor.dtype);
      return fmt::format("{} differs from the golden output, first at [{}]", tensor.name,
                         fmt::join(PositionOf(element, tensor.shape), ", "));
    }
    return "";
  }

  void Fail(const std::string& from, const std::string& to, const std::string& why) {
    diagnostics_->Add(Code::kTestFailed, golden_.folder.place(),
                      fmt::format("golden {}, {} to {}: {}", golden_.folder.text, from, to, why));
  }

  const Files& files_;
  RuleLibrary* library_;
  const CheckedRules& rules_;
  const TestRule::Golden& golden_;
  RuleTestReport& report_;
  Diagnostics* diagnostics_;
  MemoryFiles memory_;
};

}  // namespace

void RunGoldenTests(const Files& files, RuleLibrary* library, const CheckedRules& rules,
                    RuleTestReport* report, Diagnostics* diagnostics) {
  for (const TestRule& test : rules.file->tests) {
    if (!test.golden) continue;
    // The rules of this file, which may lie in none of the folders of rules.
    std::vector<std::string> directories = library->directories();
    directories.insert(directories.begin(), DirectoryOf(test.golden->folder.source->name()));
    RuleLibrary own(files, std::move(directories));
    GoldenTest(files, &own, rules, *test.golden, report, diagnostics).Run();
  }
}

}  // namespace rr
