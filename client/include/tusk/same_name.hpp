// Whether a column is called so: asked for each field that is read by its name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tusk::detail {

/// Whether two names are one. They are short mostly, shorter than the way to memcmp and back.
inline bool same_name(std::string_view a, std::string_view b) noexcept {
  auto const differ = [&]<class Word>(Word, std::size_t at) {
    Word in_a{}, in_b{};
    std::memcpy(&in_a, a.data() + at, sizeof(Word));
    std::memcpy(&in_b, b.data() + at, sizeof(Word));
    return in_a != in_b;
  };
  std::size_t const size = a.size();
  if (size != b.size()) return false;
  if (size > 16) return a == b;
  if (size >= 8) return !differ(std::uint64_t{}, 0) && !differ(std::uint64_t{}, size - 8);
  if (size >= 4) return !differ(std::uint32_t{}, 0) && !differ(std::uint32_t{}, size - 4);
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

}  // namespace tusk::detail
