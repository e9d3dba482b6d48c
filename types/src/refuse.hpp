// How a value that cannot be made or written is refused: the data_error for a code.
#pragma once

#include <string>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>

namespace tusk::types {

[[noreturn]] inline void refuse(errc why) {
  std::error_code const code = why;
  throw data_error(code.message(), code);
}

/// The same for a text, with the position.
[[noreturn]] inline void refuse(protocol::parse_error const& why) {
  throw data_error("at byte " + std::to_string(why.position) + ": " + why.code.message(), why.code);
}

/// What was parsed, or a throw.
template <class T>
T value_or_refuse(protocol::expected<T> parsed) {
  if (!parsed) refuse(parsed.error());
  return *std::move(parsed);
}

}  // namespace tusk::types
