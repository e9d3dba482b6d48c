// Row values: an aggregate of C++ as a composite type, std::tuple and std::pair from any row value.
//
//   struct item { int id; std::string name; std::optional<double> weight; };
//   template <> struct tusk::adapter<item> : tusk::composite<"item"> {};
//
//   item{1, "a b", {}}  ◄─►  (1,"a b",)        members by position; nothing between the commas is NULL
//
//   C++                                    sent as          read from
//   aggregate with composite<"name">       the type `name`  record and any type that was made in the database
//   std::tuple, std::pair                  not              likewise
//
// Binary: an int32 number of fields; then for each its type, a uint32, an int32 length (-1 for NULL) and its own binary
// form. A field of another type than its member is read from is an error; so is one of a domain, which has an OID of
// its own, before load_types(). How it is written is in binary_row.hpp.
//
// The text of a row value names neither its type nor those of its fields, so the members are taken to be what the
// declaration says: each has to read its field's text, which its own parser checks.
//
// Source: PostgreSQL's documentation, "Composite Type Input and Output Syntax"; record_out.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/aggregate.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/fixed_string.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

// ---- writing --------------------------------------------------------------------------------------------------------

/// A field, in quotes if it needs them.
void write_record_field(std::string_view text, text_writer& out);

class record_writer {
 public:
  explicit record_writer(text_writer& out) noexcept : out_(out) {}

  template <class... Fields>
  void write(Fields const&... fields) {
    char before = '(';
    ((out_ << std::exchange(before, ','), write_field(fields)), ...);
    out_ << ')';
  }

 private:
  template <class T>
  void write_field(T const& value) {
    require_adapter<T>();
    static_assert(adaptable<T> || !argument<T>,
                  "tusk: this type cannot be a member of a composite value, because its adapter writes SQL, or is "
                  "registered when the program runs: give it an adapter with a text.");
    if constexpr (adaptable<T>) {  // otherwise the one message is enough
      if (is_null(value)) return;
      write_part(value, scratch_, out_, [this](std::string_view text) { write_record_field(text, out_); });
    }
  }

  text_writer& out_;
  text_buffer scratch_;
};

// ---- reading --------------------------------------------------------------------------------------------------------

/// Reads the fields of a row value into as many objects.
class record_reader {
 public:
  explicit record_reader(std::string_view text) noexcept : reader_(text) {}

  /// What is wrong with the text, if anything.
  template <class... Fields>
  std::optional<protocol::parse_error> read(Fields&... fields) {
    if (!reader_.take('(')) return malformed();
    std::size_t left = sizeof...(Fields);
    ((read_field(fields) && end_field(--left == 0)) && ...);
    return error_;
  }

 private:
  template <class T>
  bool read_field(T& to) {
    require_from_text<T>();
    static_assert(!readable<T> || readable_part<T>,
                  "tusk: a std::string_view cannot be a member here, because a field may be a copy without its quotes, "
                  "which does not last. Use std::string.");
    if constexpr (readable_part<T>) {
      if (!next()) return false;
      if (!field_.quoted && field_.text.empty()) {
        if constexpr (nullable<T>) {
          to = from_text<T>::null();
          return true;
        } else {
          return fail({errc::null_element, field_.position});
        }
      }
      auto value = read_text<T>(field_.text, 0);
      if (!value) return fail(field_.whole(value.error()));
      to = *std::move(value);
    }
    return true;
  }

  bool next();
  bool end_field(bool last);
  protocol::parse_error malformed() const noexcept { return {errc::malformed_record, reader_.position()}; }
  bool fail(protocol::parse_error const& why) noexcept {
    error_ = why;
    return false;
  }

  part_reader reader_;
  part field_;
  std::optional<protocol::parse_error> error_;
};

/// The same from the binary form.
class binary_record_reader {
 public:
  binary_record_reader(std::string_view bytes, read_context const& with) noexcept
      : in_(bytes), with_{with.loaded, with.depth + 1} {}

  template <class... Fields>
  std::optional<protocol::parse_error> read(Fields&... fields) {
    begin(sizeof...(Fields));
    (read_field(fields), ...);
    if (auto const error = in_.finish(); error.code) return error;
    return std::nullopt;
  }

 private:
  struct field {
    oid type = 0;
    std::optional<std::string_view> bytes;
    std::size_t position = 0;  // of its length
  };

  template <class T>
  void read_field(T& to) {
    require_from_text<T>();
    if constexpr (binary_readable<T>) {
      field const next = take(&from_binary<T>::reads);
      if (in_.failed()) return;
      if (!next.bytes) {
        if constexpr (nullable<T>) {
          to = from_text<T>::null();
        } else {
          in_.fail_at(next.position, errc::null_element);
        }
        return;
      }
      auto value = read_binary<T>(*next.bytes, next.type, with_);
      if (!value) return in_.fail_at(next.position + 4 + value.error().position, value.error().code);
      to = *std::move(value);
    } else {
      in_.fail(errc::wrong_type);
    }
  }

