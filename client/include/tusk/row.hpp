// One row of a result, a view into it, and how its fields are read. An owned_row keeps its result alive.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/row_set.hpp>
#include <tusk/same_name.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/params.hpp>
#include <tusk/types/read_any.hpp>
#include <tusk/types/typecaster.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tusk {

class loaded_types;

/// One column of a result. In its name U+FFFD stands for what came while client_encoding was not UTF8.
/// Source: the protocol's RowDescription.
struct column_info {
  std::string name;
  oid type = 0;                   ///< OID of its type
  std::int32_t modifier = -1;     ///< what the type makes of it (length, precision); -1: none
  std::int16_t type_size = 0;     ///< bytes of a value at the server; negative: of varying length
  oid table = 0;                  ///< OID of the table it comes from; 0: none
  std::int16_t table_column = 0;  ///< its number there, from 1; 0: none
  bool is_binary = false;         ///< its values came in binary format: asked for, or a BINARY cursor's
};

/// A column by number: found once, used for every row (see result::column).
struct column_handle {
  std::size_t index = 0;
};

namespace detail {

struct known_column;  // mapping.hpp
template <class T>
class mapper;
template <class T>
using mapped = typename mapper<T>::type;

/// The columns of a result and how each is read. Immutable; results of one prepared statement share it.
struct column_set {
  std::shared_ptr<std::vector<column_info> const>
      infos;               ///< outlives registrations, as who holds a statement may see it
  std::vector<oid> types;  ///< what a column is read as: its type, or what load_types() found its type to be made of
  /// The same, but 0 where a typecaster is asked first: no parser takes that, so that the quick way ends there.
  std::vector<oid> quick_types;                       ///< and where it is binary
  std::vector<oid> binary_types;                      ///< of those that are binary and have no typecaster; else 0
  std::vector<types::any_reader> readers;             ///< of dynamic values from text; null where quick_types is 0
  std::vector<std::optional<typecaster>> casters;     ///< by column; none at all if no column has one
  std::string date_style, interval_style, time_zone;  ///< for the casters
  std::uint64_t version = 0;                          ///< of the registrations that this was made from
  bool has_binary = false;                            ///< whether a column is_binary
  bool has_unique_names = false;                      ///< so that one that is found is the first of its name
  std::shared_ptr<loaded_types const> loaded;         ///< null until load_types()
};

/// Whether the text of a result is what it seems to be.
enum class text_trust : std::uint8_t {
  utf8,
  unsure,   ///< another statement that was sent with this one may have changed client_encoding and set it back
  foreign,  ///< client_encoding was another one
};

/// What a result shares. Filled by the connection, immutable afterwards.
struct result_state {
  result_state() = default;
  result_state(std::shared_ptr<column_set const> const& of, std::string_view command_tag, bool utf8)
      : columns(of), tag(command_tag) {
    if (!utf8) [[unlikely]]
      distrust(text_trust::foreign);
  }
  void distrust(text_trust instead) noexcept {
    trust = std::max(trust, instead);
    text_limit = std::min(text_limit, empty_text);
    string_limit = empty_text;
  }

