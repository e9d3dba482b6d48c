// How much of the heap is in use, by malloc and by new: as the sanitizer's allocator counts it, or glibc's, which
// counts small blocks that wait in a thread's cache as well. Zero where nobody counts.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TUSK_SANITIZER_COUNTS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TUSK_SANITIZER_COUNTS
#endif
#endif

#if defined(TUSK_SANITIZER_COUNTS)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // not every compiler has its header
#elif defined(__GLIBC__)
#include <malloc.h>
#endif

namespace tusk::test {

inline std::size_t heap_bytes() {
#if defined(TUSK_SANITIZER_COUNTS)
  return __sanitizer_get_current_allocated_bytes();
#elif defined(__GLIBC__)
  auto const now = mallinfo2();
  return now.uordblks + now.hblkhd;
#else
  return 0;
#endif
}

/// How much is in use now that was not when this was made.
class heap_watch {
 public:
  std::size_t growth() const {
    std::size_t const now = heap_bytes();
    return now > before_ ? now - before_ : 0;
  }

 private:
  std::size_t before_ = heap_bytes();
};

}  // namespace tusk::test
