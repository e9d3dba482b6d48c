// target_session_attrs: is this the kind of server that is wanted?
//
// Servers since version 14 report what is needed during the startup (in_hot_standby, default_transaction_read_only);
// older ones are asked, by one query.
#pragma once

#include <optional>
#include <string_view>

#include "conninfo/settings.hpp"

namespace tusk::client {

/// Whether a session that reported these two settings is wanted; nothing: it has to be asked. Empty: not reported.
std::optional<bool> is_wanted(session_attributes wanted, std::string_view in_hot_standby,
                              std::string_view default_transaction_read_only) noexcept;

/// What to ask an older server: a query of one row and one column.
std::string_view role_question(session_attributes wanted) noexcept;
/// Whether that answer is the wanted one; nothing: it makes no sense.
std::optional<bool> is_wanted(session_attributes wanted, std::string_view answer) noexcept;

/// Why a session was not taken: "it is a standby, but target_session_attrs=primary was asked for".
std::string_view unwanted_because(session_attributes wanted) noexcept;

}  // namespace tusk::client