  std::shared_ptr<column_set const> columns;
  protocol::row_set rows;
  std::string tag;
  // Shorter texts are handed out without a look: an empty one where the encoding is in doubt, none among binary
  // columns.
  std::uint32_t text_limit = any_text;
  std::uint32_t string_limit = any_text;  // the same of a column that is known to be text
  text_trust trust = text_trust::utf8;
  bool is_binary(std::size_t column) const noexcept { return (*columns->infos)[column].is_binary; }
  static constexpr std::uint32_t any_text = 0x8000'0000, empty_text = 1, no_text = 0;
};

[[noreturn]] void throw_no_column(result_state const& in, std::size_t index);
[[noreturn]] void throw_no_column(result_state const& in, std::string_view name);
[[noreturn]] void throw_no_row(result_state const& in, std::size_t index);
[[noreturn]] void throw_type_mismatch(column_set const& in, std::size_t index, char const* wanted);
[[noreturn]] void throw_null(column_set const& in, std::size_t index);
[[noreturn]] void throw_bad_value(column_set const& in, std::size_t index, std::string_view text,
                                  protocol::parse_error const& error);
/// Of a field that came in binary and is asked for as what is read from text alone.
[[noreturn]] void throw_binary(column_set const& in, std::size_t column, char const* wanted);
/// For fields that are not handed out without a look. Throws data_error if the field is not ASCII and was, or may have
/// been, sent in another encoding.
void require_text(result_state const& in, std::size_t column, protocol::field_bytes field);
/// Of statements that give no rows: one for all of them. It is never destroyed, and copies of the pointer count
/// nothing.
std::shared_ptr<column_set const> const& no_columns() noexcept;
/// Of a result without rows, columns or a command, likewise.
std::shared_ptr<result_state const> const& no_state() noexcept;
cast_context context_of(column_set const& in, std::size_t column);
value any_value(result_state const& in, std::size_t column, protocol::field_bytes field);
std::size_t find_column(result_state const& in, std::string_view name);
/// The number at the end of a command tag.
std::optional<std::uint64_t> counted_rows(std::string_view tag) noexcept;

template <class T>
inline constexpr bool is_view =
    std::is_same_v<T, std::string_view> || std::is_same_v<T, std::optional<std::string_view>>;
template <class T>
inline constexpr bool is_string = std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>;
/// What a typecaster may give when the program runs, so that asking for it compiles.
template <class T>
concept castable = (std::is_class_v<T> || std::is_enum_v<T> || std::is_union_v<T>)&&std::copy_constructible<T>;

/// Does not compile when nothing can ever be read as T, and says what to write.
template <class T>
constexpr void require_readable() noexcept {
  static_assert(readable<T> || castable<T>,
                "tusk: a field cannot be read as this type (T, see above). Write a parser: "
                "template <> struct tusk::from_text<T> { static constexpr bool reads(tusk::oid type) { return ...; } "
                "static tusk::protocol::expected<T> parse(std::string_view text) { ... } }; "
                "or register a typecaster for a class or an enum: tusk::register_type(tusk::new_type<T>(...));");
}

/// The compiler's words for T, for error messages.
template <class T>
constexpr char const* type_text() noexcept {
  return __PRETTY_FUNCTION__;
}

}  // namespace detail

/// One row of a result: a view that is valid as long as its result lives. Reading from left to right is the fast way.
/// One row object belongs to one thread at a time; other objects may look at the same row.
class row {
 public:
  row(detail::result_state const& in, protocol::row_fields fields) noexcept : in_(&in), fields_(fields) {}

  /// The number of fields.
  std::size_t size() const noexcept { return fields_.size(); }

  /// The value of a column, by number from 0, by name, or by handle.
  ///
  /// Throws programming_error if there is no such column or its type cannot be read as a T (ask for text then, or cast
  /// in the statement), and data_error if the value does not fit a T or is NULL where T is no std::optional. The other
  /// fields stay readable. A std::string_view is a view into the result.
  template <class T>
  [[gnu::always_inline]] T get(std::size_t column) const {
    return read<T>(checked(column));
  }
  template <class T>
  T get(std::string_view name) const {
    return get<T>(find(name));
  }
  template <class T>
  T get(column_handle column) const {
    return get<T>(column.index);
  }

  /// The value of a column as whatever its type says it is: what the typecaster that is registered for it gives, else
  /// what the built-in parser gives (the documentation has the table), else text.
  value at(std::size_t column) const { return detail::any_value(*in_, column, bytes(column)); }
  value at(std::string_view name) const { return at(find(name)); }
  value at(column_handle column) const { return at(column.index); }

  /// The whole row as a tuple, an aggregate (by the names of its members), by_position<...>, or the one value it has;
  /// see mapping.hpp. Throws programming_error if columns and type do not go together, and what get() throws. For many
  /// rows result::rows and result::as are faster: they look up the names once.
  template <class T>
  detail::mapped<T> as() const;

  /// Whether a field is NULL. Throws programming_error if there is no such column.
  bool is_null(std::size_t column) const { return fields_.is_null(checked(column)); }
  bool is_null(std::string_view name) const { return is_null(find(name)); }
  bool is_null(column_handle column) const { return is_null(column.index); }

