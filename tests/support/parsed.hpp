// What a parser of values makes of a text, in words that a table of expectations can have.
#pragma once

#include <gtest/gtest.h>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <vector>

namespace tusk::test {

/// From a buffer of exactly that size, so that a byte read past its end is seen.
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

inline std::string failure(std::error_code code, std::size_t position) {
  return code.message().substr(0, 40) + " at " + std::to_string(position);
}

/// "value v", or what `failure` says of the error.
template <class T>
std::string outcome_of(protocol::expected<T> const& result) {
  if (result) return "value " + *types::text_of(*result);
  return failure(result.error().code, result.error().position);
}

/// The types that a T is read from, by name.
template <class T>
std::string read_types() {
  std::string all;
  for (oid type = 1; type < 7000; ++type) {
    if (from_text<T>::reads(type)) all += (all.empty() ? "" : " ") + std::string(type_name(type));
  }
  return all;
}

/// Every beginning of a text is a value, which is written and read back as the same, or an error within the text.
template <class T>
void expect_each_prefix_read_or_refused(std::string_view text) {
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::string_view const prefix = text.substr(0, size);
    auto const result = parse<T>(prefix);
    if (!result) {
      EXPECT_LE(result.error().position, size) << prefix;
    } else if constexpr (adaptable<T>) {
      auto const again = parse<T>(*types::text_of(*result));
      EXPECT_TRUE(again && *again == *result) << prefix;
    }
  }
}

}  // namespace tusk::test
