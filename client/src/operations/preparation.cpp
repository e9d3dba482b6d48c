#include "operations/preparation.hpp"

#include "operations/first_word.hpp"
#include "operations/placeholders.hpp"

namespace tusk::detail {

preparation::preparation(session_context& in, std::shared_ptr<prepared_statement> fresh)
    : sql_operation(in), fresh_(std::move(fresh)) {
  prepare_name(in_, *fresh_);
}

void prepare_name(session_context& in, prepared_statement& fresh) {
  require_utf8(fresh.sql);
  auto const word = first_word(fresh.sql);
  require_no_copy(word);
  fresh.may_change_transaction = may_change_transaction(word);
  if (!fresh.is_passing) in.name_statement(fresh);
}

std::error_code parse_and_describe(protocol::session& into, prepared_statement const& fresh) {
  protocol::list_storage<std::uint32_t> types;
  for (oid const each : fresh.types) types.add(each);
  protocol::parse parse;
  parse.statement = fresh.name;
  parse.sql = fresh.sql;
  parse.parameter_types = types;
  if (auto const failed = into.parse(parse)) return failed;
  protocol::describe describe;
  describe.name = fresh.name;
  return into.describe(describe);
}

fed preparation::feed() {
  in_.close_released();
  return end_unit(parse_and_describe(in_.session, *fresh_));
}

void preparation::take_description(protocol::event const& told) {
  if (std::holds_alternative<protocol::parse_complete>(told)) {
    parsed_ = true;
    if (!fresh_->name.empty()) in_.statements.learn(*fresh_);
  } else if (auto const* parameters = std::get_if<protocol::parameter_description>(&told)) {
    fresh_->parameters.assign(parameters->type_oids.begin(), parameters->type_oids.end());
    // What is wrong with the arguments is said here, so that it reads as it does when the statement is known; the
    // server's refusal follows.
    if (auto const wrong = wrong_parameters(*fresh_, arguments())) fail(wrong);
  } else if (auto const* columns = std::get_if<protocol::row_description>(&told)) {
    columns_ = in_.describe(*columns, false, {}, misnamed_);
    described_ = true;
  } else if (std::holds_alternative<protocol::no_data>(told)) {
    columns_ = no_columns();
    described_ = true;
  }
  if (described_) fresh_->columns = columns_;
}

void preparation::ready() {
  if (!parsed_) return fresh_->name.clear();
  if (!fresh_->columns) fresh_->columns = no_columns();
  in_.keep(fresh_, described_ && !can_never_run() && !misnamed_);
}

std::string preparation::advice(diagnostics const& fields) const {
  if (fields.sqlstate != "42601") return {};
  std::string_view const sql = fresh_->sql;
  if (sql.find("%s") != sql.npos || sql.find("%(") != sql.npos)
    return "query() and prepare() have $1, $2, ... for their arguments; %s and %(name)s belong to a cursor's execute()";
  if (sql.find(';') != sql.npos) return "query() and prepare() take one statement; exec() runs several";
  return {};
}

fed first_run::feed() {
  in_.close_released();
  std::error_code failed = begins_again_ ? begin_again() : begin();
  if (!failed) failed = parse_and_describe(in_.session, *fresh_);
  if (!failed) failed = in_.session.bind_and_execute(fresh_->name, args_.values, std::nullopt, {args_.formats, {}});
  return end_unit(failed);
}

/// The answer to ROLLBACK is nobody's, as that to BEGIN behind it.
progress first_run::take(protocol::event const& told) {
  auto const* ended = std::get_if<protocol::command_complete>(&told);
  if (ended == nullptr || !std::exchange(begins_again_, false)) return preparation::take(told);
  if (ended->tag == "ROLLBACK") return progress::under_way;
  return break_off("the server answered ROLLBACK with \"" + std::string(ended->tag) + '"');
}

void first_run::take_tag(std::string_view tag) {
  result_ = result(make_result(tag, columns_));
  has_result_ = true;
}

std::shared_ptr<prepared_statement> unknown_statement(session_context const& in, std::string_view sql,
                                                      params const& args) {
  require_utf8(sql);
  if (in.session.parameter("standard_conforming_strings") != "off")  // where a string ends is not so clear then
    require_places(sql, args.count());
  auto fresh = std::make_shared<prepared_statement>();
  fresh->is_passing = in.is_being_prepared({sql, args.types()});
  fresh->cached = !fresh->is_passing;
  fresh->sql = sql;
  fresh->types.assign(args.types().begin(), args.types().end());
  return fresh;
}

}  // namespace tusk::detail
