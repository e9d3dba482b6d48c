// Calls that run no statement of the user's, and what is done with what was started.
#include "calls.hpp"
#include "operations/catalogue_load.hpp"
#include "operations/ping.hpp"
#include "operations/script.hpp"

namespace tusk::detail {

void ping(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("ping");
  auto limited = on.require.time(limit, client::limit::close);
  on.require.ready("", params::none());
  ping_operation what(on.context);
  on.run(what, std::move(limited));
}

pending_operation start_ping(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit, client::limit::close);
  on.require.ready("", params::none());
  return on.start(std::make_shared<ping_operation>(on.context), std::move(limited));
}

void load_types(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("load_types");
  auto limited = on.require.time(limit);
  on.require.ready("", params::none());
  catalogue_load what(on.context, *on.arguments.adapters,
                      [&](std::string_view warning) { on.told.add_warning(warning); });
  on.run(what, std::move(limited));
}

pending_operation start_load_types(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready("", params::none());
  return on.start(std::make_shared<catalogue_load>(on.context, *on.arguments.adapters,
                                                   [&on](std::string_view warning) { on.told.add_warning(warning); }),
                  std::move(limited));
}

void run_now(connection_state& on, char const* what, std::string_view statement, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking(what);
  auto limited = on.require.time(limit);
  on.require.ready(statement, params::none());
  require_utf8(statement);
  std::vector<result> dropped;
  script listening(on.context, statement, dropped);
  if (!on.context.transactions.begin_asked) listening.begin_nothing();
  on.run(listening, std::move(limited));
}

pending_operation start_now(connection_state& on, std::string_view statement, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready(statement, params::none());
  require_utf8(statement);
  auto listening = std::make_shared<script>(on.context, std::string(statement));
  if (!on.context.transactions.begin_asked) listening->begin_nothing();
  return on.start(std::move(listening), std::move(limited), statement.size());
}

results take_results(connection_state& on) {
  operation_guard const guard(on.lock);
  on.require.no_handler();
  if (on.engine.is_busy() || on.context.obstacles.any_of(obstacles::waited))
    throw programming_error("no results to fetch: the operation is still under way");
  on.finish();
  on.require.tell_errors();  // of one that close() ended
  auto& ended = on.engine.queue().ended();
  if (ended.last() == nullptr) return {};
  struct drop_at_end {
    ended_operations& of;
    ~drop_at_end() { of.drop(); }
  } const once{ended};
  auto const of = static_cast<sql_operation*>(ended.last())->results();  // no others are started
  if (of.size() == 1) [[likely]]
    return std::move(of.front());
  return all_of(of);
}

results take_results(connection_state& on, sql_operation& of) {
  operation_guard const guard(on.lock);
  results taken = all_of(of.results());
  if (on.engine.queue().ended().last() == &of) on.engine.queue().ended().drop();
  return taken;
}

results all_of(std::span<result> of) {
  if (of.size() == 1) [[likely]]
    return std::move(of.front());
  return vector_of(of);
}

void tell_ended(connection_state& on) {
  if (!on.on_end.is_set()) [[likely]]
    return;
  while (auto const ended = on.on_end.take()) (*ended)();
}

}  // namespace tusk::detail
