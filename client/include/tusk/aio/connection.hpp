// A connection for Asio: every operation with any completion token, and awaitable without one.
//
//   asio::awaitable<void> serve() {
//     tusk::aio::connection conn{co_await asio::this_coro::executor};
//     co_await conn.connect(dsn);
//     tusk::result r = co_await conn.query("SELECT name FROM item WHERE id = $1", 1);
//   }
//   conn.query(tusk::bind("SELECT $1::int", 5), [](std::exception_ptr e, tusk::result r) { ... });
//
// A thin face: it owns an asynchronous tusk::connection, waits on its descriptor and calls its poll(). What can be done
// with that one can be done here: start it there, then wait().
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/execution_context.hpp>
#include <asio/use_awaitable.hpp>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/aio/bind.hpp>
#include <tusk/aio/stepper.hpp>
#include <tusk/aio/tasks.hpp>
#include <tusk/aio/waiter.hpp>
#include <tusk/connection.hpp>
#include <tusk/cursor.hpp>
#include <tusk/within.hpp>
#include <utility>

namespace tusk::aio {

/// A completion token for handlers that are called with (std::exception_ptr, Value), or with the first alone for void.
/// The pointer is null, or holds what the blocking call would throw.
template <class Token, class Value>
concept token_for = asio::completion_token_for<Token, detail::signature_of<Value>>;

/// See the top of this file.
///
/// One operation at a time: a second one completes with programming_error. next_notify() and cancel() are none, and may
/// be under way beside one. No handler is called from within the function that began its operation.
///
/// Threads: as an Asio object, it is used by one thread at a time. Its own work runs on its executor, handlers on
/// theirs; where several threads run an io_context, the executor has to be a strand, on which the functions are called
/// and cancellation signals are emitted.
///
/// Cancellation (asio::cancellation_type terminal, partial and total): a query is cancelled at the server, and
/// completes when that has answered: with query_canceled, or as it ended before; the connection can be used then. If
/// the server cannot be reached for it the connection is closed. Connecting that is cancelled closes. So it is usable
/// or closed whenever an operation has completed. connect_timeout is kept, as in every face.
class connection {
 public:
  using executor_type = asio::any_io_executor;

  explicit connection(executor_type executor) : stepper_(std::make_shared<detail::stepper>(std::move(executor))) {}
  template <std::derived_from<asio::execution_context> Context>
  explicit connection(Context& context) : connection(executor_type(context.get_executor())) {}
  connection(connection&&) noexcept = default;
  connection& operator=(connection&& other) noexcept {
    if (this != &other) {
      abandon();
      stepper_ = std::move(other.stepper_);
    }
    return *this;
  }
  /// Says goodbye to the server and closes; what is under way completes with operational_error.
  ~connection() { abandon(); }

  executor_type get_executor() const { return shared()->executor(); }
  /// The connection below, for everything that does not wait: cursors, notifies, info(), register_type(), ...
  /// Until the next connect(). Throws interface_error if there was none.
  tusk::connection& native() const { return shared()->opened(); }
  /// Whether it is closed, or was never connected.
  bool closed() const noexcept { return !stepper_ || stepper_->closed(); }

  // ---- connecting, closing ----

  /// Connects, as tusk::connect() with `async`; again after it was closed. `Connection` may be a class of your own.
  template <std::derived_from<tusk::connection> Connection = tusk::connection,
            token_for<void> Token = asio::use_awaitable_t<>>
  auto connect(std::string_view dsn, connect_options options = {}, Token&& token = Token()) {
    options.async = true;
    return run<detail::connecting<Connection>>(token, std::string(dsn), std::move(options), std::optional<within>());
  }
  template <std::derived_from<tusk::connection> Connection = tusk::connection,
            token_for<void> Token = asio::use_awaitable_t<>>
  auto connect(within limit, std::string_view dsn, connect_options options = {}, Token&& token = Token()) {
    options.async = true;
    return run<detail::connecting<Connection>>(token, std::string(dsn), std::move(options),
                                               std::optional<within>(std::move(limit)));
  }
  template <token_for<void> Token>
  auto connect(std::string_view dsn, Token&& token) {
    return connect<tusk::connection, Token>(dsn, {}, std::forward<Token>(token));
  }

