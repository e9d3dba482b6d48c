// Statements that begin and end transactions, run by us. Called with the connection's lock held.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connection_state.hpp"

namespace tusk::detail {

using held_limit = std::unique_ptr<client::limit>;

/// It is a blocking connection: statements of another one commit by themselves.
void require_transactions(connection_state const& on, char const* what);
inline bool is_in(connection_state const& on, protocol::transaction_indicator status) {
  return on.context.session.transaction() == status;
}
/// Runs a statement of ours; gives the tags of the answer. `bare`: it begins no transaction.
std::string run_control(connection_state& on, std::string_view statement, bool bare, held_limit limit);
/// What a server says by "ROLLBACK" alone, which who asked for a COMMIT would not notice.
[[noreturn]] void throw_rolled_back();
/// The server has done something else than it was asked for: whether a transaction stands is not known then. Closes the
/// connection.
[[noreturn]] void distrust(connection_state& on, std::string_view statement, std::string_view answer);
/// COMMIT or ROLLBACK, if there is a transaction.
void commit_now(connection_state& on, held_limit limit);
void rollback_now(connection_state& on, held_limit limit);

}  // namespace tusk::detail
