#include "preconditions.hpp"

#include <string>
#include <tusk/types/error.hpp>

#include "operations/sql_operation.hpp"

namespace tusk::detail {
/// A handler runs, maybe on another thread.
void preconditions::refuse_in_handler() const {
  if (lock_.passes())
    throw programming_error(
        "a handler may not operate on the connection that calls it; note what there is to do, and do it after the "
        "call");
}

void preconditions::refuse_to_go_on() const {
  if (in_.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  no_handler();
}

void preconditions::open() {
  if (!in_.obstacles.any_of(obstacles::closed | obstacles::forked)) [[likely]]
    return no_handler();
  if (in_.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  engine_.end().reason().rethrow();
}

void preconditions::turn() {
  open();
  if (in_.obstacles.any_of(obstacles::waited))
    throw programming_error(
        "another operation is under way on this connection, in a wait callback; let that one end first");
  if (in_.obstacles.any_of(obstacles::guard_broken)) throw programming_error(broken_guard_text);
  if (in_.obstacles.any_of(obstacles::unit_open))
    throw programming_error("a pipeline on this connection has requests that were not ended; call its sync() first");
  if (in_.obstacles.any_of(obstacles::streaming))
    throw programming_error(
        "a stream or a COPY on this connection is open; end it, or destroy it, before anything else");
}

bool preconditions::ready_slowly(std::string_view text, params const& args, errors_of_others now) {
  turn();
  told_.rethrow();
  if (now == errors_of_others::are_told) tell_errors();
  in_.obstacles.wait_for_cancels();
  if (!engine_.is_busy()) {
    engine_.end().if_doubtful();
    in_.obstacles.set(obstacles::cancelled, false);
  }
  open();
  if (in_.obstacles.any_of(obstacles::connecting))
    throw operational_error("the connection is not open yet; step it with poll() until that says ok");
  require_readable(in_, text, args);
  return !engine_.is_busy();
}

void preconditions::throw_asynchronous(char const* what) {
  std::string const instead = what == std::string_view("prepare") ? "start_query prepares each statement and keeps it"
                                                                  : "use start_" + std::string(what) + " and poll()";
  throw programming_error(std::string(what) + " cannot be used in asynchronous mode; " + instead +
                          ", or a connection without async");
}

void preconditions::unguarded(char const* what) const {
  no_guard(what);
  if (!in_.transactions.two_phase.empty())
    throw programming_error(
        std::string(what) +
        " cannot be used during a two-phase transaction; end it with tpc_commit() or tpc_rollback()");
}

void preconditions::no_guard(char const* what) const {
  if (in_.transactions.guards != 0)
    throw programming_error(std::string(what) +
                            " cannot be used while a guard (tusk::transaction) is open: it owns the transaction; leave "
                            "its scope first, or use its own commit() and rollback()");
}

std::unique_ptr<client::limit> preconditions::time(within const* limit, client::limit::remedy when_over) {
  if (limit == nullptr) return nullptr;
  turn();
  if (limit->is_over()) throw query_canceled(client::unsent_text);
  return std::make_unique<client::limit>(*limit, when_over);
}

}  // namespace tusk::detail
