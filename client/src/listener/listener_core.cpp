#include "listener/listener_core.hpp"

#include <algorithm>
#include <string>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::detail {
namespace {

listener_options const& sensible_for_listening(listener_options const& options) {
  std::pair<char const*, std::chrono::milliseconds> const times[] = {{"connect_limit", options.connect_limit},
                                                                     {"check_after", options.check_after},
                                                                     {"check_limit", options.check_limit},
                                                                     {"first_pause", options.first_pause},
                                                                     {"longest_pause", options.longest_pause}};
  for (auto const& [name, time] : times)
    if (time < time.zero()) throw programming_error("listener_options::" + std::string(name) + " is below zero");
  if (options.connect_limit == options.connect_limit.zero() || options.check_limit == options.check_limit.zero())
    throw programming_error(
        "listener_options::connect_limit and check_limit have to be above zero: nothing is done in no time");
  return options;
}

/// So that the clock's end is not passed.
std::chrono::milliseconds at_most_a_year(std::chrono::milliseconds time) noexcept {
  return std::min<std::chrono::milliseconds>(time, std::chrono::hours(24 * 365));
}

}  // namespace

listener_core::listener_core(listener_options const& options, std::uint64_t seed)
    : check_after_(at_most_a_year(sensible_for_listening(options).check_after)),
      first_pause_(std::max(at_most_a_year(options.first_pause), std::chrono::milliseconds(1))),
      longest_pause_(std::max(at_most_a_year(options.longest_pause), first_pause_)),
      random_(seed | 1) {}

// ---- subscribers ----

listener_core::channel_pointer listener_core::join(std::string_view name, std::shared_ptr<listening_member> who) {
  auto found = channels_.find(name);
  if (found == channels_.end()) found = channels_.emplace(name, std::make_shared<channel>(name)).first;
  channel_pointer const of = found->second;
  if (of->in_force_) {
    if (!who->tells_start_) who->hearing_ = listening_member::hearing::hears;
    mark_due(*of);
  } else if (of->state_ == channel::state::off && phase_ == phase::up)
    queue(*of);
  of->members_.push_back(std::move(who));
  of->snapshot_.reset();
  ++member_count_;
  return of;
}

void listener_core::leave(channel& from, listening_member const& who) noexcept {
  auto const at =
      std::find_if(from.members_.begin(), from.members_.end(), [&](auto const& each) { return each.get() == &who; });
  if (at == from.members_.end()) return;
  from.members_.erase(at);
  from.snapshot_.reset();
  --member_count_;
  if (!from.members_.empty()) return;
  if (phase_ != phase::up) {
    auto const kept = from.shared_from_this();
    channels_.erase(from.name_);
  } else
    try {
      queue(from);
    } catch (...) {
      // Without memory the session goes on listening, to nobody's harm.
    }
}

bool listener_core::is_listening(std::string_view name) const noexcept {
  auto const found = channels_.find(name);
  return found != channels_.end() && found->second->in_force_;
}

listener_core::channels listener_core::clear() noexcept {
  queued_.clear();
  due_.clear();
  member_count_ = under_way_ = 0;
  phase_ = phase::pausing;
  is_settled_ = is_checking_ = false;
  return std::exchange(channels_, {});
}

/// It may need a statement.
void listener_core::queue(channel& of) {
  if (of.is_queued_) return;
  queued_.push_back(of.shared_from_this());
  of.is_queued_ = true;
}

// ---- the session ----

void listener_core::connected(time now, std::size_t checks) {
  phase_ = phase::up;
  up_since_ = now;
  under_way_ = checks;
  is_settled_ = is_checking_ = false;
  heard(now);
  for (auto const& [name, of] : channels_) queue(*of);
  settle();
}

void listener_core::checked() noexcept {
  --under_way_;
  settle();
}

std::chrono::nanoseconds listener_core::ended(time now) noexcept {
  bool const begins_anew = is_settled_ && now - up_since_ >= pause_;
  pause_ = begins_anew ? first_pause_ : std::clamp<std::chrono::nanoseconds>(2 * pause_, first_pause_, longest_pause_);
  auto const pause = pause_ - random_part(pause_ / 2);
  retry_at_ = now + pause;
  phase_ = phase::pausing;
  is_settled_ = is_checking_ = false;
  under_way_ = 0;
  queued_.clear();
  due_.clear();
  for (auto at = channels_.begin(); at != channels_.end();) {
    channel& of = *at->second;
    of.state_ = channel::state::off;
    of.in_force_ = of.is_queued_ = of.is_due_ = false;
    for (auto const& each : of.members_) {
      if (each->hearing_ == listening_member::hearing::waiting) continue;
      each->hearing_ = listening_member::hearing::missed;
      each->why_ = gap_reason::lost;
    }
    at = of.members_.empty() ? channels_.erase(at) : std::next(at);
  }
  return pause;
}

