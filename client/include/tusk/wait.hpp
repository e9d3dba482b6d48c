// How blocking calls wait: by themselves, or by a callback of a coroutine library, a fiber scheduler, a foreign loop.
//
//   blocking call: start the operation ─► callback(conn): poll(), wait on fileno(), poll(), ... until ok ─► its result
//
// Every operation goes through the callback, connect and reconnect too. What does not: cancel(), which waits until the
// server has taken the request, wait_readable() and the pauses of retry(). Asynchronous connections are not affected.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <tusk/within.hpp>

namespace tusk {

class connection;

/// What a connection waits for.
enum class poll_status {
  ok,          ///< nothing is under way: connected, and the operation (if there was one) is done
  read,        ///< wait until fileno() is readable, then poll() again
  write,       ///< ... until it is writable
  read_write,  ///< ... until it is either
};

/// Steps a connection with poll() until that says ok or throws. Between the steps it waits on fileno() for what poll()
/// asked for, for timeout() at most. It runs on the thread that called the operation.
///
/// The error that poll() throws is the operation's, and comes out of the operation whether the callback lets it pass or
/// not; the connection stays open if the error is not fatal. If the callback throws another exception the connection is
/// closed, and that exception comes out. If it returns too early the connection is closed with operational_error.
/// Another operation on the connection meanwhile, from whatever thread or fiber, is a programming_error.
using wait_callback = std::function<void(connection&)>;

/// Sets how blocking calls of all connections wait that have no callback of their own; an empty one: by themselves.
/// Calls under way keep theirs. Any thread may call these two at any time.
void set_wait_callback(wait_callback callback);
wait_callback get_wait_callback();

/// A wait callback that waits with poll(2), and heeds the flag of set_interrupt_flag(). It serves asynchronous
/// connections too. Throws what poll() throws; operational_error if the system refuses.
void wait_select(connection& conn);

/// Sets the flag by which a signal handler interrupts wait_select(); null: none. When it is found set it is cleared,
/// and the statement under way is cancelled, as when a tusk::within is over: it ends with query_canceled. A connection
/// that is still being made is closed, with query_canceled. A flag that is set between two statements cancels the next
/// one. It must outlive its use. Any thread may call this.
void set_interrupt_flag(std::atomic<bool>* flag) noexcept;

/// Waits until the connection has something to read, or the time is over; then false. For idle connections that listen.
/// It blocks the thread, whatever the wait callback. Throws query_canceled if a stop is requested or the flag of
/// set_interrupt_flag() is set; operational_error if the system refuses; what poll() throws if the connection is
/// closed, is the parent's of a forked child, or if a handler of the connection is what waits.
bool wait_readable(connection& conn, within const& limit);
inline bool wait_readable(connection& conn, std::chrono::milliseconds time) {
  return wait_readable(conn, within(time));
}

}  // namespace tusk
