// The binary form of numeric, taken apart and written, for every type that is read from one.
//
//   int16 count   int16 weight   uint16 sign   uint16 scale   count * int16 digit
//
// Digits are of base 10000. The first one counts 10000^weight, and so on down; those that are left out at either end
// are 0. `sign` is 0, 0x4000 below zero, 0xC000 for NaN, 0xD000 and 0xF000 for Infinity and -Infinity, which have no
// digits. `scale` is the number of decimal digits behind the point, up to 16383; no digit behind it is other than 0.
//
//   -1234.50     0002 0000 4000 0002   04d2 1388
//
// Integers and floating point are computed from the digits, so that 1e131071, ten bytes, never becomes its text there.
// The server takes at most 3000 digits of base 10000 in this form, and sends more.
//
// Source: PostgreSQL's numeric.c: numeric_recv, numeric_send.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/oid.hpp>

namespace tusk::types {

/// An int2, int4, int8, oid or numeric. `errc::inexact` if it is a fraction, `errc::out_of_range` if it does not fit,
/// `errc::malformed_integer` if it is NaN or an infinity.
protocol::expected<std::int64_t> parse_binary_signed(std::string_view bytes, oid type) noexcept;
protocol::expected<std::uint64_t> parse_binary_unsigned(std::string_view bytes, oid type) noexcept;

/// A float4, int2, int4, int8 or numeric; the first one also a float8. Of a numeric it is the nearest value. An integer
/// that the type cannot hold exactly is `errc::inexact`, a numeric beyond the largest value `errc::out_of_range`.
protocol::expected<double> parse_binary_double(std::string_view bytes, oid type);
protocol::expected<float> parse_binary_float(std::string_view bytes, oid type);

/// The text of an int2, int4, int8, oid or numeric.
protocol::expected<std::string> parse_binary_number(std::string_view bytes, oid type);

/// Writes the numeric whose text this is, in the server's form.
void write_binary_numeric(std::string_view text, binary_writer& out);

}  // namespace tusk::types
