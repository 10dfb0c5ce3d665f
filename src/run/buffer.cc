#include "run/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace rr {

Buffer::Buffer(size_t bytes) {
  constexpr size_t kPage = 4096, kHugePage = 2 << 20;
  const size_t alignment = bytes >= kHugePage ? kHugePage : kPage;
  const size_t size = std::max<size_t>(1, (bytes + kPage - 1) / kPage) * kPage;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, size) != 0) throw std::bad_alloc();
#if defined(__linux__)
  if (alignment == kHugePage) madvise(memory, size, MADV_HUGEPAGE);  // only a wish
#endif
  bytes_.reset(static_cast<std::byte*>(memory));
}

void Buffer::Free::operator()(std::byte* bytes) const { std::free(bytes); }

}  // namespace rr
