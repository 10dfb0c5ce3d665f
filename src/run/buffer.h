// A buffer of raw bytes, aligned for vectors and for direct I/O; large ones on huge pages, because
// the first touch of small pages costs more than the copy into them.
#ifndef RULE_RUNNER_RUN_BUFFER_H_
#define RULE_RUNNER_RUN_BUFFER_H_

#include <cstddef>
#include <memory>

namespace rr {

class Buffer {
 public:
  explicit Buffer(size_t bytes);
  std::byte* data() { return bytes_.get(); }

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte[], Free> bytes_;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_BUFFER_H_