 private:
  friend class owned_row;
  friend struct detail::known_column;
  /// Of a column that is known to be there.
  template <class T>
  [[gnu::always_inline]] T read(std::size_t column) const;
  template <class T>
  static T get_binary(detail::result_state const& in, std::size_t column, protocol::field_bytes field);
  template <class T>
  static T get_slowly(detail::result_state const& in, std::size_t column, protocol::field_bytes field);
  template <class T>
  static std::optional<T> cast(detail::result_state const& in, typecaster const& caster, std::size_t column,
                               protocol::field_bytes field);
  std::size_t checked(std::size_t column) const {
    if (column >= fields_.size()) [[unlikely]]
      detail::throw_no_column(*in_, column);
    return column;
  }
  /// Mostly columns are asked for in their order.
  std::size_t find(std::string_view name) const {
    auto const& columns = *in_->columns;
    if (columns.has_unique_names && named_ < fields_.size() && detail::same_name((*columns.infos)[named_].name, name))
        [[likely]]
      return named_++;
    std::size_t const found = detail::find_column(*in_, name);
    named_ = found + 1;
    return found;
  }
  protocol::field_bytes bytes(std::size_t column) const { return fields_[checked(column)]; }

  detail::result_state const* in_;
  protocol::row_fields fields_;
  std::uint32_t text_limit_ = in_->text_limit;
  mutable std::size_t named_ = 0;  // the column behind the one that was asked for by its name
};

template <class T>
inline T row::read(std::size_t column) const {
  detail::require_readable<T>();
  detail::column_set const& columns = *in_->columns;
  if constexpr (detail::is_view<T>) {
    if (auto const text = fields_.text(column, text_limit_); text.data() != nullptr) [[likely]]
      return T(text);
    return get_slowly<T>(*in_, column, fields_[column]);
  } else if constexpr (detail::is_string<T>) {  // as a view, but where a typecaster is asked first
    if (columns.quick_types[column] != 0) [[likely]] {
      if (auto const text = fields_.text(column, in_->string_limit); text.data() != nullptr) [[likely]]
        return T(text);
    }
    return get_slowly<T>(*in_, column, fields_[column]);
  } else {
    using value_type = typename types::optional_value<T>::type;
    auto const field = fields_[column];
    if constexpr (quickly_readable<value_type>) {
      bool const is_trusted = !types::holds_text<value_type> || in_->string_limit == detail::result_state::any_text;
      if (is_trusted && types::reads_quickly<value_type>(columns.quick_types[column])) [[likely]] {
        if constexpr (types::holds_optional<T>) {
          if (field.is_null()) return std::nullopt;
        }
        value_type value{};
        if (from_text<value_type>::parse_quickly(field.text(), value)) [[likely]]
          return value;
      }
    }
    if constexpr (types::fixed_in_binary<value_type>) {
      if (columns.binary_types[column] == adapter<value_type>::oid && field.text().size() == sizeof(value_type))
        return *types::parse_fixed<value_type>(field.text());
    }
    return get_slowly<T>(*in_, column, field);
  }
}

