// The engine's mouth: what is sent for each kind of operation, and how its outcome is handed over.

#include <tusk/protocol/utf8.hpp>
#include <tusk/types/error.hpp>

#include "engine.hpp"

namespace tusk::detail {
namespace {

/// Text goes to the server as UTF-8; what is not is refused here, and never passed on.
void require_utf8(std::string_view text) {
  auto const invalid = protocol::find_invalid_utf8(text);
  if (invalid != text.npos)
    throw programming_error("the statement is not valid UTF-8 at byte " + std::to_string(invalid) +
                            "; the client speaks UTF-8 to the server");
}

void require_arguments(prepared_statement const& statement, params const& args) {
  if (args.count() != statement.parameters.size())
    throw programming_error("the statement has " + std::to_string(statement.parameters.size()) + " parameter(s), but " +
                            std::to_string(args.count()) + " argument(s) were given");
}

}  // namespace

void engine::require_open() const {
  if (closed_) throw interface_error("connection already closed", true);
}

/// Checks that an operation can begin, and clears what the last one left.
void engine::begin(std::string_view text) {
  require_open();
  if (connector_) throw operational_error("the connection is not open yet; step it with poll() until that says ok");
  if (operation_.active)
    throw programming_error(
        "another operation is under way on this connection; step it with poll() until that says ok");
  operation_.results.clear();
  operation_.error = nullptr;
  operation_.text.assign(text);
  operation_.columns.reset();
}

void engine::begin_exec(std::string_view script) {
  require_utf8(script);
  begin(script);
  if (auto const failed = session_.query(script))
    throw programming_error("the script cannot be sent: " + failed.message(), failed);
  operation_.active = true;
}

void engine::begin_query(std::string_view sql, params const& args) {
  if (auto const* found = statements_.find(sql, args.types())) return run_prepared(**found, args);
  require_utf8(sql);
  begin(sql);
  auto fresh = std::make_shared<prepared_statement>();
  fresh->name = next_statement_name();
  fresh->sql = sql;
  fresh->types.assign(args.types().begin(), args.types().end());
  fresh->cached = statements_.capacity() != 0;
  close_released();
  auto const& statement = *fresh;  // stays: the operation holds it
  std::error_code failed = parse_and_describe(std::move(fresh));
  if (!failed) failed = bind_and_execute(statement, args, false);
  end_unit(failed);
}

void engine::begin_prepare(std::shared_ptr<prepared_statement> fresh) {
  require_utf8(fresh->sql);
  begin(fresh->sql);
  close_released();
  end_unit(parse_and_describe(std::move(fresh)));
}

/// A statement that the server knows, and whose columns we know.
void engine::run_prepared(prepared_statement const& statement, params const& args) {
  require_arguments(statement, args);
  begin(statement.sql);
  close_released();
  operation_.columns = statement.columns;
  end_unit(bind_and_execute(statement, args, true));
}

std::error_code engine::parse_and_describe(std::shared_ptr<prepared_statement> fresh) {
  prepared_statement const& statement = *fresh;
  operation_.preparing = std::move(fresh);
  operation_.parsed = operation_.described = false;

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

std::error_code engine::bind_and_execute(prepared_statement const& statement, params const& args, bool columns_known) {
  protocol::bind bind;
  bind.statement = statement.name;
  bind.parameters = {args.wire(), args.count()};
  if (auto const failed = session_.bind(bind)) return failed;
  if (!columns_known) return session_.execute({}, std::nullopt);
  return session_.execute({}, static_cast<std::uint16_t>(statement.columns->size()));
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

std::string engine::next_statement_name() { return "tusk_" + std::to_string(++statement_number_); }

/// Throws the operation's error, if there was one.
void engine::finish() {
  if (operation_.error) [[unlikely]] {
    operation_.results.clear();
    std::rethrow_exception(std::exchange(operation_.error, nullptr));
  }
}

result engine::only_result() {
  if (operation_.results.empty()) return {};
  result last = std::move(operation_.results.back());
  operation_.results.clear();
  return last;
}

void engine::require_blocking(char const* what) const {
  if (options_.async)
    throw programming_error(std::string(what) + " cannot be used in asynchronous mode; use start_" + what +
                            " and poll(), or a connection without async");
}

std::vector<result> engine::exec(std::string_view script) {
  lock const guard(mutex_);
  require_blocking("exec");
  begin_exec(script);
  wait_until_done();
  return std::exchange(operation_.results, {});
}

result engine::query(std::string_view sql, params const& args) {
  lock const guard(mutex_);
  require_blocking("query");
  begin_query(sql, args);
  wait_until_done();
  return only_result();
}

result engine::query(std::shared_ptr<prepared_statement> const& statement, params const& args) {
  lock const guard(mutex_);
  require_blocking("query");
  run_prepared(*statement, args);
  wait_until_done();
  return only_result();
}

std::shared_ptr<prepared_statement> engine::prepare(std::string_view sql) {
  lock const guard(mutex_);
  require_blocking("prepare");
  auto fresh = std::make_shared<prepared_statement>();
  fresh->name = next_statement_name();
  fresh->sql = sql;
  begin_prepare(fresh);
  wait_until_done();
  return fresh;
}

void engine::release(prepared_statement const& statement) noexcept {
  lock const guard(mutex_);
  if (!closed_) released_.push_back(statement.name);
}

void engine::start_exec(std::string_view script) {
  lock const guard(mutex_);
  begin_exec(script);
}

void engine::start_query(std::string_view sql, params const& args) {
  lock const guard(mutex_);
  begin_query(sql, args);
}

std::vector<result> engine::take_results() {
  lock const guard(mutex_);
  if (operation_.active) throw programming_error("no results to fetch: the operation is still under way");
  return std::exchange(operation_.results, {});
}

}  // namespace tusk::detail
