// What a value becomes as an argument: text of a type, or a part of a statement.
//
//   value ─► write_argument ─┬─► text, type ─► literal ─┬─► sql_writer, merge
//                            ├─► SQL ───────────────────┤
//                            └─► NULL ──────────────────┘
//
// An adapter with `sql` gets a sql_writer and gives its parts to it: words of SQL, and values, which become literals.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include <tusk/types/adapt_context.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/registry.hpp>
#include <tusk/types/small_buffer.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

/// Appends an argument as a statement has it: NULL, its SQL, or the literal of its text. `plain`: without the
/// parentheses and casts that merging adds.
void append_written(text_buffer& to, std::string_view what, written const& how, bool plain = false);

}  // namespace types

/// Appends SQL. Given to `adapter<T>::sql`; holds references for the time of that call. Every operation throws
/// data_error when the text would not fit in a message (1 GiB).
///
///     static void sql(edge const& e, tusk::sql_writer& out) {
///       out << "lseg(";
///       out.value(e.first) << ", ";
///       out.value(e.second) << ")";
///     }
class sql_writer {
 public:
  /// `plain`: values have no parentheses or casts, as `adapt` gives them.
  sql_writer(types::text_buffer& to, adapt_context const& context, bool plain = false) noexcept
      : to_(to), context_(context), plain_(plain) {}

  /// SQL as it is. A NUL byte and invalid UTF-8 are a data_error.
  sql_writer& operator<<(std::string_view sql) {
    text_writer(to_) << sql;
    return *this;
  }

  /// A value as a literal, or as the SQL that its own adapter writes.
  template <class T>
  sql_writer& value(T const& value) {
    using type = types::adapted<T>;
    types::require_adapter<type>();
    if constexpr (argument<type>) {  // otherwise the one message is enough
      types::text_buffer text;
      types::written const how = types::write_argument<type>(value, text, context_, plain_);
      types::append_written(to_, {text.data(), text.size()}, how, plain_);
    }
    return *this;
  }

 private:
  types::text_buffer& to_;
  adapt_context const& context_;
  bool plain_;
};

/// An object that says itself what it is in a statement, by a const member `getquoted()`: text that stands there as it
/// is. It can only be merged. An adapter of its own goes before.
template <class T>
requires requires(T const& value) {
  { value.getquoted() } -> std::convertible_to<std::string_view>;
}
struct adapter<T> {
  static void sql(T const& value, sql_writer& out) {
    auto const& quoted = value.getquoted();
    out << std::string_view(quoted);
  }
};

namespace types {

template <argument T>
written write_argument(T const& value, text_buffer& to, adapt_context const& context, [[maybe_unused]] bool plain) {
  if constexpr (registrable<T>) {
    return write_registered(typeid(T), std::addressof(value), to, context, plain);
  } else if constexpr (self_written<T>) {
    return adapter<T>::write(value, to, context, plain);
  } else if (is_null<T>(value)) {
    if constexpr (adaptable<T>) return {shape::null, context.resolve(argument_type_of<T>())};
    return {};
  } else if constexpr (adaptable<T>) {
    text_writer out(to);
    adapter<T>::text(value, out);
    return {shape::text, argument_type_of<T>(value, context)};
  } else if constexpr (inner_adaptable<T>) {
    auto const& inner = adapter<T>::inner(value);
    return write_argument<adapted<decltype(inner)>>(inner, to, context, plain);
  } else {
    sql_writer out(to, context, plain);
    adapter<T>::sql(value, out);
    return {shape::sql};
  }
}

/// A value as merging writes it.
template <class T>
std::string literal_of(T const& value, adapter_registry const* registry, bool plain = false) {
  text_buffer buffer;
  adapt_context const context(registry);
  sql_writer(buffer, context, plain).value(value);
  return std::string(buffer.data(), buffer.size());
}

}  // namespace types

/// What `adapt` gives.
class adaptation {
 public:
  explicit adaptation(std::string sql) noexcept : sql_(std::move(sql)) {}

  /// The value for text that you compose: quoted, but without the parentheses and casts that merging adds. `'it''s'`,
  /// `'2020-02-29'`, `{1,2}` in quotes. A negative number has a space before it, ` -1.23`, so that it is right inside
  /// the text of a point, and begins no comment behind a minus.
  std::string const& getquoted() const& noexcept { return sql_; }
  std::string getquoted() && noexcept { return std::move(sql_); }

 private:
  std::string sql_;
};

/// Adapts a value outside of a statement, for adapters that are made of other values. Throws what its adapter throws;
/// data_error for text that is not valid UTF-8 or has a NUL byte.
template <class T>
adaptation adapt(T const& value, adapter_registry const* registry = nullptr) {
  return adaptation(types::literal_of(value, registry, true));
}

}  // namespace tusk
