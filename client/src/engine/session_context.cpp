#include "engine/session_context.hpp"

#include <tusk/types/error.hpp>
#include <utility>

#include "engine/foreign_text.hpp"

namespace tusk::detail {
namespace {

std::string begin_statement(session_mode const& mode) {
  std::string text = "BEGIN";
  switch (mode.isolation) {
    case isolation_level::autocommit:
    case isolation_level::server_default: break;
    case isolation_level::read_uncommitted: text += " ISOLATION LEVEL READ UNCOMMITTED"; break;
    case isolation_level::read_committed: text += " ISOLATION LEVEL READ COMMITTED"; break;
    case isolation_level::repeatable_read: text += " ISOLATION LEVEL REPEATABLE READ"; break;
    case isolation_level::serializable: text += " ISOLATION LEVEL SERIALIZABLE"; break;
  }
  if (mode.read_only) text += *mode.read_only ? " READ ONLY" : " READ WRITE";
  if (mode.deferrable) text += *mode.deferrable ? " DEFERRABLE" : " NOT DEFERRABLE";
  return text;
}

}  // namespace

session_context::session_context(connect_options const& options, session_mode first)
    : session(options.limits),
      statements(options.statement_cache),
      transactions{first},
      names_statements(options.statement_cache_mode == statement_cache_mode::named),
      format(options.format) {}

void session_context::close_released() {
  std::erase_if(evicted, [&](std::shared_ptr<prepared_statement> const& each) {
    if (each.use_count() > 1) return false;
    released.push_back(each->name);
    return true;
  });
  while (!released.empty()) {
    protocol::close gone;
    gone.name = released.back();
    if (session.close(gone)) break;
    released.pop_back();
  }
}

void session_context::name_statement(prepared_statement& fresh) {
  if (!names_statements) return;
  std::string name = statements.next_name();
  if (!fresh.name.empty()) released.push_back(std::move(fresh.name));
  fresh.name = std::move(name);
}

void session_context::forget_statements() {
  for (auto& name : statements.forget_all()) released.push_back(std::move(name));
}

void session_context::forget(prepared_statement const& gone) {
  if (gone.cached) released.push_back(gone.name);  // a tusk::statement still has its name
  statements.forget(gone);
}

void session_context::keep(std::shared_ptr<prepared_statement> made, bool usable) {
  if (!usable) {
    made->era = 0;
    if (!made->name.empty()) released.push_back(std::exchange(made->name, {}));
    return;
  }
  if (!made->cached || !statements.knows(*made)) return;  // prepared by hand, or it was a DEALLOCATE ALL itself
  if (statements.has(*made)) return released.push_back(made->name);  // both were on their way
  auto gone = statements.add(std::move(made));
  if (gone.use_count() > 1)
    evicted.push_back(std::move(gone));
  else if (gone)
    released.push_back(gone->name);
}

std::error_code session_context::send_command(std::string_view text) {
  protocol::parse parse;
  parse.sql = text;
  std::error_code failed = session.parse(parse);
  if (!failed) failed = session.bind({});
  if (!failed) failed = session.execute({}, std::uint16_t{0});
  return failed;
}

std::error_code session_context::send_begin() {
  auto const failed = send_command(begin_statement(transactions.mode));
  if (!failed) {
    transactions.begin_asked = false;
    transactions.begin_sent = true;
  }
  return failed;
}

std::shared_ptr<column_set const> session_context::describe(protocol::row_description const& told, bool plain,
                                                            first_casters const& casters, bool& misnamed) const {
  constexpr std::int16_t binary_format = 1;
  std::vector<column_info> columns;
  columns.reserve(told.columns.size());
  for (protocol::column_description const& each : told.columns) {
    misnamed |= !is_readable(each.name, !text_is_utf8());
    columns.push_back({shown(each.name, !text_is_utf8()), each.type_oid, each.type_modifier, each.type_size,
                       each.table_oid, each.table_column, each.format_code == binary_format});
  }
  return types.resolve(std::make_shared<std::vector<column_info> const>(std::move(columns)), !plain, casters.get());
}

void session_context::setting_changed(std::string_view name, std::string_view value) {
  if (name == "client_encoding") {
    obstacles.set(obstacles::foreign, value != "UTF8" && value != "UNICODE");  // one encoding; others are told as these
    descriptions.clear();                                                      // the same bytes may be another name now
  }
  types.parameter_changed(name);
  changes.settings = true;
  if (!obstacles.any_of(obstacles::connecting)) facts.set(session.parameters(), nullptr);
}

}  // namespace tusk::detail
