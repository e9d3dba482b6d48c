// How a C++ value becomes an argument of a statement: adapter<T> says its type's OID and writes its text.
//
//   value ─► adapter<T>::text ─► text_writer ─► params (the wire's form of all arguments) ─► bound, or a literal
//   value ─► adapter<T>::sql  ─► sql_writer  ─► params                                    ─► a part of the statement
//   value ─► what was registered for T when the program runs, which gives one of the two
//
// The adapters of the built-in types are in number.hpp, text.hpp and bytea.hpp; builtin.hpp has all of them.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <tusk/types/adapt_context.hpp>
#include <tusk/types/language.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// Says how values of `T` are written. Specialise it for a type of your own:
///
///     template <> struct tusk::adapter<point> {
///       static constexpr tusk::oid oid = tusk::oids::point;       // 0: let the server infer the type
///       static void text(point const& p, tusk::text_writer& out) { out << '(' << p.x << ',' << p.y << ')'; }
///     };
///
/// A type that was made in its database has no OID that is known beforehand: it is told by its name, as a statement
/// would write it, `static constexpr std::string_view type_name = "shop.color"`, in place of `oid`. A type of several
/// is told by a function: `static tusk::argument_type type()`; one that depends on the value or on the loaded types by
/// `static tusk::oid type(T const&, tusk::adapt_context const&)`, which may stand beside an `oid` for values that are
/// not there (an empty vector, an empty optional) and may give a tusk::argument_type. It is asked before `text` writes,
/// and not where an `is_null` says NULL.
///
/// An adapter with a fixed built-in `oid` may also have `static void binary(T const&, tusk::binary_writer&)`, the same
/// value in the binary form. Where the parameter's type is known to be that OID, it is bound in that form if it
/// `static constexpr bool prefers_binary = true`.
///
/// `text` writes what the server's input function of the type reads, without quotes. If some values of `T` mean NULL,
/// an adapter also has `static bool is_null(T const&)`; `text` is not called for those. `text` may throw: nothing of
/// the value is sent then.
template <class T>
struct adapter;

namespace types {

/// Whether the type of what `adapter<T>` writes depends on the value, or on the loaded types.
template <class T>
concept typed_by_value = requires(T const& value, adapt_context const& context) {
  adapter<T>::type(value, context);
};

}  // namespace types

/// Whether there is an adapter for `T` that writes text.
template <class T>
concept adaptable = requires(T const& value, text_writer& out) {
  adapter<T>::text(value, out);
}
&&(
    types::typed_by_value<T> ||
    requires {
      { adapter<T>::oid } -> std::convertible_to<oid>;
    } ||
    requires {
      { adapter<T>::type_name } -> std::convertible_to<std::string_view>;
    } ||
    requires {
      { adapter<T>::type() } -> std::same_as<argument_type>;
    });

class sql_writer;  // argument.hpp

/// Whether the adapter for `T` writes SQL: `static void sql(T const&, tusk::sql_writer&)`, for values that are no text
/// of one type, as a list in parentheses. They can only be merged into a statement's text. If there is also a `text`,
/// that is used.
template <class T>
concept sql_adaptable = requires(T const& value, sql_writer& out) {
  adapter<T>::sql(value, out);
};

/// Says that a type is adapted when the program runs, by what `register_adapter` registered for it:
///
///     template <> struct tusk::adapter<point> : tusk::registered {};
struct registered {
  static constexpr bool at_run_time = true;
};

/// Whether `T` is adapted when the program runs.
template <class T>
concept registrable = requires {
  requires adapter<T>::at_run_time;
};

/// Whether the adapter for `T` hands over to that of a part of the value: `static auto const& inner(T const&)`.
template <class T>
concept inner_adaptable = requires(T const& value) {
  adapter<T>::inner(value);
};

class binary_writer;  // binary_writer.hpp

/// Whether the adapter for `T` also writes the binary form.
template <class T>
concept binary_adaptable = adaptable<T> && requires(T const& value, binary_writer& out) {
  adapter<T>::binary(value, out);
};

namespace types {
struct written;

/// Whether the adapter for `T` decides when the program runs what it writes.
template <class T>
concept self_written = requires(T const& value, text_buffer& to, adapt_context const& context) {
  adapter<T>::write(value, to, context, false);
};

}  // namespace types

/// Whether values of `T` can be arguments of a statement.
template <class T>
concept argument = adaptable<T> || sql_adaptable<T> || registrable<T> || inner_adaptable<T> || types::self_written<T>;

