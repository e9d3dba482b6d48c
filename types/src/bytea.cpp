// bytea: the hex format both ways, the escape format for reading.
#include <tusk/types/bytea.hpp>

#include <cstdint>
#include <cstring>

#include <tusk/types/errc.hpp>

#include "hex.hpp"

namespace tusk::types {
namespace {

constexpr std::string_view hex_prefix = "\\x";

protocol::expected<std::vector<std::byte>> parse_hex(std::string_view digits) {
  std::vector<std::byte> bytes(digits.size() / 2);
  std::uint64_t bad = digits.size() % 2;  // collected over all digits, so that the loops have no branch
  char const* from = digits.data();
  std::size_t done = 0;
  for (; hex::wide && bytes.size() - done >= 4; done += 4, from += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, from, 8);
    std::uint32_t const four = hex::gather(eight, bad);
    std::memcpy(&bytes[done], &four, 4);
  }
  for (; done < bytes.size(); ++done, from += 2) {
    unsigned const high = hex::digit_value(from[0]);
    unsigned const low = hex::digit_value(from[1]);
    bad |= (high | low) & 0xf0;
    bytes[done] = static_cast<std::byte>(high << 4 | low);
  }
  if (bad == 0) return bytes;
  std::size_t at = 0;
  while (at < digits.size() && hex::digit_value(digits[at]) != hex::not_a_digit) ++at;
  return protocol::parse_error{errc::malformed_bytea, hex_prefix.size() + at};
}

// The value of three octal digits, or -1.
int octal(std::string_view text) noexcept {
  if (text.size() < 3) return -1;
  int value = 0;
  for (char c : text.substr(0, 3)) {
    if (c < '0' || c > '7') return -1;
    value = value * 8 + (c - '0');
  }
  return value <= 0xff ? value : -1;
}

protocol::expected<std::vector<std::byte>> parse_escape(std::string_view text) {
  std::vector<std::byte> bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    char const c = text[at];
    if (c < 0x20 || c > 0x7e) return protocol::parse_error{errc::malformed_bytea, at};  // would have been escaped
    if (c != '\\') {
      bytes.push_back(static_cast<std::byte>(c));
      ++at;
    } else if (text.substr(at + 1).starts_with('\\')) {
      bytes.push_back(std::byte{'\\'});
      at += 2;
    } else {
      int const value = octal(text.substr(at + 1));
      if (value < 0) return protocol::parse_error{errc::malformed_bytea, at};
      bytes.push_back(static_cast<std::byte>(value));
      at += 4;
    }
  }
  return bytes;
}

}  // namespace

void write_bytea(std::span<std::byte const> bytes, text_writer& out) {
  if (bytes.size() > text_buffer::max_size) throw_too_large();  // now twice the size cannot overflow
  std::size_t const size = hex_prefix.size() + 2 * bytes.size();
  char* to = out.reserve(size);
  std::memcpy(to, hex_prefix.data(), hex_prefix.size());
  to += hex_prefix.size();
  auto const* from = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 4; left -= 4, from += 4, to += 8) {  // unrolled by hand: compilers do not at -O2
    std::memcpy(to, hex::digits_of(from[0]), 2);
    std::memcpy(to + 2, hex::digits_of(from[1]), 2);
    std::memcpy(to + 4, hex::digits_of(from[2]), 2);
    std::memcpy(to + 6, hex::digits_of(from[3]), 2);
  }
  for (; left != 0; --left, ++from, to += 2) std::memcpy(to, hex::digits_of(*from), 2);
  out.commit(size);
}

protocol::expected<std::vector<std::byte>> parse_bytea(std::string_view text) {
  return text.starts_with(hex_prefix) ? parse_hex(text.substr(hex_prefix.size())) : parse_escape(text);
}

}  // namespace tusk::types
