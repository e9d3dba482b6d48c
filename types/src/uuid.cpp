// uuid: two times four digits become four bytes at once, wherever the hyphens are.
#include <tusk/types/uuid.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ostream>

#include <tusk/types/errc.hpp>

#include "hex.hpp"
#include "refuse.hpp"

namespace tusk {
namespace {

using types::errc;
namespace hex = types::hex;

constexpr std::size_t text_size = 36;

// Where each four digits begin.
using layout = std::array<std::size_t, 8>;
constexpr layout hyphenated = {0, 4, 9, 14, 19, 24, 28, 32};
constexpr layout unhyphenated = {0, 4, 8, 12, 16, 20, 24, 28};

constexpr bool is_hyphen(std::size_t at) noexcept { return at == 8 || at == 13 || at == 18 || at == 23; }

// Reads the digits; false if one of them is not.
bool parse_digits(char const* text, layout const& at, uuid::bytes_type& bytes) noexcept {
  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    char const* const first = text + at[2 * i];
    char const* const second = text + at[2 * i + 1];
    std::byte* const to = &bytes[4 * i];
    if constexpr (hex::wide) {
      std::uint32_t low = 0;
      std::uint32_t high = 0;
      std::memcpy(&low, first, 4);
      std::memcpy(&high, second, 4);
      std::uint32_t const four = hex::gather(low | std::uint64_t{high} << 32, bad);
      std::memcpy(to, &four, 4);
    } else {
      char const* const pairs[] = {first, first + 2, second, second + 2};
      for (std::size_t j = 0; j < 4; ++j) {
        unsigned const upper = hex::digit_value(pairs[j][0]);
        unsigned const lower = hex::digit_value(pairs[j][1]);
        bad |= (upper | lower) & 0xf0;
        to[j] = static_cast<std::byte>(upper << 4 | lower);
      }
    }
  }
  return bad == 0;
}

// The first character that is wrong in a text with hyphens, or its end.
[[gnu::cold]] protocol::parse_error wrong(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < std::min(text.size(), text_size) &&
         (is_hyphen(at) ? text[at] == '-' : hex::digit_value(text[at]) != hex::not_a_digit)) {
    ++at;
  }
  return {errc::malformed_uuid, at};
}

void write(uuid::bytes_type const& bytes, char* to) noexcept {
  std::size_t at = 0;
  for (std::byte const each : bytes) {
    if (is_hyphen(at)) to[at++] = '-';
    std::memcpy(to + at, hex::digits_of(each), 2);
    at += 2;
  }
}

}  // namespace

uuid::uuid(std::string_view text) {
  if (text.size() == unhyphenated.size() * 4 && parse_digits(text.data(), unhyphenated, bytes_)) return;
  *this = types::value_or_refuse(from_text<uuid>::parse(text));
}

std::string uuid::to_string() const {
  std::string text(text_size, '\0');
  write(bytes_, text.data());
  return text;
}

std::ostream& operator<<(std::ostream& out, uuid const& value) { return out << value.to_string(); }

void adapter<uuid>::text(uuid const& value, text_writer& out) {
  write(value.bytes(), out.reserve(text_size));
  out.commit(text_size);
}

bool from_text<uuid>::parse_quickly(std::string_view text, uuid& value) noexcept {
  return text.size() == text_size && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' &&
         parse_digits(text.data(), hyphenated, value.bytes_);
}

protocol::expected<uuid> from_text<uuid>::parse(std::string_view text) noexcept {
  uuid value;
  if (!parse_quickly(text, value)) return wrong(text);
  return value;
}

}  // namespace tusk
