// bytea: the hex format both ways, the escape format for reading.
//
// Writing looks up both digits of a byte. Reading converts eight digits at a time, side by side in one register: the
// lower half of each character, and 9 more for a letter. Whether all eight were digits is seen by converting them back:
// adding '0', and 39 more above nine.
#include <tusk/types/bytea.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include <tusk/types/errc.hpp>

namespace tusk::types {
namespace {

constexpr std::string_view hex_prefix = "\\x";

// Both digits of each byte, beside each other.
constexpr auto digit_pairs = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = digits[i >> 4];
    pairs[2 * i + 1] = digits[i & 15];
  }
  return pairs;
}();

char const* digits_of(std::byte b) noexcept { return &digit_pairs[2 * std::to_integer<std::size_t>(b)]; }

constexpr std::uint8_t not_a_digit = 0xff;

// The value of each character as a hex digit.
constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(not_a_digit);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
    values[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}();

std::uint8_t digit_value(char c) noexcept { return digit_values[static_cast<unsigned char>(c)]; }

// The wide conversion is for processors that have the first byte lowest; elsewhere the loop by single bytes does all.
constexpr bool wide = std::endian::native == std::endian::little;
constexpr std::uint64_t ones = 0x0101'0101'0101'0101;

// Eight nibbles, one a byte, to their digits.
std::uint64_t to_digits(std::uint64_t nibbles) noexcept {
  std::uint64_t const letters = (nibbles + 6 * ones) >> 4 & ones;
  return nibbles + '0' * ones + letters * ('a' - '0' - 10);
}

// Eight digits to four bytes; sets bits in `bad` if they are not all digits.
std::uint32_t gather(std::uint64_t digits, std::uint64_t& bad) noexcept {
  std::uint64_t const letters = digits >> 6 & ones;
  std::uint64_t const nibbles = (digits & 0x0f * ones) + letters * 9;
  bad |= (nibbles & 0xf0 * ones) | (to_digits(nibbles) ^ (digits | letters << 5));  // << 5: capitals to small letters
  std::uint64_t x = (nibbles << 4 | nibbles >> 8) & 0x00ff'00ff'00ff'00ff;
  x = (x | x >> 8) & 0x0000'ffff'0000'ffff;
  return static_cast<std::uint32_t>(x | x >> 16);
}

protocol::expected<std::vector<std::byte>> parse_hex(std::string_view digits) {
  std::vector<std::byte> bytes(digits.size() / 2);
  std::uint64_t bad = digits.size() % 2;  // collected over all digits, so that the loops have no branch
  char const* from = digits.data();
  std::size_t done = 0;
  for (; wide && bytes.size() - done >= 4; done += 4, from += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, from, 8);
    std::uint32_t const four = gather(eight, bad);
    std::memcpy(&bytes[done], &four, 4);
  }
  for (; done < bytes.size(); ++done, from += 2) {
    unsigned const high = digit_value(from[0]);
    unsigned const low = digit_value(from[1]);
    bad |= (high | low) & 0xf0;
    bytes[done] = static_cast<std::byte>(high << 4 | low);
  }
  if (bad == 0) return bytes;
  std::size_t at = 0;
  while (at < digits.size() && digit_value(digits[at]) != not_a_digit) ++at;
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
    std::memcpy(to, digits_of(from[0]), 2);
    std::memcpy(to + 2, digits_of(from[1]), 2);
    std::memcpy(to + 4, digits_of(from[2]), 2);
    std::memcpy(to + 6, digits_of(from[3]), 2);
  }
  for (; left != 0; --left, ++from, to += 2) std::memcpy(to, digits_of(*from), 2);
  out.commit(size);
}

protocol::expected<std::vector<std::byte>> parse_bytea(std::string_view text) {
  return text.starts_with(hex_prefix) ? parse_hex(text.substr(hex_prefix.size())) : parse_escape(text);
}

}  // namespace tusk::types
