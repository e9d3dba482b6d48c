// One connection of a random program whose every answer tells the number of its question: it begins operations, units,
// streams and guards, sets limits, cancels, and looks at each answer that comes. For echo_programs_test.cpp.
//
//   echo_client client(number, async, answers);
//   client.act(); client.step()      an asynchronous one, until is_done()
//   client.act(); client.wait()      a blocking one
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/driven_session.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"

namespace tusk::test {

/// What some questions share: a unit of a pipeline, or a guard's transaction.
struct group {
  std::vector<std::int64_t> faulty;  ///< questions that fail, in their order
  bool is_left = false;              ///< without sync(), so that nothing is answered
  bool may_be_cancelled = false;
};

struct question {
  enum kind { echo, faulty, script, unit_end } what;
  std::int64_t number;
  std::size_t length = 0;
  pending<result> answer = {};
  pending<results> answers = {};
  pending<void> end = {};
  std::shared_ptr<group> unit = {}, guard = {};
  bool is_target = false;         ///< a cancel or a limit is for this one
  bool may_be_cancelled = false;  ///< one was, or it was under way when that was

  bool ready() const { return what == script ? answers.ready() : what == unit_end ? end.ready() : answer.ready(); }
  void cancel() { what == script ? answers.cancel() : what == unit_end ? end.cancel() : answer.cancel(); }
};

class echo_client {
 public:
  echo_client(int number, bool async, std::int64_t answers)
      : conn(connect(dsn(number % 4 == 3 ? way::tcp : way::unix_socket), {.async = async, .autocommit = true})),
        async_(async),
        left_(answers),
        name_("TUSK_SEED=" + std::to_string(test_seed()) + " connection " + std::to_string(number) + ":"),
        first_of_program_(name_.size()) {
    random_.seed(test_seed() + static_cast<std::uint64_t>(number));
    if (async) finish(conn);
  }

  connection conn;

  bool is_done() const { return left_ <= 0 && under_way_.empty() && !stream_ && !unit_; }
  std::int64_t answered() const { return answered_; }

  /// Begins something, or cancels something.
  void act() {
    if (settles_) return;
    if (stream_ || (under_way_.size() >= most && !unit_) || left_ <= 0) {
      if (unit_) end_unit();
      return;
    }
    auto const dice = random_() % 100;
    if (dice < 2) return cancel();
    if (unit_) return dice < 75 ? ask_in_unit() : end_unit();
    if (dice < 60) return ask();
    if (dice < 64) return ask_script();
    if (dice < 70 && !guard_) return begin_stream();
    if (dice < 72 && !async_ && !guard_) return begin_guard();
    begin_unit();
  }
  /// Steps an asynchronous connection; whether that has to wait now.
  bool step() {
    bool const was_open = unit_ || stream_;
    poll_status const wanted = conn.poll();
    if (wanted == poll_status::ok) settles_ = false;
    collect(wanted == poll_status::ok && !was_open);
    return wanted != poll_status::ok;
  }
  /// What a blocking one does in between.
  void wait() {
    read_stream();
    if (!unit_ && !under_way_.empty() && random_() % 8 == 0) take_front();
    if (guard_ && !unit_ && random_() % 10 == 0) end_guard();
    if (left_ <= 0 && !unit_) {
      while (!under_way_.empty()) take_front();
      end_guard();
    }
  }

 private:
  static constexpr std::size_t most = 40;  // under way

  /// The program's last part, for who looks at a failure.
  void did(char const* what, std::int64_t number = 0) {
    name_.append(" ").append(what).append(number == 0 ? "" : std::to_string(number));
    if (name_.size() > 1000) name_.erase(first_of_program_, 500);
  }
  bool chance(unsigned of) { return random_() % of == 0; }
  question made(question::kind what) {
    question fresh{what, number_++};
    fresh.length = chance(50) ? 20'000 : random_() % 20;
    for (question const& each : under_way_) fresh.may_be_cancelled |= each.is_target;
    fresh.guard = guard_group_;
    --left_;
    return fresh;
  }
  void add(question&& fresh) {
    constexpr char const* names[] = {"q", "faulty", "script", "sync"};
    did(names[fresh.what], fresh.number);
    if (fresh.guard) note(*fresh.guard, fresh);
    under_way_.push_back(std::move(fresh));
  }
  static void note(group& of, question const& fresh) {
    if (fresh.what == question::faulty) of.faulty.push_back(fresh.number);
    of.may_be_cancelled |= fresh.may_be_cancelled;
  }

  // ---- beginning ----

