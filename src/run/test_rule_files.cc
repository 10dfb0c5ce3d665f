#include "run/test_rule_files.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "bind/rule_file_kind.h"
#include "bind/rule_library.h"
#include "check/test_names.h"
#include "run/golden_tests.h"
#include "run/quant_tests.h"

namespace rr {
namespace {

RuleFileResult TestFile(const Files& files, const TestFilesRequest& request,
                        const std::string& path) {
  RuleFileResult result;
  result.path = path;
  RuleLibrary library(files, request.directories);
  if (KindOfRuleFile(files, path) == RuleFileKind::kFormats) {
    result.report.facts = RunQuantFile(files, path, &library, &result.diagnostics);
    return result;
  }
  const RulesPtr rules = library.LoadFile(path, &result.diagnostics);
  if (rules == nullptr || !rules->valid) return result;
  const bool of_adapters = request.round_trips && !request.quick;
  RulesPtr adapters;
  if (of_adapters || NamesAdapters(*rules)) {
    adapters = library.AdaptersOf(rules, RuleLibrary::Internal::kNo, &result.diagnostics);
    if (!adapters->valid) adapters = nullptr;
  }
  RunRuleTests(*rules, adapters.get(), &result.report, &result.diagnostics);
  RunGoldenTests(files, &library, *rules, &result.report, &result.diagnostics);
  if (!request.round_trips) return result;
  RunRoundTrips(*rules, request.seed, &result.report, &result.diagnostics);
  if (adapters != nullptr && of_adapters)
    RunAdapterRoundTrips(*adapters, request.seed, &result.report, &result.diagnostics);
  return result;
}

int Threads(const TestFilesRequest& request) {
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  const int jobs = request.jobs > 0 ? request.jobs : std::clamp(processors, 1, 16);
  return std::min(jobs, static_cast<int>(request.paths.size()));
}

// Results that wait for those before them.
class InOrder {
 public:
  InOrder(size_t count, const std::function<void(const RuleFileResult&)>& done)
      : results_(count), done_(done) {}

  void Put(size_t index, RuleFileResult result) {
    const std::lock_guard lock(mutex_);
    results_[index] = std::move(result);
    for (; next_ < results_.size() && results_[next_]; ++next_) {
      done_(*results_[next_]);
      results_[next_]->diagnostics = {};
    }
  }
  void Fail(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  void Rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::vector<std::optional<RuleFileResult>> results_;
  size_t next_ = 0;
  std::exception_ptr error_;
  const std::function<void(const RuleFileResult&)>& done_;
};

}  // namespace

void TestRuleFiles(const Files& files, const TestFilesRequest& request,
                   const std::function<void(const RuleFileResult&)>& done) {
  InOrder results(request.paths.size(), done);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    try {
      for (size_t i = next++; i < request.paths.size(); i = next++)
        results.Put(i, TestFile(files, request, request.paths[i]));
    } catch (...) {
      results.Fail(std::current_exception());
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < Threads(request); ++t) threads.emplace_back(work);
  }
  results.Rethrow();
}

}  // namespace rr
