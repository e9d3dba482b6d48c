// How much a test of many random cases does: all of it, or a tenth where sanitizers watch, which look at each way
// through the code and take many times as long. Races are run 300 times, or as often as TUSK_RACES says: 10,000 times
// after a change of what they are about. Each cancel request in them is a fork of the server.
#pragma once

#include <cstddef>
#include <cstdlib>

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

/// How often a race is run.
inline int races() noexcept {
  char const* const asked = std::getenv("TUSK_RACES");
  return asked == nullptr ? static_cast<int>(effort(300)) : std::atoi(asked);
}

}  // namespace tusk::test
