// uuid, money, bit strings, "char", json, xml and bytes of a fixed number, from any bytes.
//
// Input: a letter that chooses the type (see `check`), then the text.
//
// Checked: what is accepted is what an independent, slower reading accepts, with the same value; a value that was
// parsed, written and parsed again is the same value; a refusal names a position in the text.
#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <type_traits>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    FUZZ_CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  if constexpr (tusk::adaptable<T> && !std::is_same_v<T, tusk::money>) {  // money is sent as a numeric
    auto const written = tusk::types::text_of(*result);
    auto const again = tusk::from_text<T>::parse(*written);
    FUZZ_CHECK(again && *again == *result);
  }
  return *result;
}

// Whether every character is like that of the pattern: x is a hexadecimal digit, anything else is itself.
bool is_like(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern, [](char c, char like) {
    return like == 'x' ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c == like;
  });
}

void check_uuid(std::string_view text) {
  constexpr std::string_view hyphenated = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  auto const value = parse<tusk::uuid>(text);
  FUZZ_CHECK(value.has_value() == is_like(text, hyphenated));
  std::string digits(text);
  std::erase(digits, '-');
  bool const plain = is_like(text, std::string(32, 'x'));
  std::optional<tusk::uuid> of_user;
  try {
    of_user = tusk::uuid(text);
  } catch (tusk::data_error const& error) {
    FUZZ_CHECK(error.code() == tusk::types::errc::malformed_uuid);
  }
  FUZZ_CHECK(of_user.has_value() == (value.has_value() || plain));
  if (!of_user) return;
  for (std::size_t i = 0; i < 16; ++i) {
    unsigned expected = 0;
    std::from_chars(&digits[2 * i], &digits[2 * i] + 2, expected, 16);
    FUZZ_CHECK(std::to_integer<unsigned>(of_user->bytes()[i]) == expected);
  }
  FUZZ_CHECK(!value || *value == *of_user);
}

// The amount, written as the server does in the locale C.
std::string written_money(std::int64_t units) {
  std::string digits = std::to_string(units);
  bool const negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  while (digits.size() < 3) digits.insert(0, "0");
  std::size_t const point = digits.size() - 2;
  digits.insert(point, ".");
  for (std::size_t at = point; at > 3; at -= 3) digits.insert(at - 3, ",");
  return (negative ? "-$" : "$") + digits;
}

void check_money(std::string_view text) {
  auto const value = parse<tusk::money>(text);
  if (value) {
    std::string plain(text);
    if (plain.starts_with('(')) plain = "-" + plain.substr(1, plain.size() - 2);
    std::string const written = written_money(value->units());
    if (value->units() == 0 && plain.starts_with('-')) plain.erase(0, 1);
    // Zeros in front are read, though not written.
    std::erase(plain, ',');
    std::string expected = written;
    std::erase(expected, ',');
    plain.erase(plain.find('$') + 1,
                std::min(plain.find_first_not_of('0', plain.find('$') + 1), plain.find('.') - 1) - plain.find('$') - 1);
    FUZZ_CHECK(plain == expected);
  }
  std::int64_t units = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), units);
  if (error != std::errc()) return;
  FUZZ_CHECK(parse<tusk::money>(written_money(units)) == tusk::money(units));
}

void check_bits(std::string_view text) {
  bool const good = std::ranges::all_of(text, [](char c) { return c == '0' || c == '1'; });
  auto const value = parse<tusk::bits>(text);
  FUZZ_CHECK(value.has_value() == good && (!good || value->to_string() == text));
  auto const fixed = parse<std::bitset<12>>(text);
  FUZZ_CHECK(fixed.has_value() == (good && text.size() == 12) && (!fixed || fixed->to_string() == text));
}

void check_char(std::string_view text) {
  auto const value = parse<char>(text);
  FUZZ_CHECK(text.size() > 1 || (value && *value == (text.empty() ? '\0' : text[0])));
  FUZZ_CHECK(text.size() <= 1 || !value || *tusk::types::text_of(*value) == text);
}

template <class Document>
void check_document(std::string_view text) {
  auto const document = tusk::from_text<Document>::parse(text);
  FUZZ_CHECK(document->to_string() == text);
  bool const good = text.find('\0') == text.npos && tusk::protocol::find_invalid_utf8(text) == text.npos;
  try {
    FUZZ_CHECK(*tusk::types::text_of(*document) == text && good);
  } catch (tusk::data_error const&) {
    FUZZ_CHECK(!good);
  }
}

void check_bytes(std::string_view text) {
  auto const fixed = parse<std::array<std::byte, 5>>(text);
  auto const all = parse<std::vector<std::byte>>(text);
  FUZZ_CHECK(fixed.has_value() == (all && all->size() == 5));
  FUZZ_CHECK(!fixed || std::ranges::equal(*fixed, *all));
}

void check(char type, std::string_view text) {
  switch (type) {
    case 'u': check_uuid(text); break;
    case 'm': check_money(text); break;
    case 'b': check_bits(text); break;
    case 'c': check_char(text); break;
    case 'j': check_document<tusk::json>(text); break;
    case 'x': check_document<tusk::xml>(text); break;
    case 'a': check_bytes(text); break;
    default: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<char> const exact(data + 1, data + size);
  check(static_cast<char>(data[0]), {exact.data(), exact.size()});
  return 0;
}
