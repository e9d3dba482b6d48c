// A pool of connections for Asio: tusk::pool with completion tokens in place of waiting.
//
//   tusk::aio::pool pool(io, "dbname=shop", {.minimum = 2, .maximum = 20});
//   tusk::result r = co_await pool.query("SELECT name FROM item WHERE id = $1", 7);         // one statement
//   co_await pool.with([](tusk::aio::connection& conn) -> asio::awaitable<void> { ... });   // several; commits them
//   tusk::aio::lease conn = co_await pool.acquire(tusk::within(1s));                        // until its scope ends
//   pool.acquire([](std::exception_ptr e, tusk::aio::lease conn) { ... });                  // any token
//
//   acquire() ─► an idle connection ───────────────────────────► lease ─► its end: looked at ─► idle
//           ├──► room for one more: connects ──────────────────► lease               └► cleaned behind it ─► idle
//           └──► waits in the queue ─► one of these, or an error when the limit is over, it is cancelled, or closed
//
// The rules are those of tusk::pool, in one core (pool_core.hpp), and so are the options, hooks and statistics; what is
// done with a connection that comes back is in pooled_session.hpp. What differs: nothing here blocks, neither a lease's
// end nor the destructor.
//
// A connection is bound to the executor of whoever has it: so it is used by the rule of an aio::connection without the
// pool having strands of its own. Where that is the executor of whoever had it before, nothing is to be done for it;
// else the event loop watches the descriptor anew, which costs some system calls.
//
// The pool has no timer. One that waits while the pool is open would keep io_context::run() from ever returning, and
// Asio has no wait that does not; so upkeep is an operation like any other, run(), to be started and cancelled by
// whoever knows when the program ends. Without it connections that are old or idle for long are closed as others come
// back.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <tusk/aio/bind.hpp>
#include <tusk/aio/connection.hpp>
#include <tusk/aio/lease.hpp>
#include <tusk/aio/lending.hpp>
#include <tusk/aio/pool_operations.hpp>
#include <tusk/aio/pool_task.hpp>
#include <tusk/options.hpp>
#include <tusk/pool_options.hpp>
#include <tusk/within.hpp>
#include <type_traits>
#include <utility>

namespace tusk::aio {

namespace detail {

/// What a coroutine that is called with a connection gives.
template <class Work>
using given_by_work = typename std::invoke_result_t<Work&, connection&>::value_type;
template <class Work>
concept work = std::invocable<Work&, connection&> &&
    std::same_as<std::invoke_result_t<Work&, connection&>, asio::awaitable<given_by_work<Work>>>;

}  // namespace detail

/// See the top of this file, and tusk::pool for what the same functions do there.
///
/// What acquire() and its like complete with, when nobody gives a connection: query_canceled when the limit is over or
/// they were cancelled, with the numbers of the pool and why the last connect failed; operational_error when the queue
/// is full; interface_error when the pool is closed or destroyed, or this process is a forked child of the one that has
/// made it; programming_error in a hook of this pool. An error of connecting that comes again each time comes out at
/// once, to whoever has connected. No handler is called from within the function that began its operation.
///
/// Cancellation (asio::cancellation_type terminal, partial and total): whoever waits leaves the queue; who connects
/// gives that up; a statement is cancelled as on an aio::connection. Where a connection was given meanwhile, it is
/// handed over.
///
/// Threads: any thread may call any function. An operation runs on the associated executor of its handler, where that
/// is of the pool's execution context, else on the pool's; where several threads run the context that has to be a
/// strand, on which cancellation signals are emitted. A handler of another context is called there, and cancellation
/// signals are emitted there; a lease that it is given is to be used on the pool's. The pool does not move. The
/// execution context has to outlive it and its leases, or destroys their operations, which gives back what they hold.
class pool {
  // Their types are deduced, so they stand before those who call them.

  /// Without an operation of its own, where there is nothing to wait for. One that has ended: there is.
  static lease take_at_hand(std::shared_ptr<detail::lending> const& of, asio::any_io_executor const& executor,
                            std::optional<within> const& limit, std::source_location where) {
    if ((limit && limit->is_over()) || !of->is_usable()) return {};
    detail::lending::slot slot = 0;
    auto found = of->take_at_hand(slot, where);
    if (!found) return {};
    try {
      auto const* const before = found.get();
      found = detail::detached(std::move(found), executor);
      if (found.get() != before) of->connecting(slot, found);
    } catch (...) {
      of->discard(slot, std::move(found), discard_reason::broken);
      throw;
    }
    return lease(of, slot, std::move(found), where);
  }

