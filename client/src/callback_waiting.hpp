// Waiting by a wait callback: in the place of a call that waits a function of the user's runs, which calls poll() until
// that says ok.
#pragma once

#include <exception>
#include <tusk/wait.hpp>

#include "engine/wait_slot.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

class connection_state;

/// Its caller holds the connection's lock, which is free while the callback runs.
class callback_waiting {
 public:
  explicit callback_waiting(connection_state& on) noexcept : on_(on) {}

  /// The connection's own callback.
  wait_slot& slot() noexcept { return slot_; }
  wait_slot const& slot() const noexcept { return slot_; }
  /// The callback that is in force: that one, or the process's; null: there is none.
  wait_slot::held in_force() const;
  /// Has it wait for the end of an operation; null: of connecting, or of all that is under way. Throws what it throws,
  /// and interface_error or operational_error if it has not waited; no error of the operation.
  void wait(wait_callback const& callback, sql_operation* what);
  /// Has it wait until the engine has room for more to send: poll() says ok then, whatever is under way.
  void wait_for_room(wait_callback const& callback);
  bool waits_for_room() const noexcept { return now_ != nullptr && now_->for_room; }
  /// What poll() does for it where the connection is being made, or is closed, or room is waited for.
  poll_status step();
  /// Throws the error of the operation that is waited for, which stays for the call that waits.
  void rethrow() const {
    if (now_->what != nullptr && now_->what->error()) std::rethrow_exception(now_->what->error());
  }

 private:
  /// One wait.
  struct one_wait {
    sql_operation* what;
    bool for_room = false;
    std::exception_ptr error = {};  // of connecting
  };
  void run(wait_callback const& callback, one_wait& here);
  /// It has returned too early.
  [[noreturn]] void give_up_early();

  connection_state& on_;
  wait_slot slot_;
  one_wait* now_ = nullptr;
};

}  // namespace tusk::detail
