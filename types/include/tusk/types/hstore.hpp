// hstore, of the extension of that name: keys with a value or NULL, as a std::map.
//
//   C++                                                  sent as            read from
//   std::map<std::string, std::optional<std::string>>    the type hstore    any type that was made in the database
//   std::map<std::string, std::string>                   likewise           likewise, where no value is NULL
//
//   "a"=>"1", "b"=>NULL
//
// The extension's type has another OID in each database: load_types() finds it, so that a map is bound as an hstore;
// before, the server infers the type. Where search_path does not lead to hstore, the statement has to say where it is:
// $1::extensions.hstore.
//
// Binary: an int32 counts the pairs, then each key and each value is an int32 length, or -1 for NULL, and its bytes.
//
// Source: PostgreSQL's documentation, "hstore"; hstore_out, which puts every key and value in quotes, with a backslash
// before a quote and a backslash.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

using hstore_map = std::map<std::string, std::optional<std::string>>;

/// `"key"=>"value"` or `"key"=>NULL`; `first`: without a comma before it.
void write_hstore_pair(std::string_view key, std::optional<std::string_view> value, bool first, text_writer& out);

/// With `nulls` false, a NULL is errc::null_element.
protocol::expected<hstore_map> parse_hstore(std::string_view text, bool nulls);
protocol::expected<hstore_map> parse_binary_hstore(std::string_view bytes, bool nulls);

/// A length and the text; -1 for NULL.
void write_binary_hstore_string(std::optional<std::string_view> text, binary_writer& out);

template <class T>
concept hstore_value = std::same_as<T, std::string> || std::same_as<T, std::optional<std::string>>;

/// `read`, as a map of what may be NULL or of what may not.
template <hstore_value Value>
protocol::expected<std::map<std::string, Value>> to_map_of(protocol::expected<hstore_map> read) {
  if constexpr (!std::same_as<Value, std::string>) {
    return read;
  } else {
    if (!read) return read.error();
    std::map<std::string, std::string> all;
    for (auto& [key, value] : *read) all.emplace_hint(all.end(), key, *std::move(value));
    return all;
  }
}

}  // namespace types

template <types::hstore_value Value>
struct adapter<std::map<std::string, Value>> {
  static constexpr std::string_view type_name = "hstore";
  static void text(std::map<std::string, Value> const& value, text_writer& out) {
    bool first = true;
    for (auto const& [key, each] : value) types::write_hstore_pair(key, each, std::exchange(first, false), out);
  }
  static void binary(std::map<std::string, Value> const& value, binary_writer& out) {
    out.put(static_cast<std::int32_t>(value.size()));
    for (auto const& [key, each] : value) {
      types::write_binary_hstore_string(key, out);
      types::write_binary_hstore_string(each, out);
    }
  }
};

template <types::hstore_value Value>
struct from_text<std::map<std::string, Value>> {
  static bool reads(oid type) noexcept { return is_user_defined(type); }
  static protocol::expected<std::map<std::string, Value>> parse(std::string_view text) {
    return types::to_map_of<Value>(types::parse_hstore(text, !std::same_as<Value, std::string>));
  }
};

template <types::hstore_value Value>
struct from_binary<std::map<std::string, Value>> {
  static bool reads(oid type) noexcept { return is_user_defined(type); }
  static protocol::expected<std::map<std::string, Value>> parse(std::string_view bytes, oid) {
    return types::to_map_of<Value>(types::parse_binary_hstore(bytes, !std::same_as<Value, std::string>));
  }
};

}  // namespace tusk
