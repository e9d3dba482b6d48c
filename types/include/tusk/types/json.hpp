// json, jsonpath and xml: documents that are passed on as the text they are.
//
//   C++              sent as    read from
//   tusk::json       jsonb      json, jsonb
//   tusk::jsonpath   jsonpath   jsonpath
//   tusk::xml        xml        xml
//
// There is no parser here: the server checks a document when it comes in, and programs have libraries of their own for
// it, which take text. Without the wrappers a string is a document as well: they declare the type where the server
// could not infer it.
//
// JSON is sent as jsonb, because the operators and functions that take documents as arguments (@>, ||, jsonb_set)
// exist for jsonb alone. Stored in a column of type json it comes by way of jsonb: blanks, the order of keys and all
// but the last of equal keys are lost; a std::string there is kept as it is.
//
// Source: PostgreSQL's documentation, "JSON Types" (also on "jsonpath Type") and "XML Type".
#pragma once

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// A JSON document, as text. Equal are those of equal text: `{"a":1}` and `{"a": 1}` are not.
class json {
 public:
  json() = default;
  /// Nothing is checked; what is not JSON is refused by the server.
  explicit json(std::string text) noexcept : text_(std::move(text)) {}

  std::string const& to_string() const noexcept { return text_; }

  friend bool operator==(json const&, json const&) noexcept = default;

 private:
  std::string text_ = "null";
};

/// An expression that finds parts of a JSON document, as text. Equal are those of equal text.
class jsonpath {
 public:
  /// The whole document.
  jsonpath() = default;
  /// Nothing is checked; what is not a path is refused by the server.
  explicit jsonpath(std::string text) noexcept : text_(std::move(text)) {}

  std::string const& to_string() const noexcept { return text_; }

  friend bool operator==(jsonpath const&, jsonpath const&) noexcept = default;

 private:
  std::string text_ = "$";
};

/// An XML document or a part of one, as text. Equal are those of equal text.
class xml {
 public:
  xml() = default;
  /// Nothing is checked; what is not XML is refused by the server.
  explicit xml(std::string text) noexcept : text_(std::move(text)) {}

  std::string const& to_string() const noexcept { return text_; }

  friend bool operator==(xml const&, xml const&) noexcept = default;

 private:
  std::string text_;
};

inline std::ostream& operator<<(std::ostream& out, json const& value) { return out << value.to_string(); }
inline std::ostream& operator<<(std::ostream& out, jsonpath const& value) { return out << value.to_string(); }
inline std::ostream& operator<<(std::ostream& out, xml const& value) { return out << value.to_string(); }

namespace types {

/// What the binary form of a jsonb or a jsonpath begins with; its text follows.
inline constexpr char jsonb_version = 1;

}  // namespace types

/// Invalid UTF-8 and NUL bytes are a data_error.
template <class T>
requires std::same_as<T, json> || std::same_as<T, jsonpath> || std::same_as<T, xml>
struct adapter<T> {
  static constexpr tusk::oid oid = std::same_as<T, json>  ? oids::jsonb
                                   : std::same_as<T, xml> ? oids::xml
                                                          : oids::jsonpath;
  static void text(T const& value, text_writer& out) { out << value.to_string(); }
  static void binary(T const& value, binary_writer& out) {
    if (!std::same_as<T, xml>) out.put(types::jsonb_version);
    out.text(value.to_string());
  }
};

template <>
struct from_text<json> {
  static constexpr bool reads(oid type) noexcept { return type == oids::json || type == oids::jsonb; }
  static protocol::expected<json> parse(std::string_view text) { return json(std::string(text)); }
};

template <>
struct from_text<jsonpath> {
  static constexpr bool reads(oid type) noexcept { return type == oids::jsonpath; }
  static protocol::expected<jsonpath> parse(std::string_view text) { return jsonpath(std::string(text)); }
};

template <>
struct from_text<xml> {
  static constexpr bool reads(oid type) noexcept { return type == oids::xml; }
  static protocol::expected<xml> parse(std::string_view text) { return xml(std::string(text)); }
};

template <class T>
requires std::same_as<T, json> || std::same_as<T, jsonpath> || std::same_as<T, xml>
struct from_binary<T> {
  static constexpr bool reads(oid type) noexcept { return from_text<T>::reads(type); }
  static protocol::expected<T> parse(std::string_view bytes, oid type) {
    auto text = from_binary<std::string>::parse(bytes, type);
    if (!text) return text.error();
    return T(*std::move(text));
  }
};

}  // namespace tusk
