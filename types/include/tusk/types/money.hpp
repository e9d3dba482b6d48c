// money: an amount in the smallest unit of its currency, read where the text can mean only one thing.
//
// The server writes money as its setting lc_monetary says: $1,234.56 or 1.234,56 EUR or JPY 1,235. Nothing beside the
// text tells which, so one form alone is read: that of the locales C and en_US, dollars and two digits of cents.
//
//   -$1,234.56     ($1,234.56)      the same amount; thousands always in groups
//
// There is no text of an amount that money's input function takes for the same one under every lc_monetary: 1234.56 is
// 1234.56 to one, and 123456.00 to another. So it is sent as a numeric, 1234.56, which every server takes for that
// amount: into a money column it goes as it is, elsewhere the statement casts it, `$1::money`. A currency without cents
// rounds it, as it does any numeric.
//
// Source: PostgreSQL's documentation, "Monetary Types".
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// An amount of money, as the server keeps it: a 64-bit count of the smallest unit, -$1.50 is -150.
class money {
 public:
  money() = default;
  explicit constexpr money(std::int64_t units) noexcept : units_(units) {}

  constexpr std::int64_t units() const noexcept { return units_; }

  friend constexpr auto operator<=>(money, money) noexcept = default;

 private:
  std::int64_t units_ = 0;
};

template <>
struct adapter<money> {
  static constexpr tusk::oid oid = oids::numeric;
  static void text(money value, text_writer& out);
  static void binary(money value, binary_writer& out);
};

/// The amount, as it is sent: -1234.56.
std::ostream& operator<<(std::ostream& out, money value);

/// What is in another form is errc::malformed_money: cast it to numeric in the statement.
template <>
struct from_text<money> {
  static constexpr bool reads(oid type) noexcept { return type == oids::money; }
  static protocol::expected<money> parse(std::string_view text) noexcept;
};

/// In this form it is the same under every lc_monetary.
template <>
struct from_binary<money> {
  static constexpr bool reads(oid type) noexcept { return type == oids::money; }
  static protocol::expected<money> parse(std::string_view bytes, oid) noexcept {
    auto const units = types::parse_fixed<std::int64_t>(bytes);
    if (!units) return units.error();
    return money(*units);
  }
};

}  // namespace tusk

template <>
struct std::hash<tusk::money> {
  std::size_t operator()(tusk::money value) const noexcept { return std::hash<std::int64_t>()(value.units()); }
};
