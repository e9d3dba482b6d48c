// The calls of a connection that start operations, or have many of them under way.
#include <tusk/connection.hpp>

#include "calls.hpp"
#include "kept_elements.hpp"

namespace tusk {

detail::pending_operation connection::start_script(within const* limit, std::string_view script) {
  if (state().watched) [[unlikely]]
    return start_watched({.sql = script, .args = params::none(), .is_script = true, .starts = true, .limit = limit});
  return detail::start_exec(*state_, script, {}, limit);
}
detail::pending_operation connection::start_query_params(within const* limit, std::string_view sql,
                                                         params const& args) {
  if (state().watched) [[unlikely]]
    return start_watched({.sql = sql, .args = args, .starts = true, .limit = limit});
  return detail::start_query(*state_, sql, args, limit);
}
pending<statement> connection::start_prepare(std::string_view sql) {
  state();
  return detail::start_prepare(state_, sql, nullptr);
}
pending<statement> connection::start_prepare(within const& limit, std::string_view sql) {
  state();
  return detail::start_prepare(state_, sql, &limit);
}
pipeline connection::pipeline() {
  state();
  return {state_, nullptr};
}
pipeline connection::pipeline(within const& limit) {
  state();
  return {state_, &limit};
}

std::uint64_t connection::execute_elements(within const* limit, std::string_view sql, detail::element_source& from) {
  if (!state().watched) [[likely]]
    return detail::executemany(*state_, sql, from, limit);
  run_watched({.sql = sql, .args = params::none(), .limit = limit, .elements = &from});
  return from.rows;
}
detail::pending_operation connection::start_elements(within const* limit, std::string_view sql,
                                                     detail::element_source& from) {
  if (!state().watched) [[likely]]
    return detail::start_executemany(*state_, sql, std::make_unique<detail::kept_elements>(from), limit);
  return start_watched({.sql = sql, .args = params::none(), .starts = true, .limit = limit, .elements = &from});
}

detail::row_stream connection::stream_params(stream_options const& how, bool waits, std::string_view sql,
                                             params const& args,
                                             std::shared_ptr<detail::prepared_statement> const* prepared) {
  if (waits) state().require.blocking("stream");
  within const* const limit = detail::pointer(how.limit);
  if (!state().watched) [[likely]]
    return {state_, detail::start_stream(*state_, prepared, sql, args, limit, how.fetch_size), how.on_leave};
  auto const started = start_watched({.sql = sql,
                                      .args = args,
                                      .starts = true,
                                      .prepared = prepared,
                                      .limit = limit,
                                      .streams = true,
                                      .fetch_size = how.fetch_size});
  return {state_, std::dynamic_pointer_cast<detail::stream_run>(started.what()), how.on_leave};
}

}  // namespace tusk
