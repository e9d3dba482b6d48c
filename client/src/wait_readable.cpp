// Waiting on an idle connection: for bytes, for a notification. It blocks the thread.

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>
#include <stop_token>
#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>
#include <utility>

#include "connection_state.hpp"

namespace tusk {
namespace {

/// Readable once a stop was requested. Of a token that nobody can stop: -1, which poll(2) leaves out.
class stop_event {
 public:
  explicit stop_event(std::stop_token const& token)
      : descriptor_(token.stop_possible() ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1),
        on_stop_(std::in_place, token, wake{descriptor_}) {
    if (token.stop_possible() && descriptor_ < 0) {
      std::error_code const why(errno, std::generic_category());
      throw operational_error("waiting for a stop token: " + why.message(), why);
    }
  }
  stop_event(stop_event const&) = delete;
  stop_event& operator=(stop_event const&) = delete;
  ~stop_event() {
    on_stop_.reset();  // it may be writing just now
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const noexcept { return descriptor_; }

 private:
  struct wake {
    int descriptor;
    void operator()() const noexcept {
      if (descriptor >= 0) ::eventfd_write(descriptor, 1);
    }
  };
  int descriptor_;
  std::optional<std::stop_callback<wake>> on_stop_;
};

}  // namespace

bool wait_readable(connection& conn, within const& limit) {
  int descriptor = -1;
  {
    detail::operation_guard const guard(conn.state().lock);
    conn.state_->require_open();
    descriptor = conn.state_->engine.wanted().descriptor;
  }
  stop_event const stop(limit.token());
  for (;;) {
    if (limit.token().stop_requested()) throw query_canceled("waiting for the connection was stopped");
    if (detail::take_interrupt()) throw query_canceled("waiting for the connection was interrupted");
    auto left = client::time_left(limit.until());
    bool const is_last = left && left->count() <= 0;
    if (auto const slice = detail::interrupt_slice()) left = std::min(left.value_or(*slice), *slice);
    pollfd waiting[] = {{descriptor, POLLIN, 0}, {stop.descriptor(), POLLIN, 0}};
    int const milliseconds = left ? static_cast<int>(std::clamp<std::int64_t>(left->count(), 0, INT_MAX)) : -1;
    int const count = ::poll(waiting, std::size(waiting), milliseconds);
    if (count < 0 && errno != EINTR) {
      std::error_code const why(errno, std::generic_category());
      throw operational_error("waiting for the connection: " + why.message(), why);
    }
    if (count > 0 && waiting[1].revents == 0) return true;
    if (is_last) return false;
  }
}

std::optional<notify> connection::next_notify(within const& limit) {
  if (state().options.async)
    throw programming_error(
        "next_notify cannot be used in asynchronous mode; call poll() and take from notifies, or use a connection "
        "without async");
  for (;;) {
    if (auto next = notifies.pop()) return next;
    poll();  // what has come already
    if (auto next = notifies.pop()) return next;
    if (!wait_readable(*this, limit)) return notifies.pop();  // another thread may have taken it off the socket
  }
}

}  // namespace tusk
