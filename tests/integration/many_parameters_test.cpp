// As many parameters as a statement can have, and one more.

#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// Adds up so many parameters.
std::string sum_of(std::size_t count) {
  std::string sql = "SELECT cardinality(ARRAY[$1::int";
  for (std::size_t i = 2; i <= count; ++i) sql += ",$" + std::to_string(i);
  return sql + "])";
}

params numbers(std::size_t count) {
  params made;
  for (std::size_t i = 0; i < count; ++i) made.add(static_cast<int>(i));
  return made;
}

class many_parameters : public testing::TestWithParam<face> {};

TEST_P(many_parameters, up_to_65535_are_bound) {
  auto const on = open(GetParam(), dsn(way::unix_socket));
  EXPECT_EQ(on->value<int>(sum_of(65'535), numbers(65'535)), 65'535);
}

// The server prepares it, and counts its parameters in 16 bits.
TEST_P(many_parameters, one_more_is_a_programming_error) {
  auto const on = open(GetParam(), dsn(way::unix_socket));
  for (std::size_t const count : {65'536U, 65'537U, 66'000U}) {
    SCOPED_TRACE(count);
    auto const error = thrown<programming_error>([&] { on->value<int>(sum_of(count), numbers(count - 65'536)); });
    EXPECT_EQ(error.code(), protocol::errc::too_many_parameters);
    EXPECT_CONTAINS("65535", error.what());
    EXPECT_FALSE(error.is_fatal());
    EXPECT_EQ(on->value<int>("SELECT 7"), 7);
  }
  EXPECT_EQ(on->value<int>("SELECT count(*)::int FROM pg_prepared_statements WHERE length(statement) > 999"), 0);
}

INSTANTIATE_TEST_SUITE_P(each, many_parameters, testing::ValuesIn(all_faces()),
                         [](auto const& of) { return name(of.param); });

// Whatever runs the statement, it is one error.
TEST(too_many_parameters, are_one_error_in_units_streams_and_executemany) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true});
  std::string const sql = sum_of(65'536);
  auto const refused = [&](auto const& run) {
    auto const error = thrown<programming_error>(run);
    EXPECT_EQ(error.code(), protocol::errc::too_many_parameters);
    return std::string(error.what());
  };
  std::string const text = refused([&] { conn.query(sql, 1); });
  EXPECT_EQ(refused([&] {
              tusk::pipeline p = conn.pipeline();
              auto asked = p.query(sql, 1);
              p.sync();
              asked.get();
            }),
            text);
  EXPECT_EQ(refused([&] { conn.stream(sql, 1).next_chunk(); }), text);
  EXPECT_EQ(refused([&] { conn.executemany(sql, std::vector{1}); }), text);
}

TEST(too_many_parameters, cannot_be_prepared) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true});
  auto const error = thrown<programming_error>([&] { conn.prepare(sum_of(65'536)); });
  EXPECT_EQ(error.code(), protocol::errc::too_many_parameters);
  EXPECT_EQ(conn.query_value<int>("SELECT count(*)::int FROM pg_prepared_statements WHERE length(statement) > 999"), 0);
  // A number that the text only names.
  EXPECT_THROW(conn.query("SELECT $65536::int", 1), programming_error);
  EXPECT_EQ(conn.query_value<int>("SELECT 7"), 7);
}

}  // namespace
}  // namespace tusk::test
