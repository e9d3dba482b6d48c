// LISTEN, UNLISTEN and NOTIFY for channels of any name: quoted where they stand in a statement, so that no name turns
// into SQL.
#include <string>
#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/sql.hpp>
#include <utility>

#include "calls.hpp"

namespace tusk {
namespace {

/// The server cuts a longer name with no more than a notice, and two channels would be one. Source: NAMEDATALEN.
constexpr std::size_t longest_name = 63;

/// Throws unless the name can be a channel's.
std::string_view checked(std::string_view channel) {
  if (channel.empty()) throw programming_error("a channel has no name: give one");
  if (channel.size() > longest_name)
    throw programming_error("the name of a channel has " + std::to_string(channel.size()) +
                            " bytes; the server takes at most " + std::to_string(longest_name));
  if (auto const at = channel.find('\0'); at != channel.npos)
    throw programming_error("the name of a channel has a NUL byte, at position " + std::to_string(at));
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
