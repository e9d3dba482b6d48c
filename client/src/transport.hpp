// The connection's bytes, with or without TLS: what the engine reads and writes.
#pragma once

#include <memory>
#include <string>
#include <system_error>

#include "socket.hpp"
#include "tls.hpp"

namespace tusk::client {

/// A socket, and the TLS session over it if there is one. One thread at a time. It stays where it was made.
class transport {
 public:
  transport() = default;
  transport(transport const&) = delete;
  transport& operator=(transport const&) = delete;

  client::socket& socket() noexcept { return socket_; }
  client::socket const& socket() const noexcept { return socket_; }
  client::tls* tls() const noexcept { return tls_.get(); }

  void start_tls(tls_settings const& how, host_settings const& to) {
    tls_ = std::make_unique<client::tls>(how, to, socket_);
  }

  io_result read(std::span<char> into, bool wait) { return tls_ ? tls_->read(into, wait) : socket_.read(into, wait); }
  io_result write(std::string_view from) { return tls_ ? tls_->write(from) : socket_.write(from); }
  /// Why a read, a write or a handshake failed, for people.
  std::string explain(io_result const& failure) const {
    if (failure.error != 0) return std::generic_category().message(failure.error);
    return tls_ ? "TLS: " + tls_->error() : "unknown error";
  }
  /// Whether bytes lie in user space that the descriptor does not show.
  bool pending() const noexcept { return tls_ && tls_->pending(); }

  void end_tls() noexcept {
    if (tls_) tls_->goodbye();
    tls_.reset();
  }
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
  client::socket socket_;
  std::unique_ptr<client::tls> tls_;  // refers to socket_, so it goes first
};

}  // namespace tusk::client
