// The bytes between session and transport.
//
//   write(): session.output() ─► transport          read(): transport ─► session.prepare(), commit()
#pragma once

#include <string>
#include <tusk/protocol/session.hpp>

#include "net/transport.hpp"

namespace tusk::detail {

/// One thread at a time. The session must outlive it.
class link {
 public:
  explicit link(protocol::session& of) noexcept : session_(of) {}

  client::transport bytes;

  /// Sends what there is to send. True if nothing is left, or nothing can be sent any more.
  [[gnu::always_inline]] bool write() { return session_.output().empty() || write_slowly(); }
  /// Whether sending failed: the server's last words may wait to be read.
  bool has_failed() const noexcept { return write_failed_; }

  enum class arrival : std::uint8_t {
    bytes,    ///< they are in the session
    nothing,  ///< now
    gone,     ///< nothing more ever; see reason()
  };
  /// Reads once; with `wait`, until there is something.
  arrival read(bool wait) {
    auto const into = session_.prepare();
    client::io_result const got = bytes.read(into, wait);
    drained_ = got.bytes < into.size() && bytes.is_bare();
    return received(got);
  }
  /// Whether the last read took all that there was: the descriptor tells when there is more.
  bool is_drained() const noexcept { return drained_; }
  std::string const& reason() const noexcept { return reason_; }

  /// Whether a send and a receive that waits may be all of an operation.
  bool may_exchange() const noexcept { return bytes.is_bare(); }
  /// A send and a receive. Only where may_exchange(); nothing: it could not be sent at once.
  [[gnu::always_inline]] arrival exchange() {
    auto const& socket = bytes.socket();
    if (auto const sent = socket.write(session_.output()); sent.status == client::io_status::done) [[likely]]
      session_.sent(sent.bytes);
    if (!session_.output().empty()) [[unlikely]]
      return arrival::nothing;  // the other way finds out why
    auto const got = socket.read(session_.prepare(), true);
    if (got.status == client::io_status::done) [[likely]] {
      session_.commit(got.bytes);
      return arrival::bytes;
    }
    return received(got);
  }

  /// Whether bytes lie in user space that the descriptor does not show.
  bool pending() const noexcept { return bytes.pending(); }
  /// Whether the last read could not go on before something is written (TLS); asked once.
  bool wants_write() noexcept { return std::exchange(read_wants_write_, false); }

  /// Terminate, if there is a session and memory for it; the close that follows says the same.
  void say_goodbye() noexcept;

 private:
  bool write_slowly();
  arrival received(client::io_result const& got);

  protocol::session& session_;
  std::string reason_;
  bool write_failed_ = false, read_wants_write_ = false, drained_ = false;
};

}  // namespace tusk::detail
