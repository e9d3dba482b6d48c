// Who is told of what has come to a listener: functions of the user's, and queues.

#include <tusk/types/error.hpp>
#include <utility>

#include "listener/listener_state.hpp"

namespace tusk::detail {

/// A handler of the connection.
void listener_state::arrived(listener_core::channel& of, notify const& what) {
  std::shared_ptr<listener_core::members const> to;
  std::vector<listener_core::due> gaps;
  has_heard_ = true;
  note_unreadable();  // those before it are a gap before it
  {
    std::lock_guard const locked(lock_);
    ++counters_.notifications;
    if (!core_.arrived(of)) return;
    if (core_.has_due(of)) gaps = core_.take_due(of);
    to = core_.members_of(of);
  }
  tell_gaps(gaps);
  for (auto const& each : *to) {
    if (closed()) return;
    call([&] {
      if (static_cast<subscriber&>(*each).tell(what)) return;
      std::lock_guard const locked(lock_);
      ++counters_.dropped;
    });
  }
}

/// Those that were dropped since the last time.
void listener_state::note_unreadable() {
  std::uint64_t const dropped = connection_->notifies.dropped();
  if (std::exchange(unreadable_, dropped) == dropped) return;
  std::lock_guard const locked(lock_);
  core_.missed(notification_gap::reason::unreadable);
}

void listener_state::tell_due() {
  while (!closed()) {
    std::vector<listener_core::due> gaps;
    {
      std::lock_guard const locked(lock_);
      auto const of = core_.next_due();
      if (!of) return;
      gaps = core_.take_due(*of);
    }
    tell_gaps(gaps);
  }
}

void listener_state::tell_gaps(std::vector<listener_core::due> const& to) {
  for (auto const& [whom, why] : to) {
    if (closed()) return;
    std::shared_ptr<std::function<void(notification_gap const&)> const> otherwise;
    {
      std::lock_guard const locked(lock_);
      otherwise = on_gap_;
    }
    auto const cause = why == notification_gap::reason::lost ? std::string_view(cause_) : std::string_view();
    call([&] { static_cast<subscriber&>(*whom).tell_gap(why, cause, otherwise.get()); });
  }
}

/// Calls what may throw, as it is the user's.
template <class Call>
void listener_state::call(Call const& function) noexcept {
  try {
    return function();
  } catch (...) {
    if (is_child()) return;  // which an exception may be how it leaves
    auto const error = std::current_exception();
    std::shared_ptr<std::function<void(std::exception_ptr)> const> told;
    {
      std::lock_guard const locked(lock_);
      ++counters_.thrown;
      told = on_error_;
    }
    if (told) try {
        return (*told)(error);
      } catch (...) {
        if (!thrown_) thrown_ = std::current_exception();
        return;
      }
    if (!thrown_) thrown_ = error;
  }
}

void listener_state::tell(listener_event const& event) noexcept {
  if (options_.on_event) try {
      options_.on_event(event);
    } catch (...) {
      // As listener_options says.
    }
}

}  // namespace tusk::detail
