#include "calls.hpp"

#include "engine/spare_memory.hpp"
#include "operations/catalogue_load.hpp"
#include "operations/known_statement.hpp"
#include "operations/ping.hpp"
#include "operations/preparation.hpp"
#include "operations/script.hpp"

namespace tusk::detail {
namespace {

result only(std::span<result> of) { return of.empty() ? result() : std::move(of.back()); }
std::vector<result> all(std::span<result> of) {
  return {std::make_move_iterator(of.begin()), std::make_move_iterator(of.end())};
}

/// A statement that the server knows, where the engine does not wait itself, or the bytes go through TLS.
[[gnu::noinline]] result run_stepped(connection_state& on, known_statement& what) {
  what.hold();
  on.engine.begin_alone(what);
  on.wait(what);
  return only(what.results());
}

/// A statement that the server knows: mostly it is one send and one receive.
[[gnu::always_inline]] inline result run_known(connection_state& on,
                                               std::shared_ptr<prepared_statement> const& statement,
                                               params const& args) {
  on.require.ready(statement->sql, args);
  known_statement what(on.context, statement, args);
  if (!on.may_exchange()) [[unlikely]]
    return run_stepped(on, what);
  std::shared_ptr<result_state> made;
  auto& session = on.context.session;
  on.engine.exchange(
      what, [&]() __attribute__((always_inline)) {
        auto const* whole = std::get_if<protocol::unit_complete>(&session.next());
        if (whole == nullptr || session.buffered() != 0) return engine::taken::event;
        made = what.take_at_once(whole->tag);
        return engine::taken::whole;
      });
  if (made) [[likely]]
    return result(std::move(made));
  on.wait(what);
  return only(what.results());
}

/// The same in all other ways than that; a tusk::statement's may have been forgotten.
template <class Run>
void with_statement(connection_state& on, std::shared_ptr<prepared_statement> const& statement, params const& args,
                    Run const& run) {
  if (on.context.statements.knows(*statement)) {
    known_statement what(on.context, statement, args);
    what.hold();
    return run(what);
  }
  first_run what(on.context, statement, args);
  run(what);
}

void require_ready_for(connection_state& on, statement_batch const& statements) {
  on.require.ready("", params::none());
  if (on.context.text_is_utf8()) return;
  for (std::string const& each : statements) on.require.ready(each, params::none());
}

}  // namespace

// ---- scripts ----

std::vector<result> exec(connection_state& on, std::string_view script, within const* limit) {
  std::vector<result> results;
  exec(on, script, {}, results, limit);
  return results;
}

void exec(connection_state& on, std::string_view text, first_casters const& casters, std::vector<result>& into,
          within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("exec");
  auto limited = on.require.time(limit);
  on.require.ready(text, params::none());
  require_utf8(text);
  script what(on.context, text, into, casters);
  try {
    if (!limited && on.may_exchange() && !on.context.needs_begin()) [[likely]] {
      auto const at_once = [&]() __attribute__((always_inline)) {
        return what.take_at_once() ? engine::taken::whole : engine::taken::part;
      };
      if (!on.engine.exchange(what, at_once)) on.wait(what);
    } else {
      on.run(what, std::move(limited));
    }
  } catch (...) {
    into.clear();
    throw;
  }
}

void start_exec(connection_state& on, std::string_view text, first_casters const& casters, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready(text, params::none());
  require_utf8(text);
  on.start(std::make_shared<script>(on.context, std::string(text), casters), std::move(limited));
}

std::vector<result> exec_all(connection_state& on, std::shared_ptr<statement_batch const> statements,
                             first_casters casters, batch_progress& reached, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("exec");
  reached = {};
  auto limited = on.require.time(limit);
  require_ready_for(on, *statements);
  batch what(on.context, std::move(statements), std::move(casters));
  try {
    on.run(what, std::move(limited));
  } catch (...) {
    reached = what.reached();
    throw;
  }
  reached = what.reached();
  return all(what.results());
}

void start_exec_all(connection_state& on, std::shared_ptr<statement_batch const> statements, first_casters casters,
                    within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  require_ready_for(on, *statements);
  on.start(std::make_shared<batch>(on.context, std::move(statements), std::move(casters)), std::move(limited));
}

batch_progress progress_of_last(connection_state& on) {
  operation_guard const guard(on.lock);
  auto* const last = on.last.peek();
  return last == nullptr ? batch_progress() : last->reached();
}

// ---- statements ----

result query(connection_state& on, std::string_view sql, params const& args, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("query");
  auto const* found = on.context.statements.find(sql, args.types());
  if (found != nullptr && limit == nullptr) [[likely]]
    return run_known(on, *found, args);
  auto limited = on.require.time(limit);
  on.require.ready(sql, args);
  result given;
  with_statement(on, found != nullptr ? *found : unknown_statement(on.context, sql, args), args, [&](auto& what) {
    on.run(what, std::move(limited));
    given = only(what.results());
  });
  return given;
}

result query(connection_state& on, std::shared_ptr<prepared_statement> const& statement, params const& args,
             within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("query");
  if (limit == nullptr && on.context.statements.knows(*statement)) [[likely]]
    return run_known(on, statement, args);
  auto limited = on.require.time(limit);
  on.require.ready(statement->sql, args);
  require_arguments(*statement, args);
  result given;
  with_statement(on, statement, args, [&](auto& what) {
    on.run(what, std::move(limited));
    given = only(what.results());
  });
  return given;
}

void start_query(connection_state& on, std::string_view sql, params const& args, within const* limit) {
  operation_guard const guard(on.lock);
  auto const make = [&](std::shared_ptr<prepared_statement> const& known) {
    auto what = std::allocate_shared<known_statement>(recycling_allocator<known_statement>(), on.context, known, args);
    what->hold();
    return what;
  };
  // Nothing is under way, so that it is fed at once, and looks at its arguments no more.
  if (limit == nullptr) [[likely]] {
    on.require.ready(sql, args);
    if (auto const* found = on.context.statements.find(sql, args.types())) [[likely]] {
      auto what = make(*found);
      auto& begun = *what;
      on.engine.begin_alone(begun, std::move(what));
      if (begun.has_ended()) [[unlikely]]
        on.last.get();  // it could not be sent
      return;
    }
  }
  auto limited = on.require.time(limit);
  on.require.ready(sql, args);
  if (auto const* found = on.context.statements.find(sql, args.types()))
    return on.start(make(*found), std::move(limited));
  on.start(std::make_shared<first_run>(on.context, unknown_statement(on.context, sql, args), args), std::move(limited));
}

std::shared_ptr<prepared_statement> prepare(connection_state& on, std::string_view sql, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("prepare");
  auto limited = on.require.time(limit);
  on.require.ready(sql, params::none());
  auto fresh = std::make_shared<prepared_statement>();
  fresh->sql = sql;
  preparation what(on.context, fresh);
  on.run(what, std::move(limited));
  return fresh;
}

void release(connection_state& on, prepared_statement const& statement) noexcept {
  operation_guard const guard(on.lock);
  try {
    if (!on.closed() && !statement.name.empty()) on.context.released.push_back(statement.name);
  } catch (std::bad_alloc const&) {
    return;  // then it stays at the server until the connection ends
  }
}

// ---- others ----

void ping(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("ping");
  auto limited = on.require.time(limit, client::limit::close);
  on.require.ready("", params::none());
  ping_operation what(on.context);
  on.run(what, std::move(limited));
}

void start_ping(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit, client::limit::close);
  on.require.ready("", params::none());
  on.start(std::make_shared<ping_operation>(on.context), std::move(limited));
}

