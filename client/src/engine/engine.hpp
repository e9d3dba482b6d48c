// The engine: it moves bytes between transport and session, hands each event to the operation in front, and says what
// it waits for. It knows no kind of operation, and no face.
//
//   begin(operation) ─► queue ─► feed() ─► link ─► the server        the server ─► link ─► take(event) ─► ended
//   step(): limits and a cancel request; then write, read, take the events ─► waits()
//
// The faces differ in how they wait between steps: the blocking one lets the step itself wait in its read, poll() never
// waits, and a wait callback is a loop around poll(). Two shorter ways do what a step does where there is little to
// look at: exchange(), for the blocking face, and the first part of step().
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <exception>
#include <memory>
#include <string>

#include "conninfo/settings.hpp"
#include "engine/cancelling.hpp"
#include "engine/channel.hpp"
#include "engine/ending.hpp"
#include "engine/handlers.hpp"
#include "engine/operation_queue.hpp"
#include "engine/waiting.hpp"

namespace tusk::detail {

inline constexpr char broken_guard_text[] =
    "the transaction of the guard (tusk::transaction) has ended without it, by a COMMIT or ROLLBACK in a statement's "
    "text or because that COMMIT failed; leave the guard's scope before anything else";

/// How much of an answer engine::exchange() took at once.
enum class taken : std::uint8_t {
  whole,
  part,   ///< or nothing; what follows is session::next()'s
  event,  ///< the session has told an event, which was not taken
};

/// See the top of this file. Its caller holds the connection's lock, but where it is said.
class engine {
 public:
  /// What it is given must outlive it.
  engine(client::settings const& to, connect_options const& options, session_context& in, handlers& told);

  // ---- operations ----

  /// Feeds an operation, or queues it. It has to live until it has ended; `kept` sees to that for one that nobody waits
  /// for, and `size` says about how much it will send. Throws what feed() throws; the connection is closed then.
  void begin(operation& what, std::unique_ptr<client::limit>&& limit = nullptr,
             std::shared_ptr<operation>&& kept = nullptr, std::size_t size = 0);
  /// The same where nothing is under way, for one without a limit that is fed whole, by a class that is known here.
  template <class Operation>
  [[gnu::always_inline]] void begin_alone(Operation& what, std::shared_ptr<operation>&& kept = nullptr);
  /// As begin(), where nothing is under way and the socket is bare, for one that is fed whole: it sends, and waits for
  /// the first bytes of the answer. Mostly they are all of it, and `at_once` takes it from the session: then true.
  /// False: the operation is in the queue, or has ended.
  template <class Operation, class AtOnce>
  [[gnu::always_inline]] bool exchange(Operation& what, AtOnce const& at_once);
  /// Steps until the operation has ended, or is full, waiting as long as it takes.
  void wait(operation const& what);
  /// Steps until it is done, or nothing is left to wait for, waiting as long as it takes.
  template <std::predicate Done>
  void step_until(Done const& done) {
    while (!done()) {
      client::wish const next = step();
      if (next.is_none() || done()) return;
      wait_for(next);
    }
  }
  /// Whether the one in front waits for its caller, to take what it has or to give more.
  bool waits_for_caller() const noexcept {
    return in_.obstacles.any_of(obstacles::streaming) && !queue_.empty() &&
           (queue_.front().is_full() || queue_.front().is_hungry());
  }
  /// Steps until none is under way, or the time has come.
  void wait_until_idle(client::deadline until = {});
  /// Feeds on an operation that has more; `fed`: that has put it into the output by itself, as cancelling().may_feed()
  /// allowed.
  void resume(bool fed = false);
  /// How many bytes wait to be sent.
  std::size_t queued() const noexcept { return queue_.waiting() + in_.waiting_in_units + in_.session.output().size(); }
  /// Whether one is under way. Any thread.
  bool is_busy() const noexcept { return busy_.load(std::memory_order_acquire); }
  operation_queue& queue() noexcept { return queue_; }

  // ---- stepping ----

