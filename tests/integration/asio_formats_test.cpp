// Arguments are bound in the same form by every face: the same messages go to the server, byte for byte, whatever
// connect_options::format says.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/aio.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

constexpr char const* query = "SELECT $1 + 1, $2, $3, $4, $5::text";
constexpr char const* create = "CREATE TEMP TABLE sent (n float8, several int[])";
constexpr char const* insert = "INSERT INTO sent VALUES ($1, $2)";
std::vector<int> const several{1, 2, 3};
using element = std::tuple<double, std::optional<std::vector<int>>>;
std::vector<element> const elements{{0.5, several}, {-1, std::nullopt}};

using binds = std::vector<std::string>;

// The messages Bind that this connection sends, without the names of statements, which are random.
void keep_binds(connection& of, binds& in) {
  of.trace([&in](std::string_view line) {
    auto const bind = line.find("\tBind\t");
    if (line.front() != 'F' || bind == line.npos) return;
    std::string kept(line.substr(bind));
    for (auto at = kept.find("tusk_"); at != kept.npos; at = kept.find("tusk_", at))
      kept.erase(at, kept.find('"', at) - at);
    in.push_back(kept);
  });
}

template <class Run>
auto with_arguments(Run const& run) {
  return run(query, 0.5, several, inet("10.0.0.1"), std::optional<double>(), "text");
}

struct scenario {
  char const* name;
  binds (*run)(connect_options options);
};

binds blocking(connect_options options) {
  binds sent;
  connection conn = connect(dsn(way::unix_socket), options);
  conn.exec(create);
  keep_binds(conn, sent);
  with_arguments([&](auto const&... args) { return conn.query(args...); });
  conn.executemany(insert, elements);
  return sent;
}

binds by_wait_callback(connect_options options) {
  options.wait_callback = wait_select;
  return blocking(options);
}

binds by_poll(connect_options options) {
  binds sent;
  options.async = true;
  connection conn = connect(dsn(way::unix_socket), options);
  finish(conn);
  conn.start_exec(create);
  finish(conn);
  keep_binds(conn, sent);
  with_arguments([&](auto const&... args) { return conn.start_query(args...); });
  finish(conn);
  conn.start_executemany(insert, elements);
  finish(conn);
  return sent;
}

binds by_coroutine(connect_options options) {
  binds sent;
  run([&]() -> asio::awaitable<void> {
    auto conn = co_await connected(dsn(way::unix_socket), options);
    co_await conn.exec(create);
    keep_binds(conn.native(), sent);
    co_await with_arguments([&](auto const&... args) { return conn.query(args...); });
    co_await conn.executemany(insert, elements);
  });
  return sent;
}

binds by_handler(connect_options options) {
  binds sent;
  run([&]() -> asio::awaitable<void> {
    auto conn = co_await connected(dsn(way::unix_socket), options);
    co_await conn.exec(create);
    keep_binds(conn.native(), sent);
    bound const made = with_arguments([&](auto const&... args) { return conn.bind(args...); });
    std::exception_ptr failed;
    conn.query(made, [&](std::exception_ptr error, result) { failed = error; });
    co_await conn.exec("SELECT 1");
    EXPECT_FALSE(failed);
    co_await conn.executemany(insert, elements);
  });
  return sent;
}

TEST(asio_formats, every_face_sends_the_same) {
  for (format const how : {format::automatic, format::text, format::binary}) {
    connect_options options;
    options.format = how;
    options.autocommit = true;
    binds const expected = blocking(options);
    ASSERT_EQ(expected.size(), 3U);
    // One format for each argument, or none, where all are text.
    EXPECT_EQ(expected[0].find("Bind\t \"\" \"\" 0 ") == expected[0].npos, how != format::text) << expected[0];
    for (scenario const& by : {scenario{"wait callback", by_wait_callback}, scenario{"poll", by_poll},
                               scenario{"coroutine", by_coroutine}, scenario{"handler", by_handler}})
      EXPECT_EQ(by.run(options), expected) << by.name << ' ' << static_cast<int>(how);
  }
}

// A cursor merges, and a prepared statement may have parameters of other types: their arguments are text.
TEST(asio_formats, what_is_merged_or_prepared_goes_as_text) {
  run([]() -> asio::awaitable<void> {
    connect_options options;
    options.format = format::binary;
    auto conn = co_await connected(dsn(way::unix_socket), options);
    binds sent;
    keep_binds(conn.native(), sent);
    cursor cur = conn.native().cursor();
    co_await conn.execute(cur, "SELECT %s", 0.5);
    EXPECT_EQ(cur.fetchone()->get<double>(0), 0.5);
    statement sum = co_await conn.prepare("SELECT $1::numeric + 1");
    result const made = co_await conn.query(sum, 0.5);
    EXPECT_EQ(first<double>(made), 1.5);
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_CONTAINS("Bind\t \"\" \"\" 0 ", sent.at(0));
  });
}

// What conn.bind() makes may be in binary: it was merged as if it were text, and bound to parameters of other types.
TEST(asio_formats, what_is_bound_in_binary_is_refused_where_text_is_needed) {
  run([]() -> asio::awaitable<void> {
    connect_options options;
    options.format = format::binary;
    auto conn = co_await connected(dsn(way::unix_socket), options);
    cursor cur = conn.native().cursor();
    auto const refused = [](std::exception_ptr const& error) {
      return thrown<programming_error>([&] {
        if (error) std::rethrow_exception(error);
      });
    };
    std::exception_ptr merged, bound;
    try {
      co_await conn.execute(cur, conn.bind("SELECT %s", 0.5));
    } catch (...) {
      merged = std::current_exception();
    }
    statement other = co_await conn.prepare("SELECT $1::int8");
    try {
      co_await conn.query(other, conn.bind("", 0.5), asio::use_awaitable);
    } catch (...) {
      bound = std::current_exception();
    }
    EXPECT_CONTAINS("tusk::bind()", refused(merged).what());
    EXPECT_CONTAINS("tusk::bind()", refused(bound).what());
    statement same = co_await conn.prepare("SELECT $1::float8");
    result const made = co_await conn.query(same, conn.bind("", 0.5), asio::use_awaitable);
    EXPECT_EQ(first<double>(made), 0.5);
  });
}

}  // namespace
}  // namespace tusk::test
