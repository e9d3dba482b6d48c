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
    if (is_bare()) return receive(wait);
    drained_ = false;
    return received(bytes.read(session_.prepare(), wait));
  }
  /// Whether the last read that did not wait took all that there was: the descriptor tells when there is more.
  bool is_drained() const noexcept { return drained_; }
  std::string const& reason() const noexcept { return reason_; }

  // ---- only where is_bare(): the same with fewer questions ----

  bool is_bare() const noexcept { return bytes.is_bare(); }
  /// Sends once. False: not all went out; write() finds out why.
  [[gnu::always_inline]] bool send() {
    if (auto const sent = bytes.socket().write(session_.output()); sent.status == client::io_status::done) [[likely]]
      session_.sent(sent.bytes);
    return session_.output().empty();
  }
  [[gnu::always_inline]] arrival receive(bool wait) {
    auto const into = session_.prepare();
    auto const got = bytes.socket().read(into, wait);
    if (!wait) drained_ = got.bytes < into.size();
    if (got.status != client::io_status::done) [[unlikely]]
      return received(got);
    session_.commit(got.bytes);
    return arrival::bytes;
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
