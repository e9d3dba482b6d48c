// cancel(): of a blocking connection the whole of it, by the thread that calls; of an asynchronous one its beginning.

#include <algorithm>
#include <mutex>
#include <system_error>
#include <tusk/types/error.hpp>

#include "connection_state.hpp"

namespace tusk::detail {
namespace {

/// Asks the server to cancel, and waits until it was heard.
void send_cancel(connection_state& on, client::deadline until) {
  using outcome = client::canceller::outcome;
  auto const request = on.engine.cancelling().make(until);
  for (;;) {
    auto const wanted = request->step();
    switch (wanted) {
      case outcome::done: return;
      case outcome::unknown: on.context.obstacles.set(obstacles::doubtful, true); [[fallthrough]];
      case outcome::failed: throw operational_error(request->reason());
      case outcome::want_read:
      case outcome::want_write: break;
    }
    bool const read = wanted == outcome::want_read;
    try {
      client::wait_for(request->descriptor(), read, !read, until);
    } catch (std::system_error const& e) {
      request->abort(e.what());
    }
  }
}

}  // namespace

/// A blocking connection is cancelled by another thread, while the one that runs the operation holds the lock: so what
/// is used here without the lock (settings, route, the key) does not change once the connection is open. An obstacle
/// keeps the next operation waiting until the request has ended. An asynchronous connection steps the request in its
/// own poll().
void connection_state::cancel(std::chrono::milliseconds given) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);  // the clock's end is not to be passed
  auto const time = std::clamp(given, std::chrono::milliseconds(0), longest);
  require.no_handler();
  if (options.async) {
    operation_guard const guard(lock);
    require.open();
    return engine.begin_cancel(time);
  }
  // First the obstacle, then the question whether an operation is under way: the next one sees the obstacle.
  obstacles::cancelling const now(context.obstacles);
  if (std::unique_lock const guard(lock, std::try_to_lock); guard) {
    require.open();
    if (!engine.is_busy()) return;
  }
  context.obstacles.set(obstacles::cancelled, true);
  send_cancel(*this, client::clock::now() + time);
}

}  // namespace tusk::detail
