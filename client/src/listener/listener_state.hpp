// A listener's connection, and what its functions on all threads share: the rules, and the subscribers.
//
//   any thread:  lock ─► rules ─► wake()
//   who steps:   wake, descriptor, time ─► poll() of the connection ─► handlers: tell() the channel's subscribers
//                                      ─► answers to LISTEN ─► rules ─► the next statements ─► gaps that are due
//
// The connection is an asynchronous one that only the thread that steps touches. One epoll instance stands for it and
// for wake(): so fileno() is the same while connections come and go. No lock is held while a function of the user's
// runs. A function may destroy the listener: whoever steps keeps this object until the step is done.
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/listener.hpp>
#include <tusk/pending.hpp>
#include <tusk/results.hpp>

#include "engine/waker.hpp"
#include "listener/listener_core.hpp"
#include "listener/subscribers.hpp"

namespace tusk::detail {

/// See the top of this file.
class listener_state : public std::enable_shared_from_this<listener_state> {
 public:
  listener_state(std::string_view dsn, listener_options options, connect_options how);
  ~listener_state();

  // ---- any thread ----

  subscriber_id add(std::string_view channel, std::function<void(notify const&)> told, listen_options how);
  bool remove(subscriber_id which);
  std::shared_ptr<queue_member> add_queue(std::string_view channel, subscription_options how);
  void remove(queue_member const& which) noexcept;
  void on_gap(std::function<void(notification_gap const&)> told);
  void on_error(std::function<void(std::exception_ptr)> told);
  void close() noexcept;
  bool closed() const noexcept { return is_closed_.load(std::memory_order_relaxed) || is_child(); }
  bool is_listening(std::string_view channel) const;
  listener_statistics statistics() const;
  /// Throws programming_error if this thread is the one that steps, now.
  void require_other_thread() const;

  // ---- one thread at a time ----

  void run(std::stop_token const& stop);
  poll_status poll();
  int descriptor() const;
  std::optional<std::chrono::milliseconds> timeout() const;

 private:
  using time = listener_core::time;
  class stepping;
  struct sent {
    pending<void> done;
    listener_core::statement what;
    time until;  // it has to be answered
  };

  poll_status step();
  void advance();
  void require_session_soon() const;
  void begin_session();
  void collect();
  std::optional<time> answer_due() const noexcept;
  void take_unhandled();
  bool send();
  std::exception_ptr end_session(std::exception_ptr why);
  void drop_connection() noexcept;
  void arm();
  void shut() noexcept;

  void arrived(listener_core::channel& of, notify const& what);
  void note_unreadable();
  void tell_due();
  void tell_gaps(std::vector<listener_core::due> const& to);
  template <class Call>
  void call(Call const& function) noexcept;
  void tell(listener_event const& event) noexcept;
  void require_open() const;
  void require_parent() const;
  bool is_child() const noexcept;
  void join(std::shared_ptr<subscriber> const& who, std::string_view channel);
  void note_listening();

  listener_options const options_;
  std::string const dsn_;
  connect_options const how_;
  unsigned const generation_;
  client::waker waker_;

  mutable std::mutex lock_;
  listener_core core_;
  std::map<subscriber_id, std::shared_ptr<function_member>> functions_;
  std::map<queue_member const*, std::shared_ptr<queue_member>> queues_;
  std::uint64_t ids_ = 0;
  std::shared_ptr<std::function<void(notification_gap const&)> const> on_gap_;
  std::shared_ptr<std::function<void(std::exception_ptr)> const> on_error_;
  listener_statistics counters_;  // but for what the rules know
  std::atomic<bool> is_closed_ = false;
  std::thread::id stepper_ = {};        // the thread that steps; none: nobody does
  bool is_shut_ = false;                // closed, and nothing is left of it
  std::optional<time> until_ = time();  // when the next step is to be

  // Of the thread that steps.
  std::optional<connection> connection_;
  bool has_session_ = false, is_settled_ = false;
  time began_{};  // connecting, then the session
  time session_until_{};
  poll_status wanted_ = poll_status::ok;
  std::deque<sent> sent_;
  std::optional<pending<results>> pid_;  // asked for
  time pid_until_{};
  std::optional<pending<void>> ping_;
  bool has_heard_ = false;
  std::uint64_t unreadable_ = 0;
  std::string cause_;          // of the last loss
  std::exception_ptr thrown_;  // by a function of the user's; the first
};

}  // namespace tusk::detail
