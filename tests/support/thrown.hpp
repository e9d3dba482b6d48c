// What a call throws, as a value that a test can look at.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace tusk::test {

/// The E that `call` throws: of that class and of no class derived from it. Another exception passes, and fails the
/// test with its own words.
template <class E, class Call>
E thrown(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (E const& error) {
    EXPECT_STREQ(typeid(error).name(), typeid(E).name()) << error.what();
    return error;
  }
  throw std::logic_error("nothing was thrown");
}

/// For EXPECT_PRED_FORMAT2(contains, part, text).
inline testing::AssertionResult contains(char const*, char const*, std::string_view part, std::string_view text) {
  if (text.find(part) != text.npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << part << "\" is not in:\n" << text;
}
inline testing::AssertionResult lacks(char const*, char const*, std::string_view part, std::string_view text) {
  if (text.find(part) == text.npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << part << "\" is in:\n" << text;
}

}  // namespace tusk::test

#define EXPECT_CONTAINS(part, text) EXPECT_PRED_FORMAT2(tusk::test::contains, part, text)
#define EXPECT_LACKS(part, text) EXPECT_PRED_FORMAT2(tusk::test::lacks, part, text)
