// A statement with its arguments, serialised: what an operation that may begin later is given.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <tusk/types/params.hpp>
#include <utility>

namespace tusk {

/// What bind() made.
struct bound {
  std::string sql;
  params args;
};

/// Serialises the arguments now; none of them is looked at later. Adapters that were registered for one connection are
/// not asked. Throws what params throws.
template <class... Args>
requires(!(std::same_as<Args, params> || ...)) bound bind(std::string_view sql, Args const&... args) {
  bound made{std::string(sql), {}};
  (made.args.add(args), ...);
  return made;
}

/// The same of arguments that were gathered when running.
inline bound bind(std::string_view sql, params args) { return {std::string(sql), std::move(args)}; }

}  // namespace tusk
