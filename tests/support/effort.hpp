// How much a test of many random cases does: all of it, or a tenth where sanitizers watch, which look at each way
// through the code and take many times as long.
#pragma once

#include <cstddef>

namespace tusk::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t effort_divisor = 10;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr std::size_t effort_divisor = 10;
#else
inline constexpr std::size_t effort_divisor = 1;
#endif
#else
inline constexpr std::size_t effort_divisor = 1;
#endif

constexpr std::size_t effort(std::size_t full) noexcept { return full / effort_divisor; }

}  // namespace tusk::test
