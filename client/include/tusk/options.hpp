// What connect() takes beside the connection string.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/limits.hpp>
#include <tusk/protocol/scram_keys.hpp>
#include <tusk/types/format.hpp>
#include <tusk/wait.hpp>
#include <utility>
#include <vector>

namespace tusk {

class connection;

/// For whom a password is asked.
struct password_request {
  std::string host;  ///< name, address or socket directory, as given
  std::uint16_t port = 0;
  std::string user, dbname;
};

/// How statements with arguments are run: by connection::query, start_query, tusk::statement, and their like.
enum class statement_cache_mode : std::uint8_t {
  /// Prepared once under a name, which the server keeps, and then run by it.
  named,
  /// Parsed anew each time, in the same round trip; the server keeps nothing. A tusk::statement, too. For poolers that
  /// give each transaction, or each statement, another session of the server.
  unnamed,
};

/// Options of a connection that are given in code.
struct connect_options {
  /// Return at once; poll() steps everything, connecting included.
  bool async = false;
  /// Each statement is a transaction of its own. Otherwise the first statement begins one, that commit() or rollback()
  /// ends; with `async` it is always so.
  bool autocommit = false;
  /// Connection parameters by keyword, which override the connection string: {{"password", secret}}.
  std::vector<std::pair<std::string, std::string>> parameters = {};
  /// Gives the password for a connection that is about to be made, in place of any other: for tokens that expire.
  /// Called once for each connection to a server, on the thread that connects; what it throws comes out there.
  /// It may ask the connection things, but not operate on it, as handlers: see connection::on_notify.
  std::function<std::string(password_request const&)> password = {};
  /// How the connection's blocking calls wait, connecting included; see connection::set_wait_callback().
  tusk::wait_callback wait_callback = {};
  /// Keeps the keys of SCRAM logins, so that further connections with the same password cost next to nothing; see
  /// keep_scram_keys(). May be shared by connections on different threads.
  std::shared_ptr<protocol::scram_key_store> scram_keys = {};
  /// Sets a session up: called when a connection has been made, by connect() and by connection::reconnect().
  ///
  /// A blocking connection: before they return; a transaction that it leaves open is committed. With `async`: in the
  /// poll() in which the session begins; it may start an operation, and poll() says ok when that is done. What it
  /// throws, and what its operation fails with, comes out of that call, and the connection is closed. The reference is
  /// good for the call.
  std::function<void(connection&)> session_hook = {};
  /// How many notifications wait to be taken (64 MiB of them at most), see notification_queue.
  std::size_t notification_capacity = 100'000;
  /// Shows every message from the first one on, see connection::trace().
  std::function<void(std::string_view line)> trace = {};
  /// The keywords that a connection string may hold, be it the DSN or a `dbname` in `parameters`; another one is an
  /// error. None: all. For strings from people who are not trusted, which otherwise may have files read or written
  /// (passfile, service, sslcert, sslkey, sslrootcert, sslkeylogfile, ...) and hosts called: {"dbname", "user",
  /// "password"}. The environment and `parameters` stay in force: with a password, by one of the three, no file of
  /// passwords is opened.
  std::optional<std::vector<std::string>> allowed_keywords = {};
  /// Send a password in clear text also where somebody could read it: without TLS, or over TLS that is not verified.
  bool allow_cleartext_password = false;
  /// Read the database's types while connecting, see connection::load_types().
  bool load_types = false;
  /// How long a transaction's guard waits in its destructor for the answer to its ROLLBACK; then it closes the
  /// connection. Zero or less: it does not wait.
  std::chrono::milliseconds guard_limit = std::chrono::seconds(5);
  /// What a server can make us allocate or compute; max_result bounds the rows that one operation may give.
  protocol::limits limits = {};
  /// How many prepared statements `query` keeps at the server; the least recently used one goes. None is a
  /// programming_error: to have none kept is what statement_cache_mode::unnamed is for.
  std::size_t statement_cache = 256;
  /// In which form arguments are bound, and results asked for by the functions that know what they will be read as
  /// (query_one<T>, query_value<T>, stream<T>, ...). The values are the same.
  tusk::format format = tusk::format::automatic;
  /// Which one is right behind which pooler: tools/docs/poolers.md.
  tusk::statement_cache_mode statement_cache_mode = tusk::statement_cache_mode::named;
};

/// A store for connect_options::scram_keys, in memory, of the keys that were used last.
/// Throws operational_error if the system has no random bytes.
std::shared_ptr<protocol::scram_key_store> keep_scram_keys(std::size_t capacity = 64);

}  // namespace tusk
