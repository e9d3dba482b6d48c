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
#include <tusk/cursor.hpp>
#include <tusk/notify.hpp>
#include <tusk/results.hpp>
#include <tusk/types/error.hpp>
#include <tusk/within.hpp>
#include <utility>

namespace tusk::aio::detail {

/// One operation at a time. `Kind` has start(), which starts it, and take(), which gives what it brought.
template <class Kind>
struct operation {
  using value_type = decltype(Kind::take(std::declval<tusk::connection&>()));

  template <class... What>
  void begin(stepper& on, What&... what) const {
    on.begin([&] { Kind::start(on, what...); });
  }
  bool has_ended(stepper const& on) const noexcept { return on.has_ended(); }
  void interrupt(stepper& on) const noexcept { on.interrupt(); }
  value_type finish(stepper& on) const {
    if (auto const error = on.take_outcome()) std::rethrow_exception(error);
    return Kind::take(*on.native());
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
  static void take(tusk::connection&) noexcept {}
};

struct script {
  static void start(stepper& on, std::string const& text, std::optional<within> const& limit) {
    if (limit)
      on.opened().start_exec(*limit, text);
    else
      on.opened().start_exec(text);
  }
  static results take(tusk::connection& on) { return on.take_results(); }
};

struct one_statement {
  static void start(stepper& on, bound const& what) {
    if (what.limit)
      on.opened().start_query(*what.limit, what.sql, what.args);
    else
      on.opened().start_query(what.sql, what.args);
  }
  static result take(tusk::connection& on) {
    auto all = on.take_results();
    return all.empty() ? result() : std::move(all).back();
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
  static void take(tusk::connection&) noexcept {}
};

/// Was started already, on the connection below.
struct started {
  static void start(stepper& on) { on.opened(); }
  static void take(tusk::connection&) noexcept {}
};

/// The next notification; beside an operation, or others of its kind.
struct next_notification {
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
  using value_type = void;

  void begin(stepper& on) const noexcept { on.close("the connection was closed in mid-operation"); }
  bool has_ended(stepper const&) const noexcept { return true; }
  void interrupt(stepper const&) const noexcept {}
  void finish(stepper const&) const noexcept {}
};

/// The end of the operation under way, which the server is asked to cancel.
struct cancellation {
  using value_type = void;

  std::uint64_t number = 0;  // of that operation
  bool cancelled = false;

  void begin(stepper& on) {
    if (on.closed()) throw not_open();
    number = on.number();
    if (number != 0) on.cancel();
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