/// Everything that can be said of a field: by a registered caster that gives a T, else by the built-in parser. It takes
/// no `this`, so that a row can live in registers.
template <class T>
[[gnu::noinline]] T row::get_slowly(detail::result_state const& in, std::size_t column, protocol::field_bytes field) {
  if (in.text_limit <= detail::result_state::empty_text) [[unlikely]]
    detail::require_text(in, column, field);
  bool const is_binary = in.text_limit == detail::result_state::no_text && in.is_binary(column);
  if constexpr (!detail::is_view<T>) {
    if (!in.columns->casters.empty()) {
      if (auto const& caster = in.columns->casters[column]) {
        if (is_binary && !caster->takes_binary()) detail::throw_binary(*in.columns, column, detail::type_text<T>());
        if constexpr (types::holds_optional<T>) {
          if (caster->gives<typename T::value_type>()) return cast<typename T::value_type>(in, *caster, column, field);
        } else if (caster->gives<T>()) {
          auto cast_value = cast<T>(in, *caster, column, field);
          if (!cast_value) detail::throw_null(*in.columns, column);
          return *std::move(cast_value);
        }
      }
    }
  }
  if (is_binary) return get_binary<T>(in, column, field);
  if constexpr (readable<T>) {
    if (field.is_null()) {
      if constexpr (nullable<T>)
        return from_text<T>::null();
      else
        detail::throw_null(*in.columns, column);
    }
    oid const type = in.columns->types[column];
    if (!from_text<T>::reads(type)) detail::throw_type_mismatch(*in.columns, column, detail::type_text<T>());
    auto value = types::read_text<T>(field.text(), type, {in.columns->loaded.get()});
    if (!value) detail::throw_bad_value(*in.columns, column, field.text(), value.error());
    return *std::move(value);
  } else {
    detail::throw_type_mismatch(*in.columns, column, detail::type_text<T>());
  }
}

/// By the parser of the binary form.
template <class T>
T row::get_binary(detail::result_state const& in, std::size_t column, protocol::field_bytes field) {
  if constexpr (binary_readable<T>) {
    oid const type = in.columns->types[column];
    if (from_binary<T>::reads(type)) [[likely]] {
      if (field.is_null()) {
        if constexpr (nullable<T>)
          return from_text<T>::null();
        else
          detail::throw_null(*in.columns, column);
      }
      auto value = types::read_binary<T>(field.text(), type, {in.columns->loaded.get()});
      if (!value) detail::throw_bad_value(*in.columns, column, field.text(), value.error());
      return *std::move(value);
    }
  }
  detail::throw_binary(*in.columns, column, detail::type_text<T>());
}

template <class T>
std::optional<T> row::cast(detail::result_state const& in, typecaster const& caster, std::size_t column,
                           protocol::field_bytes field) {
  return caster.cast_to<T>(field.is_null() ? std::nullopt : std::optional(field.text()),
                           detail::context_of(*in.columns, column));
}

namespace detail {
/// Of a row that is a temporary.
template <class T>
constexpr void require_lasting() noexcept {
  static_assert(!is_view<T>,
                "tusk: this view would dangle, because the row is a temporary. Ask for std::string, or keep the result "
                "or the row in a variable first.");
}
}  // namespace detail

/// A row that keeps its result alive: what a temporary result's rows are. A moved-from one has no fields.
class owned_row {
 public:
  owned_row(std::shared_ptr<detail::result_state const> in, protocol::row_fields fields) noexcept
      : in_(std::move(in)), row_(*in_, fields) {}
  owned_row(owned_row const&) = default;
  owned_row& operator=(owned_row const&) = default;
  owned_row(owned_row&& other) noexcept : in_(std::move(other.in_)), row_(other.row_) { other.clear(); }
  owned_row& operator=(owned_row&& other) noexcept {
    if (this == &other) return *this;
    in_ = std::move(other.in_);
    row_ = other.row_;
    other.clear();
    return *this;
  }

  std::size_t size() const noexcept { return row_.size(); }
  /// As row::get. A std::string_view is valid as long as this object.
  template <class T, class Column>
  T get(Column const& column) const& {
    return row_.get<T>(plain(column));
  }
  template <class T, class Column>
  T get(Column const& column) const&& {
    detail::require_lasting<T>();
    return row_.get<T>(plain(column));
  }
  /// As row::as.
  template <class T>
  detail::mapped<T> as() const;
  template <class Column>
  value at(Column const& column) const {
    return row_.at(plain(column));
  }
  template <class Column>
  bool is_null(Column const& column) const {
    return row_.is_null(plain(column));
  }

 private:
  static std::size_t plain(std::integral auto number) noexcept { return static_cast<std::size_t>(number); }
  static std::string_view plain(std::string_view name) noexcept { return name; }
  static column_handle plain(column_handle column) noexcept { return column; }
  void clear() noexcept {
    in_ = detail::no_state();
    row_ = {*in_, {}};
  }

  std::shared_ptr<detail::result_state const> in_;
  row row_;
};

}  // namespace tusk
