// How a value is shown to people: one way for every type, used by tusk::value, by as_is and by error messages.
//
//   bool                       true, false
//   a number                   its digits; floating point in the shortest form that reads back the same
//   what `<<` prints           that
//   what an adapter writes     its text, `{1,2}` for a vector; NULL
#pragma once

#include <concepts>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <tusk/types/adapter.hpp>
#include <tusk/types/int128.hpp>

namespace tusk::types {

/// What can be shown.
template <class T>
concept printable = adaptable<T> || requires(std::ostream& out, T const& value) {
  out << value;
};

template <printable T>
void print(std::ostream& out, T const& value) {
  if constexpr (std::same_as<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::same_as<T, float> || std::same_as<T, double> || any_integer<T>) {
    text_buffer buffer;
    text_writer writer(buffer);
    adapter<T>::text(value, writer);
    out << std::string_view(buffer.data(), buffer.size());
  } else if constexpr (requires { out << value; }) {
    out << value;
  } else {
    out << text_of(value).value_or("NULL");
  }
}

template <printable T>
std::string printed(T const& value) {
  std::ostringstream out;
  print(out, value);
  return std::move(out).str();
}

}  // namespace tusk::types
