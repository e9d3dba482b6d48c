// Arrays: std::vector and its like as arguments and results, and tusk::array, which keeps bounds.
//
//   C++                                    sent as                    read from
//   std::vector<T>, any allocator          the array type of T's      arrays of what T reads, and if T reads types that
//                                                                     were made in the database, any of those
//   std::vector<std::vector<T>> and so on  likewise; each level is a  likewise, with as many dimensions
//                                          dimension, at most 6
//   std::array<T, N>                       likewise                   likewise, of N elements in one dimension
//   std::span<T>                           likewise                   not
//   tusk::array<T>                         likewise, with its bounds  likewise, any dimensions and bounds
//   std::optional<T> as the elements       likewise                   likewise, and NULL
//   vector of std::int16_t, of oid         int2[], int8[]             int2vector and oidvector, too; they count from 0
//   vector, array, span of std::byte       bytea, see bytea.hpp
//
// An array whose elements have no type of their own (strings) is sent as text[], the type that ARRAY['a', 'b'] has:
// functions that take any array need one. Where the statement has an array of another type, it says so: $1::uuid[].
// Of elements that are known by name (composites, enums) the name is used: color[]. Where their type has another
// delimiter than a comma, as PostGIS' geometry, their adapter says so: `static constexpr char delimiter = ':'`; for
// what is read load_types() finds it.
//
//   text ─► array_reader (elements in storage order, shape) ─► elements, by from_text of each ─► nested, if T is
//
// The binary form is in binary_array.hpp.
//
// PostgreSQL knows one empty array, without dimensions: what has no elements is sent as {}, and {} is read as an empty
// outermost vector. A vector does not tell lower bounds; [0:1]={1,2} is read as {1, 2}. Where the server's array_nulls
// is off, which is for programs older than NULLs in arrays, no text means NULL: it takes ours for the string NULL.
//
// Source: PostgreSQL's documentation, "Arrays"; array_in and array_out.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/array_reader.hpp>
#include <tusk/types/array_traits.hpp>
#include <tusk/types/binary_array.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
/// An array as the server has it: up to 6 dimensions with their bounds, and the elements in storage order, the last
/// index running fastest. For arrays without bounds of their own a std::vector is simpler.
///
///     auto const a = row.get<tusk::array<int>>(0);   // [0:1][1:2]={{1,2},{3,4}}
///     a.at(1, 2)                                     // 4, as a[1][2] in SQL
///     for (int each : a) ...                         // 1, 2, 3, 4
template <class T>
class array {
  using storage = std::vector<T>;

 public:
  using value_type = T;
  using iterator = typename storage::iterator;
  using const_iterator = typename storage::const_iterator;

  /// An empty array: no dimensions.
  array() = default;
  /// One dimension, counted from 1.
  explicit array(std::vector<T> elements) : elements_(std::move(elements)) {
    if (!elements_.empty()) shape_.add({1, elements_.size()});
  }
  /// Throws programming_error unless the dimensions are at most 6, and are those of so many elements.
  array(std::vector<array_dimension> const& dimensions, std::vector<T> elements)
      : shape_(dimensions, elements.size()), elements_(std::move(elements)) {}
  array(types::array_shape const& shape, std::vector<T> elements)
      : shape_(shape.dimensions(), elements.size()), elements_(std::move(elements)) {}

  /// Valid as long as this object.
  std::span<array_dimension const> dimensions() const noexcept { return shape_.dimensions(); }

  /// The number of all elements.
  std::size_t size() const noexcept { return elements_.size(); }
  bool empty() const noexcept { return elements_.empty(); }

  /// The element with these indices, one for each dimension. Throws programming_error if there is none.
  template <std::integral... Index>
  typename storage::const_reference at(Index... index) const {
    return elements_[shape_.place(std::array<std::int64_t, sizeof...(Index)>{types::signed_index(index)...})];
  }
  template <std::integral... Index>
  typename storage::reference at(Index... index) {
    return elements_[shape_.place(std::array<std::int64_t, sizeof...(Index)>{types::signed_index(index)...})];
  }

  /// All elements, in storage order.
  std::vector<T> const& elements() const& noexcept { return elements_; }
  std::vector<T> elements() && noexcept { return std::move(elements_); }
  iterator begin() noexcept { return elements_.begin(); }
  iterator end() noexcept { return elements_.end(); }
  const_iterator begin() const noexcept { return elements_.begin(); }
  const_iterator end() const noexcept { return elements_.end(); }

