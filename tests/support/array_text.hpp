// The texts of arrays, read and written in tests.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <tusk/types/params.hpp>
#include <vector>

namespace tusk::test {

/// From a buffer of exactly that size, so that a byte read past its end is seen.
template <class T>
protocol::expected<T> parse_exactly(std::string_view text, oid type = 0) {
  std::vector<char> const exact(text.begin(), text.end());
  return types::read_text<T>({exact.data(), exact.size()}, type);
}

template <class T>
void expect_failure(std::string_view text, types::errc why, std::size_t position, oid type = 0) {
  auto const result = parse_exactly<T>(text, type);
  ASSERT_FALSE(result) << text;
  EXPECT_EQ(result.error().code, types::make_error_code(why)) << text << ": " << result.error().code.message();
  EXPECT_EQ(result.error().position, position) << text;
}

/// Both ways, and every strict prefix is an error inside of it: an array ends with its last brace.
template <class T>
void expect_text(T const& value, std::string_view text, oid type = 0) {
  EXPECT_EQ(types::text_of(value), text);
  auto const back = parse_exactly<T>(text, type);
  ASSERT_TRUE(back) << text << ": " << back.error().code.message() << back.error().position;
  EXPECT_EQ(*back, value) << text;
  for (std::size_t size = 0; size < text.size(); ++size) {
    auto const prefix = parse_exactly<T>(text.substr(0, size), type);
    ASSERT_FALSE(prefix) << text.substr(0, size);
    EXPECT_LE(prefix.error().position, size) << text.substr(0, size);
  }
}

}  // namespace tusk::test
