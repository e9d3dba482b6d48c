// A pool of connections, for any thread.
//
//   tusk::pool pool("dbname=shop", {.minimum = 2, .maximum = 20});
//   tusk::result r = pool.query("SELECT name FROM item WHERE id = $1", 7);   // one statement
//   pool.with([&](tusk::connection& conn) { ... });                          // several; commits them
//   tusk::lease conn = pool.acquire(tusk::within(1s));                       // until its scope ends
//   conn->query("UPDATE item SET stock = stock - 1 WHERE id = $1", 7);
//   conn->commit();
//
//   acquire() ─► an idle connection ─────────────────────────────────────► lease ─► its end: looked at, cleaned ─► idle
//           ├──► room for one more: this thread connects ────────────────► lease
//           └──► waits in the queue for one that comes back, or for room ► lease, or an error when the limit is over
//
// The pool has no thread: connections are made and closed by the threads that call it. What should happen while nobody
// does (the minimum, those that are idle or old) is done by maintain(), or by run() on a thread of yours. The rules are
// in pool_core.hpp, what is done with a connection that comes back in pooled_session.hpp.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <stop_token>
#include <string_view>
#include <tusk/connection.hpp>
#include <tusk/options.hpp>
#include <tusk/pool_options.hpp>
#include <tusk/pooled_session.hpp>
#include <tusk/result.hpp>
#include <tusk/within.hpp>
#include <type_traits>
#include <utility>

namespace tusk {

namespace detail {
class lending;
}

/// A connection that a pool has lent. It moves; one thread at a time.
///
/// What its end finds is undone: an operation under way is cancelled, a transaction that is open is rolled back, LISTEN
/// is ended, settings are put back as pool_options::reset_on_return says; connect_options::session_hook is called again
/// where that has taken what it had set up. Temporary tables, locks of the session, what PREPARE in SQL made, cursors
/// WITH HOLD, adapters and typecasters are left. What the connection has given out (statements, cursors, guards,
/// streams, pipelines) is to end before the lease does. If any of it is left, or handlers were set, the connection is
/// closed: what uses it then throws interface_error, and is never another's session.
///
/// A lease may outlive its pool: its connection is closed at the end then.
class lease {
 public:
  lease(lease&& other) noexcept
      : from_(std::move(other.from_)),
        slot_(other.slot_),
        where_(other.where_),
        is_meant_(other.is_meant_),
        connection_(std::move(other.connection_)) {
    detail::pooled_session::disown(other.connection_);
  }
  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      release();
      from_ = std::move(other.from_);
      slot_ = other.slot_;
      where_ = other.where_;
      is_meant_ = other.is_meant_;
      connection_ = std::move(other.connection_);
      detail::pooled_session::disown(other.connection_);
    }
    return *this;
  }
  ~lease() { release(); }

  /// The connection, until the lease has ended. A reference to it is good as long as the lease is neither moved nor
  /// ended. Throws interface_error then.
  connection& operator*() {
    if (!from_) [[unlikely]]
      throw_ended();
    return connection_;
  }
  connection* operator->() { return &**this; }
  /// Whether it has not ended.
  explicit operator bool() const noexcept { return from_ != nullptr; }

  /// Gives the connection back now; a second time does nothing. May wait as long as pool_options::return_limit says,
  /// where there is something to clean.
  void release() noexcept;
  /// Closes the connection instead: for one whose session has something that cleaning would leave.
  void discard() noexcept;

 private:
  friend class detail::lending;
  friend class pool;
  lease(std::shared_ptr<detail::lending> from, std::uint32_t slot, connection&& lent,
        std::source_location where) noexcept
      : from_(std::move(from)), slot_(slot), where_(where), connection_(std::move(lent)) {}
  [[noreturn]] static void throw_ended();

  std::shared_ptr<detail::lending> from_;  // null: it has ended
  std::uint32_t slot_;
  std::source_location where_;
  bool is_meant_ = false;  // that a transaction is open at the end
  connection connection_;
};

/// See the top of this file. Any thread may call any function of it. It does not move.
///
/// acquire() and what calls it throw, when nobody gives a connection: query_canceled when the limit is over, with the
/// numbers of the pool and why the last connect failed; operational_error when the queue is full; interface_error when
/// the pool is closed, or this process is a forked child of the one that has made it; programming_error in a hook of
/// this pool. An error of connecting that comes again each time (a wrong password or connection string) comes out at
/// once, to whoever has connected; after others connecting is tried again, until the limit is over.
///
/// A limit covers waiting, connecting and checking, and is to be longer than a connect takes: what a connect has
/// done until then is lost. With a wait callback (see wait.hpp) acquire() still blocks the thread.
///
/// A thread that holds one connection and waits for another may wait for a thread that does the same. Nobody waits for
/// ever, as acquire() has a limit of its own; better hold one at a time.
class pool {
 public:
  /// Connects nothing yet. `dsn` and `how`: as for tusk::connect(); where `how` names no store for SCRAM keys, the
  /// pool's connections share one. Throws programming_error if the options make no sense.
  explicit pool(std::string_view dsn, pool_options options = {}, connect_options how = {});
  pool(pool const&) = delete;
  pool& operator=(pool const&) = delete;
  /// close(); does not wait.
  ~pool();

