#include "engine/cancelling.hpp"

#include <algorithm>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::detail {
namespace {

// How long a request's fate is waited for once the operation has ended: a busy server takes its time to fork.
constexpr std::chrono::seconds hold{1};

}  // namespace

std::unique_ptr<client::canceller> cancelling::make(client::deadline until) const {
  if (in_.session.secret_key().empty()) throw operational_error("the server gave no key to cancel with");
  return std::make_unique<client::canceller>(how_, to_, in_.session.process_id(), in_.session.secret_key(), until);
}

void cancelling::request(client::deadline until) {
  auto& watched = waits_.on_several();
  request_ = make(until);
  watched.forget(client::waker::cancelling);
  reads_ = false;
  is_for_front_ = true;
}

/// A request for an operation that has ended may be under way still: this one's goes when that one's fate is known.
void cancelling::begin(std::chrono::milliseconds time) {
  if (asked_) return;
  if (queue_.front_fed() == fed::nothing) {
    if (!queue_.empty()) queue_.interrupt(queue_.front());
    return;
  }
  if (!request_) request(client::clock::now() + time);
  asked_ = time;
}

void cancelling::begin_if_due() {
  client::limit* const limit = queue_.limit();
  bool const is_over = limit != nullptr && limit->cancels() && limit->is_over();
  if (request_ || !(is_over || asked_) || client::clock::now() < again_) return;
  try {
    request(is_over ? limit->end() : client::clock::now() + *asked_);
  } catch (operational_error const& e) {
    if (!is_over) throw;
    limit->reason = e.what();
    again_ = client::clock::now() + pause_;
  }
}

void cancelling::step_slowly() {
  using outcome = client::canceller::outcome;
  queue_.end_unsent();
  if (queue_.front_fed() != fed::nothing) begin_if_due();
  if (!request_ || !(holds() || may_go())) return;
  auto const wanted = request_->step();
  if (wanted == outcome::want_read || wanted == outcome::want_write) {
    reads_ = wanted == outcome::want_read;
    if (!holds() || client::clock::now() < *held_until_) return;
    in_.obstacles.set(obstacles::doubtful, true);
    return request_.reset();
  }
  auto const ended = std::exchange(request_, nullptr);
  again_ = client::clock::now() + pause_;
  pause_ = std::min(2 * pause_, longest_pause);
  if (wanted == outcome::unknown) in_.obstacles.set(obstacles::doubtful, true);
  if (wanted == outcome::done || queue_.empty() || !is_for_front_) return;
  if (client::limit* const limit = queue_.limit(); limit != nullptr && limit->end()) {
    limit->reason = ended->reason();  // another request may do better
    return;
  }
  asked_.reset();
  throw operational_error(ended->reason());
}

void cancelling::front_ended_slowly() noexcept {
  asked_.reset();
  again_ = {};
  pause_ = first_pause;
  if (!request_) return;
  if (!request_->was_sent()) return request_.reset();
  is_for_front_ = false;
  held_until_ = client::clock::now() + hold;
}

client::deadline cancelling::until() const {
  if (holds()) return held_until_;
  client::deadline const limits = queue_.until();
  client::deadline request;
  if (request_)
    request = request_->until();
  else if (is_cancelling())
    request = again_;
  return limits && request ? std::min(limits, request) : limits ? limits : request;
}

void cancelling::watch_slowly() const {
  int const descriptor = request_ ? request_->descriptor() : -1;
  waits_.on_several().watch(client::waker::cancelling, descriptor, reads_, !reads_);
}

void cancelling::drop() noexcept {
  request_.reset();
  asked_.reset();
}

void cancelling::abandon() noexcept {
  if (request_) request_->abandon();
  drop();
}

}  // namespace tusk::detail
