// What a connection, its cursors, statements and guards share: the engine, what it stands on, and who is told.
//
//   a call ─► lock ─► require.ready() ─► an operation ─► run(): begin, wait for its end, throw its error
//                                                       engine.exchange(): the same in one send and one receive, if
//                                                       that does
//                                                       start(): begin; poll() steps, its end is told there
//
// The calls themselves stand in calls.hpp and with the classes that users see.
#pragma once

#include <poll.h>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tusk/connection.hpp>
#include <tusk/pending.hpp>

#include "callback_waiting.hpp"
#include "conninfo/conninfo.hpp"
#include "end_listener.hpp"
#include "engine/engine.hpp"
#include "engine/fork_watch.hpp"
#include "operations/sql_operation.hpp"
#include "preconditions.hpp"

namespace tusk::detail {

/// Whether the flag of set_interrupt_flag() was set; it is cleared.
bool take_interrupt() noexcept;
/// Waits until one of the descriptors is ready, the time has come, a signal has, or the interrupt flag wants a look.
/// Whether one is ready. Throws operational_error if the system refuses.
bool wait_once(std::span<pollfd> on, client::deadline until);

inline poll_status status_of(client::wish const& wanted) noexcept {
  if (wanted.is_none()) return poll_status::ok;
  if (!wanted.write) return poll_status::read;
  return wanted.read ? poll_status::read_write : poll_status::write;
}

class connection_state;
/// A handle to what was started.
template <class Operation>
pending_operation handle_to(std::shared_ptr<Operation>&& what, connection_state& on) noexcept {
  auto& held = what->held();
  return {std::move(what), held, on};
}

/// How arguments are written. A subclass that watches its operations is shown what it can read: text.
struct written_arguments {
  written_arguments(format how, std::shared_ptr<adapter_registry> by)
      : adapters(std::move(by)), binding{adapters.get(), how} {}
  std::shared_ptr<adapter_registry> adapters;
  types::binding binding;  ///< of a statement that is prepared with their types
};

session_mode first_mode(connect_options const& options, client::settings const& settings);

/// How far a session hook is: it is called when the session has begun, and what it starts belongs to it.
enum class hook_stage : std::uint8_t { none, due, under_way };

class connection_state;
// These do not wait for another thread's operation.
connection_info info_of(connection_state const& on);
std::optional<std::chrono::milliseconds> timeout_of(connection_state const& on);
tusk::transaction_status transaction_status_of(connection_state const& on);

/// See the top of this file. What is said to lock takes the lock itself; the rest is called with it.
class connection_state {
 public:
  connection_state(std::string_view dsn, connect_options const& options);
  connection_state(std::shared_ptr<client::settings const> settings, connect_options const& options);
  ~connection_state();

  /// Within which connecting, and what belongs to it, has to end; null: none. Before the first step.
  void limit_connecting(within const* limit);

  // ---- its life; these lock ----

  /// Waits until connected. For blocking connections.
  void connect();
  /// One that is not connected yet, with the same settings, options, handlers and queue of notifications. This one says
  /// goodbye, and is to be closed.
  std::shared_ptr<connection_state> another();
  /// Closes this one, as that one takes its place. Does not lock.
  void give_way(std::shared_ptr<connection_state> const& to);
  /// `why`: what operations under way end with, where it is known; null: as close() says.
  void close(std::exception_ptr why = nullptr) noexcept;
  poll_status poll() {
    operation_guard const guard(lock);
    constexpr unsigned special = obstacles::closed | obstacles::forked | obstacles::connecting | obstacles::streaming;
    bool const was_busy = engine.is_busy();
    bool const is_special = context.obstacles.any_of(special) || by_callback.waits_for_room();
    poll_status const wanted = is_special ? step_specially() : status_of(engine.step());
    if (wanted == poll_status::ok)
      end_poll(was_busy);
    else if (context.obstacles.any_of(obstacles::untold) && !engine.cancelling().holds()) [[unlikely]]
      tell_errors();
    return wanted;
  }
  /// A step, and what belongs to connecting behind the engine's part.
  poll_status step();
  void cancel(std::chrono::milliseconds given);

  /// Shows every message from now on. Does not lock.
  void trace(std::function<void(std::string_view)> sink);

  // ---- operations ----

  /// Runs one and waits for its end. Throws its error, and what a handler has thrown.
  void run(sql_operation& what, std::unique_ptr<client::limit>&& limit = nullptr);
  /// The end of the same, once it was begun.
  void wait(sql_operation& what);
  /// Waits until it has ended, or is full; throws no error of its.
  void await(sql_operation& what);
  /// Begins one that sends about so many bytes, or queues it; poll() does the rest, or the calls that wait for later
  /// ones. Throws its error if it could not be sent.
  pending_operation start(std::shared_ptr<sql_operation> what, std::unique_ptr<client::limit>&& limit = nullptr,
                          std::size_t size = 0);
  /// Waits until one that was started has ended. On an asynchronous connection it must have.
  void wait_for_started(sql_operation& what);
  /// Has one that was started end soon.
  void cancel_started(sql_operation& what);
  /// Waits until none is under way. Throws programming_error if one is, on an asynchronous connection.
  void wait_until_idle();
  /// What is left to do when an operation has ended: what a handler asked for.
  void finish() {
    if (close_asked_.load(std::memory_order_relaxed)) [[unlikely]]
      close_now();
  }
  /// Whether a handler, or another thread, has called close() while an operation was under way.
  bool is_close_asked() const noexcept { return close_asked_; }

  connect_options options;
  std::shared_ptr<client::settings const> settings;
  mutable operation_lock lock;
  session_context context;
  handlers told{context, lock, options.notification_capacity};
  detail::engine engine{*settings, options, context, told};
  preconditions require{options, lock, context, told, engine};
  end_listener on_end{lock};
  written_arguments arguments{options.format, std::make_shared<adapter_registry>()};
  callback_waiting by_callback{*this};
  /// Whom wait callbacks get and did_execute is asked of; null: it is gone.
  connection* owner = nullptr;
  /// Whether the owner is of a class of its own, which is asked and told of what is run; and what that has started.
  bool watched = false;
  std::shared_ptr<sql_operation> started;
  /// The one that has taken this one's place, or that one's; shared by all of them. Null: none has.
  std::shared_ptr<std::weak_ptr<connection_state>> latest;
  /// Of an asynchronous connection.
  hook_stage hook;

 private:
  poll_status step_specially();
  void end_poll(bool was_busy);
  void tell_errors();
  void close_now();

  std::optional<within> connecting_limit_;
  std::atomic<bool> close_asked_ = false;                                   // by a handler, or by another thread
  fork_watch in_child_{lock, context.obstacles.word(), obstacles::forked};  // the last one, as it refers to the others
};

/// Whether less than the watermark of the queue waits to be sent.
inline bool has_room(engine const& of) noexcept { return of.queued() <= operation_queue::watermark; }
/// Sends, if there is enough to be worth it, and waits until there is room. For blocking connections; does not lock.
void wait_for_room(connection_state& on);
/// connection_state::close() for a caller that has locked, which that would take for another thread, or is a handler.
void close_locked(connection_state& on) noexcept;

}  // namespace tusk::detail
