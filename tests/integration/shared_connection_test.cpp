// One blocking connection, and what it gave, in several threads: each pairing of operations that may meet. What is
// checked here is that the answers are right; ThreadSanitizer sees the rest.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/effort.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

enum class shade { light, dark };

}  // namespace
}  // namespace tusk::test

template <>
struct tusk::adapter<tusk::test::shade> : tusk::enum_adapter<"shared_shade", "light", "dark"> {};

namespace tusk::test {
namespace {

class shared_connection : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    open().exec("DROP TYPE IF EXISTS shared_shade; CREATE TYPE shared_shade AS ENUM ('light', 'dark')");
  }
  static void TearDownTestSuite() { open().exec("DROP TYPE shared_shade"); }

  /// Runs `beside` over and over in another thread while `first` runs so many times in this one, until it has run, too.
  void meet(int times, std::function<void()> const& first, std::function<void()> const& beside) {
    std::atomic<bool> over = false;
    std::atomic<int> done = 0;
    std::thread other([&] {
      while (!over) {
        beside();
        ++done;
      }
    });
    for (int i = 0; i < times || done == 0; ++i) {
      first();
      std::this_thread::yield();
    }
    over = true;
    other.join();
  }
  void ask() {
    int const number = ++asked_;
    result const got = conn_.query("SELECT $1::int, $2::shared_shade, ARRAY[$2]", number, shade::dark);
    ASSERT_EQ(got[0].get<int>(0), number);
    ASSERT_EQ(got[0].get<shade>(1), shade::dark);
    ASSERT_EQ(got[0].get<std::vector<shade>>(2), std::vector{shade::dark});
  }
  static constexpr int few = 20;

  connection conn_ = open();
  std::atomic<int> asked_ = 0;
};

TEST_F(shared_connection, loads_types_beside_statements) {
  meet(
      few, [&] { conn_.load_types(); }, [&] { ask(); });
}

TEST_F(shared_connection, loads_types_beside_a_cancel) {
  meet(
      5,
      [&] {
        try {
          conn_.load_types();
        } catch (query_canceled const&) {}
      },
      [&] { conn_.cancel(); });
  ask();
}

TEST_F(shared_connection, is_cancelled_beside_statements) {
  meet(
      few,
      [&] {
        try {
          ask();
        } catch (query_canceled const&) {}
      },
      [&] { conn_.cancel(); });
}

TEST_F(shared_connection, registers_casters_and_adapters_beside_statements) {
  // It stays registered for the whole process: of a type that no other test reads without a type.
  auto const caster = new_type<std::string>({oids::cid}, "CID", [](std::optional<std::string_view> text, auto&&) {
    return std::optional<std::string>(text.value_or("none"));
  });
  meet(
      few,
      [&] {
        register_type(caster, conn_);
        register_type(caster);
        (void)conn_.type_oid("int4");
      },
      [&] {
        ask();
        ASSERT_EQ(conn_.query("SELECT '12'::cid")[0].get<std::string>(0), "12");
      });
}

TEST_F(shared_connection, says_what_it_is_beside_statements) {
  meet(
      few, [&] { ask(); },
      [&] {
        ASSERT_FALSE(conn_.closed());
        ASSERT_GE(conn_.fileno(), 0);
        ASSERT_EQ(conn_.parameter_status("client_encoding"), "UTF8");
        ASSERT_GT(conn_.info().backend_pid, 0);
        (void)conn_.isexecuting();
        (void)conn_.take_notices();
      });
}

TEST_F(shared_connection, listens_beside_statements) {
  conn_.listen("shared");
  std::atomic<int> told = 0;
  std::optional<std::thread> waiting;
  waiting.emplace([&] {
    while (told < few)
      if (conn_.next_notify(within(10s))) ++told;
  });
  for (int i = 0; i < few; ++i) {
    conn_.notify("shared");
    ask();
  }
  waiting->join();
  EXPECT_EQ(told, few);
}

TEST_F(shared_connection, is_closed_beside_statements) {
  for (int i = 0; i < 5; ++i) {
    connection brief = open();
    std::atomic<bool> runs = false;
    std::thread other([&] {
      try {
        for (;; runs = true) brief.query("SELECT 1");
      } catch (error const& e) {
        EXPECT_TRUE(e.is_fatal()) << e.what();
      }
    });
    while (!runs) std::this_thread::yield();
    brief.close();
    other.join();
    EXPECT_TRUE(brief.closed());
  }
}

TEST_F(shared_connection, gives_results_that_several_threads_read) {
  result const rows =
      conn_.query("SELECT i AS number, i::text AS text, NULL, ARRAY[i, 2] FROM generate_series(1, 50) AS i");
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader)
    readers.emplace_back([&rows, reader] {
      for (std::size_t turn = 0; turn < rows.size(); ++turn) {
        std::size_t const i = reader % 2 == 0 ? turn : rows.size() - 1 - turn;
        int const number = static_cast<int>(i) + 1;
        row const& each = rows[i];
        ASSERT_EQ(each.get<std::vector<int>>(3), (std::vector{number, 2}));  // from right to left
        ASSERT_TRUE(each.is_null(2));
        ASSERT_EQ(each.get<std::string>("text"), std::to_string(number));
        ASSERT_EQ(each.get<int>("number"), number);
        ASSERT_EQ(each.at(0), tusk::value(number));
      }
      result const copy = rows;
      ASSERT_EQ(copy.columns().size(), 4U);
    });
  for (auto& each : readers) each.join();
}

}  // namespace
}  // namespace tusk::test
