// Cancelling: the request goes over a connection of its own, and no statement that is sent later may be hit by it.
//
// A blocking connection is cancelled by another thread, while the one that runs the operation holds the lock: so what
// is used here without the lock (settings, route, the key) does not change once the connection is open. `obstacles_`
// keeps the next operation waiting until the request has ended. An asynchronous connection steps the request in its own
// poll().

#include <algorithm>
#include <mutex>

#include "engine/engine.hpp"

namespace tusk::detail {

/// Asks the server to cancel the operation under way, if there is one.
void engine::cancel(std::chrono::milliseconds within) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);  // the clock's end is not to be passed
  client::deadline const until = client::clock::now() + std::clamp(within, std::chrono::milliseconds(0), longest);
  refuse_in_handler();
  if (options_.async) {
    lock const guard(mutex_);
    require_open();
    if (!operation_.active || canceller_) return;
    canceller_ = make_canceller(until);
    try {
      send_all();
    } catch (...) {
      give_up();
      throw;
    }
    return;
  }
  // First the obstacle, then the question whether an operation is under way: the next one sees the obstacle.
  obstacles_ += one_cancel;
  struct release {
    std::atomic<unsigned>& obstacles;
    ~release() {
      obstacles -= one_cancel;
      obstacles.notify_all();
    }
  } const at_the_end{obstacles_};
  if (std::unique_lock const guard(mutex_, std::try_to_lock); guard) {
    require_open();
    if (!operation_.active) return;
  }
  cancel_now(until);
}

std::unique_ptr<client::canceller> engine::make_canceller(client::deadline until) const {
  if (session_.secret_key().empty()) throw operational_error("the server gave no key to cancel with");
  return std::make_unique<client::canceller>(*settings_, route_, session_.process_id(), session_.secret_key(), until);
}

/// The whole of it, waiting.
void engine::cancel_now(client::deadline until) {
  auto const request = make_canceller(until);
  for (;;) {
    auto const wanted = request->step();
    switch (wanted) {
      case client::canceller::outcome::done: return;
      case client::canceller::outcome::unknown: obstacles_ |= is_doubtful; [[fallthrough]];
      case client::canceller::outcome::failed: throw operational_error(request->reason());
      case client::canceller::outcome::want_read:
      case client::canceller::outcome::want_write: break;
    }
    bool const read = wanted == client::canceller::outcome::want_read;
    try {
      client::wait_for(request->descriptor(), read, !read, until);
    } catch (std::system_error const& e) {
      request->abort(e.what());
    }
  }
}

/// One step of an asynchronous request. Nothing: it has ended, and the operation goes on.
std::optional<poll_status> engine::step_cancel() {
  auto const wanted = canceller_->step();
  if (wanted == client::canceller::outcome::want_read) return poll_status::read;
  if (wanted == client::canceller::outcome::want_write) return poll_status::write;
  auto const ended = std::exchange(canceller_, nullptr);
  if (limit_) limit_->put_off();
  if (wanted == client::canceller::outcome::done) return {};
  if (wanted == client::canceller::outcome::unknown) obstacles_ |= is_doubtful;
  if (limit_ && limit_->end()) {  // nobody called cancel(); another request may do better
    limit_->reason = ended->reason();
    return {};
  }
  throw operational_error(ended->reason());
}

/// Waits until no thread is cancelling. A request whose fate is unknown may hit any later statement: then none follows.
void engine::wait_for_cancels() {
  for (unsigned now = obstacles_; now >= one_cancel; now = obstacles_) obstacles_.wait(now);
  if ((obstacles_ & is_doubtful) == 0) return;
  give_up();
  throw operational_error(
      "the connection was closed: a cancel request was sent whose end is not known, "
      "and it could hit the next statement",
      true);
}

}  // namespace tusk::detail
