// Strings, and the one byte of the type "char": their adapters and parsers.
//
// A string is sent without a type (OID 0), so that the server reads it as whatever the statement needs there: text, a
// date, an enum. Any field can be read as a string: it is the server's text for the value. Reading copies nothing into
// a string_view; it lives as long as the row's bytes.
#pragma once

#include <string>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// A NUL byte or invalid UTF-8 in it is a data_error.
template <>
struct adapter<std::string_view> {
  static constexpr tusk::oid oid = 0;
  static void text(std::string_view value, text_writer& out) { out << value; }
};

/// A string with any allocator.
template <class Allocator>
struct adapter<std::basic_string<char, std::char_traits<char>, Allocator>> : adapter<std::string_view> {};

/// Text up to its NUL byte, as everywhere in C; a null pointer is NULL.
template <>
struct adapter<char const*> {
  static constexpr tusk::oid oid = 0;
  static constexpr bool is_null(char const* value) noexcept { return value == nullptr; }
  static void text(char const* value, text_writer& out) { out << std::string_view(value); }
};

template <>
struct from_text<std::string_view> {
  static constexpr bool reads(oid) noexcept { return true; }
  static protocol::expected<std::string_view> parse(std::string_view text) noexcept { return text; }
};

template <>
struct from_text<std::string> {
  static constexpr bool reads(oid) noexcept { return true; }
  static protocol::expected<std::string> parse(std::string_view text) { return std::string(text); }
};

namespace types {

/// Whether the binary form of a type is its text, or little else. An enum's is too, but its OID does not tell.
constexpr bool has_text_in_binary(oid type) noexcept {
  switch (type) {
    case oids::text:
    case oids::varchar:
    case oids::bpchar:
    case oids::name:
    case oids::char_:
    case oids::json:
    case oids::jsonb:
    case oids::jsonpath:
    case oids::xml:
    case oids::refcursor:
    case oids::pg_node_tree:
    case oids::unknown:
    case oids::cstring:
    case oids::void_: return true;
    default: return false;
  }
}

/// The text in the binary form of such a type: all of it, but behind the version of a jsonb and a jsonpath, which is a
/// byte 1. Of a "char" it is what the server would write; it lives for ever.
protocol::expected<std::string_view> text_in_binary(std::string_view bytes, oid type) noexcept;

}  // namespace types

/// Only of types whose binary form is text: of others the text is known to the server alone.
template <>
struct from_binary<std::string_view> {
  static constexpr bool reads(oid type) noexcept { return types::has_text_in_binary(type); }
  static protocol::expected<std::string_view> parse(std::string_view bytes, oid type) noexcept {
    return types::text_in_binary(bytes, type);
  }
};

template <>
struct from_binary<std::string> {
  static constexpr bool reads(oid type) noexcept { return types::has_text_in_binary(type); }
  static protocol::expected<std::string> parse(std::string_view bytes, oid type) {
    auto const text = types::text_in_binary(bytes, type);
    if (!text) return text.error();
    return std::string(*text);
  }
};

/// The type "char", of the server's catalogues: one byte, no character of a text. No text is 0; a byte above 127 is `\`
/// and three octal digits, which servers before 15 do not take for one.
template <>
struct adapter<char> {
  static constexpr tusk::oid oid = oids::char_;
  static void text(char value, text_writer& out);
  static void binary(char value, binary_writer& out) { out.put(value); }
};

/// Also from a character(1) whose character is ASCII.
template <>
struct from_text<char> {
  static constexpr bool reads(oid type) noexcept { return type == oids::char_ || type == oids::bpchar; }
  static protocol::expected<char> parse(std::string_view text) noexcept;
  static protocol::expected<char> parse(std::string_view text, oid type) noexcept {
    if (type == oids::bpchar && text.size() != 1) return protocol::parse_error{types::errc::malformed_char, 0};
    return parse(text);
  }
};

template <>
struct from_binary<char> {
  static constexpr bool reads(oid type) noexcept { return from_text<char>::reads(type); }
  static protocol::expected<char> parse(std::string_view bytes, oid type) noexcept {
    if (type == oids::bpchar) return from_text<char>::parse(bytes, type);
    return types::parse_fixed<char>(bytes);
  }
};

}  // namespace tusk