  void ask() {
    question fresh = made(chance(25) ? question::faulty : question::echo);
    if (fresh.what == question::faulty) {
      fresh.answer = conn.start_query("SELECT ('q' || $1::int8)::int8", fresh.number);
    } else if (chance(20)) {
      fresh.is_target = fresh.may_be_cancelled = true;
      try {
        fresh.answer = conn.start_query(within(std::chrono::microseconds(random_() % 4000)),
                                        "SELECT $1::int8, repeat('x', $2::int), pg_sleep($3::float8)", fresh.number,
                                        static_cast<int>(fresh.length), 0.0005 * static_cast<double>(random_() % 8));
      } catch (query_canceled const&) {  // the limit was over before it began
        return;
      }
    } else {
      fresh.answer =
          conn.start_query("SELECT $1::int8, repeat('x', $2::int)", fresh.number, static_cast<int>(fresh.length));
    }
    add(std::move(fresh));
  }
  void ask_script() {
    question fresh = made(question::script);
    std::string const number = std::to_string(fresh.number);
    fresh.answers = conn.start_exec("SELECT " + number + "; SELECT " + number + "::int8, repeat('x', " +
                                    std::to_string(fresh.length) + ")");
    add(std::move(fresh));
  }

  void begin_unit() {
    did("unit");
    unit_group_ = std::make_shared<group>();
    if (chance(10)) {
      unit_ = conn.pipeline(within(std::chrono::milliseconds(1 + random_() % 20)));
      unit_group_->may_be_cancelled = true;
    } else {
      unit_ = conn.pipeline();
    }
    ask_in_unit();
  }
  void ask_in_unit() {
    question fresh = made(chance(20) ? question::faulty : question::echo);
    fresh.unit = unit_group_;
    fresh.is_target = unit_group_->may_be_cancelled;
    fresh.may_be_cancelled |= unit_group_->may_be_cancelled;
    try {
      if (fresh.what == question::faulty)
        fresh.answer = unit_->query("SELECT ('q' || $1::int8)::int8", fresh.number);
      else
        fresh.answer =
            unit_->query("SELECT $1::int8, repeat('x', $2::int)", fresh.number, static_cast<int>(fresh.length));
    } catch (query_canceled const&) {
      EXPECT_TRUE(fresh.may_be_cancelled) << name_;
      unit_group_->is_left = true;
      if (guard_group_) guard_group_->may_be_cancelled = true;
      unit_.reset();
      return;
    }
    note(*unit_group_, fresh);
    add(std::move(fresh));
  }
  void end_unit() {
    if (chance(10)) {
      did("left");
      unit_group_->is_left = true;
      if (guard_group_) guard_group_->may_be_cancelled = true;
    } else {
      question fresh = made(question::unit_end);
      fresh.unit = unit_group_;
      fresh.is_target = unit_group_->may_be_cancelled;
      fresh.may_be_cancelled |= unit_group_->may_be_cancelled;
      fresh.end = unit_->sync();
      add(std::move(fresh));
    }
    unit_.reset();
  }

  void begin_stream() {
    stream_number_ = number_++;
    stream_length_ = static_cast<int>(chance(5) ? random_() % 5000 : random_() % 50);
    stream_next_ = 0;
    stream_leaves_at_ = chance(3) ? static_cast<int>(random_() % 4 * (random_() % 20)) : -1;
    stream_ = conn.start_stream("SELECT $1::int8, g, repeat('y', 50) FROM generate_series(1, $2::int) g",
                                stream_number_, stream_length_);
    did("stream", stream_number_);
    stream_may_be_cancelled_ = false;
    for (question const& each : under_way_) stream_may_be_cancelled_ |= each.is_target;
    --left_;
  }
  void begin_guard() {
    while (!under_way_.empty()) take_front();  // so that no error of those before comes out
    did("guard");
    guard_.emplace(conn);
    guard_group_ = std::make_shared<group>();
  }
  void end_guard() {
    if (!guard_) return;
    bool const commits = !chance(3), reads_first = chance(2);
    while (reads_first && !under_way_.empty()) take_front();
    bool const may_fail = guard_group_->may_be_cancelled || !guard_group_->faulty.empty();
    try {
      if (commits) guard_->commit();
    } catch (internal_error const& e) {
      EXPECT_TRUE(may_fail) << name_ << ": " << e.what();
    }
    did(commits ? "commit" : "rollback");
    guard_.reset();
    guard_group_.reset();
    EXPECT_EQ(conn.transaction_status(), transaction_status::idle) << name_;
  }

  /// Of one of those under way, or of the one in front, which may hit any that is under way.
  void cancel() {
    if (under_way_.empty()) return;
    bool const front = chance(2);
    question& target = front ? under_way_.front() : under_way_[random_() % under_way_.size()];
    target.is_target = true;
    if (target.unit) target.unit->may_be_cancelled = true;
    for (question& each : under_way_) {
      each.may_be_cancelled = true;
      if (each.unit) each.unit->may_be_cancelled = true;
      if (each.guard) each.guard->may_be_cancelled = true;
    }
    did(front ? "cancel-front" : "cancel", target.number);
    front ? conn.cancel() : target.cancel();
  }

  // ---- answers ----

