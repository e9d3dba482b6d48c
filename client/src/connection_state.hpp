// What a connection, its cursors, statements and guards share: the engine, what it stands on, and who is told.
//
//   a call ─► lock ─► require_ready() ─► an operation ─► run(): begin, wait for its end, throw its error
//                                                       start(): begin; poll() steps, its end is told there
//
// The calls themselves stand in calls.hpp and with the classes that users see.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tusk/connection.hpp>

#include "conninfo/conninfo.hpp"
#include "engine/engine.hpp"
#include "engine/fork_watch.hpp"
#include "engine/wait_slot.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// Whether the flag of set_interrupt_flag() was set; it is cleared.
bool take_interrupt() noexcept;
/// How long nobody waits without a look at the flag; empty if there is none.
std::optional<std::chrono::milliseconds> interrupt_slice() noexcept;

session_mode first_mode(connect_options const& options, client::settings const& settings);

/// See the top of this file. What is said to lock takes the lock itself; the rest is called with it.
class connection_state {
 public:
  connection_state(std::string_view dsn, connect_options const& options);
  connection_state(std::shared_ptr<client::settings const> settings, connect_options const& options);
  ~connection_state();

  // ---- its life; these lock ----

  /// Waits until connected. For blocking connections.
  void connect();
  /// One that is not connected yet, with the same settings, options, handlers and queue of notifications. This one says
  /// goodbye, and is to be closed.
  std::shared_ptr<connection_state> another();
  void close() noexcept;
  poll_status poll();
  /// What to wait for since the last poll(), or since an operation was begun.
  poll_status wanted() const;
  void cancel(std::chrono::milliseconds within);

  // These do not wait for another thread's operation.
  connection_info info() const;
  std::optional<std::chrono::milliseconds> timeout() const;
  tusk::transaction_status transaction_status() const;

  /// Shows every message from now on. Does not lock.
  void trace(std::function<void(std::string_view)> sink);

  // ---- operations ----

  /// Throws if none can begin; also if the server would misread what is to be sent.
  void require_ready(std::string_view text, params const& args) {
    if (!context.obstacles.none() || engine.is_busy()) [[unlikely]]
      require_ready_slowly(text, args);
  }
  /// Throws if the connection is closed; the first time with the reason, where no operation has told it. Also if it is
  /// a handler that asks.
  void require_open();
  /// The same, and if a wait callback steps it for another operation, or a guard's scope has to be left first.
  void require_turn();
  /// The same, and if an operation was started and has not ended.
  void require_idle();
  void refuse_in_handler() const;
  /// Throws while a guard is open.
  void require_unguarded(char const* what) const;
  void require_blocking(char const* what) const {
    if (options.async) [[unlikely]]
      throw_asynchronous(what);
  }
  /// What an operation begins with that has a limit, null: none. Throws query_canceled if that is over.
  std::unique_ptr<client::limit> admit(within const* limit);
  /// Runs one and waits for its end. Throws its error, and what a handler has thrown.
  void run(sql_operation& what, std::unique_ptr<client::limit> limit = nullptr);
  /// The end of the same, once it was begun.
  void wait(sql_operation& what);
  /// Whether the engine may exchange() a send and a receive, and wait itself.
  bool may_exchange() const noexcept {
    return engine.link().may_exchange() && !(wait_slot::any() && callback_in_force() != nullptr);
  }
  /// Begins one; poll() does the rest.
  void start(std::shared_ptr<sql_operation> what, std::unique_ptr<client::limit> limit);
  /// The one that was started last, once it has ended. Throws its error if poll() has not.
  sql_operation* last();
  /// The same without throwing.
  sql_operation* peek_last() noexcept;
  void drop_last() noexcept { last_.reset(); }
  /// What is left to do when an operation has ended: what a handler asked for.
  void finish();
  wait_slot::held callback_in_force() const;

  // ---- who is told ----

  /// Who wants to be told when the operation that was started last has ended, with its error or null.
  using ending = std::function<void(std::exception_ptr)>;
  void when_ended(void const* who, ending tell);  // locks
  void forget(void const* who) noexcept;          // locks
  bool is_running(void const* who) const noexcept { return told_who_ == who; }
  bool has_ending() const noexcept { return told_who_ != nullptr; }
  ending take_ending();  // locks
  bool closed() const noexcept { return context.obstacles.any_of(obstacles::closed); }

  connect_options options;
  std::shared_ptr<client::settings const> settings;
  mutable operation_lock lock;
  session_context context;
  handlers told{context, lock, options.notification_capacity};
  detail::engine engine{*settings, options, context, told};
  std::shared_ptr<adapter_registry> adapters = std::make_shared<adapter_registry>();
  wait_slot waiter;
  /// Whom wait callbacks get and did_execute is asked of; null: it is gone.
  connection* owner = nullptr;
  /// Whether the owner is of a class of its own, which is asked and told of what is run.
  bool watched = false;
  /// How far an asynchronous connection's session hook is: it is called when the session has begun, and what it starts
  /// belongs to it.
  enum class hook_stage : std::uint8_t { none, due, under_way } hook;

 private:
  void require_ready_slowly(std::string_view text, params const& args);
  [[noreturn]] static void throw_asynchronous(char const* what);
  poll_status step();
  poll_status step_for_callback();
  void wait_by(wait_callback const& callback, sql_operation* what);
  void cancel_now(client::deadline until);

  std::shared_ptr<operation> last_;        // that was started, and has ended
  bool last_is_told_ = true;               // its error was thrown
  sql_operation* waited_for_ = nullptr;    // by a call in whose place a wait callback steps
  std::exception_ptr connect_error_;       // while such a callback connects
  std::atomic<bool> close_asked_ = false;  // by a handler, or by another thread
  ending tell_;
  std::atomic<void const*> told_who_ = nullptr;                             // read without the lock
  fork_watch in_child_{lock, context.obstacles.word(), obstacles::forked};  // the last one, as it refers to the others
};

}  // namespace tusk::detail