std::optional<listener_core::statement> listener_core::next_statement() {
  while (!queued_.empty()) {
    channel_pointer const of = std::move(queued_.front());
    queued_.pop_front();
    of->is_queued_ = false;
    bool const is_wanted = !of->members_.empty();
    if (of->state_ == channel::state::off && is_wanted) {
      of->state_ = channel::state::turning_on;
      ++under_way_;
      return statement{of, true};
    }
    if (of->state_ == channel::state::on && !is_wanted) {
      of->state_ = channel::state::turning_off;
      of->in_force_ = false;
      ++under_way_;
      return statement{of, false};
    }
    if (of->state_ == channel::state::off) channels_.erase(of->name_);
  }
  settle();
  return {};
}

void listener_core::confirmed(channel& of, time now) {
  --under_way_;
  heard(now);
  if (of.state_ == channel::state::turning_on) {
    of.state_ = channel::state::on;
    put_in_force(of);
    if (of.members_.empty()) queue(of);
  } else {
    of.state_ = channel::state::off;
    queue(of);
  }
  settle();
}

void listener_core::settle() noexcept {
  if (phase_ == phase::up && queued_.empty() && under_way_ == 0) is_settled_ = has_listened_ = true;
}

bool listener_core::begin_check(time now) noexcept {
  if (phase_ != phase::up || is_checking_ || check_after_ == check_after_.zero() || now < check_at_) return false;
  return is_checking_ = true;
}

void listener_core::check_ended(time now) noexcept {
  is_checking_ = false;
  heard(now);
}

// ---- who is told ----

bool listener_core::arrived(channel& of) {
  if (of.state_ == channel::state::turning_on) put_in_force(of);
  return of.in_force_;
}

std::shared_ptr<listener_core::members const> listener_core::members_of(channel& of) {
  if (!of.snapshot_) of.snapshot_ = std::make_shared<members const>(of.members_);
  return of.snapshot_;
}

void listener_core::put_in_force(channel& of) {
  if (of.in_force_) return;
  mark_due(of);
  of.in_force_ = true;
  for (auto const& each : of.members_)
    if (each->hearing_ == listening_member::hearing::waiting && !each->tells_start_)
      each->hearing_ = listening_member::hearing::hears;
}

void listener_core::mark_due(channel& of) {
  if (of.is_due_) return;
  due_.push_back(of.shared_from_this());
  of.is_due_ = true;
}

void listener_core::missed(gap_reason why) {
  for (auto const& [name, of] : channels_) {
    if (!of->in_force_) continue;
    mark_due(*of);
    for (auto const& each : of->members_) {
      if (each->hearing_ != listening_member::hearing::hears) continue;
      each->hearing_ = listening_member::hearing::missed;
      each->why_ = why;
    }
  }
}

std::vector<listener_core::due> listener_core::take_due(channel& of) {
  using hearing = listening_member::hearing;
  std::vector<due> all;
  for (auto const& each : of.members_) {
    if (each->hearing_ == hearing::missed)
      all.push_back({each, each->why_});
    else if (each->hearing_ == hearing::waiting && each->tells_start_)
      all.push_back({each, gap_reason::start});
  }
  for (auto const& each : of.members_) each->hearing_ = hearing::hears;
  of.is_due_ = false;
  return all;
}

listener_core::channel_pointer listener_core::next_due() noexcept {
  while (!due_.empty()) {
    if (has_due(*due_.back())) return due_.back();
    due_.back()->is_due_ = false;  // LISTEN is not in force; when it is again it is marked anew
    due_.pop_back();
  }
  return {};
}

std::optional<listener_core::time> listener_core::wakes_at() const noexcept {
  if (phase_ == phase::pausing) return retry_at_;
  if (phase_ == phase::up && !is_checking_ && check_after_ != check_after_.zero()) return check_at_;
  return {};
}

std::chrono::nanoseconds listener_core::random_part(std::chrono::nanoseconds of) noexcept {
  random_ ^= random_ << 13;  // xorshift64
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return std::chrono::nanoseconds(random_ % (static_cast<std::uint64_t>(of.count()) + 1));
}

}  // namespace tusk::detail
