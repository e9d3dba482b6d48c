// money: sign, `$`, digits with a comma before every group of three, a point and two digits.
#include <tusk/types/money.hpp>

#include <ostream>

#include <tusk/types/binary_numeric.hpp>
#include <tusk/types/errc.hpp>

namespace tusk {

void adapter<money>::text(money value, text_writer& out) {
  bool const negative = value.units() < 0;
  auto const units = static_cast<std::uint64_t>(value.units());
  std::uint64_t const magnitude = negative ? 0 - units : units;
  std::uint64_t const cents = magnitude % 100;
  if (negative) out << '-';
  out << magnitude / 100 << '.' << static_cast<char>('0' + cents / 10) << static_cast<char>('0' + cents % 10);
}

void adapter<money>::binary(money value, binary_writer& out) {
  types::write_binary_numeric(*types::text_of(value), out);
}

std::ostream& operator<<(std::ostream& out, money value) { return out << *types::text_of(value); }

protocol::expected<money> from_text<money>::parse(std::string_view text) noexcept {
  auto const malformed = [](std::size_t at) { return protocol::parse_error{types::errc::malformed_money, at}; };
  constexpr std::size_t cents = 3;  // of ".00"
  bool const in_parentheses = text.starts_with('(');
  bool const negative = in_parentheses || text.starts_with('-');
  std::size_t at = negative;
  std::size_t const end = text.size() - in_parentheses;
  if (in_parentheses && !text.ends_with(')')) return malformed(text.size());
  if (at >= end || text[at] != '$') return malformed(at);
  std::size_t const first = ++at;
  if (end < first + 1 + cents) return malformed(end);
  std::size_t const point = end - cents;
  std::int64_t units = 0;  // below zero, where there is room for one more
  for (; at < end; ++at) {
    char const c = text[at];
    if (at == point) {
      if (c != '.') return malformed(at);
    } else if (at < point && (point - at) % 4 == 0) {
      if (c != ',' || at == first) return malformed(at);
    } else if (c < '0' || c > '9') {
      return malformed(at);
    } else if (__builtin_mul_overflow(units, 10, &units) || __builtin_sub_overflow(units, c - '0', &units)) {
      return protocol::parse_error{types::errc::out_of_range, 0};
    }
  }
  if (!negative && units == INT64_MIN) return protocol::parse_error{types::errc::out_of_range, 0};
  return money(negative ? units : -units);
}

}  // namespace tusk
