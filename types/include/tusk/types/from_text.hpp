// How the text of a field becomes a C++ value: from_text<T> says which types it reads, and parses.
//
//   field of a row (text, OID of its column) ─► types::read_text<T> ─► from_text<T>::parse ─► value, or code and
//   position
//
// The parsers of the built-in types are in number.hpp, text.hpp and bytea.hpp; builtin.hpp has all of them.
// Parsers are strict: the whole text is consumed, no value is rounded or cut, and none throws on what it reads.
#pragma once

#include <concepts>
#include <optional>
#include <string_view>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/oid.hpp>

namespace tusk {

class loaded_types;  // adapt_context.hpp

namespace types {

/// What the parsers of arrays and row values may need beside the type of a field.
struct read_context {
  loaded_types const* loaded = nullptr;  ///< what load_types() found; null: nothing
  int depth = 0;                         ///< how many row values are around, in the binary form
};

oid read_as_loaded(oid type, loaded_types const& in) noexcept;
char loaded_delimiter(oid array, loaded_types const& in, char otherwise) noexcept;

/// The type that values of `type` are read as, in a field or in a part of one: what is known of it.
inline oid read_as(oid type, read_context const& in) noexcept {
  constexpr oid first_loaded = 10'000;
  return in.loaded == nullptr || type < first_loaded ? type : read_as_loaded(type, *in.loaded);
}

}  // namespace types

/// Says how values of `T` are read. A specialisation has
///
///     static constexpr bool reads(tusk::oid type);                              // asked once a column
///     static tusk::protocol::expected<T> parse(std::string_view text);          // the text format of such a type
///
/// and, where one text means different values in different types, also `parse(text, type)`. A type that can hold NULL
/// has `static T null()`. `static bool parse_quickly(std::string_view, T&)` may stand beside `parse` for what is
/// common: it is tried first, and where it says false `parse` decides. If the text means different values in different
/// types, `static constexpr bool reads_quickly(tusk::oid)` says for which it is.
template <class T>
struct from_text;

/// Whether values of `T` can be read.
template <class T>
concept readable = requires(std::string_view text, oid type) {
  { from_text<T>::reads(type) } -> std::same_as<bool>;
  { from_text<T>::parse(text) } -> std::same_as<protocol::expected<T>>;
};

/// Whether there is a quick way for what is common.
template <class T>
concept quickly_readable = readable<T> && requires(std::string_view text, T& value) {
  { from_text<T>::parse_quickly(text, value) } -> std::same_as<bool>;
};

/// Whether `T` can hold NULL; `from_text<T>::null()` is it then.
template <class T>
concept nullable = readable<T> && requires {
  { from_text<T>::null() } -> std::same_as<T>;
};

namespace types {

/// Whether the quick way also takes characters that are not ASCII.
template <class T>
inline constexpr bool holds_text = false;

/// Whether the quick way may be tried for a column of that type.
template <quickly_readable T>
constexpr bool reads_quickly(oid type) {
  if constexpr (requires { from_text<T>::reads_quickly(type); })
    return from_text<T>::reads_quickly(type);
  else
    return from_text<T>::reads(type);
}

/// Does not compile when `T` cannot be read, and says what to write.
template <class T>
constexpr void require_from_text() noexcept {
  static_assert(readable<T>,
                "tusk: a field cannot be read as this type (T, see above). Write a parser: "
                "template <> struct tusk::from_text<T> { static constexpr bool reads(tusk::oid type) { return ...; } "
                "static tusk::protocol::expected<T> parse(std::string_view text) { ... } };");
}

/// Reads the text of a field that is not NULL. `type` is its column's OID, one that `from_text<T>::reads`.
template <readable T>
protocol::expected<T> read_text(std::string_view text, [[maybe_unused]] oid type,
                                [[maybe_unused]] read_context const& in = {}) {
  if constexpr (requires { from_text<T>::parse(text, type, in); }) {
    return from_text<T>::parse(text, type, in);
  } else if constexpr (requires { from_text<T>::parse(text, type); }) {
    return from_text<T>::parse(text, type);
  } else {
    return from_text<T>::parse(text);
  }
}

}  // namespace types

/// Whatever its values are read from, and NULL.
template <readable T>
struct from_text<std::optional<T>> {
  static constexpr bool reads(oid type) { return from_text<T>::reads(type); }
  static constexpr std::optional<T> null() noexcept { return std::nullopt; }
  static protocol::expected<std::optional<T>> parse(std::string_view text) { return wrap(from_text<T>::parse(text)); }
  static protocol::expected<std::optional<T>> parse(std::string_view text, oid type) {
    return wrap(types::read_text<T>(text, type));
  }
  static protocol::expected<std::optional<T>> parse(std::string_view text, oid type, types::read_context const& in) {
    return wrap(types::read_text<T>(text, type, in));
  }

 private:
  static protocol::expected<std::optional<T>> wrap(protocol::expected<T> value) {
    if (!value) return value.error();
    return std::optional<T>(*std::move(value));
  }
};

}  // namespace tusk
