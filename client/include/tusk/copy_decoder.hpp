// Rows of COPY TO STDOUT as C++ values.
//
//   a message ─► next(): fields, without quotes and escapes ─► from_text<T> or from_binary<T> ─► value
//
// Columns go by position: COPY tells neither names nor types. In the binary format each is taken for the type that the
// C++ type is written as: int for int4, std::string for text, ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/copy_format.hpp>
#include <tusk/mapping.hpp>
#include <tusk/types/aggregate.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tusk::detail {

/// See the top of this file. One thread at a time.
class copy_decoder {
 public:
  /// `loaded`: what load_types() found, for what is nested in a field; may be null.
  copy_decoder(copy_format how, std::shared_ptr<loaded_types const> loaded)
      : how_(std::move(how)), loaded_(std::move(loaded)) {}

  /// The messages that follow are these bytes, which have to live until next() has said false.
  void take(std::string_view message) noexcept { rest_ = message; }
  /// Finds the fields of the next row; false: there is none, the next message is wanted. Throws data_error if the data
  /// is not what the format says.
  bool next();

  template <class T>
  T as() const {
    return made(static_cast<T*>(nullptr));
  }

 private:
  struct field {
    std::string_view bytes;  // into the message, or into text_ from `at`
    std::size_t at = 0, size = 0;
    enum : std::uint8_t { null, raw, unescaped } how = raw;
  };

  std::string_view bytes_of(field const& of) const noexcept {
    return of.how == field::unescaped ? std::string_view(text_).substr(of.at, of.size) : of.bytes;
  }
  void next_text();
  void next_csv();
  bool next_binary();
  void unescape(std::string_view raw);
  void require_columns(std::size_t wanted) const {
    if (fields_.size() != wanted) throw_columns(wanted);
  }

  template <class... Elements>
  std::tuple<Elements...> made(std::tuple<Elements...>*) const {
    require_columns(sizeof...(Elements));
    return [this]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Elements...>{this->template value<Elements>(I)...};  // braces: from left to right
    }
    (std::index_sequence_for<Elements...>());
  }
  template <class First, class Second>
  std::pair<First, Second> made(std::pair<First, Second>*) const {
    require_columns(2);
    return {value<First>(0), value<Second>(1)};
  }
  template <class T>
  T made(T*) const {
    if constexpr (types::aggregate<T> && !readable<T>) {
      require_columns(types::member_count<T>);
      return [this]<std::size_t... I>(std::index_sequence<I...>) {
        return T{this->template value<std::remove_cvref_t<std::tuple_element_t<I, members_of<T>>>>(I)...};
      }
      (std::make_index_sequence<types::member_count<T>>());
    } else {
      require_columns(1);
      return value<T>(0);
    }
  }

  template <class T>
  static constexpr oid type_of() {
    using held = typename types::optional_value<T>::type;
    if constexpr (std::is_same_v<held, std::string> || std::is_same_v<held, std::string_view>) return oids::text;
    if constexpr (requires { typename std::integral_constant<oid, adapter<held>::oid>; })
      return adapter<held>::oid;
    else
      return 0;
  }
  template <class T>
  T value(std::size_t column) const {
    static_assert(readable<T>, "tusk: a field cannot be read as this type (T, see above); it needs a tusk::from_text");
    field const& from = fields_[column];
    if (from.how == field::null) {
      if constexpr (nullable<T>) return from_text<T>::null();
      throw_null_at(column);
    }
    std::string_view const bytes = bytes_of(from);
    types::read_context const with{loaded_.get()};
    if (how_.kind != copy_kind::binary) return checked(types::read_text<T>(bytes, type_of<T>(), with), column, bytes);
    if constexpr (binary_readable<T>)
      return checked(types::read_binary<T>(bytes, type_of<T>(), with), column, bytes);
    else
      throw_not_binary(column, type_text<T>());
  }
  template <class T>
  T checked(protocol::expected<T>&& read, std::size_t column, std::string_view bytes) const {
    if (!read) throw_bad_field(column, bytes, type_text<T>(), read.error());
    return *std::move(read);
  }

  [[noreturn]] void throw_columns(std::size_t wanted) const;
  [[noreturn]] void throw_null_at(std::size_t column) const;
  [[noreturn]] void throw_not_binary(std::size_t column, char const* type) const;
  [[noreturn]] void throw_bad_field(std::size_t column, std::string_view bytes, char const* type,
                                    protocol::parse_error const& error) const;
  [[noreturn]] void throw_malformed(char const* what) const;

  copy_format how_;
  std::shared_ptr<loaded_types const> loaded_;
  std::string_view rest_;
  std::vector<field> fields_;
  std::string text_;  // fields without their escapes
  std::uint64_t row_ = 0;
  bool begun_ = false;
};

}  // namespace tusk::detail
