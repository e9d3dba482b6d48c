// Tables for tests of a type's text format.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "parsed.hpp"

namespace tusk::test {

struct failing_row {
  std::string_view text;
  types::errc code;
  std::size_t position;
};

template <class T>
void expect_failures(std::vector<failing_row> const& rows) {
  for (auto const& [text, code, position] : rows) {
    EXPECT_EQ(outcome_of(parse<T>(text)), failure(code, position)) << text;
  }
}

template <class T>
struct value_row {
  std::string_view text;
  T value;
  std::string_view written = text;
};

/// Reads each text as the value, and writes the value as the text; and reads every prefix.
template <class T>
void expect_values(std::vector<value_row<T>> const& rows) {
  for (auto const& [text, value, written] : rows) {
    auto const read = parse<T>(text);
    EXPECT_TRUE(read && *read == value) << text << " gave " << outcome_of(read);
    EXPECT_EQ(*types::text_of(value), written);
    expect_each_prefix_read_or_refused<T>(text);
  }
}

}  // namespace tusk::test
