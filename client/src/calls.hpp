// What a call of the user's does with an operation: it checks what can be checked, begins it, and waits for its end; or
// starts it. One function for each thing that can be asked; connection, cursor, statement and transaction call these.
//
// All of them lock. `limit`: null if there is none. They throw what connection's functions say.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <tusk/elements.hpp>
#include <tusk/results.hpp>
#include <vector>

#include "connection_state.hpp"
#include "operations/batch.hpp"
#include "operations/stream_run.hpp"

namespace tusk::detail {

std::vector<result> exec(connection_state& on, std::string_view script, within const* limit);
/// The same into an empty vector whose memory is used again, with a cursor's casters.
void exec(connection_state& on, std::string_view script, first_casters const& casters, std::vector<result>& into,
          within const* limit);
pending_operation start_exec(connection_state& on, std::string_view script, first_casters const& casters,
                             within const* limit);

/// How far a batch came: statements that succeeded; rows that they touched or gave, as the server counts.
using batch_progress = std::pair<std::size_t, std::uint64_t>;
/// Statements that travel together, up to the first that fails; `reached` is set in either case.
std::vector<result> exec_all(connection_state& on, std::shared_ptr<statement_batch const> statements,
                             first_casters casters, batch_progress& reached, within const* limit);
pending_operation start_exec_all(connection_state& on, std::shared_ptr<statement_batch const> statements,
                                 first_casters casters, within const* limit);

result query(connection_state& on, std::string_view sql, params const& args, within const* limit = nullptr);
result query(connection_state& on, std::shared_ptr<prepared_statement> const& statement, params const& args,
             within const* limit = nullptr);
pending_operation start_query(connection_state& on, std::string_view sql, params const& args, within const* limit);
pending_operation start_query(connection_state& on, std::shared_ptr<prepared_statement> const& statement,
                              params const& args, within const* limit);
std::shared_ptr<prepared_statement> prepare(connection_state& on, std::string_view sql, within const* limit);
/// A statement once for each element; gives the rows that all of them touched.
std::uint64_t executemany(connection_state& on, std::string_view sql, element_source& from, within const* limit);
pending_operation start_executemany(connection_state& on, std::string_view sql, std::unique_ptr<element_source> from,
                                    within const* limit);
/// `prepared`: null, and then `sql` is looked up.
std::shared_ptr<stream_run> start_stream(connection_state& on, std::shared_ptr<prepared_statement> const* prepared,
                                         std::string_view sql, params const& args, within const* limit,
                                         std::uint32_t fetch_size);
pending_operation start_prepare(std::shared_ptr<connection_state> const& on, std::string_view sql, within const* limit);
/// The statement is closed with the next request.
void release(connection_state& on, std::shared_ptr<prepared_statement>&& statement) noexcept;

void ping(connection_state& on, within const* limit);
pending_operation start_ping(connection_state& on, within const* limit);
void load_types(connection_state& on, within const* limit);
pending_operation start_load_types(connection_state& on, within const* limit);
/// LISTEN and its like: it begins no transaction by itself.
void run_now(connection_state& on, char const* what, std::string_view statement, within const* limit);
pending_operation start_now(connection_state& on, std::string_view statement, within const* limit);

/// The results of what was started and ended last, if nobody has a handle to it; once.
results take_results(connection_state& on);
/// The same of an operation that has ended, taken from it.
results take_results(connection_state& on, sql_operation& of);
/// What an operation gave, taken from it: all results, or the last.
inline std::vector<result> vector_of(std::span<result> of) {
  return {std::make_move_iterator(of.begin()), std::make_move_iterator(of.end())};
}
results all_of(std::span<result> of);
inline result last_of(std::span<result> of) { return of.empty() ? result() : std::move(of.back()); }
/// Calls those who are told of operations that have ended. Does not lock.
void tell_ended(connection_state& on);

}  // namespace tusk::detail
