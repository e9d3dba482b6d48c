// A cursor and a connection that tell what they ran, how long it took, and how it failed.
//
//   auto conn = tusk::connect<tusk::logging_connection>(dsn);
//   conn.log_to([](tusk::outcome const& o) { std::clog << o.elapsed().count() << " ns: " << o.query() << '\n'; },
//   100ms);
#pragma once

#include <chrono>
#include <functional>
#include <tusk/cursor.hpp>
#include <utility>

namespace tusk {

/// What is told of statements: anything that can be called so. It is called on the thread that ran the statement (of an
/// asynchronous one: that called poll()); what it throws comes out there.
using statement_log = std::function<void(outcome const&)>;

namespace detail {

/// A log, and what it is told.
struct statement_filter {
  statement_log log;
  std::chrono::nanoseconds slower_than{};

  void operator()(outcome const& ended) const {
    if (log && (ended.error() || ended.elapsed() >= slower_than)) log(ended);
  }
};

}  // namespace detail

/// Tells of each statement that took at least `slower_than`, and of each that failed.
class logging_cursor : public cursor {
 public:
  explicit logging_cursor(tusk::connection& conn, statement_log log, std::chrono::nanoseconds slower_than = {})
      : cursor(conn), told_{std::move(log), slower_than} {}

 protected:
  void did_execute(outcome const& ended) override { told_(ended); }

 private:
  detail::statement_filter told_;
};

/// The same for statements of the connection, and for the cursors that cursor() and make_cursor() give.
class logging_connection : public connection {
 public:
  using connection::connection;
  using connection::cursor;

  /// Begins to tell; an empty function ends it. Cursors that are there already tell what they told before.
  void log_to(statement_log log, std::chrono::nanoseconds slower_than = {}) {
    told_ = {std::move(log), slower_than};
    cursor_factory([told = told_](connection& conn) {
      return std::make_unique<logging_cursor>(conn, told.log, told.slower_than);
    });
  }
  logging_cursor cursor() { return logging_cursor(*this, told_.log, told_.slower_than); }

 protected:
  void did_execute(outcome const& ended) override { told_(ended); }

 private:
  detail::statement_filter told_;
};

}  // namespace tusk
