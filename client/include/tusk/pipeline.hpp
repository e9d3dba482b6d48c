// Statements that travel together, without waiting for each other, and fail together.
//
//   tusk::pipeline p = conn.pipeline();
//   auto x = p.query("INSERT INTO item VALUES ($1, $2)", 1, "it's");
//   auto y = p.query("SELECT count(*) FROM item");
//   p.sync();
//   x.get();
//
//   query query ... sync()   a unit: where statements commit by themselves, one transaction
//   query ... sync()         the next one
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <tusk/fwd.hpp>
#include <tusk/pending.hpp>
#include <tusk/result.hpp>
#include <tusk/statement.hpp>
#include <tusk/types/params.hpp>
#include <tusk/within.hpp>

namespace tusk {

namespace detail {
class unit;
struct prepared_statement;
}  // namespace detail

/// See the top of this file; made by connection::pipeline(). It moves; one thread at a time.
///
/// From a unit's first request to its sync() nothing else begins on the connection, and no request of the unit can be
/// asked for its result: that is a programming_error. cancel() and close() are allowed. An error stops the unit: what
/// is behind it is not run, and says so. Where statements commit by themselves nothing of a unit stands that failed,
/// also of the requests that have given a result; inside a transaction, or outside of autocommit, the transaction has
/// failed.
///
/// Requests are sent as it comes: any number of them, and of their answers that nobody keeps, needs no more memory than
/// a few. On an asynchronous connection, which only poll() steps, limits.queued bounds what waits.
class pipeline {
 public:
  /// For connection::pipeline().
  pipeline(std::shared_ptr<detail::connection_state> on, within const* limit);
  pipeline(pipeline&& other) noexcept;
  pipeline& operator=(pipeline&& other) noexcept;
  /// Of a unit that was not ended by sync() nothing stands: it fails at the server. What was to be sent is dropped;
  /// the rest is waited for as long as connect_options::guard_limit says, then the connection is closed; on an
  /// asynchronous one poll() goes on with it. Inside a transaction this leaves that failed.
  ~pipeline();

  /// Adds a statement to the open unit, or begins one. Throws as connection::start_query does; also programming_error
  /// for a statement that may begin or end a transaction, unless statements commit by themselves; query_canceled when
  /// the pipeline's limit is over: the unit is given up then as by the destructor.
  template <class... Args>
  pending<result> query(std::string_view sql, Args const&... args) {
    return add(nullptr, sql, params::bound(binding(), args...));
  }
  /// The same of a prepared statement.
  template <class... Args>
  pending<result> query(statement& prepared, Args const&... args) {
    return add(&prepared, {}, params::bound(prepared.binding(), args...));
  }

  /// Ends the unit and sends it; does not wait. What it returns gives the unit's end: get() throws its first error,
  /// with the request's number, as the first request that failed does. Requests without a handle report there alone.
  /// Without an open unit it sends nothing, and the end is there.
  pending<void> sync();

 private:
  friend class connection;
  detail::connection_state& state() const;
  types::binding const& binding() const;
  detail::pending_operation add(statement* prepared, std::string_view sql, params const& args);
  detail::pending_operation add_now(std::shared_ptr<detail::prepared_statement> const* prepared, std::string_view sql,
                                    params const& args);
  void require_open_unit(std::string_view sql, params const& args);
  void leave() noexcept;
  void give_up(std::exception_ptr why);

  std::shared_ptr<detail::connection_state> state_;
  std::shared_ptr<detail::unit> open_;
  std::optional<within> limit_;
};

}  // namespace tusk
