#include "engine/server_role.hpp"

namespace tusk::client {
namespace {

/// Whether it is the server's state (standby or not) that counts, rather than the session's (read-only or not).
bool asks_for_role(session_attributes wanted) noexcept {
  return wanted == session_attributes::primary || wanted == session_attributes::standby ||
         wanted == session_attributes::prefer_standby;
}

/// Whether "yes" is the answer that is wanted, of the two questions below.
bool wants_yes(session_attributes wanted) noexcept {
  return wanted == session_attributes::read_only || wanted == session_attributes::standby ||
         wanted == session_attributes::prefer_standby;
}

}  // namespace

std::optional<bool> is_wanted(session_attributes wanted, std::string_view in_hot_standby,
                              std::string_view default_transaction_read_only) noexcept {
  if (wanted == session_attributes::any) return true;
  if (in_hot_standby.empty()) return {};
  bool const standby = in_hot_standby == "on";
  if (asks_for_role(wanted)) return standby == wants_yes(wanted);
  if (default_transaction_read_only.empty()) return {};
  return (standby || default_transaction_read_only == "on") == wants_yes(wanted);
}

std::string_view role_question(session_attributes wanted) noexcept {
  return asks_for_role(wanted) ? "SELECT pg_catalog.pg_is_in_recovery()" : "SHOW transaction_read_only";
}

std::optional<bool> is_wanted(session_attributes wanted, std::string_view answer) noexcept {
  bool const yes = answer == "t" || answer == "on", no = answer == "f" || answer == "off";
  if (!yes && !no) return {};
  return yes == wants_yes(wanted);
}

std::string_view unwanted_because(session_attributes wanted) noexcept {
  switch (wanted) {
    case session_attributes::any: break;
    case session_attributes::read_write:
      return "the session is read-only, but target_session_attrs=read-write was asked for";
    case session_attributes::read_only:
      return "the session is not read-only, but target_session_attrs=read-only was asked for";
    case session_attributes::primary: return "it is a standby, but target_session_attrs=primary was asked for";
    case session_attributes::standby: return "it is no standby, but target_session_attrs=standby was asked for";
    case session_attributes::prefer_standby:
      return "it is no standby, and target_session_attrs=prefer-standby looks for one first";
  }
  return "";
}

}  // namespace tusk::client
