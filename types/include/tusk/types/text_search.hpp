// tsvector and tsquery: what full text search looks in, and what it looks for.
//
//   C++              sent as    read from
//   tusk::tsvector   tsvector   tsvector       'fat':2B 'rat':3
//   tusk::tsquery    tsquery    tsquery        'fat' & !'cat':A*
//
// Both are kept as the server's text for them, which loses nothing. Programs hand them on, from to_tsvector() to a
// column and from a user to @@, and leave it to the server to take them apart: unnest(tsvector), ts_lexize. A tree of
// operators here would be a second parser that has to agree with the server's, for no one.
//
// In the binary form both are read, as the text that the server would write, and never sent: that would take the
// parser.
//
// Source: PostgreSQL's documentation, "Text Search Types".
#pragma once

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// Lexemes and their positions, as text. Equal are those of equal text; the server writes equal ones alike.
class tsvector {
 public:
  /// Without lexemes.
  tsvector() = default;
  /// Nothing is checked; what is no tsvector is refused by the server.
  explicit tsvector(std::string text) noexcept : text_(std::move(text)) {}

  std::string const& to_string() const noexcept { return text_; }

  friend bool operator==(tsvector const&, tsvector const&) noexcept = default;

 private:
  std::string text_;
};

/// Lexemes and the operators between them, as text. Equal are those of equal text.
class tsquery {
 public:
  /// Without lexemes; it finds nothing.
  tsquery() = default;
  /// Nothing is checked; what is no tsquery is refused by the server.
  explicit tsquery(std::string text) noexcept : text_(std::move(text)) {}

  std::string const& to_string() const noexcept { return text_; }

  friend bool operator==(tsquery const&, tsquery const&) noexcept = default;

 private:
  std::string text_;
};

inline std::ostream& operator<<(std::ostream& out, tsvector const& value) { return out << value.to_string(); }
inline std::ostream& operator<<(std::ostream& out, tsquery const& value) { return out << value.to_string(); }

/// Invalid UTF-8 and NUL bytes are a data_error.
template <class T>
requires std::same_as<T, tsvector> || std::same_as<T, tsquery>
struct adapter<T> {
  static constexpr tusk::oid oid = std::same_as<T, tsvector> ? oids::tsvector : oids::tsquery;
  static void text(T const& value, text_writer& out) { out << value.to_string(); }
};

template <>
struct from_text<tsvector> {
  static constexpr bool reads(oid type) noexcept { return type == oids::tsvector; }
  static protocol::expected<tsvector> parse(std::string_view text) { return tsvector(std::string(text)); }
};

template <>
struct from_text<tsquery> {
  static constexpr bool reads(oid type) noexcept { return type == oids::tsquery; }
  static protocol::expected<tsquery> parse(std::string_view text) { return tsquery(std::string(text)); }
};

template <>
struct from_binary<tsvector> {
  static constexpr bool reads(oid type) noexcept { return type == oids::tsvector; }
  static protocol::expected<tsvector> parse(std::string_view bytes, oid);
};

template <>
struct from_binary<tsquery> {
  static constexpr bool reads(oid type) noexcept { return type == oids::tsquery; }
  static protocol::expected<tsquery> parse(std::string_view bytes, oid);
};

}  // namespace tusk
