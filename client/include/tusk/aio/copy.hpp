// COPY on an Asio connection; made by connection::start_copy_in and start_copy_out.
//
//   auto in = conn.start_copy_in("COPY item FROM STDIN");
//   for (item const& each : items) co_await in.row(each.id, each.name);
//   std::uint64_t rows = co_await in.finish();
//
//   auto out = conn.start_copy_out("COPY item TO STDOUT");
//   while (auto chunk = co_await out.next_chunk()) use(chunk->bytes());
#pragma once

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tusk/aio/stepper.hpp>
#include <tusk/aio/tasks.hpp>
#include <tusk/aio/waiter.hpp>
#include <tusk/copy.hpp>
#include <utility>

namespace tusk::aio {

/// See tusk::copy_in. It moves, but not while an operation of it is under way; that has to end before this does.
class copy_in {
 public:
  copy_in(std::shared_ptr<detail::stepper> on, tusk::copy_in&& what) noexcept
      : stepper_(std::move(on)), what_(std::move(what)) {}

  /// A row of these values, which are written at the call; waits while much waits to be sent. Throws what
  /// tusk::copy_in::row throws.
  template <class... Values>
  [[nodiscard]] asio::awaitable<void> row(Values const&... values) {
    what_.row(values...);
    return wait_for_room();
  }
  template <class Row>
  [[nodiscard]] asio::awaitable<void> add(Row const& from) {
    what_.add(from);
    return wait_for_room();
  }
  [[nodiscard]] asio::awaitable<void> write(std::string_view bytes) {
    what_.write(bytes);
    return wait_for_room();
  }

  /// Completes when data may be given, or with the error that has ended it: for other tokens, behind what native()
  /// was given. Cancelling it cancels the COPY.
  template <asio::completion_token_for<detail::signature_of<void>> Token = asio::use_awaitable_t<>>
  auto room(Token&& token = Token()) {
    return detail::wait_for<detail::copy_room>(stepper_, std::forward<Token>(token), &what_);
  }
  /// The end: how many rows the server has taken.
  template <asio::completion_token_for<detail::signature_of<std::uint64_t>> Token = asio::use_awaitable_t<>>
  auto finish(Token&& token = Token()) {
    return detail::wait_for<detail::operation<detail::copy_end>>(stepper_, std::forward<Token>(token), &what_);
  }
  /// Gives it up, see tusk::copy_in::fail.
  void fail(std::string_view why) {
    what_.fail(why);
    stepper_->step();
  }
  /// The one below, for row() without waiting, ready(), cancel().
  tusk::copy_in& native() noexcept { return what_; }

 private:
  asio::awaitable<void> wait_for_room() {
    if (!what_.ready()) co_await room();
  }

  std::shared_ptr<detail::stepper> stepper_;
  tusk::copy_in what_;
};

/// See tusk::copy_out. It moves, but not while a next_chunk() of it is under way; that has to end before this does.
class copy_out {
 public:
  copy_out(std::shared_ptr<detail::stepper> on, tusk::copy_out&& what) noexcept
      : stepper_(std::move(on)), what_(std::move(what)) {}

  /// The rows that have come, or the first that do; empty at the end. Completes with the statement's error. One at a
  /// time. Cancelling it cancels the statement.
  template <asio::completion_token_for<detail::signature_of<std::optional<copy_chunk>>> Token = asio::use_awaitable_t<>>
  auto next_chunk(Token&& token = Token()) {
    return detail::wait_for<detail::next_copied>(stepper_, std::forward<Token>(token), &what_);
  }
  /// How many rows the server has sent, once it has ended.
  std::uint64_t count() const { return what_.count(); }

 private:
  std::shared_ptr<detail::stepper> stepper_;
  tusk::copy_out what_;
};

}  // namespace tusk::aio
