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
#include <ranges>
#include <string>
#include <string_view>
#include <tusk/aio/bind.hpp>
#include <tusk/aio/copy.hpp>
#include <tusk/aio/stepper.hpp>
#include <tusk/aio/tasks.hpp>
#include <tusk/aio/waiter.hpp>
#include <tusk/connection.hpp>
#include <tusk/cursor.hpp>
#include <tusk/elements.hpp>
#include <tusk/statement.hpp>
#include <tusk/stream.hpp>
#include <tusk/within.hpp>
#include <utility>
#include <vector>

namespace tusk::aio {

class lease;

/// A completion token for handlers that are called with (std::exception_ptr, Value), or with the first alone for void.
/// The pointer is null, or holds what the blocking call would throw.
template <class Token, class Value>
concept token_for = asio::completion_token_for<Token, detail::signature_of<Value>>;

/// Rows that come while their statement runs, see tusk::stream; made by connection::start_stream. It moves, but not
/// while a next_chunk() of it is under way; that has to end before the stream does.
class stream {
 public:
  explicit stream(std::shared_ptr<detail::stepper> on, tusk::stream<>&& from) noexcept
      : stepper_(std::move(on)), from_(std::move(from).take_source()) {}

  /// The rows that have come, or the first that do; empty at the end. Completes with the statement's error. One at a
  /// time. Cancelling it cancels the statement.
  template <token_for<std::optional<result>> Token = asio::use_awaitable_t<>>
  auto next_chunk(Token&& token = Token()) {
    return detail::wait_for<detail::next_chunk>(stepper_, std::forward<Token>(token), &from_);
  }

