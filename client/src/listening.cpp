// LISTEN, UNLISTEN and NOTIFY for channels of any name: quoted where they stand in a statement, so that no name turns
// into SQL.
#include <string>
#include <tusk/connection.hpp>
#include <tusk/types/sql.hpp>
#include <utility>

#include "calls.hpp"
#include "server_name.hpp"

namespace tusk {
namespace {

std::string_view checked(std::string_view channel) {
  detail::require_server_name("a channel", channel);
  return channel;
}

std::string listen_statement(std::string_view verb, std::string_view channel) {
  return std::string(verb) + ' ' + sql::identifier(checked(channel)).as_string();
}

constexpr std::string_view notify_statement = "SELECT pg_catalog.pg_notify($1, $2)";

}  // namespace

void connection::listen(std::string_view channel) {
  detail::run_now(state(), "listen", listen_statement("LISTEN", channel), nullptr);
}
void connection::unlisten(std::string_view channel) {
  detail::run_now(state(), "unlisten", listen_statement("UNLISTEN", channel), nullptr);
}
void connection::notify(std::string_view channel, std::string_view payload) {
  query(notify_statement, checked(channel), payload);
}
void connection::listen(within const& limit, std::string_view channel) {
  detail::run_now(state(), "listen", listen_statement("LISTEN", channel), &limit);
}
void connection::unlisten(within const& limit, std::string_view channel) {
  detail::run_now(state(), "unlisten", listen_statement("UNLISTEN", channel), &limit);
}
void connection::notify(within const& limit, std::string_view channel, std::string_view payload) {
  query(limit, notify_statement, checked(channel), payload);
}

pending<void> connection::start_listen(std::string_view channel) {
  return detail::start_now(state(), listen_statement("LISTEN", channel), nullptr);
}
pending<void> connection::start_unlisten(std::string_view channel) {
  return detail::start_now(state(), listen_statement("UNLISTEN", channel), nullptr);
}
pending<void> connection::start_notify(std::string_view channel, std::string_view payload) {
  return start_query_params(nullptr, notify_statement, params(checked(channel), payload));
}
pending<void> connection::start_listen(within const& limit, std::string_view channel) {
  return detail::start_now(state(), listen_statement("LISTEN", channel), &limit);
}
pending<void> connection::start_unlisten(within const& limit, std::string_view channel) {
  return detail::start_now(state(), listen_statement("UNLISTEN", channel), &limit);
}
pending<void> connection::start_notify(within const& limit, std::string_view channel, std::string_view payload) {
  return start_query_params(&limit, notify_statement, params(checked(channel), payload));
}

}  // namespace tusk
