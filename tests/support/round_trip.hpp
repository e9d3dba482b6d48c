// Values to the server and back: what comes back has to be the value that went.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/formats.hpp"

namespace tusk::test {

/// Sends the values as `type` in three ways, as text that the statement casts, as arguments of the type that the
/// adapter declares, and merged into the statement, and reads what the server writes of them, some hundred a statement.
/// What was bound and what was merged has the same text there; built-in types also go in binary. `equal` compares two
/// values.
template <class T, class Equal = std::equal_to<T>>
void expect_round_trip(connection& conn, std::string_view type, std::vector<T> const& values, Equal equal = {}) {
  constexpr std::size_t in_one = 500;
  for (std::size_t first = 0; first < values.size(); first += in_one) {
    std::size_t const count = std::min(in_one, values.size() - first);
    params texts, typed;
    std::string as_text = "SELECT n, v FROM (VALUES ";
    std::string as_typed = as_text;
    std::string merged = as_text;
    for (std::size_t i = 0; i < count; ++i) {
      auto const text = types::text_of(values[first + i]);
      ASSERT_TRUE(text.has_value()) << type << ", value " << first + i;
      texts.add(*text);
      typed.add(values[first + i]);
      std::string const number = std::to_string(i + 1);
      std::string const row = (i == 0 ? "(" : ", (") + number + ", $" + number;
      as_text += row + "::text::" + std::string(type) + ")";
      as_typed += row + "::" + std::string(type) + ")";
      merged += (i == 0 ? "(" : ", (") + number + ", " + conn.mogrify("%s", values[first + i]) +
                "::" + std::string(type) + ")";
    }
    as_text += ") AS t(n, v) ORDER BY n";
    as_typed += ") AS t(n, v) ORDER BY n";
    merged += ") AS t(n, v) ORDER BY n";
    result const from_text = conn.query(as_text, texts);
    result const from_typed = conn.query(as_typed, typed);
    result const from_merged = conn.exec(merged).back();
    for (std::size_t i = 0; i < count; ++i) {
      T const& sent = values[first + i];
      ASSERT_TRUE(equal(from_text[i].template get<T>(1), sent))
          << type << " as text: " << *types::text_of(sent) << " came back as "
          << from_text[i].template get<std::string>(1);
      ASSERT_TRUE(equal(from_typed[i].template get<T>(1), sent))
          << type << " bound: " << *types::text_of(sent) << " came back as "
          << from_typed[i].template get<std::string>(1);
      ASSERT_EQ(from_merged[i].template get<std::string>(1), from_typed[i].template get<std::string>(1))
          << type << " merged as " << conn.mogrify("%s", sent);
    }
  }
  if constexpr (binary_readable<T>) {  // a type of this connection's own would be another one on others
    auto const number = conn.query_value<oid>("SELECT $1::regtype::oid", std::string(type.substr(0, type.find('('))));
    if (!is_user_defined(number) && from_binary<T>::reads(number)) expect_same_in_both_formats(type, values, equal);
  }
}

}  // namespace tusk::test
