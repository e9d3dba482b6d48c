// What is known of a session's transaction, for what lives in one: a cursor at the server, a large object. These lock.
#pragma once

#include "connection_state.hpp"

namespace tusk::detail {

inline bool is_idle(connection_state const& on) {
  operation_guard const guard(on.lock);
  return on.context.session.transaction() == protocol::transaction_indicator::idle;
}

/// Whether the next statement is in a transaction, or begins one.
inline bool will_be_in_transaction(connection_state const& on) {
  operation_guard const guard(on.lock);
  return on.context.session.transaction() != protocol::transaction_indicator::idle || on.context.needs_begin();
}

/// Whether a statement may be sent that nobody asked for, as destructors send.
inline bool is_quiet(connection_state const& on) {
  operation_guard const guard(on.lock);
  return on.context.obstacles.none() && !on.engine.is_busy() &&
         on.context.session.transaction() != protocol::transaction_indicator::failed;
}

}  // namespace tusk::detail
