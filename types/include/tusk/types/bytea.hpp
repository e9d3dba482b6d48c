// Bytes: std::vector<std::byte>, std::array, std::span as bytea; vector and array can be read.
//
// Only std::byte is a byte here: unsigned char is one of the integers, and a vector of them an array of numbers.
//
//   hex     \x616263         what servers send since 9.0, and what we send
//   escape  abc\000\\        bytea_output = escape: `\\`, `\` and three octal digits, or a printable character
//
// Source: PostgreSQL's documentation, "Binary Data Types".
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

/// Appends the hex format.
void write_bytea(std::span<std::byte const> bytes, text_writer& out);

/// Either format; hex digits may be of either case.
protocol::expected<std::vector<std::byte>> parse_bytea(std::string_view text);

/// A contiguous range of bytes that are nothing but bytes.
struct bytea_adapter {
  static constexpr tusk::oid oid = oids::bytea;
  static constexpr bool prefers_binary = true;
  static void text(std::span<std::byte const> value, text_writer& out) { write_bytea(value, out); }
  static void binary(std::span<std::byte const> value, binary_writer& out) {
    out.put(std::string_view(reinterpret_cast<char const*>(value.data()), value.size()));
  }
};

}  // namespace types

template <class Allocator>
struct adapter<std::vector<std::byte, Allocator>> : types::bytea_adapter {};

template <std::size_t Size>
struct adapter<std::array<std::byte, Size>> : types::bytea_adapter {};

template <class Byte, std::size_t Extent>
requires std::is_same_v<std::remove_const_t<Byte>, std::byte>
struct adapter<std::span<Byte, Extent>> : types::bytea_adapter {
};

template <>
struct from_text<std::vector<std::byte>> {
  static constexpr bool reads(oid type) noexcept { return type == oids::bytea; }
  static protocol::expected<std::vector<std::byte>> parse(std::string_view text) { return types::parse_bytea(text); }
};

/// Another number of bytes is errc::wrong_count.
template <std::size_t Size>
struct from_text<std::array<std::byte, Size>> {
  static constexpr bool reads(oid type) noexcept { return type == oids::bytea; }
  static protocol::expected<std::array<std::byte, Size>> parse(std::string_view text) {
    auto const bytes = types::parse_bytea(text);
    if (!bytes) return bytes.error();
    if (bytes->size() != Size) return protocol::parse_error{types::errc::wrong_count, 0};
    std::array<std::byte, Size> value{};
    std::copy(bytes->begin(), bytes->end(), value.begin());
    return value;
  }
};

template <>
struct from_binary<std::vector<std::byte>> {
  static constexpr bool reads(oid type) noexcept { return type == oids::bytea; }
  static protocol::expected<std::vector<std::byte>> parse(std::string_view bytes, oid) {
    auto const view = std::as_bytes(std::span(bytes));
    return std::vector<std::byte>(view.begin(), view.end());
  }
};

template <std::size_t Size>
struct from_binary<std::array<std::byte, Size>> {
  static constexpr bool reads(oid type) noexcept { return type == oids::bytea; }
  static protocol::expected<std::array<std::byte, Size>> parse(std::string_view bytes, oid) noexcept {
    if (bytes.size() != Size) return protocol::parse_error{types::errc::wrong_count, 0};
    std::array<std::byte, Size> value{};
    std::ranges::copy(std::as_bytes(std::span(bytes)), value.begin());
    return value;
  }
};

}  // namespace tusk
