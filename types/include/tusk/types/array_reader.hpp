// The text of an array, read: its dimensions, and its elements one after another.
//
//   [0:1][1:2]={{1,"a b"},{NULL,x}}
//
// The braces are walked with a counter for each level, so that no depth of nesting takes any stack, and what the bounds
// claim is compared with what there is. Elements are in quotes if they are empty, the word NULL in any case, or hold a
// brace, the delimiter, a quote, a backslash or white space; quotes and backslashes have a backslash before them.
//
// Source: PostgreSQL's documentation, "Array Input and Output Syntax"; array_out.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/plain_array.hpp>
#include <tusk/types/quoting.hpp>

namespace tusk {

/// One dimension of an array: elements `lower` to `lower + size - 1`. The server counts from 1 unless told otherwise.
struct array_dimension {
  std::int32_t lower = 1;
  std::size_t size = 0;

  friend bool operator==(array_dimension const&, array_dimension const&) = default;
};

namespace types {

/// The dimensions of an array, outermost first; none for an empty one.
class array_shape {
 public:
  static constexpr std::size_t max_dimensions = 6;  // the server's MAXDIM

  array_shape() = default;
  /// Throws programming_error unless there are at most 6, for `count` elements, with bounds that fit in 32 bits.
  array_shape(std::span<array_dimension const> dimensions, std::size_t count);

  std::span<array_dimension const> dimensions() const noexcept { return {dimensions_.data(), count_}; }
  std::span<array_dimension> dimensions() noexcept { return {dimensions_.data(), count_}; }

  /// Adds an innermost one.
  void add(array_dimension dimension) noexcept { dimensions_[count_++] = dimension; }

  /// The place in storage of the element with these indices. Throws programming_error if there is none.
  std::size_t place(std::span<std::int64_t const> index) const;

  friend bool operator==(array_shape const&, array_shape const&) = default;

 private:
  std::array<array_dimension, max_dimensions> dimensions_{};
  std::size_t count_ = 0;
};

/// Beyond the largest int64 it is that one, which no array reaches, rather than a negative one.
template <std::integral Index>
constexpr std::int64_t signed_index(Index index) noexcept {
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  if constexpr (std::is_unsigned_v<Index>)
    if (index > static_cast<std::uint64_t>(largest)) return largest;
  return static_cast<std::int64_t>(index);
}

/// What stands between elements: a comma, but a semicolon between boxes, which have commas of their own.
constexpr char delimiter_of(oid element) noexcept { return element == oids::box ? ';' : ','; }

/// The same where the type of the array is not known, as in a row value, and its elements are read as T: what the
/// adapter of T says.
template <class T>
constexpr char delimiter_for() noexcept {
  if constexpr (requires { adapter<T>::delimiter; })
    return adapter<T>::delimiter;
  else if constexpr (adaptable<T>)
    return delimiter_of(argument_type_of<T>().oid);
  else
    return ',';
}

/// The type of the elements of int2vector and oidvector, which are no arrays in their text: numbers between blanks.
constexpr oid element_of_vector(oid type) noexcept {
  return type == oids::int2vector ? oids::int2 : type == oids::oidvector ? oids::oid : 0;
}

/// The type of the elements of a built-in array type, or of one of these.
inline oid element_of_any(oid type) noexcept {
  oid const element = element_of(type);
  return element != 0 ? element : element_of_vector(type);
}

/// Walks through the text of an array, element by element. Nothing is allocated but for an element with escapes.
class array_reader {
 public:
  array_reader(std::string_view text, char delimiter) noexcept;

  /// Goes to the next element. False at the end, where `shape` is known, and at an error.
  bool next();
  part const& element() const noexcept { return element_; }
  bool is_null() const noexcept { return null_; }

  /// Goes on to the next elements as long as they are integers of at most 15 digits that fit, and appends them. What
  /// stops it is for `next` to decide.
  template <integer T, class Elements>
  void append_integers(Elements& to);

