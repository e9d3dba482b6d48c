#include <tusk/stream.hpp>

#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>
#include <utility>

#include "calls.hpp"
#include "left_early.hpp"
#include "operations/stream_run.hpp"

namespace tusk::detail {
namespace {

constexpr char left_text[] = "a stream was left, and its statement did not end in time";

}  // namespace

row_stream::row_stream(std::shared_ptr<connection_state> on, std::shared_ptr<stream_run> what, on_leave then) noexcept
    : state_(std::move(on)), what_(std::move(what)), then_(then) {
  if (what_) what_->set_held(true);
}
row_stream::row_stream(row_stream&& other) noexcept
    : state_(std::move(other.state_)), what_(std::move(other.what_)), then_(other.then_) {}
row_stream& row_stream::operator=(row_stream&& other) noexcept {
  if (this != &other) {
    leave();
    state_ = std::move(other.state_);
    what_ = std::move(other.what_);
    then_ = other.then_;
  }
  return *this;
}
row_stream::~row_stream() { leave(); }

connection_state& row_stream::state() const {
  if (!what_) throw programming_error("this stream has no statement; it was moved from, or do_execute began none");
  return *state_;
}

std::optional<result> row_stream::take_chunk() {
  auto& on = state();
  operation_guard const guard(on.lock);
  on.require.going_on();
  if (auto chunk = what_->take_chunk()) {
    // It goes with the next step. A connection that blocks asks when it has to wait, as the stream may be left before.
    if (on.options.async && what_->is_suspended()) on.engine.resume();
    return chunk;
  }
  if (what_->has_ended()) what_->rethrow();
  return {};
}

std::optional<result> row_stream::next_chunk() {
  auto& on = state();
  std::optional<result> chunk;
  {
    operation_guard const guard(on.lock);
    on.require.going_on();
    if (on.options.async)
      throw programming_error(
          "a stream of an asynchronous connection cannot wait; step the connection with poll(), and use take_chunk()");
    if (!what_->is_full() && !what_->has_ended()) {
      if (on.context.obstacles.any_of(obstacles::waited)) on.require.turn();
      if (what_->is_suspended()) on.engine.resume();
      on.await(*what_);
      on.told.rethrow();
    }
    chunk = what_->take_chunk();
    if (!chunk) what_->rethrow();
  }
  if (!chunk) tell_ended(on);
  return chunk;
}

bool row_stream::ended() const {
  auto& on = state();
  operation_guard const guard(on.lock);
  return what_->has_ended() && !what_->has_chunks() && !what_->has_untold_error();
}

void row_stream::cancel() { state().cancel_started(*what_); }

void row_stream::recycle(result&& chunk) noexcept {
  if (!what_ || what_->has_ended()) return;
  operation_guard const guard(state_->lock);
  what_->give_back(std::move(chunk));
}

/// Whoever destroys it may be a handler, or another thread.
void row_stream::leave() noexcept {
  auto const left = std::move(what_);
  if (!left) return;
  auto& on = *state_;
  operation_guard const guard(on.lock);
  what_ = left;
  try {
    end_early();
  } catch (...) {
    close_locked(on);
  }
  what_.reset();
}

void row_stream::end_early() {
  auto& on = *state_;
  bool const undoes = then_ == on_leave::cancel || (then_ == on_leave::automatic && what_->is_alone());
  what_->leave(undoes);
  bool const waits = what_->is_suspended();
  if (waits && !on.lock.passes() && !on.context.obstacles.any_of(obstacles::forked)) on.engine.resume();
  detail::end_early(on, *what_,
                    {.cancels = undoes && !waits, .rolls_back = then_ != on_leave::drain, .text = left_text});
}

}  // namespace tusk::detail
