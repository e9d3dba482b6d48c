// Waiting on an idle connection: for bytes, for a notification. It blocks the thread.

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <stop_token>
#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>

#include "connection_state.hpp"

namespace tusk {
namespace {

/// What another thread can end a wait by: a descriptor that it makes readable.
class wake_event {
 public:
  wake_event() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ >= 0) return;
    std::error_code const why(errno, std::generic_category());
    throw operational_error("the system has no descriptor to wait with: " + why.message(), why);
  }
  wake_event(wake_event const&) = delete;
  wake_event& operator=(wake_event const&) = delete;
  ~wake_event() { ::close(descriptor_); }

  int descriptor() const noexcept { return descriptor_; }
  void wake() const noexcept { ::eventfd_write(descriptor_, 1); }
  void calm() const noexcept {
    eventfd_t count = 0;
    ::eventfd_read(descriptor_, &count);
  }

 private:
  int descriptor_;
};

/// Wakes it when a notification is queued, whichever call takes that off the socket.
class notification_watch {
 public:
  notification_watch(detail::connection_state& on, wake_event const& event) : on_(on), event_(event) {
    detail::operation_guard const guard(on_.lock);
    on_.told.watch(event_.descriptor());
  }
  notification_watch(notification_watch const&) = delete;
  notification_watch& operator=(notification_watch const&) = delete;
  ~notification_watch() {
    detail::operation_guard const guard(on_.lock);
    on_.told.unwatch(event_.descriptor());
  }

 private:
  detail::connection_state& on_;
  wake_event const& event_;
};

/// Waits until the descriptor is readable, or the event was woken other than by the limit's token. False: the time is
/// over.
bool wait_for(int descriptor, wake_event const& event, within const& limit) {
  std::stop_callback const on_stop(limit.token(), [&event] { event.wake(); });
  for (;;) {
    if (limit.token().stop_requested()) throw query_canceled("waiting for the connection was stopped");
    if (detail::take_interrupt()) throw query_canceled("waiting for the connection was interrupted");
    bool const is_last = limit.is_over();
    pollfd waiting[] = {{descriptor, POLLIN, 0}, {event.descriptor(), POLLIN, 0}};
    bool const ready = detail::wait_once(waiting, limit.until());
    if (waiting[1].revents != 0) event.calm();
    if (ready && !limit.token().stop_requested()) return true;
    if (is_last) return false;
  }
}

int descriptor_of(detail::connection_state& on) {
  detail::operation_guard const guard(on.lock);
  on.require.open();
  return on.engine.waits().wanted().descriptor;
}

/// No stream, which leaves what has come unread, and no unit, within which no notification comes.
void require_nothing_open(detail::connection_state& on) {
  detail::operation_guard const guard(on.lock);
  if (on.context.obstacles.any_of(detail::obstacles::unit_open | detail::obstacles::streaming)) on.require.turn();
}

}  // namespace

bool wait_readable(connection& conn, within const& limit) {
  return wait_for(descriptor_of(conn.state()), wake_event(), limit);
}

std::optional<notify> connection::next_notify(within const& limit) {
  if (state().options.async)
    throw programming_error(
        "next_notify cannot be used in asynchronous mode; call poll() and take from notifies, or use a connection "
        "without async");
  require_nothing_open(state());
  if (auto next = notifies.pop()) return next;
  wake_event const event;
  notification_watch const watch(state(), event);
  for (bool is_last = false;;) {
    poll();  // what has come already
    if (auto next = notifies.pop()) return next;
    if (is_last) return {};
    if (!wait_for(descriptor_of(state()), event, limit)) return notifies.pop();
    is_last = limit.until() && within::clock::now() >= *limit.until();  // something else may come without end
  }
}

}  // namespace tusk
