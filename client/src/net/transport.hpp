// The connection's bytes, with or without TLS: what the engine reads and writes; and who looks on when they are traced.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/protocol/trace.hpp>
#include <utility>

#include "net/socket.hpp"
#include "net/tls.hpp"

namespace tusk::client {

/// A socket, and the TLS session over it if there is one. One thread at a time.
class transport {
 public:
  transport() = default;
  transport(transport&& other) noexcept { *this = std::move(other); }
  /// What this one had is closed.
  transport& operator=(transport&& other) noexcept;

  client::socket& socket() noexcept { return socket_; }
  client::socket const& socket() const noexcept { return socket_; }
  client::tls* tls() const noexcept { return tls_.get(); }
  /// Whether bytes go to the socket as they are and nobody looks on: then the socket may be used in place of this.
  bool is_bare() const noexcept { return bare_; }

  /// Begins to connect, as socket::connect.
  std::error_code connect(endpoint const& to, tcp_settings const& how);
  void start_tls(tls_settings const& how, host_settings const& to) {
    tls_ = std::make_unique<client::tls>(how, to, socket_);
    bare_ = false;
  }

  io_result read(std::span<char> into, bool wait) {
    return bare_ ? socket_.read(into, wait) : read_through(into, wait);
  }
  io_result write(std::string_view from) { return bare_ ? socket_.write(from) : write_through(from); }
  /// Why a read, a write or a handshake failed, for people.
  std::string explain(io_result const& failure) const {
    if (failure.error != 0) return std::generic_category().message(failure.error);
    return tls_ ? "TLS: " + tls_->error() : "unknown error";
  }
  /// Whether bytes lie in user space that the descriptor does not show.
  bool pending() const noexcept { return tls_ && tls_->pending(); }

  /// Shows every message from now on to the sink; an empty one ends it. See protocol::tracer.
  /// `received`: what has come of a message that is not whole yet.
  void trace(protocol::tracer::sink to, protocol::limits const& limit, protocol::trace_from from,
             std::string_view received = {});

  /// Ends the other's TLS, and holds its socket until a connection of our own is open.
  void take_socket(transport& from) noexcept {
    from.end_tls();
    socket_ = std::move(from.socket_);
  }
  void end_tls() noexcept;
  void close() noexcept {
    end_tls();
    socket_.close();
  }
  /// Closes without a word to the peer: in a forked child, where the session is the parent's.
  void abandon() noexcept {
    tls_.reset();
    socket_.abandon();
  }

 private:
  struct tracing {
    protocol::tracer::sink to;
    protocol::limits limit;
    protocol::tracer tracer;
  };

  io_result read_through(std::span<char> into, bool wait);
  io_result write_through(std::string_view from);

  client::socket socket_;
  std::unique_ptr<client::tls> tls_;  // refers to socket_, so it goes first
  std::unique_ptr<tracing> tracing_;
  bool bare_ = true;
};

}  // namespace tusk::client
