// A value, or what went wrong and where: what every parser of this library returns instead of throwing.
//
// std::expected is C++23; this is the part of it that parsers need. The error is always the same type: a code (whose
// message tells cause and remedy) and the position in the input where it was noticed.
#pragma once

#include <cstddef>
#include <system_error>
#include <utility>
#include <variant>

namespace tusk::protocol {

/// Why an input was refused, and where.
struct parse_error {
  std::error_code code;
  std::size_t position = 0;  ///< offset in bytes from the start of the input that was given

  friend bool operator==(parse_error const&, parse_error const&) = default;
};

/// Holds a `T` or a `parse_error`. Asking for the one that is not there is a programming error
/// (std::bad_variant_access).
template <class T>
class [[nodiscard]] expected {
 public:
  expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  expected(parse_error error) : state_(std::in_place_index<1>, error) {}
  expected(std::error_code code, std::size_t position = 0) : expected(parse_error{code, position}) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  T const& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  T const& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  T const* operator->() const { return &value(); }

  parse_error const& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, parse_error> state_;
};

}  // namespace tusk::protocol
