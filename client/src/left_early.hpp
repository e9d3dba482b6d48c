// The end of a stream or a COPY that is left before its own end.
#pragma once

#include "connection_state.hpp"

namespace tusk::detail {

/// How it is ended.
struct early_end {
  bool cancels = false;     ///< at the server, at once; else only if it takes longer than connect_options::guard_limit
  bool rolls_back = false;  ///< the transaction that it has begun itself
  char const* text = "";    ///< what the connection is closed with if it does not end
};

/// Waits for the end of an operation that is the last one under way; on an asynchronous connection poll() does. If it
/// does not end in time the connection is closed. Locked; in a handler nothing can be sent, and it is closed at once.
void end_early(connection_state& on, sql_operation& what, early_end const& how);

}  // namespace tusk::detail
