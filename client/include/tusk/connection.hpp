// A connection: statements go in, results come out; and the calls with which a program steps it itself.
//
// All work is done by one engine that steps bytes. `poll()` is a step; a blocking call is "begin the operation, then
// step and wait until it has ended". What is asked with `query` is prepared at the server once and kept by its text.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tusk/copy.hpp>
#include <tusk/elements.hpp>
#include <tusk/execution.hpp>
#include <tusk/mapping.hpp>
#include <tusk/options.hpp>
#include <tusk/outcome.hpp>
#include <tusk/pending.hpp>
#include <tusk/pipeline.hpp>
#include <tusk/results.hpp>
#include <tusk/statement.hpp>
#include <tusk/stream.hpp>
#include <tusk/two_phase.hpp>
#include <tusk/typed_queries.hpp>
#include <tusk/types/merge.hpp>
#include <tusk/types/params.hpp>
#include <tusk/types/sql.hpp>
#include <tusk/types/wrappers.hpp>
#include <tusk/within.hpp>

namespace tusk {

namespace aio::detail {
class stepper;
}
namespace detail {
class connection_state;
class pooled_session;
struct opening;
void establish(connection& made);
template <class Derived, class Base>
concept proper_subclass = std::derived_from<Derived, Base> && !std::same_as<Derived, Base>;
}  // namespace detail

/// See the top of this file.
///
/// A connection moves; statements and results hold what they need. Different threads may use one blocking connection:
/// the second call waits for the first (with a wait callback it is a programming_error). With `async`, one thread
/// at a time may use it. Moving needs exclusion.
///
/// Operations throw: programming_error, integrity_error, ... as the server's SQLSTATE says, the connection stays usable
/// then; operational_error with is_fatal() when the connection is lost; interface_error "connection already closed".
///
/// After a fork the connection is the parent's: in the child every operation is an interface_error, close() and the
/// destructor close the child's descriptor and send nothing, and reconnect() makes a session of the child's own.
///
/// query_value, query_one, query_optional and query_rows are in typed_queries.hpp, COPY in copy.hpp, tpc_begin and its
/// like in two_phase.hpp.
///
/// To see or change what is run derive from it, with `using tusk::connection::connection;`, override do_execute and
/// did_execute, and connect with connect<your_class>(). A derived connection does not become a plain one by value.
class connection : public detail::copy_calls,
                   public detail::typed_queries<connection>,
                   public detail::two_phase_calls<connection> {
 public:
  /// For connect().
  explicit connection(detail::opening&& made);
  connection(connection&& other) noexcept;
  connection& operator=(connection&& other) noexcept;
  template <detail::proper_subclass<connection> Derived>
  connection(Derived&&) = delete;
  template <detail::proper_subclass<connection> Derived>
  connection& operator=(Derived&&) = delete;
  /// Says goodbye to the server and closes.
  virtual ~connection();

  // ---- statements ----

  /// Runs a script: one or more statements without parameters; gives a result for each.
  /// An error ends the script, and nothing of it stands (it is one transaction), unless it has BEGIN or COMMIT in it.
  results exec(std::string_view script) { return exec_script(nullptr, script); }
  /// The same within a limit, a time or a stop token, which throws query_canceled when it is over: see within.hpp.
  results exec(within const& limit, std::string_view script) { return exec_script(&limit, script); }

  /// Runs one statement with its arguments for $1, $2, ... bound at the server. The statement is prepared at the first
  /// call, in the same round trip, and kept. Arguments that can only be merged (as_is, in_list, std::tuple, named) are
  /// a programming_error, as is a COPY, which exec() runs; nothing is sent then.
  ///
  /// A kept statement that the server refuses to bind, which it may no longer know, or whose tables are others now, is
  /// prepared and run again by itself, once, unless the transaction had begun before: tools/docs/poolers.md.
  template <class... Args>
  result query(std::string_view sql, Args const&... args) {
    if constexpr (sizeof...(Args) == 0)
      return query_params(sql, params::none());
    else
      return query_params(sql, params::bound(binding(), args...));
  }
  template <class... Args>
  result query(within const& limit, std::string_view sql, Args const&... args) {
    return query_params(limit, sql, params::bound(binding(), args...));
  }

  /// The statement with its arguments as literals in place of %s or %(name)s: exactly what a cursor would send for
  /// them. See merge.hpp for the placeholders and what is thrown. Works on a closed connection, too.
  template <class... Args>
  std::string mogrify(std::string_view sql, Args const&... args) const {
    return merge(sql, params::of(&adapters(), args...));
  }
  template <class... Args>
  std::string mogrify(sql::composed const& statement, Args const&... args) const {
    return merge(statement, params::of(&adapters(), args...));
  }

  /// A round trip that asks for nothing: throws operational_error if the connection is lost.
  void ping(std::optional<within> const& limit = {});

  /// Prepares a statement, and asks the server for its parameters and columns: one round trip.
  statement prepare(std::string_view sql);
  statement prepare(within const& limit, std::string_view sql);

  /// Forgets the statements that are kept: each is prepared again when it is used next, a tusk::statement too. For a
  /// change that makes their parameters' types other ones, as when a column got another type. Sends nothing; the
  /// server's are closed with the next `query` or `prepare`. DEALLOCATE ALL and DISCARD ALL are noticed without it.
  /// Throws programming_error while an operation is under way, interface_error if closed.
  void forget_statements();

  // ---- many at once ----

  /// Runs a statement once for each element of a range (params, a tuple or pair of arguments, an aggregate without an
  /// adapter, whose members are the arguments, or the one argument): prepared once, sent without waiting, in one unit,
  /// so that all of them stand or, where statements commit by themselves, none. Gives how many rows all of them
  /// touched, as the server counts. Elements are asked for as they are sent, in this call: a range may make them. It
  /// may not operate on this connection.
  ///
  /// The parameters' types are those of the first element; one that needs others has the statement prepared again. An
  /// error names its element. A statement that gives rows is a programming_error; a pipeline runs such.
  template <std::ranges::input_range Elements>
  std::uint64_t executemany(std::string_view sql, Elements&& elements) {
    detail::elements_of<std::remove_reference_t<Elements>> from(elements, binding());
    return execute_elements(nullptr, sql, from);
  }
  template <std::ranges::input_range Elements>
  std::uint64_t executemany(within const& limit, std::string_view sql, Elements&& elements) {
    detail::elements_of<std::remove_reference_t<Elements>> from(elements, binding());
    return execute_elements(&limit, sql, from);
  }

  /// Statements that travel together and fail together: see pipeline.hpp. The limit is that of all of it.
  tusk::pipeline pipeline();
  tusk::pipeline pipeline(within const& limit);

  /// Runs one statement with its arguments, as query does, and gives its rows while it runs: see stream.hpp. Nothing of
  /// what the statement fails with comes out here, but out of the walk.
  template <class... T, class... Args>
  tusk::stream<T...> stream(std::string_view sql, Args const&... args) {
    return stream<T...>(stream_options(), sql, args...);
  }
  template <class... T, class... Args>
  tusk::stream<T...> stream(within const& limit, std::string_view sql, Args const&... args) {
    return stream<T...>(stream_options{.limit = limit}, sql, args...);
  }
  template <class... T, class... Args>
  tusk::stream<T...> stream(stream_options const& how, std::string_view sql, Args const&... args) {
    return tusk::stream<T...>(stream_params(how, true, sql, detail::bound_for_rows<T...>(binding(), args...), nullptr));
  }

  // ---- cursors ----

  /// A cursor, by default a plain one; arguments are passed on to its constructor: `conn.cursor<logging_cursor>(log)`.
  tusk::cursor cursor();
  template <class Cursor, class... Args>
  Cursor cursor(Args&&... args) {
    return Cursor(*this, std::forward<Args>(args)...);
  }
  /// A cursor at the server, see server_cursor.hpp: `auto big = conn.cursor({.name = "big"})`.
  server_cursor cursor(server_cursor_options const& options);
  /// Sets what make_cursor() calls; an empty function: it gives plain cursors again.
  void cursor_factory(std::function<std::unique_ptr<tusk::cursor>(connection&)> make);
  /// A cursor of a class that is chosen at run time. Throws what the factory throws.
  std::unique_ptr<tusk::cursor> make_cursor();

  // ---- transactions ----

  /// Makes what was done since the first statement stand; without a transaction it does nothing. Throws internal_error
  /// (25P02) if a statement had failed: it is rolled back then, as the server does; operational_error, and the
  /// connection is closed, if the server answers anything else than that it has committed. For all of these:
  /// programming_error while a guard is open (see transaction.hpp), and on an asynchronous connection, whose statements
  /// commit by themselves.
  void commit(std::optional<within> const& limit = {});
  /// Undoes it. Of this, of reset() and of ping() a limit that is over closes the connection, with operational_error:
  /// there is no statement to cancel.
  void rollback(std::optional<within> const& limit = {});
  /// How transactions begin. Setting it inside one is a programming_error.
  tusk::session_mode session_mode() const;
  void set_session(tusk::session_mode const& mode);
  void set_isolation_level(isolation_level level);
  void set_autocommit(bool on);

  /// Makes the session as it was in the beginning: rolls back, gives all settings the values that they had at connect
  /// (RESET ALL), the user too (SET SESSION AUTHORIZATION DEFAULT), and transactions begin as connect_options said. One
  /// round trip. Statements that are kept are forgotten, see forget_statements(). What is not a setting stays: LISTEN,
  /// the notifications that wait, handlers, temporary tables, locks of the session. The session hook is not called.
  void reset(std::optional<within> const& limit = {});

  // ---- types ----

  /// Reads from the catalogue which types the database has: domains are then read as the type below them, enums as
  /// text, composite types as record, and so are arrays of these. An argument of such a type (enum_adapter, composite,
  /// a value that was read) is then bound with its OID, and merged with its schema. One query; again after types were
  /// made or dropped. Where the session's extra_float_digits rounds floating point, a warning is among the notices.
  /// Results that are there already stay as they are.
  void load_types(std::optional<within> const& limit = {});
  // ---- stepping: for event loops, and for every connection with `async` ----

  /// One step: sends what is to be sent, takes what has come, and says what to wait for. Never waits. On an idle
  /// connection it gathers notifications. Throws what the operation under way has to throw.
  poll_status poll();
  /// Starts what the call without start_ does, and returns at once; several may be under way: see pending.hpp. They end
  /// as poll() steps; on a blocking connection also while calls wait that begin later, which queue behind them.
  ///
  /// A statement is sent as soon as nothing keeps it back: a script, or a statement that may begin or end a transaction
  /// of ours, has to end before what is behind it is sent. So a BEGIN in a text that fails lets what is behind it stand
  /// by itself, where statements commit by themselves; pipeline() makes units that fail together.
  ///
  /// On a blocking connection these send, and take answers, until little is left to be sent. On an asynchronous one
  /// they throw programming_error where limits.queued bytes wait already; what finds nothing waiting is always taken.
  /// Also programming_error: in a handler, while a stream is open, between a pipeline's first request and its sync().
  pending<results> start_exec(std::string_view script) { return start_script(nullptr, script); }
  template <class... Args>
  pending<result> start_query(std::string_view sql, Args const&... args) {
    return start_query_params(nullptr, sql, params::bound(binding(), args...));
  }
  pending<results> start_exec(within const& limit, std::string_view script) { return start_script(&limit, script); }
  template <class... Args>
  pending<result> start_query(within const& limit, std::string_view sql, Args const&... args) {
    return start_query_params(&limit, sql, params::bound(binding(), args...));
  }
  template <std::ranges::input_range Elements>
  pending<std::uint64_t> start_executemany(std::string_view sql, Elements&& elements) {
    detail::elements_of<std::remove_reference_t<Elements>> from(elements, binding());
    return start_elements(nullptr, sql, from);
  }
  template <std::ranges::input_range Elements>
  pending<std::uint64_t> start_executemany(within const& limit, std::string_view sql, Elements&& elements) {
    detail::elements_of<std::remove_reference_t<Elements>> from(elements, binding());
    return start_elements(&limit, sql, from);
  }
  template <class... T, class... Args>
  tusk::stream<T...> start_stream(std::string_view sql, Args const&... args) {
    return start_stream<T...>(stream_options(), sql, args...);
  }
  template <class... T, class... Args>
  tusk::stream<T...> start_stream(within const& limit, std::string_view sql, Args const&... args) {
    return start_stream<T...>(stream_options{.limit = limit}, sql, args...);
  }
  template <class... T, class... Args>
  tusk::stream<T...> start_stream(stream_options const& how, std::string_view sql, Args const&... args) {
    return tusk::stream<T...>(
        stream_params(how, false, sql, detail::bound_for_rows<T...>(binding(), args...), nullptr));
  }
  pending<statement> start_prepare(std::string_view sql);
  pending<statement> start_prepare(within const& limit, std::string_view sql);
  pending<void> start_ping(std::optional<within> const& limit = {});
  pending<void> start_load_types(std::optional<within> const& limit = {});
  pending<void> start_reset(std::optional<within> const& limit = {});
  pending<void> start_listen(std::string_view channel);
  pending<void> start_unlisten(std::string_view channel);
  pending<void> start_notify(std::string_view channel, std::string_view payload = {});
  pending<void> start_listen(within const& limit, std::string_view channel);
  pending<void> start_unlisten(within const& limit, std::string_view channel);
  pending<void> start_notify(within const& limit, std::string_view channel, std::string_view payload = {});
  /// The results of the operation that has ended last, of those that were started and whose handle was dropped; once.
  /// Throws programming_error while one is under way.
  results take_results();
  // ---- cancelling, beginning anew ----

  /// Asks the server to cancel the operation under way, which then fails with query_canceled, unless it ends before
  /// that; does nothing if none is. The request goes over a connection of its own to the same address, with the same
  /// TLS settings, and is given up after `within`. No statement that begins later is hit.
  ///
  /// A blocking connection is cancelled from another thread; this waits until the server has taken the request. It does
  /// nothing if it overtakes the statement on its way to the server, or if that catches it: ask again then. With
  /// `async` it only begins: poll() steps it, and repeats it until the operation has ended. An answer that comes
  /// meanwhile is handed over.
  ///
  /// Throws operational_error if the request cannot be sent: out of poll() of an asynchronous connection, unless the
  /// server gave no key to cancel with, or there is no descriptor, which this call finds out itself. The
  /// operation goes on, and no other request is made. If the server does not confirm what was sent, the connection is
  /// closed when the operation has ended, as the request could hit a later one.
  void cancel(std::chrono::milliseconds within = std::chrono::seconds(10));

  /// Closes, and connects again with the same settings; with `async` poll() does it. Statements that were prepared are
  /// prepared again when they are used next, a tusk::statement too. The queue of notifications stays, LISTEN does not.
  /// Needs exclusion, as moving does. Throws as connect().
  void reconnect(std::optional<within> const& limit = {});

  // ---- notifications ----

  /// Asks for a channel's notifications, from now on; inside a transaction: from its commit on. It begins none by
  /// itself. The channel's name is quoted, so it is as given: `listen("Orders")` is LISTEN "Orders". For all of these:
  /// a name that is empty, has a NUL byte or is longer than 63 bytes is a programming_error, and nothing is sent.
  void listen(std::string_view channel);
  void listen(within const& limit, std::string_view channel);
  /// Asks no more for them. What has come already stays.
  void unlisten(std::string_view channel);
  void unlisten(within const& limit, std::string_view channel);
  /// Notifies all sessions that listen, when the transaction commits: a statement like any other. A payload of 8000
  /// bytes or more is refused by the server, with data_error (22023).
  void notify(std::string_view channel, std::string_view payload = {});
  void notify(within const& limit, std::string_view channel, std::string_view payload = {});

  /// The next notification: one that has arrived, or the first that does; empty when the time is over. Waits as
  /// wait_readable() does, and throws the same, and what poll() throws. For blocking connections.
  std::optional<tusk::notify> next_notify(within const& limit);

  /// Notifications that have arrived, but for those that a handler took. Every operation and every poll() gathers them.
  notification_queue notifies;

  /// Says goodbye and closes; an operation under way ends with operational_error, on a blocking connection also that of
  /// another thread, for which this does not wait. Closing twice is fine.
  void close() noexcept;

 protected:
  /// Sends what exec, query or a prepared statement's query asks for, waits for its end and gives the results; of what
  /// is only started it gives none. Statements of cursors pass through the cursor's do_execute instead.
  virtual results do_execute(execution const& what);
  /// Told of every end, also one that comes later in poll(), before the error comes out or the call returns. An error
  /// that it throws comes out instead. Does nothing here.
  virtual void did_execute(outcome const& ended);

 private:
  friend class tusk::cursor;
  friend class aio::connection;
  friend class aio::detail::stepper;
  friend class detail::pooled_session;
  friend class statement;
  friend class large_object;
  friend class transaction;
  friend class tusk::pipeline;
  friend void detail::establish(connection& made);
  void begin_session();
  poll_status step_session_hook(detail::connection_state& on);
  friend bool wait_readable(connection& conn, within const& limit);
  friend void wait_select(connection& conn);
  results run_watched(execution const& what);
  /// How many operations have ended; whether the last of them is not to be told yet; what broke the connection.
  std::uint64_t ended_operations() const noexcept;
  bool holds_completion() const noexcept;
  std::exception_ptr broken_by() const noexcept;
  void close(std::exception_ptr why) noexcept;
  poll_status poll_and_tell();

  results exec_script(within const* limit, std::string_view script);
  detail::pending_operation start_script(within const* limit, std::string_view script);
  friend class detail::typed_queries<connection>;
  friend class detail::two_phase_calls<connection>;
  result query_params(std::string_view sql, params const& args);
  result query_params(within const& limit, std::string_view sql, params const& args);
  detail::pending_operation start_query_params(within const* limit, std::string_view sql, params const& args);
  detail::pending_operation start_watched(execution const& what);
  std::uint64_t execute_elements(within const* limit, std::string_view sql, detail::element_source& from);
  detail::pending_operation start_elements(within const* limit, std::string_view sql, detail::element_source& from);
  detail::row_stream stream_params(stream_options const& how, bool waits, std::string_view sql, params const& args,
                                   std::shared_ptr<detail::prepared_statement> const* prepared);
  template <class T, class Function>
  friend void register_adapter(Function adapt, connection& conn);
  friend void register_type(typecaster const& caster, connection& conn);

  std::function<std::unique_ptr<tusk::cursor>(connection&)> cursor_factory_;
};

}  // namespace tusk

// What needs the class above, and belongs to it.
#include <tusk/connect.hpp>
#include <tusk/ping.hpp>
#include <tusk/registration.hpp>
