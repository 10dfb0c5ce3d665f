// Threads take steps from a counter, in the order of the plan. Steps write different bytes, so that
// the order in which they end is nobody's business. Two things stop the run: an exception, at once,
// and a mismatch, after all steps before it are done, because one of them may hold the mismatch to
// report.
#include "run/executor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "run/buffer.h"
#include "run/product_reader.h"
#include "run/run_step.h"

namespace rr {
namespace {

using Clock = std::chrono::steady_clock;

class Run {
 public:
  Run(const Plan& plan, const TensorReader& reader, TensorWriter& writer, Progress* progress)
      : plan_(plan), reader_(reader), writer_(writer), progress_(progress) {}

  // What every thread does. Never throws.
  void Work(Buffer& read_buffer, Buffer& write_buffer) noexcept {
    try {
      while (!failed_.load(std::memory_order_relaxed)) {
        const size_t index = next_.fetch_add(1, std::memory_order_relaxed);
        if (index >= plan_.steps.size() || index > mismatch_step_.load(std::memory_order_relaxed))
          return;
        const Step& step = plan_.steps[index];
        auto mismatch =
            RunStep(plan_, step, reader_, writer_, read_buffer.data(), write_buffer.data());
        if (mismatch) {
          Keep(index, std::move(*mismatch));
        } else {
          Advance(static_cast<uint64_t>(step.region.Count()) *
                  plan_.destinations[step.destination].unit);
        }
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!exception_) exception_ = std::current_exception();
      failed_ = true;
    }
  }

  void Finish(Diagnostics* diagnostics) {
    if (exception_) std::rethrow_exception(exception_);
    if (mismatch_) {
      const PlanTensor& destination = plan_.destinations[mismatch_->destination];
      ReportCopiesDiffer(mismatch_->kept, mismatch_->other, destination.key, mismatch_->element,
                         destination.unit, diagnostics);
    } else if (progress_ != nullptr) {
      progress_->Update(plan_.bytes_written, plan_.bytes_written);
    }
  }

 private:
  void Keep(size_t step, Mismatch mismatch) {
    const std::lock_guard lock(mutex_);
    if (step >= mismatch_step_) return;
    mismatch_step_ = step;
    mismatch_ = std::move(mismatch);
  }

  void Advance(uint64_t bytes) {
    const uint64_t done = done_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (progress_ == nullptr) return;
    // A thread that finds another one reporting has nothing to add.
    const std::unique_lock lock(progress_mutex_, std::try_to_lock);
    if (!lock) return;
    const Clock::time_point now = Clock::now();
    if (now - last_update_ < std::chrono::milliseconds(50) || done < reported_) return;
    last_update_ = now;
    reported_ = done;
    progress_->Update(done, plan_.bytes_written);
  }

  const Plan& plan_;
  const TensorReader& reader_;
  TensorWriter& writer_;
  Progress* const progress_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::atomic<size_t> mismatch_step_ = std::numeric_limits<size_t>::max();
  std::atomic<uint64_t> done_ = 0;
  std::mutex mutex_;
  std::exception_ptr exception_;      // guarded by mutex_
  std::optional<Mismatch> mismatch_;  // guarded by mutex_
  std::mutex progress_mutex_;
  Clock::time_point last_update_;  // guarded by progress_mutex_
  uint64_t reported_ = 0;          // guarded by progress_mutex_
};

size_t JobsFor(int wanted, size_t steps) {
  constexpr unsigned kMost = 16;
  size_t jobs = wanted > 0 ? static_cast<size_t>(wanted)
                           : std::clamp(std::thread::hardware_concurrency(), 1u, kMost);
  return std::clamp<size_t>(jobs, 1, std::max<size_t>(1, steps));
}

}  // namespace

RunStats Execute(const Plan& plan, const TensorReader& stored, TensorWriter& writer,
                 const RunOptions& options, Diagnostics* diagnostics) {
  const Clock::time_point start = Clock::now();
  std::optional<ProductReader> products;
  if (!plan.products.empty()) products.emplace(plan, stored);
  const TensorReader& reader = products ? static_cast<const TensorReader&>(*products) : stored;
  const size_t jobs = JobsFor(options.jobs, plan.steps.size());
  std::vector<Buffer> buffers;
  buffers.reserve(2 * jobs);
  for (size_t job = 0; job < jobs; ++job) {
    buffers.emplace_back(plan.largest_read);
    buffers.emplace_back(plan.largest_write);
  }
  Run run(plan, reader, writer, options.progress);
  {
    std::vector<std::jthread> threads;
    for (size_t job = 1; job < jobs; ++job) {
      try {
        threads.emplace_back(
            [&run, &buffers, job] { run.Work(buffers[2 * job], buffers[2 * job + 1]); });
      } catch (const std::system_error&) {
        break;  // fewer threads do the same
      }
    }
    run.Work(buffers[0], buffers[1]);
  }
  run.Finish(diagnostics);
  RunStats stats;
  stats.bytes_read = plan.bytes_read;
  stats.bytes_written = plan.bytes_written;
  stats.buffer_bytes = jobs * (plan.largest_read + plan.largest_write);
  stats.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return stats;
}

}  // namespace rr
