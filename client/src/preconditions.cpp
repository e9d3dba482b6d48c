#include "preconditions.hpp"

#include <string>
#include <tusk/types/error.hpp>

#include "engine/foreign_text.hpp"

namespace tusk::detail {
namespace {

bool is_ascii(params const& args) {
  std::string_view rest = args.wire();
  while (!rest.empty()) {
    auto const size = protocol::load_big_endian<std::int32_t>(rest.data());
    rest.remove_prefix(4);
    if (size < 0) continue;  // NULL
    if (!has_ascii_only(rest.substr(0, static_cast<std::size_t>(size)))) return false;
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

/// A handler runs, maybe on another thread.
void preconditions::refuse_in_handler() const {
  if (lock_.passes())
    throw programming_error(
        "a handler may not operate on the connection that calls it; note what there is to do, and do it after the "
        "call");
}

void preconditions::open() {
  if (!in_.obstacles.any_of(obstacles::closed | obstacles::forked)) [[likely]]
    return no_handler();
  if (in_.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  engine_.reason().rethrow();
}

void preconditions::turn() {
  open();
  if (in_.obstacles.any_of(obstacles::waited))
    throw programming_error(
        "another operation is under way on this connection, in a wait callback; let that one end first");
  if (in_.obstacles.any_of(obstacles::guard_broken))
    throw programming_error(
        "the transaction of the guard (tusk::transaction) has ended without it, by a COMMIT or ROLLBACK in a "
        "statement's text or because that COMMIT failed; leave the guard's scope before anything else");
}

void preconditions::idle() {
  turn();
  if (engine_.is_busy())
    throw programming_error(
        "another operation is under way on this connection; step it with poll() until that says ok");
}

void preconditions::ready_slowly(std::string_view text, params const& args) {
  turn();
  told_.rethrow();
  in_.obstacles.wait_for_cancels();
  engine_.end_if_doubtful();
  open();
  if (in_.obstacles.any_of(obstacles::connecting))
    throw operational_error("the connection is not open yet; step it with poll() until that says ok");
  idle();
  if (!in_.text_is_utf8() && !(has_ascii_only(text) && is_ascii(args)))
    throw data_error(
        "client_encoding was changed after the connection was made, so that the server would misread this text; only "
        "ASCII can be sent until SET client_encoding TO 'UTF8' sets it back");
}

void preconditions::throw_asynchronous(char const* what) {
  std::string const instead = what == std::string_view("prepare") ? "start_query prepares each statement and keeps it"
                                                                  : "use start_" + std::string(what) + " and poll()";
  throw programming_error(std::string(what) + " cannot be used in asynchronous mode; " + instead +
                          ", or a connection without async");
}

void preconditions::unguarded(char const* what) const {
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
