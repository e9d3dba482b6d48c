// A cancel request: a connection of its own to the same address, protected as the session is, that says one thing.
//
//   dial (socket, TLS) ─► send CancelRequest ─► read until the server closes
//
// The server closes when it has passed the request on, so the end of the connection says that no statement that is sent
// afterwards can be hit by it. Nothing is resolved anew: the request must reach the very server of the session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conninfo/settings.hpp"
#include "net/dialer.hpp"
#include "net/route.hpp"
#include "net/transport.hpp"

namespace tusk::client {

/// Steps one request. One thread at a time. Settings and route must outlive it; it stays where it was made.
class canceller {
 public:
  enum class outcome {
    want_read,
    want_write,
    done,     ///< the server has taken it, and what comes later is not hit
    failed,   ///< it was not sent, or was refused; see reason()
    unknown,  ///< it was sent, and the server did not say that it took it: it may still hit what runs then
  };

  /// `to`: where the session leads. `process_id`, `key`: what its server gave it.
  canceller(settings const& how, client::route const& to, std::int32_t process_id, std::string_view key,
            deadline until);

  /// One step, never waiting.
  outcome step();
  /// Ends it for that reason; step() then says so.
  void abort(std::string_view why) { fail(why); }
  /// Closes without a word to the server: in a forked child, where the request is the parent's.
  void abandon() noexcept { bytes_.abandon(); }
  int descriptor() const noexcept { return dialer_.descriptor(); }
  deadline until() const noexcept { return until_; }
  std::string const& reason() const noexcept { return reason_; }
  /// Whether the server may have got it.
  bool was_sent() const noexcept { return sent_ != 0; }

 private:
  outcome fail(std::string_view why);
  outcome dial();
  outcome talk();

  client::route const& to_;
  transport bytes_;
  dialer dialer_;
  deadline until_;
  std::string request_, reason_;
  std::size_t sent_ = 0;
  bool open_ = false;
  std::optional<outcome> ended_;
};

}  // namespace tusk::client
