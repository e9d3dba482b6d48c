// What fuzz targets share: their input, raw or readable, and a check that ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "support/bytes.hpp"

#define FUZZ_CHECK(condition)                                                      \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

namespace tusk::test {

/// The bytes of an input as they are, in a block of exactly their size: libFuzzer and replay.cpp see to that.
inline std::string_view fuzz_text(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}

/// The bytes of an input. One that begins with a quote is of the readable form of support/bytes.hpp, so that seeds can
/// be read; it means nothing if it is malformed.
inline std::string fuzz_input(std::uint8_t const* data, std::size_t size) {
  std::string const raw(data, data + size);
  if (!raw.starts_with('\'')) return raw;
  return parse_bytes(raw).value_or("");
}

}  // namespace tusk::test
