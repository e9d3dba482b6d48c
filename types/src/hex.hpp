// Hexadecimal digits, for bytea and uuid: a pair of digits for a byte, and eight digits to four bytes.
//
// Writing looks up both digits of a byte. Reading converts eight digits at a time, side by side in one register: the
// lower half of each character, and 9 more for a letter. Whether all eight were digits is seen by converting them back:
// adding '0', and 39 more above nine.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tusk::types::hex {

/// Both digits of each byte, beside each other.
inline constexpr auto digit_pairs = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = digits[i >> 4];
    pairs[2 * i + 1] = digits[i & 15];
  }
  return pairs;
}();

inline char const* digits_of(std::byte b) noexcept { return &digit_pairs[2 * std::to_integer<std::size_t>(b)]; }

inline constexpr std::uint8_t not_a_digit = 0xff;

/// The value of each character as a digit.
inline constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(not_a_digit);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
    values[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}();

inline std::uint8_t digit_value(char c) noexcept { return digit_values[static_cast<unsigned char>(c)]; }

/// The wide conversion is for processors that have the first byte lowest; elsewhere loops by single bytes do all.
inline constexpr bool wide = std::endian::native == std::endian::little;
inline constexpr std::uint64_t ones = 0x0101'0101'0101'0101;

/// Eight nibbles, one a byte, to their digits.
inline std::uint64_t to_digits(std::uint64_t nibbles) noexcept {
  std::uint64_t const letters = (nibbles + 6 * ones) >> 4 & ones;
  return nibbles + '0' * ones + letters * ('a' - '0' - 10);
}

/// Eight digits to four bytes; sets bits in `bad` if they are not all digits.
inline std::uint32_t gather(std::uint64_t digits, std::uint64_t& bad) noexcept {
  std::uint64_t const letters = digits >> 6 & ones;
  std::uint64_t const nibbles = (digits & 0x0f * ones) + letters * 9;
  bad |= (nibbles & 0xf0 * ones) | (to_digits(nibbles) ^ (digits | letters << 5));  // << 5: capitals to small letters
  std::uint64_t x = (nibbles << 4 | nibbles >> 8) & 0x00ff'00ff'00ff'00ff;
  x = (x | x >> 8) & 0x0000'ffff'0000'ffff;
  return static_cast<std::uint32_t>(x | x >> 16);
}

}  // namespace tusk::types::hex
