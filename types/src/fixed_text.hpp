// Texts whose characters stand at known places: eight of them are compared with a pattern and converted in one
// register, and whether all was as it should be is asked once, at the end.
//
// Only for processors that have the first byte lowest; elsewhere `can_match` is false, and the field_reader reads all.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <tusk/types/number.hpp>

namespace tusk::types {

inline constexpr bool can_match = std::endian::native == std::endian::little;

/// Eight characters: `0` stands for any digit, every other one for itself.
struct text_pattern {
  std::uint64_t characters = 0;
  std::uint64_t too_large = 0;  // added to a byte's difference from the pattern, gives its top bit if that is too large

  consteval text_pattern(char const (&pattern)[9]) {
    for (int i = 8; i-- != 0;) {
      characters = characters << 8 | static_cast<unsigned char>(pattern[i]);
      too_large = too_large << 8 | (pattern[i] == '0' ? 0x80 - 10 : 0x80 - 1);
    }
  }
};

/// The digits of a text of eight characters, in pairs: byte i is the number that the characters i and i + 1 are, where
/// they are both digits. Tells of a text that is not as the pattern in the top bits of `bad`'s bytes.
inline std::uint64_t match(char const* text, text_pattern pattern, std::uint64_t& bad) noexcept {
  std::uint64_t digits = 0;
  std::memcpy(&digits, text, 8);
  digits ^= pattern.characters;
  bad |= (digits + pattern.too_large) | digits;
  return digits * 10 + (digits >> 8);
}

constexpr bool is_good(std::uint64_t bad) noexcept { return (bad & 0x8080'8080'8080'8080) == 0; }

/// The number that begins at the character `at` of a matched text.
constexpr std::uint32_t pair(std::uint64_t matched, int at) noexcept {
  return static_cast<std::uint32_t>(matched >> (8 * at) & 0xff);
}

inline constexpr std::size_t time_size = 8;  // HH:MM:SS

/// `HH:MM:SS` with up to six digits of fraction, less than 24 hours, as microseconds. At least eight characters.
inline bool match_time(char const* text, std::size_t size, std::uint64_t& microseconds) noexcept {
  std::uint64_t bad = 0;
  std::uint64_t const clock = match(text, "00:00:00", bad);
  std::uint32_t const hour = pair(clock, 0);
  std::uint32_t const minute = pair(clock, 3);
  std::uint32_t const second = pair(clock, 6);
  if (!is_good(bad) || hour >= 24 || minute >= 60 || second >= 60) return false;
  microseconds = (hour * 3600 + minute * 60 + second) * std::uint64_t{1'000'000};
  if (size == time_size) return true;
  std::size_t const digits = size - time_size - 1;
  std::uint64_t fraction = 0;
  if (text[time_size] != '.' || digits - 1 >= 6 || !parse_few_digits(text + time_size + 1, digits, fraction))
    return false;
  constexpr std::uint32_t scale[] = {100'000, 10'000, 1000, 100, 10, 1};
  microseconds += fraction * scale[digits - 1];
  return true;
}

}  // namespace tusk::types
