// A COPY to which something happens at every point of its data, in either direction, by every face: nothing of it
// stands, it ends once, with an error that says what happened, and the connection can be used or is closed.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <tusk/tusk.hpp>

#include "support/effort.hpp"
#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/told_of.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// Rows that take some portions, and that are no more than a few of them.
constexpr int rows = 6000;
constexpr int stride = 1500 * static_cast<int>(effort_divisor);

void throw_mine() { throw data_error("mine"); }

/// What happens; and what is told, without the part that depends on when.
struct event {
  char const* name;
  std::function<void(player&)> happens;
  char const* in;
  char const* out;
  bool closes = false;
};
void PrintTo(event const& of, std::ostream* out) { *out << of.name; }

void close(player& on) {
  if (!on.blocks()) return on.conn().close();
  std::thread([&on] { on.conn().close(); }).join();
}

std::vector<event> const& events() {
  static std::vector<event> const all{
      {"a_source_that_throws", [](player&) { throw_mine(); }, "data_error: mine", "data_error: mine"},
      {"cancel", [](player& on) { on.cancel(); }, "query_canceled", "query_canceled"},
      {"close", close, "operational_error: the connection was closed", "operational_error: the connection was closed",
       true},
      {"a_lost_session", [](player& on) { terminate(on.conn().info().backend_pid); },
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed",
       "operational_error", true},  // a server may say nothing amid what nobody reads
  };
  return all;
}

class copy_points : public testing::TestWithParam<std::tuple<face, event>> {
 protected:
  copy_points() : other_(test::open()) {
    other_.exec("DROP TABLE IF EXISTS copied_at_points; CREATE TABLE copied_at_points (id int, name text)");
  }
  ~copy_points() override { other_.exec("DROP TABLE copied_at_points"); }
  void look_at(player& on, std::string const& told, std::string const& expected) {
    // A destructor must not call a wait callback, and closes where it would wait.
    bool const is_callback = std::get<face>(GetParam()) == face_named("callback");
    EXPECT_EQ(told.substr(0, expected.size()), expected) << told;
    if (on.closed()) {
      EXPECT_TRUE(what_.closes || is_callback);
    } else {
      EXPECT_FALSE(what_.closes);
      EXPECT_EQ(on.value<int>("SELECT $1::int", 5), 5);
    }
  }
  int stands() { return value<int>(other_, "SELECT count(*)::int FROM copied_at_points"); }

  connection other_;
  event const& what_ = std::get<event>(GetParam());
};

TEST_P(copy_points, in) {
  for (char const* how : {"", " (FORMAT binary)"})
    for (int at = 0; at < rows && !HasFailure(); at += stride) {
      SCOPED_TRACE(at);
      auto const on = open(std::get<face>(GetParam()), dsn(way::unix_socket));
      int given = 0;
      auto const told = told_of(*on, [&] {
        on->copy_in("COPY copied_at_points FROM STDIN" + std::string(how), [&] {
          if (given == at) what_.happens(*on);
          return ++given <= rows ? given : -1;
        });
        return results();
      });
      look_at(*on, told, what_.in);
      EXPECT_EQ(stands(), 0);
    }
}

TEST_P(copy_points, out) {
  for (int at = 0; at < rows && !HasFailure(); at += stride) {
    SCOPED_TRACE(at);
    auto const on = open(std::get<face>(GetParam()), dsn(way::unix_socket));
    int got = 0;
    auto const told = told_of(*on, [&] {
      // More than the socket holds: it cannot have ended by then.
      on->copy_out("COPY (SELECT generate_series(1, 1000000)) TO STDOUT", [&](std::string_view) {
        if (got++ == at) what_.happens(*on);
        return true;
      });
      return results();
    });
    look_at(*on, told, what_.out);
    EXPECT_LT(got, 1'000'000);
  }
}

INSTANTIATE_TEST_SUITE_P(by, copy_points, testing::Combine(testing::ValuesIn(all_faces()), testing::ValuesIn(events())),
                         [](auto const& of) {
                           return name(std::get<face>(of.param)) + "_" + std::get<event>(of.param).name;
                         });

}  // namespace
}  // namespace tusk::test
