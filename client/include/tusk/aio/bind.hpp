// A statement with its arguments, serialised, and its limit: what an operation that may begin later is given.
//
//   conn.query(tusk::bind("SELECT $1::int", 5), token);
//   conn.query(tusk::bind(tusk::within(5s), "SELECT slow($1)", 5), token);
//
// Its arguments are text, as nothing is known of the connection; aio::connection::bind() writes them in the form that
// the connection sends. To be called with its namespace: std::bind is found by the arguments otherwise.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/params.hpp>
#include <tusk/within.hpp>
#include <utility>

namespace tusk {

/// What bind() made.
struct bound {
  std::string sql;
  params args;
  std::optional<within> limit = {};
};

/// Serialises the arguments now; none of them is looked at later. Adapters that were registered for one connection are
/// not asked. Throws what params throws.
template <class... Args>
bound bind(std::string_view sql, Args const&... args) {
  return {std::string(sql), params::of(nullptr, args...), {}};
}
/// The same of arguments that were gathered when running, and are not needed any more.
inline bound bind(std::string_view sql, params&& args) { return {std::string(sql), std::move(args), {}}; }
/// With a limit, whose time runs already.
template <class... Args>
bound bind(within limit, std::string_view sql, Args const&... args) {
  return {std::string(sql), params::of(nullptr, args...), std::move(limit)};
}

}  // namespace tusk
