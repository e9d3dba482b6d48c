// What is read from a binary form and written in it, in words that a table of expectations can have.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>

#include "support/bytes.hpp"
#include "support/exact_buffer.hpp"
#include "support/parsed.hpp"

namespace tusk::test {

/// From a buffer of exactly that size. `form` is readable, see bytes.hpp.
template <class T>
protocol::expected<T> parse_binary(oid type, std::string_view form) {
  exact_buffer const exact(bytes(form));
  static_assert(binary_readable<T>);
  EXPECT_TRUE(from_binary<T>::reads(type)) << type_name(type);
  return from_binary<T>::parse(exact.view(), type);
}

/// "value v", or what `failure` says of the error.
template <class T>
std::string binary_outcome(oid type, std::string_view form) {
  return outcome_of(parse_binary<T>(type, form));
}

/// The bytes that the adapter writes.
template <class T>
std::string binary_bytes_of(T const& value) {
  types::text_buffer buffer;
  binary_writer out(buffer);
  adapter<T>::binary(value, out);
  return {buffer.data(), buffer.size()};
}

/// The same, readable.
template <class T>
std::string binary_of(T const& value) {
  return readable(binary_bytes_of(value));
}

/// Each form that is cut short or goes on is refused, within its bytes.
template <class T>
void expect_no_other_size(oid type, std::string_view form) {
  std::string const whole = bytes(form);
  ASSERT_TRUE(from_binary<T>::parse(whole, type)) << form;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    exact_buffer const part(std::string_view(whole).substr(0, size));
    auto const result = from_binary<T>::parse(part.view(), type);
    ASSERT_FALSE(result) << size << " bytes of " << form;
    EXPECT_EQ(result.error().code, types::errc::malformed_binary);
    EXPECT_LE(result.error().position, size) << form;
  }
  exact_buffer const longer(whole + '\0');
  auto const result = from_binary<T>::parse(longer.view(), type);
  ASSERT_FALSE(result) << form;
  EXPECT_EQ(result.error(), (protocol::parse_error{types::errc::malformed_binary, whole.size()})) << form;
}

}  // namespace tusk::test
