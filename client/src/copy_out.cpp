// COPY TO STDOUT, as a program sees it.

#include <ostream>
#include <tusk/connection.hpp>
#include <utility>

#include "calls.hpp"
#include "left_early.hpp"
#include "operations/copy_out_run.hpp"

namespace tusk {
namespace {

constexpr char left_copy_text[] = "a COPY was left, and it did not end in time";

}  // namespace

copy_out::copy_out(std::shared_ptr<detail::connection_state> on, std::shared_ptr<detail::copy_out_run> what,
                   copy_options const& how)
    : state_(std::move(on)), what_(std::move(what)), then_(how.on_leave), progress_(how.progress) {
  what_->set_held(true);
}
copy_out::copy_out(copy_out&& other) noexcept
    : state_(std::move(other.state_)),
      what_(std::move(other.what_)),
      chunk_(std::exchange(other.chunk_, std::nullopt)),
      at_(other.at_),
      then_(other.then_),
      progress_(std::move(other.progress_)) {}
copy_out& copy_out::operator=(copy_out&& other) noexcept {
  if (this != &other) {
    leave();
    state_ = std::move(other.state_);
    what_ = std::move(other.what_);
    chunk_ = std::exchange(other.chunk_, std::nullopt);
    at_ = other.at_;
    then_ = other.then_;
    progress_ = std::move(other.progress_);
  }
  return *this;
}
copy_out::~copy_out() { leave(); }

detail::connection_state& copy_out::state() const {
  if (!what_) throw programming_error("this COPY was moved to another object; use that one");
  return *state_;
}

detail::copy_decoder copy_out::decoder() const {
  auto const& on = state();
  detail::operation_guard const guard(on.lock);
  return {what_->row_format(), on.arguments.adapters->types()};
}

std::optional<copy_chunk> copy_out::take_chunk() {
  auto& on = state();
  std::optional<copy_chunk> chunk;
  {
    detail::operation_guard const guard(on.lock);
    on.require.going_on();
    chunk = what_->take_chunk();
    if (!chunk && what_->has_ended()) what_->rethrow();
  }
  if (chunk) tell_progress();
  return chunk;
}

std::optional<copy_chunk> copy_out::next_chunk() {
  auto& on = state();
  std::optional<copy_chunk> chunk;
  {
    detail::operation_guard const guard(on.lock);
    on.require.going_on();
    if (on.options.async)
      throw programming_error(
          "a COPY of an asynchronous connection cannot wait; step the connection with poll(), and use take_chunk()");
    if (!what_->is_full() && !what_->has_ended()) {
      if (on.context.obstacles.any_of(detail::obstacles::waited)) on.require.turn();
      on.await(*what_);
      on.told.rethrow();
    }
    chunk = what_->take_chunk();
    if (!chunk) what_->rethrow();
  }
  if (!chunk) detail::tell_ended(on);
  tell_progress();
  return chunk;
}

bool copy_out::ended() const {
  detail::operation_guard const guard(state().lock);
  return what_->has_ended() && !what_->has_chunk() && !what_->has_untold_error();
}

std::uint64_t copy_out::count() const {
  detail::operation_guard const guard(state().lock);
  if (!what_->has_ended()) throw programming_error("the COPY has not ended yet, and its rows are not counted");
  return what_->reached().second;
}

void copy_out::cancel() { state().cancel_started(*what_); }

void copy_out::tell_progress() {
  if (progress_) progress_({what_->received(), what_->rows(), std::nullopt});
}

std::uint64_t copy_out::finish_with(std::function<void(std::string_view)> const& to) {
  while (auto const chunk = next_chunk()) to(chunk->bytes());
  return count();
}

std::uint64_t copy_out::finish_with(std::ostream& to) {
  auto const write = [&to](std::string_view bytes) {
    to.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!to) throw operational_error("what COPY gives cannot be written: the stream has failed");
  };
  if (!to) throw operational_error("what COPY gives cannot be written: the stream is not open, or has failed before");
  auto const count = finish_with(write);
  to.flush();
  write({});
  return count;
}

/// Whoever destroys it may be a handler, or another thread.
void copy_out::leave() noexcept {
  auto const left = std::move(what_);
  if (!left) return;
  auto& on = *state_;
  detail::operation_guard const guard(on.lock);
  left->leave();
  bool const cancels = then_ == on_leave::cancel || (then_ == on_leave::automatic && left->is_alone());
  try {
    detail::end_early(on, *left, {.cancels = cancels, .rolls_back = then_ != on_leave::drain, .text = left_copy_text});
  } catch (...) {
    detail::close_locked(on);
  }
}

}  // namespace tusk