  /// Lends a connection. Without a limit pool_options::acquire_limit counts. `where`: for the hooks.
  lease acquire(std::source_location where = std::source_location::current());
  lease acquire(within const& limit, std::source_location where = std::source_location::current());

  /// Calls `work` with a connection, commits what it did if it returns, and undoes that if it throws, whatever the
  /// connection's autocommit is. Gives what `work` gives. Where the connection was closed or lost in it, throws why. A
  /// limit covers acquiring only.
  template <std::invocable<connection&> Work>
  std::invoke_result_t<Work, connection&> with(Work&& work,
                                               std::source_location where = std::source_location::current()) {
    return run(acquire(where), std::forward<Work>(work));
  }
  template <std::invocable<connection&> Work>
  std::invoke_result_t<Work, connection&> with(within const& limit, Work&& work,
                                               std::source_location where = std::source_location::current()) {
    return run(acquire(limit, where), std::forward<Work>(work));
  }

  /// Runs one statement, as connection::query, and has it stand. The limit covers acquiring and the statement.
  template <class... Args>
  result query(std::string_view sql, Args const&... args) {
    lease on = acquire(std::source_location{});  // the hooks are told no place rather than this one
    return single(on, [&](connection& conn) { return conn.query(sql, args...); });
  }
  template <class... Args>
  result query(within const& limit, std::string_view sql, Args const&... args) {
    lease on = acquire(limit, std::source_location{});
    return single(on, [&](connection& conn) { return conn.query(limit, sql, args...); });
  }

  // ---- upkeep ----

  /// Closes connections that are idle for long or old, and makes those that the minimum lacks, on this thread. Gives
  /// how many there are. What keeps one from being made is told to on_event, and tried again at a later call.
  std::size_t maintain(std::optional<within> const& limit = {});
  /// Makes the minimum, trying as long as the limit says (without one: pool_options::acquire_limit). Throws
  /// query_canceled with the reason of the last failure when it is over; and what comes again each time, at once.
  void warm_up(std::optional<within> const& limit = {});
  /// maintain() whenever there is something to do, until the token is asked to stop or the pool is closed:
  /// `std::jthread keeper([&](std::stop_token stop) { pool.run(stop); });`
  void run(std::stop_token const& stop);

  /// No connection is lent from here on: who waits gets interface_error at once, idle connections are closed, others
  /// when they come back. With a limit it waits for them; those that are still lent when it is over are closed under
  /// way, where operations end with operational_error. Whether all had come back. A second time is fine.
  bool close(std::optional<within> const& limit = {});
  bool closed() const;

  pool_statistics statistics() const;

 private:
  template <class Work>
  static std::invoke_result_t<Work, connection&> run(lease on, Work&& work) {
    on.is_meant_ = true;
    struct transactional {
      connection& of;
      bool before;
      ~transactional() { detail::pooled_session::set_autocommit(of, before); }
    } const guard{*on, detail::pooled_session::set_autocommit(*on, false)};
    if constexpr (std::is_void_v<std::invoke_result_t<Work, connection&>>) {
      std::invoke(std::forward<Work>(work), *on);
      commit(*on);
    } else {
      decltype(auto) given = std::invoke(std::forward<Work>(work), *on);
      commit(*on);
      return static_cast<std::invoke_result_t<Work, connection&>>(std::forward<decltype(given)>(given));
    }
  }
  static void commit(connection& conn) {
    // One that was closed or lost, too: commit() says so, as nothing of it stands.
    if (conn.transaction_status() != transaction_status::idle) conn.commit();
  }
  template <class Work>
  static result single(lease& on, Work const& work) {
    on.is_meant_ = true;
    connection& conn = *on;
    struct ending {
      connection& of;
      bool alone;
      ~ending() {
        if (alone) detail::pooled_session::set_autocommit(of, false);
      }
    } const guard{conn, detail::pooled_session::begin_single(conn)};
    result given = work(conn);
    commit(conn);
    return given;
  }

  std::shared_ptr<detail::lending> lending_;
};

}  // namespace tusk
