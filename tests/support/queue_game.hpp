// A round of operations in an engine's queue, against model_server.hpp, played from a seed: the engine is stepped only
// when an event loop would do it, the server does a little at a time, and once something else happens.
//
// Checked: each operation ends once, in its turn, with its own answer or an error that it may have; nothing is fed
// behind a barrier, or into an unknown transaction; a cancel request hits nothing that was sent after it was asked for;
// nobody waits for ever; and what is left is an engine that goes on, or one that is closed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "operations/batch.hpp"
#include "operations/ping.hpp"
#include "operations/preparation.hpp"
#include "operations/script.hpp"
#include "support/copy_player.hpp"
#include "support/engine_client.hpp"
#include "support/made_batch.hpp"
#include "support/model_server.hpp"
#include "support/watched_operation.hpp"

namespace tusk::test {

using statement_texts = std::vector<std::string>;

enum class incident {
  none,
  cancel,        ///< cancel()
  stop,          ///< a limit is over, of an operation that is cancelled then
  stop_closing,  ///< of one that closes the connection then
  close,
  lost,
  farewell,  ///< lost, and the server says why
};
enum class begins { autocommit, transactions, guard };

struct plan {
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
  std::uint64_t seed = 0;
  incident what = incident::none;
  std::size_t at = never;
  friend std::ostream& operator<<(std::ostream& out, plan const& of) {
    return out << "seed " << of.seed << ", incident " << static_cast<int>(of.what) << " at " << of.at;
  }
};

/// Plays one round. Its server serves many.
class queue_game {
 public:
  queue_game(model_server& server, std::mt19937_64& random, plan const& how)
      : server_(server), random_(random), plan_(how) {
    random_.seed(plan_.seed);
    server_.forget_clients();
    mode_ = static_cast<begins>(random_() % 3);
    server_.rules = {.errors = random_() % 2 == 0 ? 0U : 10U,
                     .longest = 1 + static_cast<unsigned>(random_() % 8),
                     .needs_block = mode_ != begins::autocommit,
                     .talks = random_() % 4 == 0};
    client::settings const to = settings_of(server.dsn());
    client_ = std::make_unique<engine_client>(to, session_mode{.autocommit = mode_ != begins::transactions},
                                              connect_options{.statement_cache = 2});
    left_ = 1 + random_() % 8;
  }

  /// How many turns it took; the incident comes before one of them.
  std::size_t play() {
    while (client_->is_connecting()) turn();
    if (mode_ == begins::guard) {
      client_->context.transactions.begin_asked = true;
      client_->context.transactions.guards = 1;
    }
    std::size_t now = 0;
    for (; !is_over() && !testing::Test::HasFailure(); ++now) {
      if (now == plan_.at) happen();
      if (left_ != 0 && may_begin() && random_() % 4 == 0)
        begin(a_task());
      else if (!turn() && left_ == 0 && !is_over())
        break;
      if (client_->is_closed()) left_ = 0;
      notice_ends();
    }
    check();
    return now;
  }

 private:
  enum class kind { query, script, prepare, batch, ping, copy };
  static constexpr std::size_t not_yet = std::numeric_limits<std::size_t>::max();
  struct task {
    kind is;
    statement_texts sql;  // of a batch several; of a script its statements
    std::string name;     // what its answers have in them
    params args = {};
    bool has_limit = false, closes = false;
    bool has_begin = false;  // BEGIN in front
    std::stop_source stop = {};
    std::shared_ptr<watched_operation> what = nullptr;
    std::optional<copy_player> copies = {};
    // When: it was begun, fed, in front, asked to be cancelled; it ended.
    std::size_t fed = not_yet, front = not_yet, asked = not_yet, ended = not_yet;
  };

  // ---- what is asked ----

