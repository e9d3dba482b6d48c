#include "calls.hpp"

#include "engine/spare_memory.hpp"
#include "operations/catalogue_load.hpp"
#include "operations/known_statement.hpp"
#include "operations/ping.hpp"
#include "operations/preparation.hpp"
#include "operations/repeated_statement.hpp"
#include "operations/script.hpp"

namespace tusk::detail {
namespace {

/// Whether engine::exchange() may be used: the socket is bare, and the engine waits itself.
inline bool may_exchange(connection_state const& on) noexcept {
  return on.engine.channel().link().is_bare() && !(wait_slot::any() && on.by_callback.in_force());
}

/// A statement that the server knows, where the engine does not wait itself, the bytes go through TLS, or others are
/// under way.
[[gnu::noinline]] result run_stepped(connection_state& on, known_statement& what) {
  what.hold();
  if (on.engine.is_busy())
    on.engine.begin(what);
  else
    on.engine.begin_alone(what);
  on.wait(what);
  return last_of(what.results());
}

/// A statement that the server knows: mostly it is one send and one receive.
[[gnu::always_inline]] inline result run_known(connection_state& on,
                                               std::shared_ptr<prepared_statement> const& statement,
                                               params const& args) {
  bool const alone = on.require.ready(statement->sql, args);
  known_statement what(on.context, statement, args);
  if (!alone || !may_exchange(on)) [[unlikely]]
    return run_stepped(on, what);
  std::shared_ptr<result_state> made;
  auto& session = on.context.session;
  on.engine.exchange(
      what, [&]() __attribute__((always_inline)) {
        auto const* whole = std::get_if<protocol::unit_complete>(&session.next());
        if (whole == nullptr || session.buffered() != 0) return taken::event;
        made = what.take_at_once(whole->tag);
        return taken::whole;
      });
  if (made) [[likely]]
    return result(std::move(made));
  on.wait(what);
  return last_of(what.results());
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

[[gnu::always_inline]] inline std::shared_ptr<known_statement> start_known(
    connection_state& on, std::shared_ptr<prepared_statement> const& known, params const& args) {
  auto what = std::allocate_shared<known_statement>(recycling_allocator<known_statement>(), on.context, known, args);
  what->hold();
  return what;
}

/// For a tusk::statement that the server does not know any more, and that is started: others of it may be under way, so
/// that it is parsed by itself, and stays forgotten.
std::shared_ptr<prepared_statement> reparsed(prepared_statement const& forgotten) {
  auto fresh = std::make_shared<prepared_statement>();
  fresh->is_passing = true;
  fresh->sql = forgotten.sql;
  fresh->types = forgotten.types;
  return fresh;
}

void require_ready_for(connection_state& on, statement_batch const& statements) {
  on.require.ready("", params::none());
  if (on.context.text_is_utf8()) return;
  for (std::size_t i = 0; i < statements.size(); ++i) on.require.ready(statements[i], params::none());
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
  bool const alone = on.require.ready(text, params::none());
  require_utf8(text);
  script what(on.context, text, into, casters);
  try {
    if (alone && !limited && may_exchange(on) && !on.context.needs_begin()) [[likely]] {
      auto const at_once = [&]() __attribute__((always_inline)) {
        return what.take_at_once() ? taken::whole : taken::part;
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

pending_operation start_exec(connection_state& on, std::string_view text, first_casters const& casters,
                             within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready(text, params::none());
  require_utf8(text);
  return on.start(std::make_shared<script>(on.context, std::string(text), casters), std::move(limited), text.size());
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
  return vector_of(what.results());
}

pending_operation start_exec_all(connection_state& on, std::shared_ptr<statement_batch const> statements,
                                 first_casters casters, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  require_ready_for(on, *statements);
  return on.start(std::make_shared<batch>(on.context, std::move(statements), std::move(casters)), std::move(limited));
}

// ---- statements ----

[[gnu::flatten]] result query(connection_state& on, std::string_view sql, params const& args, within const* limit) {
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
    given = last_of(what.results());
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
    given = last_of(what.results());
  });
  return given;
}

pending_operation start_query(connection_state& on, std::shared_ptr<prepared_statement> const& statement,
                              params const& args, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready(statement->sql, args);
  require_arguments(*statement, args);
  std::size_t const size = statement->sql.size() + args.wire().size();
  if (on.context.statements.knows(*statement))
    return on.start(start_known(on, statement, args), std::move(limited), size);
  return on.start(std::make_shared<first_run>(on.context, reparsed(*statement), args), std::move(limited), size);
}

[[gnu::flatten]] pending_operation start_query(connection_state& on, std::string_view sql, params const& args,
                                               within const* limit) {
  operation_guard const guard(on.lock);
  // If nothing is under way it is fed at once, and looks at its arguments no more; poll() sends it.
  if (limit == nullptr && on.options.async && on.require.ready(sql, args) && !on.watched) [[likely]] {
    if (auto const* found = on.context.statements.find(sql, args.types())) [[likely]] {
      auto what = start_known(on, *found, args);
      on.engine.begin_alone(*what, what);
      if (what->has_ended()) [[unlikely]]
        what->rethrow();  // it could not be sent
      return handle_to(std::move(what), on);
    }
  }
  auto limited = on.require.time(limit);
  on.require.ready(sql, args);
  std::size_t const size = sql.size() + args.wire().size();
  if (auto const* found = on.context.statements.find(sql, args.types()))
    return on.start(start_known(on, *found, args), std::move(limited), size);
  return on.start(std::make_shared<first_run>(on.context, unknown_statement(on.context, sql, args), args),
                  std::move(limited), size);
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

pending_operation start_prepare(std::shared_ptr<connection_state> const& on, std::string_view sql,
                                within const* limit) {
  operation_guard const guard(on->lock);
  auto limited = on->require.time(limit);
  on->require.ready(sql, params::none());
  auto fresh = std::make_shared<prepared_statement>();
  fresh->sql = sql;
  return on->start(std::make_shared<started_preparation>(on, std::move(fresh)), std::move(limited), sql.size());
}

std::uint64_t executemany(connection_state& on, std::string_view sql, element_source& from, within const* limit) {
  operation_guard const guard(on.lock);
  on.require.blocking("executemany");
  auto limited = on.require.time(limit);
  on.require.ready(sql, params::none());
  repeated_statement what(on.context, on.told, std::string(sql), from);
  on.run(what, std::move(limited));
  return from.rows = what.reached().second;
}

pending_operation start_executemany(connection_state& on, std::string_view sql, std::unique_ptr<element_source> from,
                                    within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready(sql, params::none());
  return on.start(std::make_shared<repeated_statement>(on.context, on.told, std::string(sql), std::move(from)),
                  std::move(limited), sql.size());
}

std::shared_ptr<stream_run> start_stream(connection_state& on, std::shared_ptr<prepared_statement> const* prepared,
                                         std::string_view sql, params const& args, within const* limit,
                                         std::uint32_t fetch_size) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  on.require.ready(sql, args);
  auto const* known = prepared != nullptr ? prepared : on.context.statements.find(sql, args.types());
  if (prepared != nullptr) require_arguments(**prepared, args);
  auto const what = known != nullptr && on.context.statements.knows(**known)
                        ? stream_run::of_known(on.context, *known, args)
                        : stream_run::of_fresh(
                              on.context, known != nullptr ? *known : unknown_statement(on.context, sql, args), args);
  what->keep();  // it may have to go again
  what->fetch(fetch_size);
  on.context.obstacles.set(obstacles::streaming, true);
  try {
    on.start(what, std::move(limited), sql.size() + args.wire().size());
  } catch (...) {
    on.context.obstacles.set(obstacles::streaming, false);
    throw;
  }
  if (what->has_ended()) on.context.obstacles.set(obstacles::streaming, false);
  return what;
}

void release(connection_state& on, std::shared_ptr<prepared_statement>&& statement) noexcept {
  operation_guard const guard(on.lock);
  try {
    if (on.context.is_closed() || statement->name.empty()) return;
    if (statement.use_count() > 1)  // what is to run it may not have been sent yet
      on.context.evicted.push_back(std::move(statement));
    else
      on.context.released.push_back(statement->name);
  } catch (std::bad_alloc const&) {
    return;  // then it stays at the server until the connection ends
  }
}

}  // namespace tusk::detail
