// LISTEN, UNLISTEN and NOTIFY for channels of any name: quoted where they stand in a statement, so that no name turns
// into SQL.
#include <string>
#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/sql.hpp>
#include <utility>

#include "engine/engine.hpp"

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

/// A statement about the session: it begins no transaction, but belongs to one that there is.
void detail::engine::begin_now(std::string_view statement) {
  if (begin_asked_)
    begin_exec(statement);
  else
    begin_bare(statement);
}

void detail::engine::start_now(std::string_view statement) {
  lock const guard(mutex_);
  begin_now(statement);
}

void detail::engine::run_now(char const* what, std::string_view statement) {
  lock const guard(mutex_);
  require_blocking(what);
  begin_now(statement);
  wait_until_done();
  operation_.results.clear();
}

void connection::listen(std::string_view channel) { engine().run_now("listen", listen_statement("LISTEN", channel)); }
void connection::unlisten(std::string_view channel) {
  engine().run_now("unlisten", listen_statement("UNLISTEN", channel));
}
void connection::notify(std::string_view channel, std::string_view payload) {
  query(notify_statement, checked(channel), payload);
}

void connection::start_listen(std::string_view channel) { engine().start_now(listen_statement("LISTEN", channel)); }
void connection::start_unlisten(std::string_view channel) { engine().start_now(listen_statement("UNLISTEN", channel)); }
void connection::start_notify(std::string_view channel, std::string_view payload) {
  start_query(notify_statement, checked(channel), payload);
}

void connection::on_notify(std::string_view channel, std::function<void(tusk::notify const&)> handler) {
  engine().on_notify(channel, std::move(handler));
}
void connection::on_notice(std::function<void(diagnostics const&)> handler) { engine().on_notice(std::move(handler)); }

}  // namespace tusk
