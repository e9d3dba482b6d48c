// Many values in one statement each way: as an array there, and as rows back.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

namespace tusk::test {

/// What the server makes of texts of a type.
template <class T>
std::vector<T> canonical(connection& conn, std::string const& type, std::vector<std::string> const& texts) {
  std::vector<T> made;
  for (row const& each :
       conn.query("SELECT t::" + type + " FROM unnest($1) WITH ORDINALITY AS u(t, n) ORDER BY n", texts))
    made.push_back(each.get<T>(0));
  return made;
}

/// All values as one array come back as the same, and their text as the server writes it is ours, to the letter.
template <class T>
void expect_array_trip(connection& conn, std::string const& type, std::vector<T> const& values, bool same_text = true) {
  result const back = conn.query("SELECT $1", values);
  ASSERT_EQ(conn.query("SELECT pg_typeof($1)::text", values)[0].template get<std::string>(0), type + "[]");
  ASSERT_EQ(back[0].template get<std::vector<T>>(0), values);
  ASSERT_EQ(back[0].at(0).template get<array<std::optional<T>>>().size(), values.size());
  if (!same_text) return;
  result const texts = conn.query("SELECT v::text FROM unnest($1) WITH ORDINALITY AS u(v, n) ORDER BY n", values);
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(texts[i].template get<std::string>(0), *types::text_of(values[i]));
}

/// Each of the values and the next one are ordered as the server orders them.
template <class T>
void expect_order(connection& conn, std::string const& type, std::vector<T> const& values) {
  result const found =
      conn.query("SELECT v < next, v = next FROM (SELECT v, n, lead(v) OVER (ORDER BY n) FROM unnest($1::" + type +
                     "[]) WITH ORDINALITY AS u(v, n)) AS p(v, n, next) WHERE next IS NOT NULL ORDER BY n",
                 values);
  ASSERT_EQ(found.size() + 1, values.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].template get<bool>(0), values[i] < values[i + 1]) << values[i] << ' ' << values[i + 1];
    ASSERT_EQ(found[i].template get<bool>(1), values[i] == values[i + 1]) << values[i] << ' ' << values[i + 1];
  }
}

}  // namespace tusk::test
