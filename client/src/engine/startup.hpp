// A session's first bytes: from StartupMessage to the first ReadyForQuery, and a question after that.
//
//   begin() ─► step() .. ─► ready ─► (ask() ─► step() .. ─► ready)      or how it ended otherwise
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/options.hpp>
#include <tusk/protocol/session.hpp>
#include <tusk/types/error.hpp>

#include "net/transport.hpp"

namespace tusk::client {

/// Who hears what comes before a session is ready and is no part of getting there. Each may be empty; what one throws
/// comes out of the step, and then nothing more can be done but to close. It must not destroy what calls it.
struct connecting_observer {
  std::function<void()> begun = {};  ///< StartupMessage is on its way, of a session that has reported nothing yet
  std::function<void(protocol::notice_response const&)> notice = {};
  std::function<void(protocol::notification_response const&)> notification = {};
  std::function<void(protocol::parameter_status const&)> setting = {};
  /// Gives the password, in place of connect_options::password, which is what it calls in the end. Empty: that is
  /// called without it.
  std::function<std::string(password_request const&)> password = {};
};

/// See the top of this file. One thread at a time. What it is given must outlive it.
class startup {
 public:
  enum class outcome : std::uint8_t {
    want_read,
    want_write,  ///< not writable: wait for that, or for something to read
    busy,        ///< it can go on at once, but others should have a turn
    ready,       ///< for a query; see answer()
    refused,     ///< by the server; see words()
    violated,    ///< see violation()
    lost,        ///< see reason(), code()
  };

  startup(protocol::limits const& limits, transport& bytes, connecting_observer const& observer);

  /// Begins with a new session. An error: it cannot be sent.
  std::error_code begin(protocol::startup_options how);
  /// Sends a query, of a session that is ready.
  void ask(std::string_view query);
  /// One step, never waiting.
  outcome step();
  /// Lets step() return without a further event: for the observer.
  void interrupt() noexcept { interrupted_ = true; }
  /// The session is ready, but not wanted: Terminate.
  void leave();
  /// Forgets the session, which may hold secrets.
  void renew();

  /// The only field of the only row that the query gave; empty if it was anything else.
  std::string const& answer() const noexcept { return answer_; }
  diagnostics& words() noexcept { return words_; }
  protocol::violation const& violation() const noexcept { return violation_; }
  std::string const& reason() const noexcept { return reason_; }
  std::error_code const& code() const noexcept { return code_; }
  protocol::session& session() noexcept { return session_; }
  protocol::session const& session() const noexcept { return session_; }

 private:
  bool write();
  std::optional<outcome> read();
  std::optional<outcome> take_events();
  std::optional<outcome> take(protocol::event const& told);
  void take_answer();
  outcome lost(std::string reason, int error = 0);
  bool is_foreign() const noexcept;

  protocol::limits const& limits_;
  transport& bytes_;
  connecting_observer const& observer_;
  protocol::session session_;
  std::string answer_, reason_;
  std::error_code code_;
  diagnostics words_;
  protocol::violation violation_;
  std::size_t statements_ = 0;    // that the query was
  bool one_text_column_ = false;  // in the answer that comes
  bool computing_ = false, write_failed_ = false, interrupted_ = false;
};

}  // namespace tusk::client
