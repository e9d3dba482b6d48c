// The forms in which values travel: what is sent and read in one has to be what it is in the others.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"

namespace tusk::test {

/// A connection whose values travel in that form.
inline connection connect_with(format how) {
  connect_options options;
  options.format = how;
  return connect(dsn(way::unix_socket), options);
}

/// Sends the values into a table of a built-in type and reads them, each in text and in binary, and compares.
template <class T, class Equal = std::equal_to<T>>
void expect_same_in_both_formats(std::string_view type, std::vector<T> const& values, Equal equal = {}) {
  std::vector<std::tuple<int, T>> rows;
  for (T const& each : values) rows.emplace_back(static_cast<int>(rows.size()), each);
  std::vector<std::string> texts;
  for (format const sent : {format::text, format::binary}) {
    connection conn = connect_with(sent);
    conn.exec("CREATE TEMP TABLE both_formats (n int, v " + std::string(type) + ")");
    ASSERT_EQ(conn.executemany("INSERT INTO both_formats VALUES ($1, $2)", rows), rows.size());
    std::string const read = "SELECT n, v FROM both_formats ORDER BY n";
    for (int i = 0; i < 2; ++i) {  // the second time the columns are known, and come in the connection's form
      std::size_t n = 0;
      auto const got = conn.query_rows<int, T>(read);
      ASSERT_EQ(got.columns()[1].is_binary, i == 1 && sent == format::binary) << type;
      for (auto&& [number, value] : got) {
        ASSERT_EQ(static_cast<std::size_t>(number), n);
        ASSERT_TRUE(equal(value, values[n]))
            << type << ' ' << *types::text_of(values[n]) << ", read as " << *types::text_of(value);
        ++n;
      }
      ASSERT_EQ(n, values.size());
    }
    std::vector<std::string> here;
    for (row const& each : conn.query("SELECT v::text FROM both_formats ORDER BY n"))
      here.push_back(each.get<std::string>(0));
    if (sent == format::text)
      texts = here;
    else
      ASSERT_EQ(here, texts) << type;
  }
}

}  // namespace tusk::test
