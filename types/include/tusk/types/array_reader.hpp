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
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
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

/// What stands between elements: a comma, but a semicolon between boxes, which have commas of their own.
constexpr char delimiter_of(oid element) noexcept { return element == oids::box ? ';' : ','; }

/// NULL in any case.
inline bool is_null_word(std::string_view text) noexcept {
  auto const is = [text](std::size_t i, char c) { return (text[i] | 0x20) == c; };
  return text.size() == 4 && is(0, 'n') && is(1, 'u') && is(2, 'l') && is(3, 'l');
}

/// Walks through the text of an array, element by element. Nothing is allocated but for an element with escapes.
class array_reader {
 public:
  array_reader(std::string_view text, char delimiter) noexcept;

  /// Goes to the next element. False at the end, where `shape` is known, and at an error.
  bool next();
  part const& element() const noexcept { return element_; }
  bool is_null() const noexcept { return null_; }

  array_shape const& shape() const noexcept { return shape_; }
  std::optional<protocol::parse_error> const& error() const noexcept { return error_; }

  /// How many elements to expect: never more than the text has delimiters.
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
  std::string_view const text = element_.text;
  if (!element_.quoted && text.empty()) return fail();
  null_ = !element_.quoted && is_null_word(text);
  ++counts_[shape_.dimensions().size() - 1];
  if (!reader_.take(delimiter_)) more_ = close_levels();
  return true;
}

/// Appends an element that is not NULL.
template <class T, class Elements>
[[gnu::always_inline]] inline std::optional<protocol::parse_error> append_element(part const& from, oid type,
                                                                                  Elements& to) {
  using plain = typename without_optional<T>::type;
  if constexpr (std::is_same_v<plain, std::string>) {  // made in place
    to.emplace_back(from.text);
    return std::nullopt;
  } else {
    if constexpr (quickly_readable<plain>) {
      if (plain value{}; from_text<plain>::parse_quickly(from.text, value)) {
        to.push_back(value);
        return std::nullopt;
      }
    }
    auto value = read_text<T>(from.text, type);
    if (!value) return from.whole(value.error());
    to.push_back(*std::move(value));
    return std::nullopt;
  }
}

/// Appends all elements, and says in which shape they are. `type` is that of the array, or 0 if it is not known.
template <class T, class Elements>
protocol::expected<array_shape> read_elements(std::string_view text, oid type, Elements& to) {
  oid const element = type == 0 ? 0 : element_of(type);
  array_reader reader(text, delimiter_of(element));
  to.reserve(reader.expected_count());
  while (reader.next()) {
    if (reader.is_null()) {
      if constexpr (nullable<T>) {
        to.push_back(from_text<T>::null());
        continue;
      } else {
        return protocol::parse_error{errc::null_element, reader.element().position};
      }
    }
    if (auto const error = append_element<T>(reader.element(), element, to)) return *error;
  }
  if (reader.error()) return *reader.error();
  return reader.shape();
}

}  // namespace types
}  // namespace tusk