  template <class Kind, class Token, class... What>
  auto begin(Token&& token, What&&... what) {
    return asio::async_initiate<Token, detail::signature_of<typename Kind::value_type>>(
        [](auto handler, std::shared_ptr<detail::lending> of, asio::any_io_executor const& pools, auto&&... with) {
          detail::pool_task::begin(detail::pool_task_for<Kind, decltype(handler)>::make(
              std::move(handler), std::move(of), pools, std::forward<decltype(with)>(with)...));
        },
        token, lending_, executor_, std::forward<What>(what)...);
  }

  template <class Token>
  auto acquire_within(std::optional<within> limit, Token&& token, std::source_location where) {
    return asio::async_initiate<Token, detail::signature_of<lease>>(
        [](auto handler, std::shared_ptr<detail::lending> of, asio::any_io_executor const& pools,
           std::optional<within> until, std::source_location asked_at) {
          using handler_type = decltype(handler);
          if (lease at_hand = take_at_hand(of, detail::executor_for(handler, pools), until, asked_at)) {
            auto const executor = asio::get_associated_executor(handler, pools);
            asio::post(executor,
                       detail::pool_completion<handler_type, lease>{std::move(handler), {}, std::move(at_hand)});
          } else {
            detail::pool_task::begin(detail::pool_task_for<detail::acquiring, handler_type>::make(
                std::move(handler), std::move(of), pools, std::move(until), asked_at));
          }
        },
        token, lending_, executor_, std::move(limit), where);
  }

 public:
  using executor_type = asio::any_io_executor;

  /// Connects nothing yet. Throws programming_error if the options make no sense. connect_options::async is set.
  pool(executor_type executor, std::string_view dsn, pool_options options = {}, connect_options how = {})
      : executor_(std::move(executor)),
        lending_(std::make_shared<detail::lending>(dsn, std::move(options), std::move(how))) {}
  template <std::derived_from<asio::execution_context> Context>
  pool(Context& context, std::string_view dsn, pool_options options = {}, connect_options how = {})
      : pool(executor_type(context.get_executor()), dsn, std::move(options), std::move(how)) {}
  pool(pool const&) = delete;
  pool& operator=(pool const&) = delete;
  /// Closes; does not wait. Who waits gets interface_error; a connection that is lent is closed when it comes back.
  ~pool() { lending_->close(); }

  executor_type get_executor() const { return executor_; }

  /// Lends a connection. Without a limit pool_options::acquire_limit counts, from when the operation begins.
  /// `where`: for the hooks.
  template <token_for<lease> Token = asio::use_awaitable_t<>>
  auto acquire(Token&& token = Token(), std::source_location where = std::source_location::current()) {
    return acquire_within({}, std::forward<Token>(token), where);
  }
  template <token_for<lease> Token = asio::use_awaitable_t<>>
  auto acquire(within const& limit, Token&& token = Token(),
               std::source_location where = std::source_location::current()) {
    return acquire_within(limit, std::forward<Token>(token), where);
  }

  /// Runs one statement, as connection::query, and has it stand. The limit of the statement covers acquiring, too.
  template <token_for<result> Token = asio::use_awaitable_t<>>
  auto query(bound statement, Token&& token = Token()) {
    return begin<detail::querying>(std::forward<Token>(token), std::move(statement));
  }
  /// The same; the arguments are serialised at the call.
  template <class... Args>
  asio::awaitable<result> query(std::string_view sql, Args const&... args) {
    return query(bound{std::string(sql), params::bound(binding(), args...), {}});
  }
  template <class... Args>
  asio::awaitable<result> query(within const& limit, std::string_view sql, Args const&... args) {
    return query(bound{std::string(sql), params::bound(binding(), args...), limit});
  }