  array_shape const& shape() const noexcept { return shape_; }
  std::optional<protocol::parse_error> const& error() const noexcept { return error_; }

  /// How many elements to expect: never more than the text has room for.
  std::size_t expected_count() const noexcept;

 private:
  bool read_bounds();
  bool close_levels();
  bool fail(errc why, std::size_t position) noexcept;
  bool fail() noexcept { return fail(errc::malformed_array, reader_.position()); }

  std::string_view text_;
  part_reader reader_;
  char delimiter_;
  bool more_ = false;
  bool null_ = false;
  part element_;
  array_shape shape_;
  std::array<std::size_t, array_shape::max_dimensions> counts_{};  // elements so far of the open brace of each level
  std::optional<protocol::parse_error> error_;
};

inline bool array_reader::next() {
  if (!more_) return false;
  if (!reader_.read<false>(element_, delimiter_, '{', '}', '"', '\\')) return fail();
  if (!element_.quoted && element_.text.empty()) return fail();
  null_ = !element_.quoted && is_null_word(element_.text);
  ++counts_[shape_.dimensions().size() - 1];
  if (!reader_.take(delimiter_)) more_ = close_levels();
  return true;
}

template <integer T, class Elements>
void array_reader::append_integers(Elements& to) {
  for (bool full = true; more_ && full;) {
    integer_run<T> run;
    reader_.skip(run.read(text_.substr(reader_.position()), delimiter_));
    full = run.closed || run.is_full();
    to.insert(to.end(), run.values.data(), run.values.data() + run.count);
    counts_[shape_.dimensions().size() - 1] += run.count;
    if (run.closed) more_ = close_levels();
  }
}

/// Appends the numbers of an int2vector or an oidvector, whose elements are of type `element`.
template <class T, class Elements>
protocol::expected<array_shape> read_vector(std::string_view text, oid element, Elements& to) {
  array_shape shape;
  for (std::size_t at = 0; !text.empty();) {
    part number;
    number.position = at;
    number.text = text.substr(at, text.find(' ', at) - at);
    at += number.text.size();
    if (number.text.empty()) return protocol::parse_error{errc::malformed_array, at};
    if (auto const error = append<T>(number, element, to)) return *error;
    if (at++ == text.size()) {
      shape.add({0, to.size()});
      break;
    }
  }
  return shape;
}

/// Appends all elements, and says in which shape they are. `type` is that of the array, or 0 if it is not known.
template <class T, class Elements>
protocol::expected<array_shape> read_elements(std::string_view text, oid type, read_context const& in, Elements& to) {
  using plain = typename without_optional<T>::type;
  oid const element = type == 0 ? 0 : element_of(type);
  if (oid const of_vector = element_of_vector(type); of_vector != 0) return read_vector<T>(text, of_vector, to);
  char const delimiter = element != 0           ? delimiter_of(element)
                         : in.loaded == nullptr ? delimiter_for<plain>()
                                                : loaded_delimiter(type, *in.loaded, delimiter_for<plain>());
  if constexpr (!integer<plain>) {
    if (read_plain_elements<T>(text, delimiter, element, to)) {
      array_shape shape;
      if (!to.empty()) shape.add({1, to.size()});
      return shape;
    }
    to.clear();
  }
  array_reader reader(text, delimiter);
  if (!integer<plain> || text.size() > short_array) to.reserve(reader.expected_count());
  for (;;) {
    if constexpr (integer<plain> && std::endian::native == std::endian::little) reader.append_integers<plain>(to);
    if (!reader.next()) break;
    if (reader.is_null()) {
      if constexpr (nullable<T>) {
        to.push_back(from_text<T>::null());
        continue;
      } else {
        return protocol::parse_error{errc::null_element, reader.element().position};
      }
    }
    if (auto const error = append<T>(reader.element(), element, to)) return *error;
  }
  if (reader.error()) return *reader.error();
  return reader.shape();
}

}  // namespace types
}  // namespace tusk
