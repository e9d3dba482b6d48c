// A listener: one connection of its own that listens, and many who are told.
//
//   tusk::listener hub("dbname=shop");
//   hub.listen("orders", [](tusk::notify const& n) { ... });       // a function, called by the thread that steps
//   tusk::subscription items = hub.subscribe("items");             // a bounded queue, read by another thread
//   hub.on_gap([](tusk::notification_gap const& gap) { ... });     // notifications may be missing here: look yourself
//   hub.run(stop_token);                                           // on a thread of yours; or poll(), or tusk::aio
//
//   pause ─► connect ─► LISTEN, for each channel ─► in force: gap ─► notifications ─┬─► function, function, ...
//     ▲          │              │                                         │          └─► queue ─► next()
//     └──────────┴──────────────┴──── refused, lost, silent ◄─────────────┘
//
// The listener has no thread: nothing is received but in run() or poll(). What is subscribed, and by how many, is known
// without a connection, from any thread; whoever steps brings LISTEN and UNLISTEN in line with it: LISTEN when the
// first subscriber of a channel comes, UNLISTEN when the last has gone, all of them after a loss. The rules are in
// client/src/listener/listener_core.hpp; a page: tools/docs/listener.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <tusk/connection.hpp>
#include <tusk/listener_options.hpp>
#include <tusk/options.hpp>
#include <tusk/wait.hpp>
#include <tusk/within.hpp>

namespace tusk {

namespace detail {
class listener_state;
class queue_member;
}  // namespace detail

/// Names a function that is subscribed, for listener::unlisten().
enum class subscriber_id : std::uint64_t {};

/// A bounded queue of one channel's notifications and gaps; made by listener::subscribe(). It moves; its end is the
/// subscription's. Any thread may use it, several at once: each item goes to one of them.
///
/// When it is full what comes is dropped, until half of it is free; where that was there is a gap, which says how many.
/// So a reader that is too slow holds up nobody, and knows of it.
class subscription {
 public:
  /// One that is over.
  subscription() noexcept = default;
  explicit subscription(std::shared_ptr<detail::queue_member> queue) noexcept : queue_(std::move(queue)) {}
  subscription(subscription&&) noexcept = default;
  subscription& operator=(subscription&& other) noexcept {
    if (this != &other) {
      end();
      queue_ = std::move(other.queue_);
    }
    return *this;
  }
  ~subscription() { end(); }

  /// The next notification or gap; nothing: there is none now. Does not wait. Throws interface_error if the queue is
  /// empty and the listener closed, if this was ended or moved from, and in a forked child.
  std::optional<notification_or_gap> pop();
  /// The same, and waits for it; nothing: the time is over. The listener has to be stepped meanwhile by another thread:
  /// programming_error in a function that it calls. Throws query_canceled if a stop is requested.
  std::optional<notification_or_gap> next(within const& limit);
  /// How many notifications wait.
  std::size_t size() const;
  /// How many a full queue has dropped.
  std::uint64_t dropped() const;

  /// Unsubscribes, and drops what waits. Any thread: who waits in next() gets interface_error. Twice is fine.
  void end() noexcept;
  /// Whether it has not ended.
  explicit operator bool() const noexcept;

 private:
  std::shared_ptr<detail::queue_member> queue() const;

  // Null: there never was one, or it was moved from. end() leaves it, as other threads may be in next().
  std::shared_ptr<detail::queue_member> queue_;
};

/// See the top of this file. It does not move. Any thread may call any function of it, also one that it calls; but one
/// thread at a time steps it (run(), poll()): another one, and a function that it calls, gets a programming_error.
///
/// Functions are called in the order of subscription, by the thread that steps, one notification after another; so a
/// slow one holds up the others: give slow work a subscription. A function may subscribe and unsubscribe anybody, close
/// the listener, or destroy it. What it throws goes to on_error(), after which the others are told still; without one
/// the first such exception comes out of run() or poll() when the step is done, and a next call goes on.
///
/// Errors of connecting: at first, those that come again each time (a wrong password or connection string, a database
/// that does not exist, LISTEN refused, a pooler) come out of run() or poll(); a next call tries again. Others, and all
/// once the listener has listened, are told to listener_options::on_event alone, and it is tried again after a pause.
///
/// After a fork the listener is the parent's: in the child every function is an interface_error, and the destructor
/// closes the child's descriptors and sends nothing.
class listener {
 public:
  /// Connects nothing yet. `dsn` and `how`: as for tusk::connect(); `async` makes no difference. A session_hook runs in
  /// each new session before LISTEN, as on an asynchronous connection. Throws programming_error if the options make no
  /// sense, operational_error if the system has no descriptors.
  explicit listener(std::string_view dsn = {}, listener_options options = {}, connect_options how = {});
  listener(listener const&) = delete;
  listener& operator=(listener const&) = delete;
  /// close(). Does not wait: who is in run() on another thread returns soon.
  ~listener();

  // ---- subscribers ----

  /// Has a function called for each notification of a channel, which is quoted, as in connection::listen(). Throws
  /// programming_error for a name that no channel can have and for an empty function, interface_error when the listener
  /// is closed.
  subscriber_id listen(std::string_view channel, std::function<void(notify const&)> told, listen_options how = {});
  /// The function is called no more; on another thread it may be under way, which this does not wait for. False: there
  /// is no such subscriber any more.
  bool unlisten(subscriber_id which);
  /// The same with a queue in place of a function.
  [[nodiscard]] subscription subscribe(std::string_view channel, subscription_options how = {});

  /// Told of gaps, for each function that has no on_gap of its own; an empty function: nobody is.
  void on_gap(std::function<void(notification_gap const&)> told);
  /// Told of what functions throw; an empty function: it comes out of run() or poll().
  void on_error(std::function<void(std::exception_ptr)> told);

  // ---- stepping ----

  /// Steps until the token is asked to stop or the listener is closed. The connection stays open at a stop, and what
  /// comes waits at the server until it is stepped again. Heeds set_interrupt_flag(): query_canceled.
  void run(std::stop_token const& stop = {});
  /// One step; never waits. `read`: wait until fileno() is readable, for timeout() at most, then call it again. `ok`:
  /// the listener is closed.
  poll_status poll();
  /// The descriptor to wait on, the same for the listener's whole life; it is never writable.
  int fileno() const;
  /// Time until poll() has to be called although the descriptor is silent; nothing: for ever.
  std::optional<std::chrono::milliseconds> timeout() const;

  /// Ends it: subscriptions give what they have, then interface_error. Twice is fine.
  void close() noexcept;
  bool closed() const noexcept;

  // ---- what there is ----

  /// Whether the channel's LISTEN is in force now.
  bool is_listening(std::string_view channel) const;
  listener_statistics statistics() const;

 private:
  std::shared_ptr<detail::listener_state> state_;
};

}  // namespace tusk
