#include "engine/ending.hpp"

#include <tusk/types/error.hpp>
#include <utility>

#include "engine/last_words.hpp"

namespace tusk::detail {

void ending::if_spent() {
  client::limit const* const limit = queue_.spent();
  if (limit == nullptr || in_.is_closed()) return;
  std::string const why = limit->cancels() ? "the statement's limit was over, and it had not ended " +
                                                 std::to_string(client::limit::grace.count()) + " s later"
                                           : "the limit was over of an operation that is not cancelled";
  break_off(std::make_exception_ptr(operational_error(
      "the connection was closed: " + why + (limit->reason.empty() ? "" : "; ") + limit->reason, true)));
}

void ending::if_doubtful() noexcept {
  if (!in_.obstacles.any_of(obstacles::doubtful) || in_.is_closed()) return;
  break_off(std::make_exception_ptr(operational_error(
      "the connection was closed: a cancel request was sent whose end is not known, and it could hit the next "
      "statement",
      true)));
}

void ending::lose(std::string const& reason) {
  if (in_.is_closed())  // by another thread
    return break_off(std::make_exception_ptr(operational_error(closed_text, true)));
  std::exception_ptr lost = std::make_exception_ptr(operational_error("the connection was lost: " + reason, true));
  if (told_.farewell) lost = with_earlier(std::move(lost), types::make_server_error(*told_.farewell, {}, true));
  break_off(std::move(lost));
}

void ending::break_off(std::exception_ptr error) noexcept {
  hang_up();
  broken_by_ = error;
  if (queue_.empty()) reason_.set(error);
  queue_.end_all(error);
  in_.session.abandon();
  in_.idle();
}

void ending::give_up() noexcept {
  hang_up();
  queue_.end_all(std::current_exception());
  in_.session.abandon();
  in_.idle();
}

void ending::rethrow() {
  give_up();
  if (in_.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  throw;
}

void ending::hang_up() noexcept {
  in_.obstacles.set(obstacles::closed, true);
  if (in_.obstacles.any_of(obstacles::forked)) cancelling_.abandon();
  channel_.close();
  cancelling_.drop();
  busy_ = false;
  waits_.clear();
}

void ending::close(char const* why) noexcept {
  std::exception_ptr error;
  try {
    if (!queue_.empty()) error = std::make_exception_ptr(operational_error(why, true));
  } catch (std::bad_alloc const&) {
    error = std::current_exception();
  }
  close(error);
}

void ending::close(std::exception_ptr const& why) noexcept {
  if (in_.is_closed() && !channel_.is_open()) return;
  if (!in_.obstacles.any_of(obstacles::forked)) channel_.say_goodbye();
  hang_up();
  in_.session.abandon();
  if (!queue_.empty()) queue_.end_all(why);
}

}  // namespace tusk::detail
