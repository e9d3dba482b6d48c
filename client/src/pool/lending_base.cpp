#include "pool/lending_base.hpp"

#include <tusk/types/error.hpp>
#include <utility>

#include "net/random_bytes.hpp"
#include "process_generation.hpp"

namespace tusk::detail {
namespace {

/// Whose hooks run on this thread.
thread_local lending_base const* called_by = nullptr;

std::string reason_of(std::exception_ptr const& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (std::exception const& e) {
    return std::string("; the last connect failed: ") + e.what();
  } catch (...) {
    return "; the last connect failed";
  }
}

}  // namespace

lending_base::calling::calling(lending_base const* by) noexcept : before_(std::exchange(called_by, by)) {}
lending_base::calling::~calling() { called_by = before_; }

bool comes_again(std::exception_ptr const& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (operational_error const& e) {
    // Authentication and authorisation, and a database that does not exist.
    return e.sqlstate().in_class("28") || e.sqlstate().in_class("3D");
  } catch (...) {
    return true;
  }
}

lending_base::lending_base(std::string_view dsn, pool_options options, connect_options how)
    : options_(std::move(options)),
      dsn_(dsn),
      how_(std::move(how)),
      generation_(watch_forks()),
      core_(options_, client::random_seed()) {}

bool lending_base::is_child() const noexcept { return is_child_of(generation_); }

bool lending_base::is_usable() const noexcept { return !is_child() && called_by != this; }

void lending_base::require_usable() const {
  if (is_child()) [[unlikely]]
    throw interface_error(
        "this pool is the parent process's, whose sessions a forked child must not touch; make a pool of the child's "
        "own");
  if (called_by == this) [[unlikely]]
    throw programming_error(
        "a hook of the pool, or one of a connection that it makes, asked it for a connection; it would wait for "
        "itself. Use the connection that the hook was given, or another pool");
}

bool lending_base::closed() const {
  if (is_child()) return true;
  std::lock_guard const locked(lock_);
  return core_.is_closed();
}

pool_statistics lending_base::statistics() const {
  if (is_child()) return {};
  std::lock_guard const locked(lock_);
  return core_.statistics();
}

bool lending_base::note_connect(slot which, std::exception_ptr const& failure, bool abandoned, time now) noexcept {
  last_failure_ = failure;
  bool const useless = core_.is_closed() && !failure;
  if (!failure)
    core_.connected(which, now);
  else if (abandoned)
    core_.abandoned(which, now);
  else
    core_.failed(which, now);
  if (useless) core_.discard(which, discard_reason::closed, now);
  wake();
  return useless;
}

std::string lending_base::numbers() const {
  return std::to_string(core_.leased()) + " of at most " + std::to_string(options_.maximum) +
         " connections are lent, " + std::to_string(core_.connecting()) + " are being made, and " +
         std::to_string(core_.waiting()) + " others wait" + reason_of(last_failure_);
}

char const* lending_base::why_over(within const& limit) noexcept {
  return limit.token().stop_requested() ? "waiting for a connection of the pool was stopped: "
                                        : "the pool had no connection within the limit: ";
}

void lending_base::throw_timed_out(char const* why_over, guard& held, std::source_location where, time began) {
  ++core_.counters().timed_out;
  std::string const why = numbers();
  held.unlock();
  tell(pool_event::kind::timed_out, where, within::clock::now() - began);
  throw query_canceled(why_over + why);
}

void lending_base::throw_refused(pool_answer how, guard& held, std::source_location where) {
  ++core_.counters().refused;
  std::string const why = numbers();
  held.unlock();
  tell(pool_event::kind::refused, where);
  if (how == pool_answer::closed) throw interface_error("the pool is closed");
  throw operational_error("as many as pool_options::max_waiting (" + std::to_string(options_.max_waiting) +
                          ") wait for a connection of the pool already: " + why);
}

void lending_base::wake() noexcept {
  while (auto* const told = core_.settled()) static_cast<pool_waiter*>(told)->wake();
  if (core_.is_closed() && core_.leased() == 0 && core_.connecting() == 0) [[unlikely]]
    all_are_back();
  auto* const first = core_.first();
  if (first == nullptr) [[likely]]
    return;
  auto const next = core_.wakes_at();
  if (!next || (first == first_told_ && *next == told_time_)) return;
  first_told_ = first;
  told_time_ = *next;
  static_cast<pool_waiter*>(first)->wake();
}

void lending_base::tell(pool_event::kind what, std::source_location where, std::chrono::nanoseconds elapsed,
                        discard_reason why) const noexcept {
  if (!options_.on_event) return;
  calling const now(this);
  try {
    options_.on_event({.what = what, .why = why, .where = where, .elapsed = elapsed});
  } catch (...) {
    // It has nobody to go to.
  }
}

}  // namespace tusk::detail
