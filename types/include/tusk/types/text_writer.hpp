// Where an adapter writes the text of a value: digits, separators and strings, one after another, into a growing
// buffer.
//
// Everything that comes from a user's string passes a check here: PostgreSQL cannot carry a NUL byte, and invalid UTF-8
// handed on to a server is a way to break out of quotes (CVE-2025-1094).
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>

#include <tusk/types/small_buffer.hpp>

namespace tusk {
namespace types {

/// The integers of C++ that are numbers: not bool, and no character type but `signed char` and `unsigned char`.
template <class T>
concept integer = std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
                  !std::same_as<T, char32_t>;

/// What a text_writer writes into.
using text_buffer = small_buffer<char, 128>;

}  // namespace types

/// Appends text. Given to `adapter<T>::text`; holds a reference to a buffer of the library's, for the time of that
/// call. Every operation throws data_error when the text would not fit in a message (1 GiB).
///
///     out << '(' << p.x << ',' << p.y << ')';
class text_writer {
 public:
  explicit text_writer(types::text_buffer& to) noexcept : to_(to) {}

  /// One ASCII character; any other one is a data_error (write it as a string, which is checked as a whole).
  text_writer& operator<<(std::same_as<char> auto c) {
    if (static_cast<signed char>(c) <= 0) throw_not_ascii();
    to_.push_back(c);
    return *this;
  }

  /// A string as it is, without quotes. A NUL byte and invalid UTF-8 are a data_error that names the position.
  text_writer& operator<<(std::string_view text);

  /// `t` or `f`.
  text_writer& operator<<(std::same_as<bool> auto value) {
    to_.push_back(value ? 't' : 'f');
    return *this;
  }

  /// Decimal digits.
  text_writer& operator<<(types::integer auto value) {
    char* const at = to_.reserve(max_digits);
    to_.commit(static_cast<std::size_t>(std::to_chars(at, at + max_digits, value).ptr - at));
    return *this;
  }

  /// The shortest text that reads back as the same value, or `NaN`, `Infinity`, `-Infinity`.
  text_writer& operator<<(double value);
  text_writer& operator<<(float value);

  /// Text that the caller vouches for: valid UTF-8 without NUL bytes. For the library's own output, where a check would
  /// only cost.
  void unchecked(std::string_view text) { to_.append(text.data(), text.size()); }

  /// Room for at most `size` bytes of such text, to be filled by the caller, who then commits what was used.
  char* reserve(std::size_t size) { return to_.reserve(size); }
  void commit(std::size_t size) noexcept { to_.commit(size); }

 private:
  static constexpr std::size_t max_digits = 20;  // of 2^64 - 1, and of -2^63 with its sign

  [[noreturn]] static void throw_not_ascii();

  types::text_buffer& to_;
};

}  // namespace tusk
