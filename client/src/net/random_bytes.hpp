// Bytes from the system's secure random source.
#pragma once

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <tusk/types/error.hpp>

namespace tusk::client {

/// Throws operational_error if the system gives none.
template <std::size_t Count>
std::array<std::byte, Count> random_bytes() {
  std::array<std::byte, Count> bytes{};
  for (std::size_t got = 0; got < Count;) {
    auto const count = ::getrandom(bytes.data() + got, Count - got, 0);
    if (count > 0)
      got += static_cast<std::size_t>(count);
    else if (errno != EINTR)
      throw operational_error("the system gives no random bytes: " + std::generic_category().message(errno));
  }
  return bytes;
}

/// The same as a number: of jitter, and other choices that need not be secret.
inline std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  for (std::byte const each : random_bytes<8>()) seed = seed << 8 | std::to_integer<std::uint64_t>(each);
  return seed;
}

}  // namespace tusk::client