  friend bool operator==(array const& a, array const& b) requires std::equality_comparable<T> {
    return a.shape_ == b.shape_ && a.elements_ == b.elements_;
  }

 private:
  types::array_shape shape_;
  std::vector<T> elements_;
};

namespace types {

// ---- writing --------------------------------------------------------------------------------------------------------

/// The array type of what `adapter<T>` writes, of elements that are not there.
template <adaptable T>
argument_type array_type_of() {
  argument_type const element = argument_type_of<T>();
  if (!element.name.empty()) return {0, element.name, true};
  return {element.oid == 0 ? oids::text_array : array_of(element.oid)};
}

/// That of these elements.
template <adaptable T>
argument_type array_type_of(array<T> const& elements, adapt_context const& context) {
  type_gatherer gathered(context);
  if constexpr (typed_by_value<T>) {
    for (T const& each : elements) gathered.add<T>(each);
  }
  return context.array_of(gathered.type<T>());
}

template <nested_range Range>
void gather_types(Range const& range, type_gatherer& to) {
  for (element_of_range<Range> const& each : range) {  // of a vector<bool> it is a copy
    if constexpr (leaf<Range>::depth > 1) {
      gather_types(each, to);
    } else {
      to.add<element_of_range<Range>>(each);
    }
  }
}

template <nested_range Range>
argument_type array_type_of(Range const& range, adapt_context const& context) {
  type_gatherer gathered(context);
  if constexpr (typed_by_value<leaf_of<Range>>) gather_types(range, gathered);
  return context.array_of(gathered.template type<leaf_of<Range>>());
}

/// An element, in quotes if it needs them.
void write_array_element(std::string_view text, char delimiter, text_writer& out);
/// `[0:2]=`, if a lower bound is not 1.
void write_array_bounds(std::span<array_dimension const> dimensions, text_writer& out);

template <adaptable T>
class array_writer {
 public:
  explicit array_writer(text_writer& out) noexcept : out_(out) {}

  template <nested_range Range>
  void write(Range const& range) {
    if (sizes_of(range).back() == 0) {
      out_.unchecked("{}");
    } else {
      write_levels(range);
    }
  }

  void write(array<T> const& value) {
    if (value.empty()) return out_.unchecked("{}");
    write_array_bounds(value.dimensions(), out_);
    auto at = value.begin();
    write_levels(value.dimensions(), at);
  }

 private:
  template <class Range>
  void write_levels(Range const& range) {
    char before = '{';
    for (element_of_range<Range> const& each : range) {  // of a vector<bool> it is a copy
      out_ << before;
      before = delimiter_;
      if constexpr (leaf<Range>::depth > 1) {
        write_levels(each);
      } else {
        write_one(each);
      }
    }
    out_ << '}';
  }

  void write_levels(std::span<array_dimension const> dimensions, typename array<T>::const_iterator& at) {
    for (std::size_t i = 0; i < dimensions[0].size; ++i) {
      out_ << (i == 0 ? '{' : delimiter_);
      if (dimensions.size() > 1) {
        write_levels(dimensions.subspan(1), at);
      } else {
        write_one(*at++);
      }
    }
    out_ << '}';
  }

  void write_one(T const& value) {
    if (is_null(value)) return out_.unchecked("NULL");
    write_part(value, scratch_, out_, [this](std::string_view text) { write_array_element(text, delimiter_, out_); });
  }

  text_writer& out_;
  char delimiter_ = delimiter_for<typename without_optional<T>::type>();
  text_buffer scratch_;
};

// ---- reading --------------------------------------------------------------------------------------------------------

/// Whether an array of this type has elements that are read as T.
template <readable T>
bool reads_array(oid type) {
  oid const element = element_of_any(type);
  return from_text<T>::reads(element != 0 ? element : type) && (element != 0 || is_user_defined(type));
}

}  // namespace types

template <types::nested_range Range>
requires adaptable<types::leaf_of<Range>>
struct adapter<Range> : types::binary_array_adapter<types::leaf_of<Range>> {
  static argument_type type() { return types::array_type_of<types::leaf_of<Range>>(); }
  static argument_type type(Range const& value, adapt_context const& context) {
    return types::array_type_of(value, context);
  }
  /// Throws data_error if the elements of a level differ in size.
  static void text(Range const& value, text_writer& out) {
    types::array_writer<types::leaf_of<Range>>(out).write(value);
  }
};

