// Tables for tests of a type's text format.
#pragma once

#include <gtest/gtest.h>

#include <concepts>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <vector>

namespace tusk::test {

/// From a buffer of exactly that size, so that a byte read past its end is seen; and what the quick way takes has to be
/// what the other one takes.
template <class T>
protocol::expected<T> parse(std::string_view text) {
  std::vector<char> const exact(text.begin(), text.end());
  std::string_view const view(exact.data(), exact.size());
  auto const result = from_text<T>::parse(view);
  if constexpr (quickly_readable<T> && std::equality_comparable<T>) {
    if (T quick{}; from_text<T>::parse_quickly(view, quick)) {
      EXPECT_TRUE(result && *result == quick) << text;
    }
  }
  return result;
}

/// "value v", or "code c at byte n".
template <class T>
std::string outcome(protocol::expected<T> const& result) {
  if (result) return "value " + *types::text_of(*result);
  return result.error().code.message() + " at " + std::to_string(result.error().position);
}

struct failing_row {
  std::string_view text;
  types::errc code;
  std::size_t position;
};

template <class T>
void expect_failures(std::vector<failing_row> const& rows) {
  for (auto const& [text, code, position] : rows) {
    EXPECT_EQ(outcome(parse<T>(text)), make_error_code(code).message() + " at " + std::to_string(position)) << text;
  }
}

template <class T>
struct value_row {
  std::string_view text;
  T value;
  std::string_view written = text;
};

/// Reads each text as the value, and writes the value as the text. Of each text all strict prefixes are read, as values
/// or as errors at a position in them.
template <class T>
void expect_values(std::vector<value_row<T>> const& rows) {
  for (auto const& [text, value, written] : rows) {
    auto const read = parse<T>(text);
    EXPECT_TRUE(read && *read == value) << text << " gave " << outcome(read);
    EXPECT_EQ(*types::text_of(value), written);
    for (std::size_t size = 0; size < text.size(); ++size) {
      auto const cut = parse<T>(text.substr(0, size));
      if (!cut) {
        EXPECT_LE(cut.error().position, size) << text;
      }
    }
  }
}

}  // namespace tusk::test
