// Wrappers that say how a value is meant, and values that are SQL rather than text.
//
//   as_is("now()")              now()                           only merged
//   in_list(ids)                (1, 2)                          only merged; bound, pass the vector: = ANY($1)
//   std::tuple(1, "a")          (1, 'a')                        only merged
//   vector of such or of registered types   ARRAY[.., ..]       only merged
//   binary("abc")               E'\\x616263'::bytea             merged and bound
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/types/adapter.hpp>
#include <tusk/types/argument.hpp>
#include <tusk/types/bytea.hpp>
#include <tusk/types/printed.hpp>

namespace tusk {

/// SQL that stands in the statement as it is: unquoted and unchecked but for UTF-8 and NUL. Never make it of text that
/// came from elsewhere.
class as_is {
 public:
  explicit as_is(std::string sql) noexcept : sql_(std::move(sql)) {}
  /// What the value looks like when it is printed: `as_is(5)` is 5.
  template <class T>
  requires(!std::convertible_to<T const&, std::string> && !std::same_as<T, as_is> &&
           types::printable<T>) explicit as_is(T const& shown)
      : sql_(types::printed(shown)) {}

  std::string const& sql() const noexcept { return sql_; }
  std::string const& getquoted() const noexcept { return sql_; }

 private:
  std::string sql_;
};

template <>
struct adapter<as_is> {
  static void sql(as_is const& value, sql_writer& out) { out << value.sql(); }
};

/// See `in_list`. `Range` is a reference to the caller's range, or a range of its own.
template <class Range>
class list_argument {
 public:
  explicit list_argument(Range&& values) : values_(std::forward<Range>(values)) {}
  auto const& values() const noexcept { return values_; }

 private:
  Range values_;
};

/// The values of a range, in parentheses, for `IN %s`. An empty one is a programming_error when it is adapted. A range
/// that is given by name is referred to, and has to live until then; a temporary one is kept.
template <class Range>
list_argument<Range> in_list(Range&& values) {
  return list_argument<Range>(std::forward<Range>(values));
}

template <class T>
list_argument<std::vector<T>> in_list(std::initializer_list<T> values) {
  return list_argument<std::vector<T>>(std::vector<T>(values));
}

namespace types {

/// What a range has, as an argument.
template <class Range>
using element = adapted<decltype(*std::begin(std::declval<Range const&>()))>;

/// Throws the programming_error of an empty list.
[[noreturn]] void throw_empty_list();

/// Throws the data_error of a ragged array.
[[noreturn]] void throw_ragged();

}  // namespace types

template <class Range>
requires(argument<types::element<Range>>) struct adapter<list_argument<Range>> {
  static void sql(list_argument<Range> const& value, sql_writer& out) {
    bool first = true;
    for (auto const& each : value.values()) {
      out << (first ? "(" : ", ");
      out.value(each);
      first = false;
    }
    if (first) types::throw_empty_list();
    out << ")";
  }
};

/// The members in parentheses: `(a, b) IN %s`, `VALUES %s`.
template <class First, class... Rest>
requires(argument<types::adapted<First>> &&
         (argument<types::adapted<Rest>> && ...)) struct adapter<std::tuple<First, Rest...>> {
  static void sql(std::tuple<First, Rest...> const& value, sql_writer& out) {
    out << "(";
    std::apply(
        [&out](First const& first, Rest const&... rest) {
          out.value(first);
          ((out << ", ", out.value(rest)), ...);
        },
        value);
    out << ")";
  }
};

namespace types {

template <class T>
inline constexpr bool is_vector = false;
template <class T, class Allocator>
inline constexpr bool is_vector<std::vector<T, Allocator>> = true;

/// Whether an element, or one of its elements, is not NULL.
template <class T>
bool has_value(T const& element) {
  if constexpr (is_vector<T>) {
    return std::any_of(element.begin(), element.end(), [](auto const& each) { return has_value(each); });
  } else {
    return !is_null<T>(element);
  }
}

/// `[a, b]`, or `[[a, b], [c, d]]`.
template <class T, class Allocator>
void write_elements(std::vector<T, Allocator> const& values, sql_writer& out, char const* open, char const* close) {
  out << open;
  for (auto const& each : values) {
    if (&each != &values.front()) out << ", ";
    if constexpr (is_vector<T>) {
      if (each.size() != values.front().size()) throw_ragged();
      write_elements(each, out, open, close);
    } else {
      out.value(each);
    }
  }
  out << close;
}

}  // namespace types

/// Elements that are SQL, or whose form is known only when the program runs. An array without any value but NULL is a
/// string, which takes whatever type the statement needs there. Ragged rows are a data_error.
template <argument T, class Allocator>
requires(!adaptable<T>) struct adapter<std::vector<T, Allocator>> {
  static void sql(std::vector<T, Allocator> const& values, sql_writer& out) {
    if (types::has_value(values)) {
      out << "ARRAY";
      types::write_elements(values, out, "[", "]");
    } else {
      out << "'";
      types::write_elements(values, out, "{", "}");
      out << "'";
    }
  }
};

/// Bytes that are held as text or otherwise, as bytea. A view: what it was made of has to live until it is adapted.
class binary {
 public:
  explicit binary(std::string_view bytes) noexcept : bytes_(std::as_bytes(std::span(bytes))) {}
  explicit binary(std::span<std::byte const> bytes) noexcept : bytes_(bytes) {}
  std::span<std::byte const> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte const> bytes_;
};

template <>
struct adapter<binary> {
  static constexpr tusk::oid oid = oids::bytea;
  static constexpr bool prefers_binary = true;
  static void text(tusk::binary const& value, text_writer& out) { types::write_bytea(value.bytes(), out); }
  static void binary(tusk::binary const& value, binary_writer& out) {
    types::bytea_adapter::binary(value.bytes(), out);
  }
};

}  // namespace tusk