template <types::array_element T>
requires adaptable<T>
struct adapter<array<T>> : types::binary_array_adapter<T> {
  static argument_type type() { return types::array_type_of<T>(); }
  static argument_type type(array<T> const& value, adapt_context const& context) {
    return types::array_type_of(value, context);
  }
  static void text(array<T> const& value, text_writer& out) { types::array_writer<T>(out).write(value); }
};

/// The text, as it is sent.
template <types::array_element T>
requires adaptable<T> std::ostream& operator<<(std::ostream& out, array<T> const& value) {
  return out << *types::text_of(value);
}

namespace types {

template <class T>
concept quick_range = leaf<T>::depth == 1 && ((integer<leaf_of<T>> && std::endian::native == std::endian::little) ||
                                              std::same_as<leaf_of<T>, std::string>);

template <quick_range T>
inline constexpr bool holds_text<T> = std::same_as<leaf_of<T>, std::string>;

/// Whether the elements of such an array stand between commas and are an integer's digits, or any text.
template <class T>
constexpr bool reads_quickly_array(oid type) noexcept {
  switch (type) {
    case oids::int2_array:
    case oids::int4_array:
    case oids::int8_array: return true;
    case oids::text_array:
    case oids::varchar_array: return !integer<T>;
    default: return false;
  }
}

}  // namespace types

template <types::nested_range Range>
requires types::vectors_only<Range> && types::readable_part<types::leaf_of<Range>>
struct from_text<Range> {
  static bool reads(oid type) { return types::reads_array<types::leaf_of<Range>>(type); }
  /// Integers and strings of one dimension, without bounds.
  static constexpr bool reads_quickly(oid type) noexcept requires types::quick_range<Range> {
    return types::reads_quickly_array<types::leaf_of<Range>>(type);
  }
  static bool parse_quickly(std::string_view text, Range& value) requires types::quick_range<Range> {
    if constexpr (types::integer<types::leaf_of<Range>>) {
      return types::read_plain_integers<types::leaf_of<Range>>(text, value);
    } else {
      if (types::read_plain_elements<types::leaf_of<Range>>(text, ',', oids::text, value)) return true;
      value.clear();
      return false;
    }
  }
  static protocol::expected<Range> parse(std::string_view text) { return parse(text, 0); }
  static protocol::expected<Range> parse(std::string_view text, oid type, types::read_context const& in = {}) {
    using leaf = types::leaf_of<Range>;
    constexpr std::size_t depth = types::leaf<Range>::depth;
    std::conditional_t<depth == 1, Range, std::vector<leaf>> elements;
    auto const shape = types::read_elements<leaf>(text, type, in, elements);
    if (!shape) return shape.error();
    if (elements.empty()) return Range();
    if (shape->dimensions().size() != depth) return protocol::parse_error{types::errc::wrong_dimensions, 0};
    if constexpr (depth == 1) {
      return protocol::expected<Range>(std::move(elements));
    } else {
      auto from = elements.begin();
      return types::nest<Range>(shape->dimensions(), from);
    }
  }
};

/// Another number of elements, or of dimensions, is errc::wrong_dimensions.
template <types::array_element T, std::size_t Size>
requires types::readable_part<T> &&(!std::is_same_v<T, std::byte>)struct from_text<std::array<T, Size>> {
  static bool reads(oid type) { return types::reads_array<T>(type); }
  static protocol::expected<std::array<T, Size>> parse(std::string_view text) { return parse(text, 0); }
  static protocol::expected<std::array<T, Size>> parse(std::string_view text, oid type,
                                                       types::read_context const& in = {}) {
    auto elements = from_text<std::vector<T>>::parse(text, type, in);
    if (!elements) return elements.error();
    if (elements->size() != Size) return protocol::parse_error{types::errc::wrong_dimensions, 0};
    return types::to_std_array<Size>(*std::move(elements));
  }
};

template <types::array_element T>
requires types::readable_part<T>
struct from_text<array<T>> {
  static bool reads(oid type) { return types::reads_array<T>(type); }
  static protocol::expected<array<T>> parse(std::string_view text) { return parse(text, 0); }
  static protocol::expected<array<T>> parse(std::string_view text, oid type, types::read_context const& in = {}) {
    std::vector<T> elements;
    auto const shape = types::read_elements<T>(text, type, in, elements);
    if (!shape) return shape.error();
    return array<T>(*shape, std::move(elements));
  }
};

}  // namespace tusk