  std::unique_ptr<task> a_task() {
    std::string const number = std::to_string(++number_);
    auto made = std::make_unique<task>();
    auto const pick = random_() % 18;
    made->name = "op " + number;
    if (pick < 8) {
      static char const* const pool[] = {
          "SELECT $1 /*a*/", "SELECT $1 /*b*/", "SELECT $1 /*c*/", "INSERT $1", "COMMIT", "ROLLBACK", "BEGIN"};
      std::size_t const most = mode_ == begins::guard ? 4 : mode_ == begins::transactions ? 6 : 7;
      made->is = kind::query;
      made->sql = {pool[random_() % most]};
      if (made->sql[0].ends_with("BEGIN") || made->sql[0].find('$') == std::string::npos)
        made->name = made->sql[0];
      else
        made->args.add("op " + number);
    } else if (pick < 12) {
      std::string const select = "SELECT op " + number, insert = "INSERT op " + number;
      statement_texts const scripts[] = {{select},
                                         {select, insert, select},
                                         {insert, "FAIL op " + number, select},
                                         {""},
                                         {"COPY IN op " + number},
                                         {insert, "COPY IN op " + number, select},
                                         {select, "COPY OUT op " + number, insert}};
      made->is = kind::script;
      made->sql = scripts[random_() % std::size(scripts)];
    } else if (pick == 12) {
      made->is = kind::prepare;
      made->sql = {"SELECT op " + number};
    } else if (pick < 15) {
      made->is = kind::batch;
      std::string const padding(random_() % 64 == 0 ? 40'000 : 0, ' ');
      for (auto count = random_() % 4; count-- != 0;)
        made->sql.push_back((random_() % 2 == 0 ? "SELECT op " : "INSERT op ") + number + padding);
    } else if (pick < 16) {
      made->is = kind::ping;
    } else {
      made->is = kind::copy;
      made->sql = {(random_() % 2 == 0 ? "COPY IN op " : "COPY OUT op ") + number};
    }
    made->has_limit = random_() % 2 == 0;
    made->closes = plan_.what == incident::stop_closing;
    return made;
  }
  std::unique_ptr<detail::sql_operation> operation_of(task& of) {
    using namespace detail;
    auto& in = client_->context;
    switch (of.is) {
      case kind::script: {
        std::string text;
        for (std::string const& each : of.sql) text += (&each == of.sql.data() ? "" : ";") + each;
        return std::make_unique<script>(in, text);
      }
      case kind::batch: return std::make_unique<batch>(in, made_batch(of.sql), nullptr);
      case kind::ping: return std::make_unique<ping_operation>(in);
      case kind::prepare: {
        auto fresh = std::make_shared<prepared_statement>();
        fresh->sql = of.sql[0];
        return std::make_unique<preparation>(in, fresh);
      }
      case kind::copy:
        if (of.sql[0].starts_with("COPY IN"))
          return std::make_unique<copy_in_run>(in, of.sql[0], std::nullopt, nullptr);
        return std::make_unique<copy_out_run>(in, of.sql[0], std::nullopt);
      case kind::query: break;
    }
    auto const* const found = in.statements.find(of.sql[0], of.args.types());
    if (found == nullptr) return std::make_unique<first_run>(in, unknown_statement(in, of.sql[0], of.args), of.args);
    auto known = std::make_unique<known_statement>(in, *found, of.args);
    known->hold();
    return known;
  }
  void begin(std::unique_ptr<task> one) {
    --left_;
    auto& of = *tasks_.emplace_back(std::move(one));
    of.what = std::make_shared<watched_operation>(operation_of(of), [this, &of] { fed(of); });
    if (of.is == kind::copy) {  // as a connection does
      of.copies.emplace(of.what->inner(), of.sql[0]);
      client_->context.obstacles.set(detail::obstacles::streaming, true);
    }
    std::unique_ptr<client::limit> limit;
    if (of.has_limit)
      limit = std::make_unique<client::limit>(within(of.stop.get_token()),
                                              of.closes ? client::limit::close : client::limit::cancel);
    client_->begin(*of.what, std::move(limit), random_() % 2 == 0 ? of.what : nullptr);
  }

  /// Nothing is begun while a COPY is open.
  bool may_begin() const {
    return !client_->is_closed() && !client_->context.obstacles.any_of(detail::obstacles::streaming);
  }

  // ---- what happens ----

  /// Does one thing; false: everybody waits for ever.
  bool turn() {
    ++now_;
    bool const copies = std::any_of(tasks_.begin(), tasks_.end(), [](auto const& each) {
      return each->copies && !each->what->has_ended() && each->copies->can_go_on();
    });
    auto const go_on = [this] { return tasks_.back()->copies->go_on(random_), client_->engine.resume(), true; };
    if (copies && random_() % 4 == 0) return go_on();
    bool const asks = client_->asks_for_step();
    if ((asks && random_() % 2 == 0) || random_() % 16 == 0) return client_->step(), true;
    if (server_.step()) return true;
    if (asks) return client_->step(), true;
    if (copies) return go_on();
    auto const until = client_->until();
    if (!until || ++waits_ > 100) return false;
    std::this_thread::sleep_until(std::min(*until, client::clock::now() + std::chrono::milliseconds(50)));
    return true;
  }
  void happen() {
    ++now_;
    switch (plan_.what) {
      case incident::none: return;
      case incident::cancel:
        if (task* const front = in_front()) front->asked = now_;
        client_->engine.begin_cancel(std::chrono::seconds(5));
        return;
      case incident::stop:
      case incident::stop_closing: return stop();
      case incident::close: client_->engine.end().close(detail::closed_text); return;
      case incident::lost: return server_.hang_up(false);
      case incident::farewell: return server_.hang_up(true);
    }
  }
  void stop() {
    std::vector<task*> those;
    for (auto const& each : tasks_)
      if (each->has_limit && !each->what->has_ended()) those.push_back(each.get());
    if (those.empty()) return;
    task& one = *those[random_() % those.size()];
    bool const unsent = one.fed == not_yet;
    one.asked = now_;
    one.stop.request_stop();
    EXPECT_TRUE(client_->asks_for_step()) << "a stop wakes";
    if (!unsent && !one.closes) return;
    client_->step();
    EXPECT_TRUE(one.what->has_ended());
    bool const was_done = one.what->was_answered() || !one.what->error();  // one that is empty needs no answer
    EXPECT_TRUE(client_->is_closed() == one.closes || was_done);
    EXPECT_TRUE(!unsent || one.closes || one.fed == not_yet) << "what was cancelled before it was sent is not sent";
  }
  void fed(task& of) {
    of.fed = now_;
    auto const& context = client_->context;
    bool const runs = of.is != kind::ping && of.is != kind::prepare && !(of.is == kind::batch && of.sql.empty());
    of.has_begin = runs && context.needs_begin();
    for (auto const& each : tasks_) {
      if (each.get() == &of) return;
      if (each->what->has_ended()) continue;
      EXPECT_NE(each->fed, not_yet) << of.name << " is fed before " << each->name;
      EXPECT_TRUE(each->is != kind::script && each->is != kind::batch && each->is != kind::copy)
          << of.name << " behind " << each->name;
      if (mode_ == begins::autocommit) continue;
      EXPECT_FALSE(each->has_begin) << of.name << " behind the BEGIN of " << each->name;
      EXPECT_FALSE(each->is == kind::query && each->args.empty()) << of.name << " behind " << each->name;
    }
  }
  task* in_front() {
    for (auto const& each : tasks_)
      if (!each->what->has_ended()) return each.get();
    return nullptr;
  }
  void notice_ends() {
    bool ended_before = true;
    for (auto const& each : tasks_) {
      bool const ended = each->what->has_ended();
      if (ended && each->ended == not_yet) {
        each->ended = now_;
        EXPECT_TRUE(ended_before || !each->what->was_answered()) << each->name << " ended before its turn";
      }
      if (!ended && ended_before && each->front == not_yet) each->front = now_;
      ended_before &= ended;
    }
  }

  // ---- what has come of it ----

  bool is_over() const {
    return left_ == 0 && !client_->engine.is_busy() &&
           std::all_of(tasks_.begin(), tasks_.end(), [](auto const& each) { return each->what->has_ended(); });
  }
  void check() {
    EXPECT_TRUE(is_over()) << "somebody waits for ever, " << left_ << " left";
    if (!is_over()) return;
    for (auto const& each : tasks_) {
      SCOPED_TRACE(each->name + ": " + (each->sql.empty() ? "" : each->sql[0].substr(0, 40)));
      if (auto const& error = each->what->error())
        check_error(*each, error);
      else
        check_results(*each);
    }
    EXPECT_EQ(server_.violations(), std::vector<std::string>());
    bool const may_close = plan_.what >= incident::stop_closing;
    EXPECT_TRUE(may_close || !client_->is_closed());
    EXPECT_TRUE(client_->engine.queue().empty());
    EXPECT_FALSE(client_->context.obstacles.any_of(detail::obstacles::streaming));
    if (client_->is_closed()) {
      EXPECT_TRUE(client_->engine.waits().wanted().is_none());
    } else {
      check_that_it_goes_on();
    }
  }
  /// Whatever has happened, the next operation is its own.
  void check_that_it_goes_on() {
    plan_.at = plan::never;
    client_->context.transactions = {.mode = {.autocommit = true}};
    if (server_.session() != nullptr) server_.session()->forget_rules();
    task after{kind::script, {"ROLLBACK", "SELECT after"}, "after"};
    after.what = std::make_shared<watched_operation>(operation_of(after), [] {});
    client_->begin(*after.what, nullptr, nullptr);
    while (!after.what->has_ended() && turn()) {}
    if (plan_.what >= incident::lost && after.what->error()) return;  // only now it is noticed
    EXPECT_TRUE(after.what->has_ended() && !after.what->error());
    EXPECT_EQ(after.what->inner().results().size(), 2U);
  }
  void check_results(task& of) {
    if (of.copies) return of.copies->check();
    std::string expected, found;
    for (std::string const& each : of.sql) {
      bool const selects = each.starts_with("SELECT") && of.is != kind::prepare;
      if (selects) expected += (of.is == kind::query ? each + "|" + of.name : each) + '\n';
    }
    for (result const& each : of.what->inner().results())
      for (auto const& row : each) found += row.get<std::string>(0) + '\n';
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(of.is != kind::batch || of.what->inner().reached().first == of.sql.size());
  }
  void check_error(task const& of, std::exception_ptr const& error) {
    try {
      std::rethrow_exception(error);
    } catch (tusk::error const& e) {
      std::string_view const what = e.what();
      auto const tells = [&](std::string_view part) { return what.find(part) != what.npos; };
      if (e.is_fatal()) {
        EXPECT_TRUE(client_->is_closed() && plan_.what >= incident::stop_closing) << what;
      } else if (what == client::unsent_text) {
        EXPECT_TRUE(of.fed == not_yet && of.asked != not_yet) << what;
      } else if (tells("canceled: ")) {
        EXPECT_TRUE(tells(of.name) || (of.has_begin && (tells("BEGIN") || tells("ROLLBACK")))) << what;
        EXPECT_TRUE(may_be_hit(of)) << what << ", fed at " << of.fed;
      } else if (tells("not known: ")) {
        EXPECT_TRUE(was_forgotten(of)) << what;
      } else if (of.is == kind::script && e.sqlstate() == sqlstate()) {
        EXPECT_TRUE(of.sql[0].empty() ? tells("empty query") : tells("COPY")) << what;
      } else {
        EXPECT_TRUE(tells(of.name) ||
                    (of.is == kind::query && (tells("failed: " + of.sql[0]) || tells("aborted: " + of.sql[0]))) ||
                    (of.has_begin && (tells("BEGIN") || tells("ROLLBACK"))))
            << what;
      }
    } catch (std::exception const& e) {
      ADD_FAILURE() << e.what();
    }
  }
  /// The target, and what was sent before that was asked for.
  bool may_be_hit(task const& of) const {
    return std::any_of(tasks_.begin(), tasks_.end(), [&](auto const& each) {
      if (each->asked == not_yet || each->fed == not_yet) return false;
      return each.get() == &of || (of.fed <= std::max(each->asked, each->front) && of.fed <= each->ended);
    });
  }
  /// Another operation with the same statement has failed before, so that it was forgotten; or it was healed, and what
  /// was begun before that has the old one.
  bool was_forgotten(task const& of) const {
    return std::any_of(tasks_.begin(), tasks_.end(), [&](auto const& each) {
      return each.get() != &of && each->sql == of.sql && each->ended <= of.ended &&
             (each->what->error() || each->what->was_fed_again());
    });
  }

  model_server& server_;
  std::mt19937_64& random_;
  plan plan_;
  begins mode_;
  std::unique_ptr<engine_client> client_;
  std::vector<std::unique_ptr<task>> tasks_;  // in the order in which they were begun
  std::size_t left_, now_ = 0;
  unsigned number_ = 0, waits_ = 0;
};

}  // namespace tusk::test
