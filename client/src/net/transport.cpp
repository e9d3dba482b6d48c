#include "net/transport.hpp"

#include <utility>

namespace tusk::client {

transport& transport::operator=(transport&& other) noexcept {
  if (this == &other) return *this;
  close();
  socket_ = std::move(other.socket_);
  tls_ = std::move(other.tls_);
  if (tls_) tls_->move_to(socket_);
  tracing_ = std::move(other.tracing_);
  bare_ = std::exchange(other.bare_, true);
  return *this;
}

std::error_code transport::connect(endpoint const& to, tcp_settings const& how) {
  end_tls();
  if (tracing_) trace(std::move(tracing_->to), tracing_->limit, protocol::trace_from::startup);
  return socket_.connect(to, how);
}

void transport::trace(protocol::tracer::sink to, protocol::limits const& limit, protocol::trace_from from,
                      std::string_view received) {
  std::unique_ptr<tracing> fresh;
  if (to) fresh.reset(new tracing{to, limit, protocol::tracer(to, limit, from)});
  tracing_ = std::move(fresh);
  bare_ = !tls_ && !tracing_;
  if (tracing_) tracing_->tracer.backend(received);
}

io_result transport::read_through(std::span<char> into, bool wait) {
  io_result const got = tls_ ? tls_->read(into, wait) : socket_.read(into, wait);
  if (!tracing_ || got.status != io_status::done) return got;
  tracing_->tracer.backend({into.data(), got.bytes});
  return socket_.is_open() ? got : io_result{io_status::closed};  // a sink that forks takes it from its child
}

io_result transport::write_through(std::string_view from) {
  io_result const sent = tls_ ? tls_->write(from) : socket_.write(from);
  if (tracing_ && sent.status == io_status::done) tracing_->tracer.frontend(from.substr(0, sent.bytes));
  return sent;
}

void transport::end_tls() noexcept {
  if (tls_) tls_->goodbye();
  tls_.reset();
  bare_ = !tracing_;
}

}  // namespace tusk::client
