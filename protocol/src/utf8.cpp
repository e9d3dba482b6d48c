// UTF-8 validation: runs of ASCII are skipped eight bytes at a time, anything else is checked character by character
// against the Unicode Standard's table of well-formed sequences.
#include <tusk/protocol/utf8.hpp>

#include <bit>
#include <cstdint>
#include <cstring>

namespace tusk::protocol {
namespace {

using byte = unsigned char;

constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080;

std::uint64_t load(char const* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The first byte at or after `at` that is not ASCII, or `end`.
char const* skip_ascii(char const* at, char const* end) noexcept {
  bool const has_word = end - at >= 8;
  for (; end - at >= 16; at += 16) {
    if ((load(at) | load(at + 8)) & high_bits) break;
  }
  for (; end - at >= 8; at += 8) {
    std::uint64_t const found = load(at) & high_bits;
    if (found == 0) continue;
    if constexpr (std::endian::native == std::endian::little) return at + std::countr_zero(found) / 8;
    break;
  }
  if (has_word && end - at < 8 && (load(end - 8) & high_bits) == 0) return end;  // the word overlaps what was skipped
  while (at != end && static_cast<byte>(*at) < 0x80) ++at;
  return at;
}

// The length of the character at `at`, which is not ASCII, or 0 if it is not valid.
std::ptrdiff_t sequence_length(char const* at, std::ptrdiff_t left) noexcept {
  auto const octet = [at](int i) { return std::uint32_t{static_cast<byte>(at[i])}; };
  std::uint32_t const lead = octet(0);
  if (lead < 0xe0) {
    return lead >= 0xc2 && left >= 2 && (octet(1) & 0xc0) == 0x80 ? 2 : 0;  // c0, c1: overlong; below: no lead
  }
  if (left < 3) return 0;
  std::uint32_t const three = lead << 16 | octet(1) << 8 | octet(2);
  if (lead < 0xf0) {
    if ((three & 0x00c0c0) != 0x008080) return 0;
    std::uint32_t const top = three & 0x0f2000;         // the five uppermost of the code point's 16 bits
    return top != 0x000000 && top != 0x0d2000 ? 3 : 0;  // below U+0800: overlong; U+D800 to U+DFFF: surrogates
  }
  if (left < 4 || (three & 0x00c0c0) != 0x008080 || (octet(3) & 0xc0) != 0x80) return 0;
  return three >= 0xf09000 && three < 0xf49000 ? 4 : 0;  // U+10000 to U+10FFFF
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  char const* const begin = text.data();
  char const* const end = begin + text.size();
  char const* at = skip_ascii(begin, end);
  while (at != end) {
    std::ptrdiff_t const length = sequence_length(at, end - at);
    if (length == 0) return static_cast<std::size_t>(at - begin);
    at += length;
    if (at != end && static_cast<byte>(*at) < 0x80) at = skip_ascii(at, end);
  }
  return std::string_view::npos;
}

}  // namespace tusk::protocol