  /// Closes at once, and completes; what is under way completes with operational_error. Closing twice is fine.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto close(Token&& token = Token()) {
    return detail::wait_for<detail::closing>(shared(), token);
  }

  // ---- operations ----

  /// Runs a script, as tusk::connection::exec; gives a result for each of its statements.
  template <token_for<results> Token = asio::use_awaitable_t<>>
  auto exec(std::string_view script, Token&& token = Token()) {
    return run<detail::script>(token, std::string(script), std::optional<within>());
  }
  /// The same within a time, or until a std::stop_token is asked to stop: completes with query_canceled then, and the
  /// connection stays usable. See within.hpp; in a bound statement the limit is a part of that.
  template <token_for<results> Token = asio::use_awaitable_t<>>
  auto exec(within const& limit, std::string_view script, Token&& token = Token()) {
    return run<detail::script>(token, std::string(script), std::optional<within>(limit));
  }

  /// Runs one statement with its arguments, as tusk::connection::query.
  template <token_for<result> Token = asio::use_awaitable_t<>>
  auto query(bound statement, Token&& token = Token()) {
    return run<detail::one_statement>(token, std::move(statement));
  }
  /// The same; the arguments are serialised at the call, by adapters of this connection first.
  template <class... Args>
  asio::awaitable<result> query(std::string_view sql, Args const&... args) {
    return query(bind({}, sql, args...));
  }
  template <class... Args>
  asio::awaitable<result> query(within limit, std::string_view sql, Args const&... args) {
    return query(bind(std::move(limit), sql, args...));
  }

  /// Runs a statement on a cursor of native(), as tusk::cursor::execute; its rows are fetched from it afterwards.
  /// The cursor must live until then.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto execute(cursor& on, bound statement, Token&& token = Token()) {
    return run<detail::cursor_statement>(token, &on, std::move(statement));
  }
  template <class... Args>
  asio::awaitable<void> execute(cursor& on, std::string_view statement, Args const&... args) {
    return execute(on, bind({}, statement, args...));
  }
  template <class... Args>
  asio::awaitable<void> execute(within limit, cursor& on, std::string_view statement, Args const&... args) {
    return execute(on, bind(std::move(limit), statement, args...));
  }

  /// Completes when what was started on native(), or by one of its cursors, has ended: `cur.executemany(...);
  /// co_await conn.wait();`. To be called before the event loop goes on: what happens before is not told.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto wait(Token&& token = Token()) {
    return run<detail::started>(token);
  }

  // ---- beside an operation ----

  /// The next notification: one that has arrived, or the next that does. Several wait in turn.
  /// Completes with an error if the connection is lost or closed, and no notification is left; and with what a handler
  /// of native() throws while no operation is under way.
  template <token_for<notify> Token = asio::use_awaitable_t<>>
  auto next_notify(Token&& token = Token()) {
    return detail::wait_for<detail::next_notification>(shared(), token);
  }

  /// Cancels the operation under way, and completes when that has ended: with query_canceled, or as it ended before.
  /// Does nothing if there is none. Completes with operational_error if the server cannot be reached for it; the
  /// operation goes on then. See tusk::connection::cancel; the request is repeated until it was heard.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto cancel(Token&& token = Token()) {
    return detail::wait_for<detail::cancellation>(shared(), token);
  }

 private:
  /// An operation of an open connection, or one that opens it.
  template <class Kind, class Token, class... What>
  auto run(Token& token, What&&... what) {
    return detail::wait_for<detail::operation<Kind>>(shared(), token, std::forward<What>(what)...);
  }
  template <class... Args>
  bound bind(std::optional<within> limit, std::string_view sql, Args const&... args) const {
    auto* const on = shared()->native();
    return {std::string(sql), params::of(on == nullptr ? nullptr : &on->adapters(), args...), std::move(limit)};
  }
  std::shared_ptr<detail::stepper> const& shared() const {
    if (!stepper_) throw interface_error("this connection was moved to another object; use that one");
    return stepper_;
  }
  void abandon() noexcept {
    if (stepper_) stepper_->close("the connection was destroyed");
  }

  std::shared_ptr<detail::stepper> stepper_;  // every waiter has one of these
};

}  // namespace tusk::aio