  void begin(std::size_t count) noexcept;
  field take(bool (*reads)(oid));

  binary_reader in_;
  read_context with_;  // of the fields
};

/// Whether each of these members is read from the binary form.
template <class Members>
inline constexpr bool all_binary_readable = false;
template <class... Members>
inline constexpr bool all_binary_readable<std::tuple<Members&...>> = (binary_readable<Members> && ...);

inline bool reads_record(oid type) noexcept { return type == oids::record || is_user_defined(type); }

}  // namespace types

/// The adapter of an aggregate that is a composite type of that name, as SQL writes it: the members are the attributes,
/// in order. Members are of any types that have adapters, those that may be NULL std::optional.
template <types::fixed_string Name>
struct composite {
  static constexpr std::string_view type_name = Name.view();
  static constexpr bool is_composite = true;

  template <types::aggregate T>
  static void text(T const& value, text_writer& out) {
    std::apply([&](auto const&... members) { types::record_writer(out).write(members...); }, types::members(value));
  }
};

namespace types {

/// An aggregate whose adapter is a `composite`.
template <class T>
concept composite_type = aggregate<T> && requires {
  requires adapter<T>::is_composite;
};

}  // namespace types

template <types::composite_type T>
struct from_text<T> {
  static bool reads(oid type) noexcept { return types::reads_record(type); }
  static protocol::expected<T> parse(std::string_view text) {
    T value{};
    auto const error = std::apply([&](auto&... members) { return types::record_reader(text).read(members...); },
                                  types::members(value));
    if (error) return *error;
    return value;
  }
};

template <class... Fields>
requires(sizeof...(Fields) > 0 && (types::readable_part<Fields> && ...)) struct from_text<std::tuple<Fields...>> {
  static bool reads(oid type) noexcept { return types::reads_record(type); }
  static protocol::expected<std::tuple<Fields...>> parse(std::string_view text) {
    std::tuple<Fields...> value;
    auto const error = std::apply([&](auto&... fields) { return types::record_reader(text).read(fields...); }, value);
    if (error) return *error;
    return value;
  }
};

template <types::readable_part First, types::readable_part Second>
struct from_text<std::pair<First, Second>> {
  static bool reads(oid type) noexcept { return types::reads_record(type); }
  static protocol::expected<std::pair<First, Second>> parse(std::string_view text) {
    std::pair<First, Second> value;
    if (auto const error = types::record_reader(text).read(value.first, value.second)) return *error;
    return value;
  }
};

// Whether its members have a binary form is asked here, not by a concept: a struct may hold a vector of its own type.
template <types::composite_type T>
struct from_binary<T> {
  static bool reads(oid type) noexcept {
    return types::all_binary_readable<decltype(types::members(std::declval<T&>()))> && types::reads_record(type);
  }
  static protocol::expected<T> parse(std::string_view bytes, oid type) { return parse(bytes, type, {}); }
  static protocol::expected<T> parse(std::string_view bytes, oid, types::read_context const& with) {
    T value{};
    auto const error =
        std::apply([&](auto&... members) { return types::binary_record_reader(bytes, with).read(members...); },
                   types::members(value));
    if (error) return *error;
    return value;
  }
};

template <class... Fields>
requires(sizeof...(Fields) > 0 && (types::readable_part<Fields> && ...) &&
         (binary_readable<Fields> && ...)) struct from_binary<std::tuple<Fields...>> {
  static bool reads(oid type) noexcept { return types::reads_record(type); }
  static protocol::expected<std::tuple<Fields...>> parse(std::string_view bytes, oid type) {
    return parse(bytes, type, {});
  }
  static protocol::expected<std::tuple<Fields...>> parse(std::string_view bytes, oid, types::read_context const& with) {
    std::tuple<Fields...> value;
    auto const error =
        std::apply([&](auto&... fields) { return types::binary_record_reader(bytes, with).read(fields...); }, value);
    if (error) return *error;
    return value;
  }
};

template <types::readable_part First, types::readable_part Second>
requires binary_readable<First> && binary_readable<Second>
struct from_binary<std::pair<First, Second>> {
  static bool reads(oid type) noexcept { return types::reads_record(type); }
  static protocol::expected<std::pair<First, Second>> parse(std::string_view bytes, oid type) {
    return parse(bytes, type, {});
  }
  static protocol::expected<std::pair<First, Second>> parse(std::string_view bytes, oid,
                                                            types::read_context const& with) {
    std::pair<First, Second> value;
    if (auto const error = types::binary_record_reader(bytes, with).read(value.first, value.second)) return *error;
    return value;
  }
};

}  // namespace tusk
