// What a value becomes as an argument: text of a type, or a part of a statement.
//
//   value ─► write_argument ─┬─► text, type ─► literal ─┬─► sql_writer, merge
//                            ├─► SQL ───────────────────┤
//                            └─► NULL ──────────────────┘
//
// An adapter with `sql` gets a sql_writer and gives its parts to it: words of SQL, and values, which become literals.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include <tusk/types/adapter.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/registry.hpp>
#include <tusk/types/small_buffer.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

/// Appends an argument as a statement has it: NULL, its SQL, or the literal of its text.
void append_written(text_buffer& to, std::string_view what, written const& how);

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
  /// `registry` may be null.
  sql_writer(types::text_buffer& to, adapter_registry const* registry) noexcept : to_(to), registry_(registry) {}

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
      types::written const how = types::write_argument<type>(value, text, registry_);
      types::append_written(to_, {text.data(), text.size()}, how);
    }
    return *this;
  }

 private:
  types::text_buffer& to_;
  adapter_registry const* registry_;
};

namespace types {

template <argument T>
written write_argument(T const& value, text_buffer& to, adapter_registry const* registry) {
  if constexpr (registrable<T>) {
    return write_registered(typeid(T), std::addressof(value), to, registry);
  } else if (is_null<T>(value)) {
    if constexpr (adaptable<T>) return {shape::null, argument_type_of<T>()};
    return {};
  } else if constexpr (adaptable<T>) {
    text_writer out(to);
    adapter<T>::text(value, out);
    return {shape::text, argument_type_of<T>()};
  } else if constexpr (inner_adaptable<T>) {
    auto const& inner = adapter<T>::inner(value);
    return write_argument<adapted<decltype(inner)>>(inner, to, registry);
  } else {
    sql_writer out(to, registry);
    adapter<T>::sql(value, out);
    return {shape::sql};
  }
}

}  // namespace types

/// What `adapt` gives.
class adaptation {
 public:
  explicit adaptation(std::string sql) noexcept : sql_(std::move(sql)) {}

  /// The value as merging would write it: `'it''s'`, `(-1)`, `'2020-02-29'::date`.
  std::string const& getquoted() const& noexcept { return sql_; }
  std::string getquoted() && noexcept { return std::move(sql_); }

 private:
  std::string sql_;
};

/// Adapts a value outside of a statement, for adapters that are made of other values. Throws what its adapter throws;
/// data_error for text that is not valid UTF-8 or has a NUL byte.
template <class T>
adaptation adapt(T const& value, adapter_registry const* registry = nullptr) {
  types::text_buffer buffer;
  sql_writer(buffer, registry).value(value);
  return adaptation(std::string(buffer.data(), buffer.size()));
}

}  // namespace tusk
