#include "engine/cancelling.hpp"

#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::detail {
namespace {

constexpr std::chrono::seconds hold{
    1};  // how long a request's fate is waited for: a busy server takes its time to fork

}  // namespace

std::unique_ptr<client::canceller> cancelling::make(client::deadline until) const {
  if (in_.session.secret_key().empty()) throw operational_error("the server gave no key to cancel with");
  return std::make_unique<client::canceller>(how_, to_, in_.session.process_id(), in_.session.secret_key(), until);
}

void cancelling::begin(client::deadline until) {
  if (queue_.empty() || request_) return;
  auto& watched = waits_.on_several();
  request_ = make(until);
  watched.forget(client::waker::cancelling);
  reads_ = false;
}

void cancelling::heed_limits() {
  queue_.end_unsent();
  client::limit* const limit = queue_.limit();
  if (limit == nullptr || !limit->is_over() || request_ || !limit->is_due()) return;
  limit->put_off();
  try {
    begin(limit->end());
  } catch (operational_error const& e) {
    limit->reason = e.what();
  }
}

void cancelling::step() {
  using outcome = client::canceller::outcome;
  if (!request_ || !(holds() || may_go())) return;
  auto const wanted = request_->step();
  if (wanted == outcome::want_read || wanted == outcome::want_write) {
    reads_ = wanted == outcome::want_read;
    if (!holds() || client::clock::now() < *held_until_) return;
    in_.obstacles.set(obstacles::doubtful, true);
    return request_.reset();
  }
  auto const ended = std::exchange(request_, nullptr);
  client::limit* const limit = queue_.limit();
  if (limit != nullptr) limit->put_off();
  if (wanted == outcome::unknown) in_.obstacles.set(obstacles::doubtful, true);
  if (wanted == outcome::done || queue_.empty()) return;
  if (limit == nullptr || !limit->end()) throw operational_error(ended->reason());
  limit->reason = ended->reason();  // nobody called cancel(); another request may do better
}

void cancelling::front_ended() {
  if (!request_) return;
  if (!request_->was_sent()) return request_.reset();
  held_until_ = client::clock::now() + hold;
}

client::deadline cancelling::until() const {
  if (!request_) return {};
  return holds() ? held_until_ : request_->until();
}

void cancelling::watch() const {
  if (!waits_.has_several()) return;
  int const descriptor = request_ ? request_->descriptor() : -1;
  waits_.on_several().watch(client::waker::cancelling, descriptor, reads_, !reads_);
}

void cancelling::abandon() noexcept {
  if (request_) request_->abandon();
  request_.reset();
}

}  // namespace tusk::detail
