// What was started: a handle to an operation's end.
//
//   tusk::pending<tusk::result> a = conn.start_query("SELECT 1"), b = conn.start_query("SELECT 2");
//   a.get();  // waits for it, on a blocking connection
//
// The operations of a connection are sent one behind the other, each in a unit of its own, and end in that order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <tusk/fwd.hpp>
#include <utility>

namespace tusk {

namespace detail {

class connection_state;
class sql_operation;

/// What pending is whatever it gives.
class pending_operation {
 public:
  pending_operation() noexcept = default;
  /// `held`: the operation's own, says whether there is a handle.
  pending_operation(std::shared_ptr<sql_operation>&& what, std::atomic<bool>& held, connection_state& on) noexcept
      : what_(std::move(what)), held_(&held), on_(&on) {
    held.store(true, std::memory_order_relaxed);
  }
  pending_operation(pending_operation&&) noexcept = default;
  pending_operation& operator=(pending_operation&& other) noexcept {
    if (this != &other) {
      drop();
      what_ = std::move(other.what_);
      held_ = other.held_;
      on_ = other.on_;
    }
    return *this;
  }
  ~pending_operation() { drop(); }

  std::shared_ptr<sql_operation> const& what() const noexcept { return what_; }
  bool ready() const;
  void cancel();
  /// Waits for the end, and gives the operation away. Throws its error.
  std::shared_ptr<sql_operation> take();

 private:
  void drop() noexcept {
    if (what_) held_->store(false, std::memory_order_relaxed);
    what_.reset();
  }

  std::shared_ptr<sql_operation> what_;
  std::atomic<bool>* held_ = nullptr;
  connection_state* on_ = nullptr;  // lives as long as the operation is under way
};

/// What an operation that has ended well gives.
template <class T>
T given_by(sql_operation& ended);
template <>
result given_by<result>(sql_operation& ended);
template <>
results given_by<results>(sql_operation& ended);
template <>
statement given_by<statement>(sql_operation& ended);
template <>
std::uint64_t given_by<std::uint64_t>(sql_operation& ended);
template <>
inline void given_by<void>(sql_operation&) {}

}  // namespace detail

/// See the top of this file. It moves; one thread at a time. What it gives: `result` of start_query, `results` of
/// start_exec, `statement` of start_prepare, a count of start_executemany, nothing of the others.
///
/// It holds what it needs: it may outlive its connection, and then gives what had come, or throws operational_error.
/// Dropping it cancels nothing. The operation's error comes out of get() alone; of an operation whose handle was
/// dropped before it had ended it comes out of the next poll(), or of the next call that begins an operation on a
/// blocking connection, before anything is sent. One that was dropped later takes the outcome with it.
template <class T>
class pending {
 public:
  /// One that stands for nothing, as one that was moved from.
  pending() noexcept = default;
  /// For the connection's functions.
  pending(detail::pending_operation&& what) noexcept : what_(std::move(what)) {}

  /// Whether the operation has ended. Does no step. Throws programming_error if get() was called, or it was moved from.
  bool ready() const { return what_.ready(); }
  /// What the operation gives; once: then, or when it was moved from, programming_error. Throws the operation's error.
  ///
  /// On a blocking connection it waits for the end, as the call without start_ does, however long those before it take.
  /// On an asynchronous one it is a programming_error before ready(). Not from a handler of the connection.
  T get() {
    auto const ended = what_.take();
    return detail::given_by<T>(*ended);
  }

  /// Asks that the operation end soon; nothing if it has. One that was not sent has ended then, with query_canceled;
  /// one that was is cancelled at the server as soon as it is in front, as a limit does it that is over (see
  /// within.hpp): so the connection stays usable, or is closed. Does not wait: get(), poll(), or later calls go on with
  /// it. Throws as ready(); programming_error in a handler.
  void cancel() { what_.cancel(); }

 private:
  detail::pending_operation what_;
};

}  // namespace tusk
