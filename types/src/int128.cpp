#include <tusk/types/int128.hpp>

#ifdef __SIZEOF_INT128__

namespace tusk::types {

char* write_wide(char* end, uint128 magnitude, bool negative) noexcept {
  do {
    *--end = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative) *--end = '-';
  return end;
}

bool parse_wide_digits(std::string_view digits, uint128& value) noexcept {
  constexpr std::size_t step = 16;
  std::size_t const first = digits.size() % step;  // digits in front of the groups of 16, each of which 64 bits hold
  std::uint64_t group = 0;
  if (digits.empty() || (first != 0 && !parse_digits(digits.data(), first, group))) return false;
  value = group;
  for (std::size_t at = first; at < digits.size(); at += step) {
    constexpr std::uint64_t shift = 10'000'000'000'000'000;
    if (!parse_digits(digits.data() + at, step, group)) return false;
    if (__builtin_mul_overflow(value, shift, &value) || __builtin_add_overflow(value, group, &value)) return false;
  }
  return true;
}

}  // namespace tusk::types

#endif