  /// Calls a coroutine with a connection, commits what it did when it returns, and gives what it gave. When it throws,
  /// or is cancelled, that is undone behind, as at the end of every lease. A transaction begins with the first
  /// statement. Where the connection was closed or lost, throws why. A limit covers acquiring only. The coroutine's
  /// function object lives until it ends. For another token: asio::co_spawn(executor, pool.with(...), token). Throws
  /// programming_error where the coroutine that awaits it is not of the pool's execution context.
  template <detail::work Work>
  asio::awaitable<detail::given_by_work<Work>> with(Work work,
                                                    std::source_location where = std::source_location::current()) {
    return run(executor_, acquire(asio::use_awaitable, where), std::move(work));
  }
  template <detail::work Work>
  asio::awaitable<detail::given_by_work<Work>> with(within const& limit, Work work,
                                                    std::source_location where = std::source_location::current()) {
    return run(executor_, acquire(limit, asio::use_awaitable, where), std::move(work));
  }

  // ---- upkeep ----

  /// See tusk::pool::maintain; gives how many connections there are.
  template <token_for<std::size_t> Token = asio::use_awaitable_t<>>
  auto maintain(Token&& token = Token()) {
    return begin<detail::maintaining>(std::forward<Token>(token), detail::upkeep::until::done, by_default());
  }
  /// See tusk::pool::warm_up.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto warm_up(Token&& token = Token()) {
    return begin<detail::upkeep>(std::forward<Token>(token), detail::upkeep::until::warm, by_default());
  }
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto warm_up(within const& limit, Token&& token = Token()) {
    return begin<detail::upkeep>(std::forward<Token>(token), detail::upkeep::until::warm, std::optional<within>(limit));
  }
  /// maintain() whenever there is something to do. Completes when the pool is closed, or with query_canceled when it is
  /// cancelled; until then it keeps io_context::run() going: `asio::co_spawn(io, pool.run(), asio::detached)`.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto run(Token&& token = Token()) {
    return begin<detail::upkeep>(std::forward<Token>(token), detail::upkeep::until::closed, std::optional<within>());
  }

  /// No connection is lent from the beginning of this operation on: who waits gets interface_error, idle connections
  /// are closed, others when they come back. With a limit it waits for them; when that is over, or this is cancelled,
  /// those that are still lent are closed under way, where operations end with operational_error. Gives whether all had
  /// come back. A second time is fine.
  template <token_for<bool> Token = asio::use_awaitable_t<>>
  auto close(Token&& token = Token()) {
    return begin<detail::closing_pool>(std::forward<Token>(token), std::optional<within>());
  }
  template <token_for<bool> Token = asio::use_awaitable_t<>>
  auto close(within const& limit, Token&& token = Token()) {
    return begin<detail::closing_pool>(std::forward<Token>(token), std::optional<within>(limit));
  }
  bool closed() const { return lending_->closed(); }

  pool_statistics statistics() const { return lending_->statistics(); }

 private:
  /// Holds nothing of the pool, which may be destroyed meanwhile.
  template <class Work>
  static asio::awaitable<detail::given_by_work<Work>> run(executor_type pools, asio::awaitable<lease> acquired,
                                                          Work work) {
    using tusk::detail::pooled_session;
    if (!detail::have_one_context(co_await asio::this_coro::executor, pools))
      throw programming_error(
          "with() was awaited on another execution context than the pool's, and the connection would be used by two "
          "threads; co_spawn it on an executor of the pool's");
    lease on = co_await std::move(acquired);
    on.means_it();
    pooled_session::set_autocommit(on->native(), false);
    if constexpr (std::is_void_v<detail::given_by_work<Work>>) {
      co_await work(*on);
      co_await commit(*on);
    } else {
      auto given = co_await work(*on);
      co_await commit(*on);
      co_return given;
    }
  }
  static asio::awaitable<void> commit(connection& conn) {
    using tusk::detail::pooled_session;
    // One that was closed or lost, too: that says so, as nothing of it stands.
    if (!pooled_session::has_transaction(conn.native())) co_return;
    results const answer = co_await conn.exec("COMMIT");
    pooled_session::check_commit(conn.native(), answer.empty() ? "" : answer.back().command_tag());
  }

  std::optional<within> by_default() const { return within(lending_->options().acquire_limit); }
  types::binding binding() const { return {nullptr, lending_->how().format}; }

  executor_type const executor_;
  std::shared_ptr<detail::lending> const lending_;
};

}  // namespace tusk::aio