namespace types {

/// The type of what `adapter<T>` writes where no value is at hand.
template <adaptable T>
constexpr argument_type argument_type_of() {
  if constexpr (requires { adapter<T>::type(); }) {
    return adapter<T>::type();
  } else if constexpr (requires { adapter<T>::oid; }) {
    return {adapter<T>::oid};
  } else if constexpr (requires { adapter<T>::type_name; }) {
    return {0, adapter<T>::type_name, false, std::is_enum_v<T>};
  } else {
    return {};
  }
}

/// The type of what `adapter<T>` writes of this value, with what the context knows of it.
template <adaptable T>
argument_type argument_type_of(T const& value, adapt_context const& context) {
  if constexpr (!typed_by_value<T>) {
    return context.resolve(argument_type_of<T>());
  } else if constexpr (std::convertible_to<decltype(adapter<T>::type(value, context)), oid>) {
    return context.resolve({static_cast<oid>(adapter<T>::type(value, context))});
  } else {
    return context.resolve(adapter<T>::type(value, context));
  }
}

/// Whether values of `T` are better sent in the binary form, where that can be.
template <class T>
inline constexpr bool prefers_binary = requires {
  requires adapter<T>::prefers_binary;
};
template <class T>
inline constexpr bool prefers_binary<std::optional<T>> = prefers_binary<T>;

/// Whether all that `adapter<T>` writes is text of one built-in type, or of none (0), which is known at compile time.
template <class T>
consteval bool has_fixed_type() {
  if constexpr (registrable<T> || self_written<T> || !adaptable<T> || typed_by_value<T>)
    return false;
  else if constexpr (requires { adapter<T>::type(); })
    return false;
  else if constexpr (requires { typename std::integral_constant<tusk::oid, adapter<T>::oid>; })
    return adapter<T>::oid < adapt_context::first_loaded;
  else
    return false;
}

/// The type of values of which some are of one type and some of another: numeric for int8 and numeric. Throws
/// data_error for any others.
argument_type common_type(argument_type const& a, argument_type const& b);

/// Gathers the common type of the values that are not NULL.
class type_gatherer {
 public:
  explicit type_gatherer(adapt_context const& context) noexcept : context_(context) {}

  template <adaptable T>
  void add(T const& value);

  /// That of values that are not there if there was none.
  template <adaptable T>
  argument_type type() const {
    return known_ ? type_ : argument_type_of<T>();
  }

 private:
  adapt_context const& context_;
  argument_type type_;
  bool known_ = false;
};

}  // namespace types

/// An empty optional is NULL, of the type of its values.
template <adaptable T>
struct adapter<std::optional<T>> {
  static constexpr argument_type type() { return types::argument_type_of<T>(); }
  static argument_type type(std::optional<T> const& value, adapt_context const& context) {
    return value ? types::argument_type_of<T>(*value, context) : type();
  }
  static bool is_null(std::optional<T> const& value);
  static void text(std::optional<T> const& value, text_writer& out) { adapter<T>::text(*value, out); }
  static void binary(std::optional<T> const& value, binary_writer& out) requires binary_adaptable<T> {
    adapter<T>::binary(*value, out);
  }
};

/// The same of values whose form is not known when compiling.
template <argument T>
requires(!adaptable<T>) struct adapter<std::optional<T>> {
  static bool is_null(std::optional<T> const& value) noexcept { return !value; }
  static T const& inner(std::optional<T> const& value) noexcept { return *value; }
};

/// NULL, of a type that the server infers.
template <>
struct adapter<std::nullptr_t> {
  static constexpr tusk::oid oid = 0;
  static constexpr bool is_null(std::nullptr_t) noexcept { return true; }
  static void text(std::nullptr_t, text_writer&) noexcept {}
};

/// NULL, of a type that the server infers.
template <>
struct adapter<std::nullopt_t> {
  static constexpr tusk::oid oid = 0;
  static constexpr bool is_null(std::nullopt_t) noexcept { return true; }
  static void text(std::nullopt_t, text_writer&) noexcept {}
};

namespace types {

template <class T>
struct adapted_type {
  using type = T;
};
template <std::size_t N>
struct adapted_type<char[N]> {
  using type = char const*;
};
template <>
struct adapted_type<char*> {
  using type = char const*;
};

/// The type under which an argument of type `T` is looked up: without const and reference; a string literal or a
/// `char*` is a `char const*`.
template <class T>
using adapted = typename adapted_type<std::remove_cvref_t<T>>::type;

/// Does not compile when `T` cannot be an argument, and says what to write.
template <class T>
constexpr void require_adapter() noexcept {
  static_assert(argument<T>,
                "tusk: this type (T, see above) cannot be an argument of a statement: it has no adapter. "
                "Write one, in one of three ways: "
                "(1) its text: template <> struct tusk::adapter<T> { static constexpr tusk::oid oid = "
                "tusk::oids::text; static void text(T const& value, tusk::text_writer& out) { out << ...; } }; "
                "(2) when the program runs: template <> struct tusk::adapter<T> : tusk::registered {}; and "
                "tusk::register_adapter<T>([](T const& value) { return ...; }); "
                "(3) a type of the database: template <> struct tusk::adapter<T> : tusk::composite<\"name\"> {}; or "
                ": tusk::enum_adapter<\"name\", \"first\", \"second\"> {};");
}

/// Whether a value means NULL.
template <argument T>
constexpr bool is_null(T const& value) {
  if constexpr (requires { adapter<T>::is_null(value); }) {
    return adapter<T>::is_null(value);
  } else {
    return false;
  }
}

/// The text of a value, as it would be sent: for a test of an adapter. A value that means NULL gives nothing.
template <class T>
std::optional<std::string> text_of(T const& value) {
  using type = adapted<T>;
  require_adapter<type>();
  if (is_null<type>(value)) return std::nullopt;
  text_buffer buffer;
  text_writer out(buffer);
  adapter<type>::text(value, out);
  return std::string(buffer.data(), buffer.size());
}

}  // namespace types

template <adaptable T>
bool adapter<std::optional<T>>::is_null(std::optional<T> const& value) {
  return !value || types::is_null(*value);
}

template <adaptable T>
void types::type_gatherer::add(T const& value) {
  if (is_null(value)) return;
  argument_type const found = argument_type_of<T>(value, context_);
  type_ = known_ ? common_type(type_, found) : found;
  known_ = true;
}

}  // namespace tusk
