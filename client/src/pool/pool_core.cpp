#include "pool/pool_core.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk {

std::string_view name_of(discard_reason why) noexcept {
  switch (why) {
    case discard_reason::broken: return "broken";
    case discard_reason::busy: return "busy";
    case discard_reason::held: return "held";
    case discard_reason::customised: return "customised";
    case discard_reason::unread: return "unread";
    case discard_reason::lifetime: return "lifetime";
    case discard_reason::idle: return "idle";
    case discard_reason::closed: return "closed";
    case discard_reason::asked: return "asked";
  }
  return "unknown";
}

namespace detail {
namespace {

/// One that can be used; throws programming_error.
pool_options const& sensible(pool_options const& options) {
  constexpr std::size_t most = 65'535;
  if (options.maximum == 0 || options.maximum > most)
    throw programming_error("pool_options::maximum is " + std::to_string(options.maximum) +
                            ", but has to be 1 to 65535; it is how many connections the pool may have");
  if (options.minimum > options.maximum)
    throw programming_error("pool_options::minimum (" + std::to_string(options.minimum) + ") is above maximum (" +
                            std::to_string(options.maximum) + ")");
  std::pair<char const*, std::chrono::milliseconds> const times[] = {
      {"acquire_limit", options.acquire_limit}, {"idle_time", options.idle_time},
      {"lifetime", options.lifetime},           {"lifetime_jitter", options.lifetime_jitter},
      {"check_after", options.check_after},     {"check_limit", options.check_limit},
      {"return_limit", options.return_limit},   {"first_pause", options.first_pause},
      {"longest_pause", options.longest_pause}};
  for (auto const& [name, time] : times)
    if (time < time.zero()) throw programming_error("pool_options::" + std::string(name) + " is below zero");
  return options;
}

/// So that the clock's end is not passed.
std::chrono::milliseconds bounded(std::chrono::milliseconds time) noexcept {
  return std::min<std::chrono::milliseconds>(time, std::chrono::hours(24 * 365));
}

}  // namespace

pool_core::pool_core(pool_options const& options, std::uint64_t seed)
    : minimum_(sensible(options).minimum),
      maximum_(options.maximum),
      max_waiting_(options.max_waiting),
      idle_time_(bounded(options.idle_time)),
      lifetime_(bounded(options.lifetime)),
      lifetime_jitter_(std::min(bounded(options.lifetime_jitter), lifetime_)),
      first_pause_(std::max(bounded(options.first_pause), std::chrono::milliseconds(1))),
      longest_pause_(std::max(bounded(options.longest_pause), first_pause_)),
      random_(seed | 1) {}

// ---- those who want one ----

pool_core::answer pool_core::acquire(ticket& who, time now) {
  bool const is_new = who.number_ == 0;
  if (closed_) return who.answer_ = answer::closed;
  if (is_new) who.number_ = ++numbers_;
  if (first_ == nullptr || (!is_new && who.number_ < first_->number_)) {
    if (!idle_.empty()) {
      who.slot_ = idle_.back();
      idle_.pop_back();
      slots_[who.slot_].state = state::leased;
      ++leased_;
      return who.answer_ = answer::given;
    }
    if (may_connect(now)) {
      who.slot_ = begin_connecting();
      return who.answer_ = answer::connect;
    }
  }
  if (is_new && waiting_ >= max_waiting_) return who.answer_ = answer::full;
  who.answer_ = answer::waiting;
  put_in_queue(who);
  return answer::waiting;
}

void pool_core::leave(ticket& who) noexcept {
  if (who.answer_ == answer::waiting) take_from_queue(who);
}

pool_core::ticket* pool_core::settled() noexcept {
  ticket* const next = told_;
  if (next == nullptr) return nullptr;
  told_ = std::exchange(next->after_, nullptr);
  if (told_ == nullptr) last_told_ = nullptr;
  return next;
}

std::optional<pool_core::time> pool_core::wakes_at() const noexcept {
  if (first_ == nullptr || closed_ || total() >= maximum_ || connecting_ != 0) return {};
  return retry_at_;
}

bool pool_core::may_connect(time now) const noexcept {
  if (closed_ || total() >= maximum_) return false;
  return pause_ == pause_.zero() || (connecting_ == 0 && now >= retry_at_);
}

pool_core::slot pool_core::begin_connecting() {
  if (free_.empty()) {
    idle_.reserve(slots_.size() + 1);  // what gives back never allocates
    free_.reserve(slots_.size() + 1);
    slots_.emplace_back();
    free_.push_back(static_cast<slot>(slots_.size() - 1));
  }
  slot const which = free_.back();
  free_.pop_back();
  slots_[which].state = state::connecting;
  ++connecting_;
  return which;
}

/// Mostly at the end.
void pool_core::put_in_queue(ticket& who) noexcept {
  ticket* before = last_;
  while (before != nullptr && before->number_ > who.number_) before = before->before_;
  who.before_ = before;
  who.after_ = before != nullptr ? before->after_ : first_;
  (who.before_ != nullptr ? who.before_->after_ : first_) = &who;
  (who.after_ != nullptr ? who.after_->before_ : last_) = &who;
  ++waiting_;
}

void pool_core::take_from_queue(ticket& who) noexcept {
  (who.before_ != nullptr ? who.before_->after_ : first_) = who.after_;
  (who.after_ != nullptr ? who.after_->before_ : last_) = who.before_;
  who.before_ = who.after_ = nullptr;
  --waiting_;
}

void pool_core::settle(ticket& who, pool_core::answer how) noexcept {
  take_from_queue(who);
  who.answer_ = how;
  (last_told_ != nullptr ? last_told_->after_ : told_) = &who;
  last_told_ = &who;
}

void pool_core::serve(time now) noexcept {
  while (first_ != nullptr) {
    ticket& who = *first_;
    if (!idle_.empty()) {
      who.slot_ = idle_.back();
      idle_.pop_back();
      slots_[who.slot_].state = state::leased;
      ++leased_;
      settle(who, answer::given);
    } else if (may_connect(now) && (!free_.empty() || slots_.size() < maximum_)) {
      try {
        who.slot_ = begin_connecting();
      } catch (...) {
        return;  // without memory it goes on waiting, within its limit
      }
      settle(who, answer::connect);
    } else {
      return;
    }
  }
}

// ---- connections ----

void pool_core::connected(slot which, time now) noexcept {
  slots_[which].state = state::leased;
  slots_[which].idle_since = now;
  slots_[which].expires = now + lifetime_ - random_part(lifetime_jitter_);
  --connecting_;
  ++leased_;
  ++counters_.connected;
  pause_ = pause_.zero();
  serve(now);  // more may be made at a time now
}

void pool_core::failed(slot which, time now) noexcept {
  ++counters_.connect_failed;
  --connecting_;
  free(which);
  // Those that were made at the same time fail together, which counts once.
  if (pause_ != pause_.zero() && now < retry_at_) return;
  pause_ = std::clamp<std::chrono::nanoseconds>(2 * pause_, first_pause_, longest_pause_);
  retry_at_ = now + pause_ - random_part(pause_ / 2);
}

void pool_core::abandoned(slot which, time now) noexcept {
  --connecting_;
  free(which);
  serve(now);
}

void pool_core::release(slot which, time now) noexcept {
  slots_[which].state = state::idle;
  slots_[which].idle_since = now;
  --leased_;
  idle_.push_back(which);
  serve(now);
}

void pool_core::discard(slot which, discard_reason why, time now) noexcept {
  ++counters_.discarded[static_cast<std::size_t>(why)];
  --leased_;
  free(which);
  serve(now);
}

void pool_core::free(slot which) noexcept {
  slots_[which].state = state::free;
  free_.push_back(which);
}

// ---- housekeeping ----

bool pool_core::is_idle_too_long(slot which, time now) const noexcept {
  return total() > minimum_ && now - slots_[which].idle_since >= idle_time_;
}

bool pool_core::has_stale(time now) const noexcept {
  return !idle_.empty() && (closed_ || is_expired(idle_.front(), now) || is_idle_too_long(idle_.front(), now));
}

std::optional<pool_core::stale> pool_core::take_stale(time now) noexcept {
  auto const found = std::find_if(idle_.begin(), idle_.end(), [&](slot each) {
    return closed_ || is_expired(each, now) || is_idle_too_long(each, now);
  });
  if (found == idle_.end()) return {};
  slot const which = *found;
  auto const why = closed_                  ? discard_reason::closed
                   : is_expired(which, now) ? discard_reason::lifetime
                                            : discard_reason::idle;
  idle_.erase(found);
  slots_[which].state = state::leased;
  ++leased_;
  return stale{which, why};
}

std::optional<pool_core::slot> pool_core::take_missing(time now) {
  if (total() >= minimum_ || !may_connect(now)) return {};
  return begin_connecting();
}

std::optional<pool_core::time> pool_core::maintains_at() const noexcept {
  std::optional<time> first;
  auto const at = [&](time when) { first = first ? std::min(*first, when) : when; };
  if (closed_) return first;
  for (slot const each : idle_) {
    at(slots_[each].expires);
    if (total() > minimum_) at(slots_[each].idle_since + idle_time_);
  }
  if (total() < minimum_ && (pause_ == pause_.zero() || connecting_ == 0)) at(retry_at_);
  return first;
}

void pool_core::close() noexcept {
  closed_ = true;
  while (first_ != nullptr) settle(*first_, answer::closed);
}

// ---- what there is ----

pool_statistics pool_core::statistics() const noexcept {
  pool_statistics told = counters_;
  told.leased = leased_;
  told.idle = idle_.size();
  told.connecting = connecting_;
  told.waiting = waiting_;
  return told;
}

void pool_core::count_acquired(std::chrono::nanoseconds after) noexcept {
  ++counters_.acquired;
  auto const microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(after.count(), 0)) / 1000;
  ++counters_.acquire_times[std::min<std::size_t>(std::bit_width(microseconds), counters_.acquire_times.size() - 1)];
}

/// From nothing up to all of it.
std::chrono::nanoseconds pool_core::random_part(std::chrono::nanoseconds of) noexcept {
  random_ ^= random_ << 13;  // xorshift64
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return of.count() <= 0 ? of.zero() : std::chrono::nanoseconds(random_ % (static_cast<std::uint64_t>(of.count()) + 1));
}

}  // namespace detail
}  // namespace tusk
