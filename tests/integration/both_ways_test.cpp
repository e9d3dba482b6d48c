// As much up as down in one pipeline, through the smallest buffers that the kernel gives, with notices in between:
// nobody waits for the other for ever, memory stays bounded, and each answer is the right one.
//
// 10 MB each way, or as many as TUSK_BOTH_WAYS_MB says: 100 after a change of how bytes are sent and received.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <utility>

#include "support/effort.hpp"
#include "support/faces.hpp"
#include "support/heap_bytes.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t size = 20'000;  // of a request, and of its answer

int megabytes() {
  char const* const asked = std::getenv("TUSK_BOTH_WAYS_MB");
  return asked == nullptr ? static_cast<int>(effort(10)) : std::atoi(asked);
}
int requests() { return static_cast<int>(static_cast<std::size_t>(megabytes()) * 1'000'000 / size); }
/// A deadlock is over then.
within limit() { return within(60s + std::chrono::seconds(megabytes())); }

std::string text_of(int number) {
  std::string text = std::to_string(number) + ':';
  text.resize(size, static_cast<char>('a' + number % 26));
  return text;
}

class both_ways : public testing::TestWithParam<std::tuple<face, way>> {
 protected:
  both_ways() {
    // The kernel's least is 2 KiB or so; below the size of a loopback segment TCP waits for timers, not for us.
    int const least = std::get<way>(GetParam()) == way::unix_socket ? 1 : 64 * 1024;
    EXPECT_EQ(::setsockopt(conn.fileno(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
    EXPECT_EQ(::setsockopt(conn.fileno(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
    on->exec(
        "CREATE FUNCTION pg_temp.say(number int, answer text) RETURNS text LANGUAGE plpgsql AS $$BEGIN "
        "RAISE NOTICE 'at %', number; RETURN answer; END$$");
    conn.on_notice([this](diagnostics const& told) {
      EXPECT_EQ(told.message, "at " + std::to_string(next_notice_));
      next_notice_ += every;
    });
  }

  static constexpr int every = 7;
  std::unique_ptr<player> on = open(std::get<face>(GetParam()), dsn(std::get<way>(GetParam())));
  connection& conn = on->conn();
  int next_notice_ = 0;

  pending<result> ask(tusk::pipeline& p, int number) {
    return number % every == 0 ? p.query("SELECT $1::int, pg_temp.say($1::int, $2::text)", number, text_of(number))
                               : p.query("SELECT $1::int, $2::text", number, text_of(number));
  }
  /// On a connection that is stepped: until not much waits any more.
  void make_room() {
    while (conn.queued() > 500'000) {
      poll_status const wanted = conn.poll();
      if (conn.queued() > 500'000) wait_once(conn, wanted);
    }
  }
  static void check(pending<result>& of, int number) {
    result const got = of.get();
    ASSERT_EQ(got.size(), 1U);
    ASSERT_EQ(got[0].get<int>(0), number);
    ASSERT_EQ(got[0].get<std::string>(1), text_of(number));
  }
};

TEST_P(both_ways, in_units_in_a_row) {
  constexpr int unit = 50;
  std::deque<pending<result>> asked;
  int next_answer = 0, synced = 0;
  heap_watch const watch;
  std::size_t most = 0;
  auto const take = [&] {
    for (; next_answer < synced && asked.front().ready(); asked.pop_front()) check(asked.front(), next_answer++);
  };
  tusk::pipeline p = conn.pipeline(limit());
  for (int i = 0; i < requests() && !HasFatalFailure(); ++i) {
    asked.push_back(ask(p, i));
    if ((i + 1) % unit == 0) {
      p.sync();
      synced = i + 1;
      if (!on->blocks()) on->wait();
    }
    take();
    most = std::max(most, watch.growth());
  }
  p.sync();
  on->wait();
  for (; !asked.empty() && !HasFatalFailure(); asked.pop_front()) check(asked.front(), next_answer++);
  EXPECT_EQ(next_answer, requests());
  EXPECT_EQ(next_notice_, (requests() + every - 1) / every * every);
  EXPECT_LT(most, 8U << 20);
  EXPECT_EQ(on->value<int>("SELECT 5"), 5);
}

// What nobody has a handle for is not kept: a unit may be larger than the memory.
TEST_P(both_ways, in_one_unit) {
  bool const by_asio = std::string_view(std::get<face>(GetParam()).name).starts_with("asio");
  if (by_asio) return;  // nobody steps it before the sync()
  std::deque<std::pair<int, pending<result>>> kept;
  heap_watch const watch;
  std::size_t most = 0;
  tusk::pipeline p = conn.pipeline(limit());
  for (int i = 0; i < requests() && !HasFatalFailure(); ++i) {
    auto asked = ask(p, i);
    if (i % 100 == 99) kept.emplace_back(i, std::move(asked));
    if (!on->blocks()) make_room();
    most = std::max(most, watch.growth());
  }
  auto end = p.sync();
  on->wait();
  end.get();
  for (auto& [number, asked] : kept) check(asked, number);
  EXPECT_EQ(next_notice_, (requests() + every - 1) / every * every);
  EXPECT_LT(most, 8U << 20);
  EXPECT_EQ(on->value<int>("SELECT 5"), 5);
}

INSTANTIATE_TEST_SUITE_P(each, both_ways,
                         testing::Combine(testing::ValuesIn(all_faces()),
                                          testing::Values(way::unix_socket, way::tcp, way::tls_verify_full)),
                         [](auto const& of) {
                           return name(std::get<0>(of.param)) + '_' + name(std::get<1>(of.param));
                         });

}  // namespace
}  // namespace tusk::test