void load_types(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("load_types");
  auto limited = on.require.time(limit);
  on.require.ready("", params::none());
  catalogue_load what(on.context, *on.adapters, [&](std::string_view warning) { on.told.add_warning(warning); });
  on.run(what, std::move(limited));
}

void start_load_types(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready("", params::none());
  on.start(std::make_shared<catalogue_load>(on.context, *on.adapters,
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

void start_now(connection_state& on, std::string_view statement, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready(statement, params::none());
  require_utf8(statement);
  auto listening = std::make_shared<script>(on.context, std::string(statement));
  if (!on.context.transactions.begin_asked) listening->begin_nothing();
  on.start(std::move(listening), std::move(limited));
}

results take_results(connection_state& on) {
  operation_guard const guard(on.lock);
  on.require.no_handler();
  if (on.engine.is_busy() || on.context.obstacles.any_of(obstacles::waited))
    throw programming_error("no results to fetch: the operation is still under way");
  on.finish();
  auto* const last = on.last.get();  // throws the error of one that close() ended
  if (last == nullptr) return {};
  struct drop_at_end {
    last_operation& which;
    ~drop_at_end() { which.drop(); }
  } const once{on.last};
  auto const of = last->results();
  if (of.size() == 1) [[likely]]
    return std::move(of.front());
  return all(of);
}

results peek_results(connection_state& on) {
  operation_guard const guard(on.lock);
  auto* const last = on.last.peek();
  if (last == nullptr) return {};
  auto const of = last->results();
  return std::vector<result>(of.begin(), of.end());
}

}  // namespace tusk::detail
