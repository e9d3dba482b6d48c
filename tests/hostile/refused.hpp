// What the hostile tests ask of every refusal: a fatal operational_error, without a secret, without bytes that a
// terminal would obey.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>

#include "support/scripted_server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {

inline operational_error refused(scripted_server const& server, std::string_view more = "") {
  auto error = thrown<operational_error>([&] { connect(server.dsn("connect_timeout=20 " + std::string(more))); });
  std::string_view const text = error.what();
  EXPECT_TRUE(error.is_fatal()) << text;
  EXPECT_LACKS("open_sesame", text);
  EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) { return c == '\x1b' || c == '\x07'; })) << text;
  return error;
}

/// For INSTANTIATE_TEST_SUITE_P: a row is called by its name.
constexpr auto named = [](auto const& row) { return std::string(row.param.name); };

}  // namespace tusk::test
