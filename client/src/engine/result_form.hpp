// In which formats the columns of a prepared statement are asked for, where it is known what they will be read as.
//
//   params::results() ─► form_of() ─► the formats that Bind carries, and the columns that the rows then have
//
// It is worked out once, and kept with the statement for as long as the same is asked of the same columns.
#pragma once

#include <memory>
#include <string>
#include <tusk/result.hpp>
#include <tusk/types/format.hpp>
#include <tusk/types/params.hpp>

#include "engine/statement_cache.hpp"

namespace tusk::detail {

struct session_context;

/// See the top of this file.
struct result_form {
  types::result_choice const* choice;  ///< what was asked
  std::shared_ptr<column_set const> of;
  std::string formats;                        ///< two bytes a column; empty: all are text
  std::shared_ptr<column_set const> columns;  ///< as the result has them
};

/// The form of the result of a statement whose columns are known and not stale; null: text. It lives as long as the
/// statement, until the next call.
result_form const* make_form(session_context const& in, prepared_statement const& of,
                             types::result_choice const& choice);
[[gnu::always_inline]] inline result_form const* form_of(session_context const& in, prepared_statement const& of,
                                                         params const& args) {
  if (args.results() == nullptr || !of.columns) [[likely]]
    return nullptr;
  return make_form(in, of, *args.results());
}

}  // namespace tusk::detail
