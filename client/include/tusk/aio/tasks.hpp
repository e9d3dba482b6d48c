// What the functions of the Asio face do: the tasks that waiter.hpp waits for. They do not know who is told of their
// end: so each is compiled once, not once for each kind of handler.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tusk/aio/bind.hpp>
#include <tusk/aio/stepper.hpp>
#include <tusk/connection.hpp>
#include <tusk/copy.hpp>
#include <tusk/cursor.hpp>
#include <tusk/notify.hpp>
#include <tusk/pending.hpp>
#include <tusk/results.hpp>
#include <tusk/statement.hpp>
#include <tusk/stream.hpp>
#include <tusk/types/error.hpp>
#include <tusk/within.hpp>
#include <utility>
#include <vector>

namespace tusk::aio::detail {

/// An operation of an open connection. `Kind` has start(), which starts it, and gives its handle.
template <class Kind>
struct operation {
  static constexpr bool has_turn = true;
  using value_type = typename Kind::value_type;

  pending<value_type> handle = {};

  template <class... What>
  void begin(stepper& on, What&... what) {
    handle = on.begin([&] { return Kind::start(on.opened(), what...); });
  }
  bool has_ended(stepper const& on) const { return handle.ready() && !on.holds(); }
  void interrupt(stepper& on) {
    handle.cancel();
    on.step();
  }
  value_type finish(stepper& on) {
    on.finished();
    return handle.get();
  }
};

/// One without a handle: it has ended when nothing is under way any more, or with what poll() throws. One at a time.
/// `Kind` has start().
template <class Kind>
struct lone_operation {
  static constexpr bool has_turn = false;
  using value_type = void;

  template <class... What>
  void begin(stepper& on, What&... what) const {
    on.begin_alone([&] { Kind::start(on, what...); });
  }
  bool has_ended(stepper const& on) const noexcept { return on.has_ended(); }
  void interrupt(stepper& on) const noexcept { on.interrupt(); }
  void finish(stepper& on) const {
    if (auto const error = on.take_outcome()) std::rethrow_exception(error);
  }
};

template <class Connection>
struct connecting {
  static void start(stepper& on, std::string const& dsn, connect_options const& options,
                    std::optional<within> const& limit) {
    if (!on.closed()) throw programming_error("the connection is open already; close it first");
    on.adopt(std::make_unique<Connection>(limit ? tusk::connect<Connection>(*limit, dsn, options)
                                                : tusk::connect<Connection>(dsn, options)));
  }
};

struct script {
  using value_type = results;
  static pending<results> start(tusk::connection& on, std::string const& text, std::optional<within> const& limit) {
    return limit ? on.start_exec(*limit, text) : on.start_exec(text);
  }
};

struct one_statement {
  using value_type = result;
  static pending<result> start(tusk::connection& on, bound const& what) {
    return what.limit ? on.start_query(*what.limit, what.sql, what.args) : on.start_query(what.sql, what.args);
  }
};

/// One that was prepared.
struct known_statement {
  using value_type = result;
  static pending<result> start(tusk::connection&, statement* with, params const& args,
                               std::optional<within> const& limit) {
    return limit ? with->start_query(*limit, args) : with->start_query(args);
  }
};

struct preparation {
  using value_type = statement;
  static pending<statement> start(tusk::connection& on, std::string const& sql, std::optional<within> const& limit) {
    return limit ? on.start_prepare(*limit, sql) : on.start_prepare(sql);
  }
};

struct many {
  using value_type = std::uint64_t;
  static pending<std::uint64_t> start(tusk::connection& on, std::string const& sql, std::vector<params> const& elements,
                                      std::optional<within> const& limit) {
    return limit ? on.start_executemany(*limit, sql, elements) : on.start_executemany(sql, elements);
  }
};

struct cursor_statement {
  static void start(stepper& on, cursor* with, bound const& what) {
    on.opened();
    if (what.limit)
      with->execute(*what.limit, what.sql, what.args);
    else
      with->execute(what.sql, what.args);
  }
};

/// Was started already, on the connection below.
struct started {
  static void start(stepper& on) { on.opened(); }
};

/// What comes next of a stream or a COPY; empty at its end.
template <class Source, class Chunk>
struct next_of {
  static constexpr bool has_turn = false;
  using value_type = std::optional<Chunk>;

