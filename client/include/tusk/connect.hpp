// Making a connection.
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <tusk/connection.hpp>
#include <tusk/options.hpp>
#include <tusk/within.hpp>

namespace tusk {

namespace detail {

/// What a connection is made from.
struct opening {
  std::shared_ptr<connection_state> state;
};
opening open(std::string_view dsn, connect_options const& options, bool watched, within const* limit);

}  // namespace detail

/// Connects to a server. `dsn` is a libpq connection string ("host=localhost dbname=test"); what it leaves out comes
/// from PG* environment variables and defaults, and `options` overrides it.
///
/// Throws programming_error if the string is wrong, operational_error if no connection could be made: it says what was
/// tried, what came back and what to do. With `async` it returns at once, and poll() throws.
template <std::derived_from<connection> Connection = connection>
Connection connect(std::string_view dsn = {}, connect_options const& options = {}) {
  Connection made(detail::open(dsn, options, !std::same_as<Connection, connection>, nullptr));
  detail::establish(made);
  return made;
}
/// The same within a time for all that it takes, names, addresses and connect_options::load_types included, or until a
/// std::stop_token is asked to stop; then query_canceled is thrown, also by poll(). connect_timeout counts for each
/// address besides.
template <std::derived_from<connection> Connection = connection>
Connection connect(within const& limit, std::string_view dsn = {}, connect_options const& options = {}) {
  Connection made(detail::open(dsn, options, !std::same_as<Connection, connection>, &limit));
  detail::establish(made);
  return made;
}

}  // namespace tusk
