// numeric: a decimal number of any length, exactly as the server has it.
//
// It is kept as the server's own text for it, "-1234.50": a sign only below zero, no digit 0 in front but the one
// before the point, as many digits behind the point as its scale says; or one of NaN, Infinity, -Infinity. There is no
// arithmetic, so digits in another base would only be work for every value that passes through: reading a field is a
// check and a copy, writing one is a copy, and up to 15 characters need no heap.
//
// Comparison is of values, as the server's: 1.1 == 1.10, and NaN equals itself and is above everything.
//
// Source: PostgreSQL's documentation, "Arbitrary Precision Numbers". Infinities exist from PostgreSQL 14 on.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_numeric.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/int128.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

template <class T>
concept binary_float = std::same_as<T, float> || std::same_as<T, double>;

}  // namespace types

/// An exact decimal number: 131072 digits before the point and 16383 behind it at most.
///
///     numeric price("9.90");        price == numeric("9.9")        price.to_string() == "9.90"
///
/// A value like any other: one object belongs to one thread at a time. Of one that was moved from, nothing but
/// assignment and the destructor may be used.
class numeric {
 public:
  static constexpr std::size_t max_integer_digits = 131072;
  static constexpr std::size_t max_scale = 16383;

  /// Zero.
  numeric() : text_("0") {}

  /// From decimal text as the server's input takes it, without blanks around it: `-12.50`, `+.5`, `5.`, `1.5e-3` (which
  /// is 0.0015), NaN, Infinity, inf; capitals do not matter. The scale is the number of digits written behind the
  /// point, less the exponent. Throws data_error: errc::malformed_numeric, or errc::out_of_range where there are more
  /// digits than the server can keep.
  explicit numeric(std::string_view text);

  numeric(types::any_integer auto value) : text_(*types::text_of(value)) {}

  /// The shortest decimal number that reads back as the same float: 0.1 is 0.1.
  explicit numeric(types::binary_float auto value) : numeric(std::string_view(*types::text_of(value))) {}

  bool is_nan() const noexcept { return text_ == "NaN"; }
  /// Neither NaN nor an infinity.
  bool is_finite() const noexcept { return text_.back() <= '9'; }

  /// How many digits stand behind the point: 2 for 1.10.
  std::size_t scale() const noexcept;

  /// The server's text for it; lives as long as this value is unchanged.
  std::string const& to_string() const noexcept { return text_; }

  /// The value as an integer type, only if it is exactly that: 5.00 is 5. Throws data_error with errc::inexact if it is
  /// not an integer, with errc::out_of_range if the type cannot hold it, NaN or an infinity.
  template <types::any_integer T>
  T to() const {
    auto const value = from_text<T>::parse(integer_text());
    if (!value) throw_out_of_range();
    return *value;
  }

  /// The nearest value of a floating point type. Throws data_error with errc::out_of_range beyond its largest.
  template <types::binary_float T>
  T to() const;

  friend bool operator==(numeric const& a, numeric const& b) noexcept { return (a <=> b) == 0; }
  friend std::weak_ordering operator<=>(numeric const& a, numeric const& b) noexcept;
  friend std::ostream& operator<<(std::ostream& out, numeric const& value);

 private:
  friend struct from_text<numeric>;
  friend struct from_binary<numeric>;
  friend struct std::hash<numeric>;

  std::string_view integer_text() const;
  std::string_view without_zeros() const noexcept;
  [[noreturn]] static void throw_out_of_range();

  std::string text_;
};

template <>
struct adapter<numeric> {
  static constexpr tusk::oid oid = oids::numeric;
  static void text(numeric const& value, text_writer& out) { out.unchecked(value.to_string()); }
  /// The server takes at most 12,000 digits in this form.
  static void binary(numeric const& value, binary_writer& out) { types::write_binary_numeric(value.to_string(), out); }
};

/// Integers are numerics, too.
template <>
struct from_text<numeric> {
  static constexpr bool reads(oid type) noexcept { return types::spells_integers(type); }
  static protocol::expected<numeric> parse(std::string_view text);
  static bool parse_quickly(std::string_view text, numeric& value);
};

template <>
struct from_binary<numeric> {
  static constexpr bool reads(oid type) noexcept { return types::spells_integers(type); }
  static protocol::expected<numeric> parse(std::string_view bytes, oid type);
};

}  // namespace tusk

/// Equal values have equal hashes, whatever their scale.
template <>
struct std::hash<tusk::numeric> {
  std::size_t operator()(tusk::numeric const& value) const noexcept {
    return std::hash<std::string_view>()(value.without_zeros());
  }
};