 private:
  std::shared_ptr<detail::stepper> stepper_;
  tusk::detail::row_stream from_;
};

/// See the top of this file.
///
/// Operations begun on one connection queue up: they are sent without waiting for each other, each a unit of its own,
/// and complete in their order. `co_await (conn.query(a) && conn.query(b))` sends both at once; if a fails, b may have
/// run: for all or nothing use a pipeline (native().pipeline(), and wait() behind its sync()). connect(), execute() of
/// a cursor and wait() are begun one at a time. What waits to be sent is bounded, see tusk::connection::start_query.
/// next_notify() and cancel() are no operations. No handler is called from within the function that began its
/// operation.
///
/// Threads: as an Asio object, it is used by one thread at a time. Its own work runs on its executor, handlers on
/// theirs; where several threads run an io_context, the executor has to be a strand, on which the functions are called
/// and cancellation signals are emitted.
///
/// Cancellation (asio::cancellation_type terminal, partial and total): an operation that was not sent yet completes at
/// once with query_canceled; one that was is cancelled at the server as soon as it is in front, and completes when that
/// has answered: with query_canceled, or as it ended before; the connection can be used then. If it does not end within
/// five seconds, as where the server cannot be reached for it, the connection is closed. Connecting that is cancelled
/// closes. So it is usable or closed whenever an operation has completed. connect_timeout is kept, as in every face.
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
    return run_alone<detail::connecting<Connection>>(std::forward<Token>(token), std::string(dsn), std::move(options),
                                                     std::optional<within>());
  }
  template <std::derived_from<tusk::connection> Connection = tusk::connection,
            token_for<void> Token = asio::use_awaitable_t<>>
  auto connect(within limit, std::string_view dsn, connect_options options = {}, Token&& token = Token()) {
    options.async = true;
    return run_alone<detail::connecting<Connection>>(std::forward<Token>(token), std::string(dsn), std::move(options),
                                                     std::optional<within>(std::move(limit)));
  }
  template <token_for<void> Token>
  auto connect(std::string_view dsn, Token&& token) {
    return connect<tusk::connection, Token>(dsn, {}, std::forward<Token>(token));
  }

  /// Closes at once, and completes; what is under way completes with operational_error. Closing twice is fine.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto close(Token&& token = Token()) {
    return detail::wait_for<detail::closing>(shared(), std::forward<Token>(token));
  }

  // ---- operations ----

  /// Runs a script, as tusk::connection::exec; gives a result for each of its statements.
  template <token_for<results> Token = asio::use_awaitable_t<>>
  auto exec(std::string_view script, Token&& token = Token()) {
    return run<detail::script>(std::forward<Token>(token), std::string(script), std::optional<within>());
  }
  /// The same within a time, or until a std::stop_token is asked to stop: completes with query_canceled then, and the
  /// connection stays usable. See within.hpp; in a bound statement the limit is a part of that.
  template <token_for<results> Token = asio::use_awaitable_t<>>
  auto exec(within const& limit, std::string_view script, Token&& token = Token()) {
    return run<detail::script>(std::forward<Token>(token), std::string(script), std::optional<within>(limit));
  }

  /// Runs one statement with its arguments, as tusk::connection::query.
  template <token_for<result> Token = asio::use_awaitable_t<>>
  auto query(bound statement, Token&& token = Token()) {
    return run<detail::one_statement>(std::forward<Token>(token), std::move(statement));
  }
  /// What bind() makes, in the form that this connection sends, and by its adapters first: for other tokens.
  ///
  ///     conn.query(conn.bind("SELECT $1", 0.5), [](std::exception_ptr e, tusk::result r) { ... });
  template <class... Args>
  bound bind(std::string_view sql, Args const&... args) const {
    return {std::string(sql), params::bound(binding(), args...), {}};
  }
  template <class... Args>
  bound bind(within limit, std::string_view sql, Args const&... args) const {
    return {std::string(sql), params::bound(binding(), args...), std::move(limit)};
  }
  /// The same; the arguments are serialised at the call, by adapters of this connection first.
  template <class... Args>
  asio::awaitable<result> query(std::string_view sql, Args const&... args) {
    return query(bind(sql, args...));
  }
  template <class... Args>
  asio::awaitable<result> query(within limit, std::string_view sql, Args const&... args) {
    return query(bind(std::move(limit), sql, args...));
  }

  /// Prepares a statement, as tusk::connection::prepare.
  template <token_for<statement> Token = asio::use_awaitable_t<>>
  auto prepare(std::string_view sql, Token&& token = Token()) {
    return run<detail::preparation>(std::forward<Token>(token), std::string(sql), std::optional<within>());
  }
  template <token_for<statement> Token = asio::use_awaitable_t<>>
  auto prepare(within const& limit, std::string_view sql, Token&& token = Token()) {
    return run<detail::preparation>(std::forward<Token>(token), std::string(sql), std::optional<within>(limit));
  }
  /// Runs a prepared statement of this connection, which has to live until the operation has begun. The arguments are
  /// serialised at the call.
  template <class... Args>
  asio::awaitable<result> query(statement& prepared, Args const&... args) {
    return run_prepared(asio::use_awaitable_t<>(), prepared, as_text({}, {}, args...));
  }
  template <class... Args>
  asio::awaitable<result> query(within const& limit, statement& prepared, Args const&... args) {
    return run_prepared(asio::use_awaitable_t<>(), prepared, as_text(limit, {}, args...));
  }
  /// The same with arguments of bind(), whose text is not looked at, and any token.
  template <token_for<result> Token>
  auto query(statement& prepared, bound arguments, Token&& token) {
    return run_prepared(std::forward<Token>(token), prepared, std::move(arguments));
  }

  /// Runs a statement once for each element of a range, as tusk::connection::executemany. The elements are gathered at
  /// the call.
  template <std::ranges::input_range Elements, token_for<std::uint64_t> Token = asio::use_awaitable_t<>>
  auto executemany(std::string_view sql, Elements&& elements, Token&& token = Token()) {
    return run<detail::many>(std::forward<Token>(token), std::string(sql), gathered(elements), std::optional<within>());
  }
  template <std::ranges::input_range Elements, token_for<std::uint64_t> Token = asio::use_awaitable_t<>>
  auto executemany(within const& limit, std::string_view sql, Elements&& elements, Token&& token = Token()) {
    return run<detail::many>(std::forward<Token>(token), std::string(sql), gathered(elements),
                             std::optional<within>(limit));
  }

  /// Runs one statement and gives its rows while it runs: `while (auto chunk = co_await rows.next_chunk())`. See
  /// tusk::stream. Throws what tusk::connection::start_stream throws.
  template <class... Args>
  stream start_stream(std::string_view sql, Args const&... args) {
    return stream(shared(), native().start_stream(sql, args...));
  }
  template <class... Args>
  stream start_stream(stream_options const& how, std::string_view sql, Args const&... args) {
    return stream(shared(), native().start_stream(how, sql, args...));
  }

  /// Begins a COPY FROM STDIN or TO STDOUT, see copy.hpp. Throws what tusk::connection's functions throw.
  aio::copy_in start_copy_in(std::string_view sql, copy_options const& how = {}) {
    return {shared(), native().start_copy_in(sql, how)};
  }
  aio::copy_out start_copy_out(std::string_view sql, copy_options const& how = {}) {
    return {shared(), native().start_copy_out(sql, how)};
  }

  /// Runs a statement on a cursor of native(), as tusk::cursor::execute; its rows are fetched from it afterwards.
  /// The cursor must live until then.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto execute(cursor& on, bound statement, Token&& token = Token()) {
    return run_alone<detail::cursor_statement>(std::forward<Token>(token), &on, std::move(statement));
  }
  template <class... Args>
  asio::awaitable<void> execute(cursor& on, std::string_view statement, Args const&... args) {
    return execute(on, as_text({}, statement, args...));
  }
  template <class... Args>
  asio::awaitable<void> execute(within limit, cursor& on, std::string_view statement, Args const&... args) {
    return execute(on, as_text(std::move(limit), statement, args...));
  }

  /// Completes when what was started on native(), or by one of its cursors, has ended: `cur.executemany(...);
  /// co_await conn.wait();`. To be called before the event loop goes on: what happens before is not told.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto wait(Token&& token = Token()) {
    return run_alone<detail::started>(std::forward<Token>(token));
  }

  // ---- beside an operation ----

  /// The next notification: one that has arrived, or the next that does. Several wait in turn.
  /// Completes with an error if the connection is lost or closed, and no notification is left; and with what a handler
  /// of native() throws while no operation is under way.
  template <token_for<notify> Token = asio::use_awaitable_t<>>
  auto next_notify(Token&& token = Token()) {
    return detail::wait_for<detail::next_notification>(shared(), std::forward<Token>(token));
  }

  /// Cancels the operation under way, and completes when that has ended: with query_canceled, or as it ended before.
  /// Does nothing if there is none. A stream or COPY that is open, and not waited for now, tells of that itself: this
  /// completes at once then. Completes with operational_error if the server cannot be reached for it; the
  /// operation goes on then. See tusk::connection::cancel; the request is repeated until it was heard.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto cancel(Token&& token = Token()) {
    return detail::wait_for<detail::cancellation>(shared(), std::forward<Token>(token));
  }

 private:
  friend class lease;
  /// One that is lent.
  explicit connection(std::shared_ptr<detail::stepper> on) noexcept : stepper_(std::move(on)) {}
  /// One that opens the connection, or has no handle.
  template <class Kind, class Token, class... What>
  auto run_alone(Token&& token, What&&... what) {
    return detail::wait_for<detail::lone_operation<Kind>>(shared(), std::forward<Token>(token),
                                                          std::forward<What>(what)...);
  }
  template <class Kind, class Token, class... What>
  auto run(Token&& token, What&&... what) {
    return detail::wait_for<detail::operation<Kind>>(shared(), std::forward<Token>(token), std::forward<What>(what)...);
  }
  template <class Token>
  auto run_prepared(Token&& token, statement& prepared, bound&& with) {
    return run<detail::known_statement>(std::forward<Token>(token), &prepared, std::move(with.args),
                                        std::move(with.limit));
  }
  template <class Elements>
  std::vector<params> gathered(Elements& elements) const {
    tusk::detail::elements_of<Elements> from(elements, binding());
    std::vector<params> all;
    while (auto const* const each = from.next()) all.push_back(*each);
    return all;
  }
  /// To be merged, or bound to the parameters of a prepared statement, which may be of other types.
  template <class... Args>
  bound as_text(std::optional<within> limit, std::string_view sql, Args const&... args) const {
    return {std::string(sql), params::of(binding().registry, args...), std::move(limit)};
  }
  types::binding binding() const {
    auto* const on = shared()->native();
    return on == nullptr ? types::binding{nullptr, format::text} : on->binding();
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