  std::optional<Chunk> chunk = {};
  Source* from = nullptr;
  std::exception_ptr error = {};

  void begin(stepper& on, Source* of) {
    on.opened();
    from = of;
    on.step();
  }
  bool has_ended(stepper const& on) {
    if (!chunk && !error) try {
        chunk = from->take_chunk();
      } catch (...) {
        error = std::current_exception();
      }
    return chunk || ((error || from->ended()) && !on.holds());
  }
  void interrupt(stepper& on) {
    from->cancel();
    on.step();
  }
  value_type finish(stepper& on) {
    if (!chunk) on.stream_ended();
    if (!chunk && error) std::rethrow_exception(error);
    return std::move(chunk);
  }
};
using next_chunk = next_of<tusk::detail::row_stream, result>;
using next_copied = next_of<tusk::copy_out, copy_chunk>;

/// Room for more data of a COPY FROM STDIN, or its end.
struct copy_room {
  static constexpr bool has_turn = false;
  using value_type = void;

  tusk::copy_in* of = nullptr;

  void begin(stepper& on, tusk::copy_in* which) {
    on.opened();
    of = which;
    on.step();  // also where it is ready: a caller that only gives would never hear of a cancel, or of an error
  }
  bool has_ended(stepper const& on) const { return of->ready() || (of->ended() && !on.holds()); }
  void interrupt(stepper& on) const {
    of->cancel();
    on.step();
  }
  void finish(stepper& on) const {
    if (of->ended()) on.stream_ended();
    of->check();
  }
};

/// The end of a COPY FROM STDIN.
struct copy_end {
  using value_type = std::uint64_t;
  static pending<std::uint64_t> start(tusk::connection&, tusk::copy_in* which) { return which->start_finish(); }
};

/// The next notification; beside an operation, or others of its kind.
struct next_notification {
  static constexpr bool has_turn = false;
  using value_type = notify;

  std::uint64_t generation = 0;  // of the connection that it waits for
  std::optional<notify> next = {};
  bool cancelled = false;

  void begin(stepper const& on) {
    on.opened();
    generation = on.generation();
  }
  bool is_gone(stepper const& on) const noexcept { return on.closed() || on.generation() != generation; }
  bool has_ended(stepper const& on) {
    if (!next && on.generation() == generation) next = on.native()->notifies.pop();
    return next || cancelled || is_gone(on) || on.has_stray();
  }
  void interrupt(stepper const&) noexcept { cancelled = true; }
  notify finish(stepper& on) {
    if (next) return std::move(*next);
    if (is_gone(on)) std::rethrow_exception(on.reason());
    if (on.has_stray()) std::rethrow_exception(on.take_stray());
    throw operational_error("waiting for a notification was cancelled", aborted());
  }
};

/// Ends at once.
struct closing {
  static constexpr bool has_turn = false;
  using value_type = void;

  void begin(stepper& on) const noexcept { on.close("the connection was closed in mid-operation"); }
  bool has_ended(stepper const&) const noexcept { return true; }
  void interrupt(stepper const&) const noexcept {}
  void finish(stepper const&) const noexcept {}
};

/// The end of the operation under way, which the server is asked to cancel.
struct cancellation {
  static constexpr bool has_turn = false;
  using value_type = void;

  std::uint64_t number = 0;  // of that operation
  bool cancelled = false;

  void begin(stepper& on) {
    if (on.closed()) throw not_open();
    number = on.number();
    if (number != 0 || on.opened().isexecuting()) on.cancel();  // a stream or COPY that is open tells of its end itself
  }
  bool has_ended(stepper const& on) const noexcept {
    return number == 0 || on.number() != number || on.cancel_failure() || cancelled;
  }
  void interrupt(stepper const&) noexcept { cancelled = true; }
  void finish(stepper const& on) const {
    if (number == 0 || on.number() != number) return;
    if (on.cancel_failure()) std::rethrow_exception(on.cancel_failure());
    throw operational_error("waiting for the end of the cancelled operation was cancelled", aborted());
  }
};

}  // namespace tusk::aio::detail