  void take_front() {
    check(under_way_.front());
    under_way_.pop_front();
  }
  /// `idle`: nothing is under way any more, so that all have to be there.
  void collect(bool idle) {
    read_stream();
    while (!under_way_.empty() && (under_way_.front().ready() || idle)) {
      ASSERT_TRUE(under_way_.front().ready()) << name_ << ": question " << under_way_.front().number << " is lost";
      if (unit_ && under_way_.front().unit == unit_group_) return;  // not before its end
      take_front();
    }
  }

  void check(question& of) {
    ++answered_;
    did("got", of.number);
    std::string const about = name_ + "\nquestion " + std::to_string(of.number);
    try {
      switch (of.what) {
        case question::script: {
          results const got = of.answers.get();
          ASSERT_EQ(got.size(), 2U) << about;
          ASSERT_EQ(got[0][0].get<std::int64_t>(0), of.number) << about;
          return check(got[1], of, about);
        }
        case question::unit_end: {
          of.end.get();
          EXPECT_TRUE(of.unit->faulty.empty()) << about;
          return;
        }
        default: {
          result const got = of.answer.get();
          EXPECT_EQ(of.what, question::echo) << about;
          return check(got, of, about);
        }
      }
    } catch (query_canceled const& e) {
      EXPECT_TRUE(of.may_be_cancelled || (of.unit && of.unit->may_be_cancelled)) << about << ": " << e.what();
    } catch (operational_error const& e) {
      ASSERT_FALSE(e.is_fatal()) << about << ": " << e.what();
      check_skipped(of, e.what(), about);
    } catch (database_error const& e) {
      std::string const code = e.sqlstate().str();
      if (code == "25P02" && of.guard && (of.guard->may_be_cancelled || !of.guard->faulty.empty())) return;
      ASSERT_EQ(code, "22P02") << about << ": " << e.what();
      check_faulty(of, e.what(), about);
    }
  }
  static void check(result const& got, question const& of, std::string const& about) {
    ASSERT_EQ(got.size(), 1U) << about;
    ASSERT_EQ(got[0].get<std::int64_t>(0), of.number) << about;
    ASSERT_EQ(got[0].get<std::string_view>(1), std::string(of.length, 'x')) << about;
  }
  /// Its own error; of a unit's end the first.
  static void check_faulty(question const& of, std::string const& said, std::string const& about) {
    auto const number = of.what == question::unit_end && !of.unit->faulty.empty() ? of.unit->faulty.front() : of.number;
    EXPECT_TRUE(of.what == question::faulty || of.what == question::unit_end) << about << ": " << said;
    EXPECT_NE(said.find("\"q" + std::to_string(number) + "\""), said.npos) << about << ": " << said;
  }
  static void check_skipped(question const& of, std::string const& said, std::string const& about) {
    ASSERT_TRUE(of.unit) << about << ": " << said;
    auto const has = [&](std::string const& part) { return said.find(part) != said.npos; };
    if (of.unit->is_left && has("left without sync()")) return;
    ASSERT_TRUE(has("of the pipeline was not run, because one before it failed")) << about << ": " << said;
    bool const by_fault = !of.unit->faulty.empty() && of.unit->faulty.front() < of.number &&
                          has("\"q" + std::to_string(of.unit->faulty.front()) + "\"");
    bool const by_cancel = of.unit->may_be_cancelled && (has("57014") || has("cancel"));
    bool const by_guard = of.guard && has("25P02");
    EXPECT_TRUE(by_fault || by_cancel || by_guard) << about << ": " << said;
  }

  void read_stream() {
    if (!stream_) return;
    try {
      auto const leaves = [this] { return stream_leaves_at_ >= 0 && stream_next_ >= stream_leaves_at_; };
      while (!leaves()) {
        auto const chunk = async_ ? stream_->take_chunk() : stream_->next_chunk();
        if (!chunk) break;
        for (auto const& row : *chunk) {
          ASSERT_EQ(row.get<std::int64_t>(0), stream_number_) << name_;
          ASSERT_EQ(row.get<int>(1), ++stream_next_) << name_;
        }
      }
      if (!stream_->ended() && !leaves()) return;
      EXPECT_TRUE(leaves() || stream_next_ == stream_length_) << name_;
    } catch (query_canceled const& e) {
      EXPECT_TRUE(stream_may_be_cancelled_) << name_ << ": " << e.what();
    }
    settles_ = async_ && !stream_->ended();  // nothing begins before poll() has ended it
    stream_.reset();
    ++answered_;
  }

  bool async_;
  std::int64_t left_, number_ = 1, answered_ = 0;
  std::string name_;
  std::size_t first_of_program_;
  std::mt19937_64 random_;
  std::deque<question> under_way_;
  std::shared_ptr<group> unit_group_, guard_group_;
  std::int64_t stream_number_ = 0;
  int stream_length_ = 0, stream_next_ = 0, stream_leaves_at_ = -1;
  bool stream_may_be_cancelled_ = false, settles_ = false;
  std::optional<transaction> guard_;
  std::optional<tusk::pipeline> unit_;
  std::optional<tusk::stream<>> stream_;
};

}  // namespace tusk::test
