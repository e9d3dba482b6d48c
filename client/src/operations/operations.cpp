// The engine's mouth: what is sent for each kind of operation, and how its outcome is handed over.

#include <algorithm>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/error.hpp>

#include "engine/engine.hpp"
#include "operations/placeholders.hpp"

namespace tusk::detail {
namespace {

/// Text that means the same whatever the server takes client_encoding to be.
bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

bool is_ascii(params const& args) {
  std::string_view rest = args.wire();
  while (!rest.empty()) {
    auto const size = protocol::load_big_endian<std::int32_t>(rest.data());
    rest.remove_prefix(4);
    if (size < 0) continue;  // NULL
    if (!is_ascii(rest.substr(0, static_cast<std::size_t>(size)))) return false;
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void require_arguments(prepared_statement const& statement, params const& args) {
  if (args.count() != statement.parameters.size()) [[unlikely]]
    throw programming_error(wrong_argument_count(statement.parameters.size(), args.count()));
}

protocol::bind bind_message(prepared_statement const& statement, params const& args) {
  protocol::bind message;
  message.statement = statement.name;
  message.parameters = {args.wire(), args.count()};
  return message;
}

}  // namespace

void require_utf8(std::string_view text) {
  auto const invalid = protocol::find_invalid_utf8(text);
  if (invalid != text.npos)
    throw programming_error("the statement is not valid UTF-8 at byte " + std::to_string(invalid) +
                            "; the client speaks UTF-8 to the server");
}

std::string wrong_argument_count(std::size_t parameters, std::size_t arguments) {
  return "the statement has " + std::to_string(parameters) + " parameter(s), but " + std::to_string(arguments) +
         " argument(s) were given";
}

/// Throws if the connection is closed; the first time with the reason, where no operation has told it. Also if it is a
/// handler that asks.
void engine::require_open() {
  if ((obstacles_ & (is_closed | is_forked)) == 0) [[likely]]
    return refuse_in_handler();
  if ((obstacles_ & is_forked) != 0) throw_forked();
  throw_parting();
}

void engine::throw_forked() {
  throw interface_error(
      "this connection is the parent process's, whose session a forked child must not touch; connect again in the "
      "child, and close this one there, which ends nothing but the child's descriptor",
      true);
}

/// Checks that an operation can begin.
inline void engine::require_readiness(std::string_view text, params const& args) {
  if (obstacles_ == 0 && !operation_.active) [[likely]]
    return;
  require_turn();
  rethrow_thrown();
  wait_for_cancels();
  if (connector_) throw operational_error("the connection is not open yet; step it with poll() until that says ok");
  require_idle();
  if (!text_is_utf8() && !(is_ascii(text) && is_ascii(args)))
    throw data_error(
        "client_encoding was changed after the connection was made, so that the server would misread this text; only "
        "ASCII can be sent until SET client_encoding TO 'UTF8' sets it back");
}

inline void engine::clear(std::string_view text) {
  clear_results();
  operation_.error = nullptr;
  operation_.ended = false;
  operation_.running = nullptr;
  operation_.loads_types = operation_.begins = operation_.rolled_back = false;
  operation_.text.assign(text);
  operation_.columns.reset();
  operation_.arguments.reset();
  operation_.casters.reset();
  operation_.batch.reset();
}

/// The same, and clears what the last one left.
void engine::begin(std::string_view text, params const& args) {
  require_readiness(text, args);
  clear(text);
}

inline void engine::send_bare(std::string_view script) {
  require_utf8(script);
  if (auto const failed = session_.query(script))
    throw programming_error("the script cannot be sent: " + failed.message(), failed);
  operation_.active = true;
}

/// A script in whatever transaction there is.
void engine::begin_bare(std::string_view script) {
  require_readiness(script, params::none());
  clear(script);
  send_bare(script);
}

void engine::begin_exec(std::string_view script, first_casters const& casters) {
  if (!needs_begin()) {
    begin_bare(script);
    operation_.casters = casters;
    return;
  }
  begin(script, params::none());
  require_utf8(script);
  operation_.casters = casters;
  // BEGIN is a request of the extended protocol, so that the server skips the script if it fails; up to a Sync.
  send_whole([&] {
    send_begin();
    end_unit(session_.query(script));
  });
}

/// Sync alone, which every server answers.
void engine::begin_ping() {
  begin("", params::none());
  end_unit({});
}

void engine::begin_load_types() {
  require_readiness("", params::none());
  send_load_types();
}

/// The same at the end of connecting, when nobody but poll() can begin anything.
void engine::send_load_types() {
  clear(session_types::catalogue_query());
  send_bare(session_types::catalogue_query());
  operation_.loads_types = true;
}

/// A statement that the server knows, and whose columns we know.
inline void engine::run_prepared(prepared_statement const& statement, params const& args) {
  require_readiness(statement.sql, args);
  require_arguments(statement, args);
  clear_results();
  operation_.error = nullptr;
  operation_.ended = false;
  operation_.running = &statement;
  auto const columns = static_cast<std::uint16_t>(statement.columns->types.size());
  try {  // as send_whole does; written out, because a closure costs instructions here
    if (!released_.empty()) [[unlikely]]
      close_released();
    if (needs_begin()) [[unlikely]]
      send_begin();
    auto const failed = session_.run(statement.name, {args.wire(), args.count()}, columns);
    if (failed) [[unlikely]]
      return end_unit(failed);
  } catch (...) {
    give_up();
    throw;
  }
  operation_.active = true;
}

/// The same for a tusk::statement's, which the server may not know, or no longer.
void engine::begin_prepared(std::shared_ptr<prepared_statement> const& statement, params const& args) {
  if (statements_.knows(*statement)) return run_prepared(*statement, args);
  begin_again(statement, args);
}

void engine::begin_again(std::shared_ptr<prepared_statement> const& statement, params const& args) {
  begin(statement->sql, args);
  require_arguments(*statement, args);
  prepare_and_run(statement, args);
}

void engine::begin_query(std::string_view sql, params const& args) {
  if (auto const* found = statements_.find(sql, args.types())) return run_prepared(**found, args);
  begin_unknown(sql, args);
}

/// A statement that is asked for the first time: it is prepared and run in one unit.
void engine::begin_unknown(std::string_view sql, params const& args) {
  begin(sql, args);
  require_utf8(sql);
  if (session_.parameter("standard_conforming_strings") != "off")  // where a string ends is not so clear then
    require_places(sql, args.count());
  auto fresh = std::make_shared<prepared_statement>();
  fresh->cached = true;
  fresh->sql = sql;
  fresh->types.assign(args.types().begin(), args.types().end());
  prepare_and_run(std::move(fresh), args);
}

/// Gives it a name that was never used; the one that it had is closed. Or none: the next statement replaces it then.
void engine::name_statement(prepared_statement& fresh) {
  if (options_.statement_cache_mode == statement_cache_mode::unnamed) return;
  std::string name = statements_.next_name();
  if (!fresh.name.empty()) released_.push_back(std::move(fresh.name));
  fresh.name = std::move(name);
}

void engine::prepare_and_run(std::shared_ptr<prepared_statement> fresh, params const& args) {
  operation_.arguments = args.count();
  name_statement(*fresh);
  auto const& statement = *fresh;  // stays: the operation holds it
  send_whole([&] {
    close_released();
    if (needs_begin()) send_begin();
    std::error_code failed = parse_and_describe(std::move(fresh));
    if (!failed) failed = session_.bind(bind_message(statement, args));
    if (!failed) failed = session_.execute({}, std::nullopt);
    end_unit(failed);
  });
}

void engine::begin_prepare(std::shared_ptr<prepared_statement> fresh) {
  begin(fresh->sql, params::none());
  require_utf8(fresh->sql);
  name_statement(*fresh);
  send_whole([&] {
    close_released();
    end_unit(parse_and_describe(std::move(fresh)));
  });
}

std::error_code engine::parse_and_describe(std::shared_ptr<prepared_statement> fresh) {
  prepared_statement const& statement = *fresh;
  operation_.preparing = std::move(fresh);
  operation_.parsed = operation_.described = operation_.misnamed = false;

  protocol::list_storage<std::uint32_t> types;
  for (oid const each : statement.types) types.add(each);
  protocol::parse parse;
  parse.statement = statement.name;
  parse.sql = statement.sql;
  parse.parameter_types = types;
  if (auto const failed = session_.parse(parse)) return failed;
  protocol::describe describe;
  describe.name = statement.name;
  return session_.describe(describe);
}

/// Ends a unit with Sync. If part of it could not be sent the server still gets its Sync, so that what was sent has an
/// end; the operation fails with our own error then.
void engine::end_unit(std::error_code failed) {
  auto const unended = session_.sync();
  if (!failed) failed = unended;
  operation_.active = !unended;
  if (failed)
    fail(std::make_exception_ptr(programming_error("the statement cannot be sent: " + failed.message(), failed)));
}

void engine::close_released() {
  while (!released_.empty()) {
    protocol::close gone;
    gone.name = released_.back();
    if (session_.close(gone)) break;
    released_.pop_back();
  }
}

/// Throws the operation's error, if there was one.
void engine::finish() {
  limit_.reset();
  if (close_asked_) [[unlikely]] {
    bool const connecting = connector_ != nullptr;
    shut_down();
    if ((obstacles_ & is_forked) != 0) throw_forked();
    if (connecting) throw operational_error("the connection was closed while it was being made", true);
  }
  if (operation_.error) [[unlikely]] {
    clear_results();
    if (closed()) session_.abandon();
    std::rethrow_exception(std::exchange(operation_.error, nullptr));
  }
}

std::vector<result> engine::all_results() {
  auto const states = std::exchange(operation_.results, {});
  return {states.begin(), states.end()};
}

std::vector<result> engine::peek_results() const {
  lock const guard(mutex_);
  return {operation_.results.begin(), operation_.results.end()};
}

result engine::only_result() {
  if (operation_.results.empty()) return {};
  result last(std::move(operation_.results.back()));
  operation_.results.clear();
  return last;
}

std::vector<result> engine::exec(std::string_view script, within const* limit) {
  std::vector<result> results;
  exec(script, {}, results, limit);
  return results;
}

void engine::exec(std::string_view script, first_casters const& casters, std::vector<result>& into,
                  within const* limit) {
  lock const guard(mutex_);
  require_blocking("exec");
  if (limit == nullptr) [[likely]] {
    begin_exec(script, casters);
  } else {
    auto limited = admit(limit);
    begin_exec(script, casters);
    limit_ = std::move(limited);
  }
  answer_script(into);
}

result engine::query(std::string_view sql, params const& args) {
  lock const guard(mutex_);
  require_blocking("query");
  if (auto const* found = statements_.find(sql, args.types())) [[likely]] {
    run_prepared(**found, args);
    return answer();
  }
  begin_unknown(sql, args);
  wait_until_done();
  return only_result();
}

result engine::query(std::shared_ptr<prepared_statement> const& statement, params const& args) {
  lock const guard(mutex_);
  require_blocking("query");
  if (statements_.knows(*statement)) [[likely]] {
    run_prepared(*statement, args);
    return answer();
  }
  begin_again(statement, args);
  wait_until_done();
  return only_result();
}

std::shared_ptr<prepared_statement> engine::prepare(std::string_view sql, within const* limit) {
  lock const guard(mutex_);
  require_blocking("prepare");
  auto limited = admit(limit);
  auto fresh = std::make_shared<prepared_statement>();
  fresh->sql = sql;
  begin_prepare(fresh);
  limit_ = std::move(limited);
  wait_until_done();
  return fresh;
}

void engine::release(prepared_statement const& statement) noexcept {
  lock const guard(mutex_);
  try {
    if (!closed() && !statement.name.empty()) released_.push_back(statement.name);
  } catch (std::bad_alloc const&) {
    return;  // then it stays at the server until the connection ends
  }
}

/// Forgets all statements; those that were kept are closed with the next request.
void engine::forget_all() {
  for (auto& name : statements_.forget_all()) released_.push_back(std::move(name));
}

void engine::forget_statements() {
  lock const guard(mutex_);
  require_idle();
  forget_all();
}

void engine::start_exec(std::string_view script, first_casters const& casters, within const* limit) {
  lock const guard(mutex_);
  auto limited = admit(limit);
  begin_exec(script, casters);
  limit_ = std::move(limited);
}

void engine::ping() {
  lock const guard(mutex_);
  require_blocking("ping");
  begin_ping();
  wait_until_done();
}

void engine::load_types() {
  lock const guard(mutex_);
  require_blocking("load_types");
  begin_load_types();
  wait_until_done();
}

void engine::start_load_types() {
  lock const guard(mutex_);
  begin_load_types();
}

void engine::register_type(typecaster const& caster) {
  lock const guard(mutex_);
  types_.register_type(caster);
}

oid engine::type_oid(std::string_view name) const {
  if (oid const built_in = type_of_name(name); built_in != 0) return built_in;
  lock const guard(mutex_);
  if (oid const found = types_.find(name); found != 0) return found;
  throw programming_error("no type is named \"" + std::string(name) + "\"; " +
                          (types_.has_catalogue() ? "if it was made since, call load_types() again"
                                                  : "types that were made in the database need load_types() first"));
}

std::string engine::type_name(oid type) const {
  lock const guard(mutex_);
  return types_.name_of(type);
}

void engine::start_ping() {
  lock const guard(mutex_);
  begin_ping();
}

void engine::start_query(std::string_view sql, params const& args, within const* limit) {
  lock const guard(mutex_);
  auto limited = admit(limit);
  begin_query(sql, args);
  limit_ = std::move(limited);
}

std::vector<result> engine::take_results() {
  lock const guard(mutex_);
  refuse_in_handler();
  if (operation_.active || (obstacles_ & is_waited) != 0)
    throw programming_error("no results to fetch: the operation is still under way");
  finish();  // an operation that close() ended
  return all_results();
}

}  // namespace tusk::detail