  /// One step of all that is under way, never waiting. What to wait for then. Throws where no connection can be made,
  /// or a cancel request that somebody asked for fails.
  client::wish const& step();
  /// What the last step left, or the beginning of an operation since.
  detail::waiting const& waits() const noexcept { return waits_; }
  /// Its descriptor; -1: closed. Any thread.
  int shown_descriptor() const noexcept {
    // What the present step of connecting has opened, for a function of the user's that it calls.
    bool const connects = in_.obstacles.any_of(obstacles::connecting) && channel_.is_connecting();
    return connects && !waits_.has_several() ? channel_.wish().descriptor : waits_.shown_descriptor();
  }
  /// Waits for that. What the system refuses is the end of the connection.
  void wait_for(client::wish const& what);

  // ---- the connection ----

  detail::channel& channel() noexcept { return channel_; }
  detail::channel const& channel() const noexcept { return channel_; }
  /// Connecting has to end within that limit.
  void limit_connecting(std::unique_ptr<client::limit> limit);
  /// Asks the server to cancel the operation in front; step() goes on with it. See cancelling::begin().
  void begin_cancel(std::chrono::milliseconds time);
  /// Has an operation of the queue end soon: now, if it was not fed; else as if a limit were over.
  void cancel(operation const& what);
  detail::cancelling const& cancelling() const noexcept { return cancelling_; }
  /// How it ends; and why it has.
  ending& end() noexcept { return end_; }
  ending const& end() const noexcept { return end_; }
  /// So that the socket of the next connection has another number, and the descriptor for several is the same.
  void take_over(engine& from) noexcept;

 private:
  bool has_come(operation const& what) const noexcept { return what.has_ended() || what.is_full(); }
  client::wish const& step_fully();
  bool write();
  bool step_session(operation const* awaited);
  /// Works out what to wait for.
  void want(bool sent) {
    constexpr unsigned special = obstacles::closed | obstacles::connecting;
    if (in_.obstacles.any_of(special) || cancelling_.has_work() || waits_.has_several()) [[unlikely]]
      return want_several(sent);
    waits_.set(channel_.link().bytes.socket().descriptor(), is_busy() || !sent, !sent);
  }
  void want_several(bool sent);
  void take_events();
  bool take_event();
  bool go_on(progress now);
  bool hand_to_front(protocol::event const& told);

  session_context& in_;
  handlers& told_;
  waiting waits_;  // limits, below, refer to it
  detail::channel channel_;
  operation_queue queue_;
  detail::cancelling cancelling_;
  std::atomic<bool> busy_ = false;
  ending end_{in_, told_, channel_, queue_, cancelling_, waits_, busy_};
};

template <class Operation>
inline void engine::begin_alone(Operation& what, std::shared_ptr<operation>&& kept) {
  queue_.ended().drop();
  try {
    bool const is_fed = what.feed() != fed::nothing;
    queue_.push_fed(what, std::move(kept));
    if (!is_fed) [[unlikely]]
      return queue_.end_front();
  } catch (...) {
    end_.rethrow();
  }
  busy_.store(true, std::memory_order_release);
  want(false);
}

template <class Operation, class AtOnce>
inline bool engine::exchange(Operation& what, AtOnce const& at_once) {
  queue_.ended().drop();  // and what it gave
  try {
    if (what.feed() == fed::nothing) [[unlikely]]
      return false;
    busy_.store(true, std::memory_order_relaxed);
    detail::link& link = channel_.link();
    auto came = link::arrival::nothing;
    auto done = taken::part;
    if (link.send()) [[likely]] {
      came = link.receive(true);
      if (came == link::arrival::bytes) [[likely]] {
        done = at_once();
        if (done == taken::whole) [[likely]] {
          busy_.store(false, std::memory_order_relaxed);
          if (told_.farewell) [[unlikely]]
            told_.farewell.reset();
          in_.idle();
          return true;
        }
      }
    }
    queue_.push_fed(what, nullptr);
    if (came == link::arrival::bytes) {
      if (done == taken::part || take_event()) take_events();
    } else if (came == link::arrival::gone) {
      end_.lose(link.reason());
    }
    return false;
  } catch (...) {
    end_.rethrow();
  }
}

}  // namespace tusk::detail
