#include "operations/sql_operation.hpp"

#include <algorithm>
#include <tusk/protocol/utf8.hpp>
#include <variant>
#include <vector>

#include "engine/foreign_text.hpp"
#include "engine/kept_notices.hpp"
#include "operations/first_word.hpp"

namespace tusk::detail {
namespace {

/// Whether an error of a kept statement may come from its plan, so that it would come again: the table may have other
/// columns or types by now, an enum may have been made anew, the server may not know the statement. Not if it tells of
/// locks, resources, cancelling; `bound`: behind BindComplete nor if it is the values' or the user's own.
bool concerns_plan(std::string_view sqlstate, bool bound) {
  constexpr std::string_view never[] = {"40", "53", "55", "57"}, never_when_bound[] = {"22012", "23", "P0"};
  auto const begins = [&](std::string_view with) { return sqlstate.starts_with(with); };
  return std::none_of(std::begin(never), std::end(never), begins) &&
         !(bound && std::any_of(std::begin(never_when_bound), std::end(never_when_bound), begins));
}

/// Whether preparing a statement again may help against an error of its Bind. Not if that tells of a transaction,
/// locks, limits, cancelling, or a broken server: Bind checks the plan and takes its locks, and what was cancelled
/// while it waited for them must not run again.
bool may_heal(std::string_view sqlstate) {
  constexpr std::string_view never[] = {"25", "40", "53", "54", "55", "57", "58", "XX001", "XX002"};
  return std::none_of(std::begin(never), std::end(never), [&](auto each) { return sqlstate.starts_with(each); });
}

bool is_ascii(params const& args) noexcept {
  std::string_view rest = args.wire();
  for (std::size_t i = 0; !rest.empty(); ++i) {
    auto const size = protocol::load_big_endian<std::int32_t>(rest.data());
    rest.remove_prefix(4);
    if (size < 0) continue;  // NULL
    if (!args.is_binary(i) && !has_ascii_only(rest.substr(0, static_cast<std::size_t>(size)))) return false;
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

/// Why a statement that is none, or is no query, gives no result; null: that is not what the event tells.
char const* refusal(protocol::event const& told) {
  if (std::holds_alternative<protocol::empty_query_response>(told)) return "can't execute an empty query";
  if (std::holds_alternative<protocol::copy_in_response>(told))
    return "COPY ... FROM STDIN cannot be run as a query: use copy_in(); it was refused";
  if (std::holds_alternative<protocol::copy_out_response>(told))
    return "COPY ... TO STDOUT cannot be run as a query: use copy_out(); its data was dropped";
  if (std::holds_alternative<protocol::copy_both_response>(told))
    return "replication cannot be started by a query; its stream was ended";
  return nullptr;
}

}  // namespace

bool has_word(std::string_view text, std::string_view word) noexcept {
  auto const is_letter = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
  };
  auto const same = [](char a, char b) { return (a | 32) == (b | 32); };
  for (auto from = text.begin();; ++from) {
    from = std::search(from, text.end(), word.begin(), word.end(), same);
    if (from == text.end()) return false;
    auto const behind = from + static_cast<std::ptrdiff_t>(word.size());
    if ((from == text.begin() || !is_letter(from[-1])) && (behind == text.end() || !is_letter(*behind))) return true;
  }
}

void require_utf8(std::string_view text) {
  auto const invalid = protocol::find_invalid_utf8(text);
  if (invalid != text.npos)
    throw programming_error("the statement is not valid UTF-8 at byte " + std::to_string(invalid) +
                            "; the client speaks UTF-8 to the server");
}

void require_readable(session_context const& in, std::string_view text, params const& args) {
  if (in.text_is_utf8() || (has_ascii_only(text) && is_ascii(args))) return;
  throw data_error(
      "client_encoding was changed after the connection was made, so that the server would misread this text; only "
      "ASCII can be sent until SET client_encoding TO 'UTF8' sets it back");
}

void require_no_copy(std::string_view first_word) {
  if (is_copy(first_word))
    throw programming_error(
        "COPY ... FROM STDIN and COPY ... TO STDOUT cannot be run here: use copy_in() and copy_out(); exec() runs a "
        "COPY "
        "between tables and files at the server");
}

progress sql_operation::take(protocol::event const& told) {
  if (auto const* ended = std::get_if<protocol::unit_complete>(&told)) {
    take_tag(ended->tag);
    return finish();
  }
  if (std::holds_alternative<protocol::ready_for_query>(told)) return --awaited_ == 0 ? finish() : progress::under_way;
  if (auto const* error = std::get_if<protocol::error_response>(&told)) return take_error(*error);
  if (auto const* ended = std::get_if<protocol::command_complete>(&told)) {
    if (std::exchange(begins_, false)) {
      if (ended->tag == "BEGIN") return progress::under_way;
      return break_off("the server answered BEGIN with \"" + std::string(ended->tag) + '"');
    }
    if (rolled_back_ && (ended->tag == "BEGIN" || ended->tag == "START TRANSACTION")) in_.break_guards();
    take_tag(ended->tag);
    return progress::under_way;
  }
  if (char const* const why = refusal(told)) {
    fail(std::make_exception_ptr(programming_error(why)));
    return progress::under_way;
  }
  if (!begins_) take_description(told);
  return progress::under_way;
}

progress sql_operation::take_error(protocol::error_response const& told) {
  diagnostics fields;
  bool const replaced = write_fields(told.fields_sent, fields, !in_.text_is_utf8());
  bool const fatal = in_.session.state() == protocol::state::ended;
  bool const bound = in_.session.answering_part() != protocol::request_part::bind;
  bool const stale = !begins_ && concerns_plan(fields.sqlstate, bound), heals = !bound && may_heal(fields.sqlstate);
  std::string const remedy = replaced ? encoding_advice : advice(fields);
  auto error = types::make_server_error(std::move(fields), asked(), fatal, remedy);
  if (fatal) {
    end(std::move(error));
    return progress::broken;
  }
  fail(std::move(error));
  if (begins_) awaited_ = 1;  // what is behind BEGIN is skipped
  if (stale) plan_failed(heals);
  return progress::under_way;
}

progress sql_operation::finish() {
  if (std::exchange(begins_, false)) in_.transactions.begin_asked |= in_.transactions.guards != 0;  // it is still owed
  if (has_begun_) in_.transactions.begin_sent = false;
  ready();
  // A server since version 14 reports client_encoding at the end, and nothing if it is then what it was.
  if (is_several()) distrust(text_trust::unsure);
  if (!in_.text_is_utf8()) [[unlikely]]
    distrust(text_trust::foreign);
  if (in_.transactions.guards != 0) in_.look_at_guards();
  end();
  return progress::ended;
}

progress sql_operation::break_off(std::string const& why) {
  end(std::make_exception_ptr(operational_error("the connection was closed: " + why, true)));
  return progress::broken;
}

void sql_operation::take_columns(protocol::row_description const& told, first_casters const& casters,
                                 std::shared_ptr<column_set const>& into) {
  if (auto* const known = in_.descriptions.find(casters, [&](auto const& each) { return each == told.columns; })) {
    into = in_.columns_of(*known);
    return;
  }
  bool misnamed = false;
  into = in_.describe(told, false, casters, misnamed);
  if (!misnamed) in_.descriptions.keep(told.columns, casters, into);
}

std::error_code sql_operation::fail_at_server() {
  protocol::execute nothing;
  nothing.portal = "tusk_nothing_of_this_stands";
  return in_.session.execute(nothing, std::nullopt);
}

fed sql_operation::end_unit(std::error_code failed) {
  auto const unended = in_.session.sync();
  if (!failed) failed = unended;
  if (failed)
    fail(std::make_exception_ptr(programming_error("the statement cannot be sent: " + failed.message(), failed)));
  if (!unended) return fed::whole;
  end();
  return fed::nothing;
}

/// What the end of a statement says of others: the server has forgotten them all, or the transaction of the open guards
/// has ended.
void sql_operation::heed(std::string_view tag) {
  // What DO and CALL run may set what it likes, and listen to it.
  if (tag == "SET" || tag == "RESET" || tag == "DO" || tag == "CALL" || tag.starts_with("DISCARD"))
    in_.changes.settings = true;
  if (tag == "LISTEN" || tag == "DO" || tag == "CALL") in_.changes.listens = true;
  if (tag == "DEALLOCATE ALL" || tag == "DISCARD ALL") {
    statements_forgotten();
    in_.statements.forget_all();
  } else if (in_.transactions.guards != 0 && (tag == "COMMIT" || tag == "PREPARE TRANSACTION")) {
    in_.break_guards();
  } else if (in_.transactions.guards != 0 && tag == "ROLLBACK") {
    if (has_word(asked(), "chain") && has_word(asked(), "and")) in_.break_guards();
    rolled_back_ = true;
    if (in_.session.state() == protocol::state::idle) in_.look_at_guards();
  }
}

result_state& sql_operation::state_of(result const& of) noexcept { return const_cast<result_state&>(*of.state_); }

void sql_operation::distrust(text_trust instead) {
  for (result const& each : results()) {
    result_state& state = state_of(each);
    state.distrust(instead);
    if (instead != text_trust::foreign || was_described()) continue;
    auto const& infos = *state.columns->infos;
    auto const readable = [](column_info const& column) { return has_ascii_only(column.name); };
    if (std::all_of(infos.begin(), infos.end(), readable)) continue;
    auto renamed = std::make_shared<std::vector<column_info>>(infos);
    for (column_info& column : *renamed) column.name = shown(column.name, true);
    auto columns = std::make_shared<column_set>(*state.columns);
    columns->infos = std::move(renamed);
    state.columns = std::move(columns);
  }
}

}  // namespace tusk::detail
