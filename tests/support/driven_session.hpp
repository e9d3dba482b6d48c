// A session that is fed a server's bytes in cuts of any size, with what must hold for every session checked on the way:
// next() comes to an end, a poisoned session stays poisoned, and room is given only for what has arrived.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

#include "support/event_text.hpp"

namespace tusk::test {

/// The seed of everything random in this run: TUSK_SEED, or a new one each time. It is in the trace of each failure.
inline std::uint64_t test_seed() {
  static std::uint64_t const seed = [] {
    char const* const given = std::getenv("TUSK_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  }();
  return seed;
}

/// How the server's bytes are cut into reads.
class cuts {
 public:
  static cuts whole() { return {"in one piece", 0}; }
  static cuts bytewise() { return {"byte by byte", 1}; }
  /// `number` tells one random cut of a run from another.
  static cuts random(std::uint64_t number) {
    cuts result("cut at random, TUSK_SEED=" + std::to_string(test_seed()) + " number " + std::to_string(number), 2);
    result.random_.seed(test_seed() + number);
    return result;
  }

  std::string const& name() const noexcept { return name_; }
  /// The size of the next read, of at most `most` bytes: mostly a few, now and then many.
  std::size_t next(std::size_t most) {
    if (mode_ == 0 || most == 1) return most;
    if (mode_ == 1) return 1;
    std::size_t const upto = random_() % 4 == 0 ? most : std::min<std::size_t>(most, 12);
    return 1 + random_() % upto;
  }

 private:
  cuts(std::string name, int mode) : name_(std::move(name)), mode_(mode) {}
  std::string name_;
  int mode_;
  std::mt19937_64 random_;
};

class driven_session {
 public:
  explicit driven_session(cuts how = cuts::whole(), protocol::limits const& limit = {})
      : session_(limit), cuts_(std::move(how)) {}

  protocol::session& get() noexcept { return session_; }
  protocol::session* operator->() noexcept { return &session_; }
  protocol::state state() const noexcept { return session_.state(); }
  bool poisoned() const noexcept { return state() == protocol::state::poisoned; }
  bool over() const noexcept { return state() >= protocol::state::ended; }
  /// How often next() said `working`.
  std::size_t slices() const noexcept { return slices_; }

  /// Receives the bytes and takes all events after each cut.
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t const count = put(bytes.substr(0, cuts_.next(bytes.size())));
      bytes.remove_prefix(count);
      drain();
    }
  }
  /// Receives as many bytes as there is room for, without a look at them. How many it were.
  std::size_t put(std::string_view bytes) {
    auto const room = session_.prepare();
    EXPECT_GE(room.size(), 1U);
    EXPECT_LE(room.size(), std::max<std::size_t>(protocol::frame_reader::chunk_capacity, 2 * arrived_));
    std::size_t const count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    session_.commit(count);
    arrived_ += count;
    return count;
  }

  /// Takes events until more bytes are wanted.
  void drain() {
    if (poisoned()) return check_poisoned();
    // Each event but the last has a message, of five bytes at least, or is a request's; PBKDF2's slices are few.
    std::size_t const most = session_.buffered() / 5 + session_.last_request() + 100;
    for (std::size_t calls = 0; calls < most; ++calls) {
      protocol::event const& told = session_.next();
      if (std::holds_alternative<protocol::want_bytes>(told)) return;
      if (std::holds_alternative<protocol::working>(told)) {
        ++slices_;
        continue;
      }
      if (auto const* violated = std::get_if<protocol::violation>(&told)) code_ = violated->code;
      numbers_.push_back(number_text());
      events_.push_back(text_of(told, session_));
      if (poisoned()) return check_poisoned();
    }
    ADD_FAILURE() << "next() does not come to an end in state " << name(state());
  }

  /// The events since the last call.
  std::vector<std::string> take_events() {
    numbers_ = std::vector<std::string>();
    return std::exchange(events_, {});
  }
  /// To each of events() the request that it answers, and which message of it: "3 bind", or "0".
  std::vector<std::string> const& numbers() const noexcept { return numbers_; }
  std::vector<std::string> const& events() const noexcept { return events_; }
  /// The code of the violation, if there was one.
  std::error_code code() const noexcept { return code_; }
  /// What the session wants to send; it is sent.
  std::string take_output() {
    std::string const bytes(session_.output());
    session_.sent(bytes.size());
    return bytes;
  }

 private:
  std::string number_text() const {
    static constexpr char const* parts[] = {"",          " query",   " parse", " bind",
                                            " describe", " execute", " close", " sync"};
    return std::to_string(session_.answering()) + parts[static_cast<std::size_t>(session_.answering_part())];
  }
  void check_poisoned() {
    for (int i = 0; i < 3; ++i) {
      auto const* again = std::get_if<protocol::violation>(&session_.next());
      ASSERT_TRUE(again != nullptr) << "a poisoned session says something else than violation";
      EXPECT_EQ(again->code, code_);
    }
    auto const pending = session_.output().size();
    EXPECT_EQ(session_.query("select 1"), protocol::errc::not_ready);
    EXPECT_EQ(session_.sync(), protocol::errc::not_ready);
    EXPECT_EQ(session_.output().size(), pending);
  }

  protocol::session session_;
  cuts cuts_;
  std::vector<std::string> events_, numbers_;
  std::error_code code_;
  std::size_t arrived_ = 0, slices_ = 0;
};

}  // namespace tusk::test
