// What a connection's do_execute is given.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <tusk/types/params.hpp>
#include <tusk/within.hpp>

namespace tusk {

class pipeline;

namespace detail {
struct prepared_statement;
class element_source;
}  // namespace detail

/// What a connection is asked to run: what its do_execute is given.
struct execution {
  std::string_view sql;    ///< in a copy it may be another one, but not that of a prepared statement
  params const& args;      ///< for $1, $2, ...; a script has none
  bool is_script = false;  ///< one or more statements
  bool starts = false;     ///< by start_exec, start_query, and their like: only sent, and ended later
  std::shared_ptr<detail::prepared_statement> const* prepared = nullptr;  ///< not null: `sql` was prepared before
  within const* limit = nullptr;                                          ///< null: none
  bool streams = false;                                                   ///< by stream() or start_stream()
  std::uint32_t fetch_size = 0;                                           ///< of a stream, see stream_options
  pipeline* in = nullptr;                                                 ///< not null: as a request of that one
  detail::element_source* elements = nullptr;  ///< not null: executemany, once for each of these
};

}  // namespace tusk
