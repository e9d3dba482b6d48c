// What a connection's do_execute is given.
#pragma once

#include <memory>
#include <string_view>
#include <tusk/types/params.hpp>
#include <tusk/within.hpp>

namespace tusk {

namespace detail {
struct prepared_statement;
}

/// What a connection is asked to run: what its do_execute is given.
struct execution {
  std::string_view sql;    ///< in a copy it may be another one, but not that of a prepared statement
  params const& args;      ///< for $1, $2, ...; a script has none
  bool is_script = false;  ///< one or more statements
  bool starts = false;     ///< by start_exec or start_query: only sent, and ended in poll()
  std::shared_ptr<detail::prepared_statement> const* prepared = nullptr;  ///< not null: `sql` was prepared before
  within const* limit = nullptr;                                          ///< null: none
};

}  // namespace tusk
