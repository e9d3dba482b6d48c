// The engine's ear: what each event of the session means for the operation under way.

#include <algorithm>
#include <tusk/types/error.hpp>

#include "engine/engine.hpp"
#include "engine/foreign_text.hpp"
#include "engine/last_words.hpp"
#include "engine/recycling_allocator.hpp"

namespace tusk::detail {
namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

constexpr std::int16_t text_format = 0, binary_format = 1;

/// Whether an error of a kept statement may come from its plan, so that it would come again: the table may have other
/// columns or types by now, an enum may have been made anew, the server may not know the statement. Not if it tells of
/// locks, resources, cancelling; `bound`: behind BindComplete nor if it is the values' or the user's own.
bool concerns_plan(std::string_view sqlstate, bool bound) {
  constexpr std::string_view never[] = {"40", "53", "55", "57"}, never_when_bound[] = {"22012", "23", "P0"};
  auto const begins = [&](std::string_view with) { return sqlstate.starts_with(with); };
  return std::none_of(std::begin(never), std::end(never), begins) &&
         !(bound && std::any_of(std::begin(never_when_bound), std::end(never_when_bound), begins));
}

/// Whether engine::heed() has to look at a tag, behind which a NUL stands; few begin so.
inline bool may_concern_others(std::string_view tag) noexcept {
  constexpr auto bit = [](char c) { return 1U << (c & 31); };
  constexpr unsigned letters = bit('C') | bit('D') | bit('P') | bit('R');  // COMMIT, DISCARD ALL, PREPARE .., ROLLBACK
  return (letters >> (*tag.data() & 31) & 1) != 0;
}

bool has_word(std::string_view text, std::string_view word) noexcept {
  auto const is_letter = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
  };
  auto const same = [](char a, char b) { return (a | 32) == b; };
  for (auto from = text.begin();; ++from) {
    from = std::search(from, text.end(), word.begin(), word.end(), same);
    if (from == text.end()) return false;
    auto const behind = from + static_cast<std::ptrdiff_t>(word.size());
    if ((from == text.begin() || !is_letter(from[-1])) && (behind == text.end() || !is_letter(*behind))) return true;
  }
}

/// The server takes more parameters in a statement's text than Bind can carry.
bool can_never_run(prepared_statement const& statement) noexcept {
  return statement.parameters.size() > protocol::max_parameters;
}

}  // namespace

/// False if nothing more is to be taken: the connection is gone, or another address is to be tried.
bool engine::take(protocol::event const& told) {
  if (auto const* ended = std::get_if<protocol::unit_complete>(&told)) [[likely]] {
    operation_.results.push_back(make_result(ended->tag));
    done();
    return session_.buffered() != 0;
  }
  take_other(told);
  return !closed() && (!connector_ || session_.state() != protocol::state::unstarted);
}

void engine::take_other(protocol::event const& told) {
  using namespace protocol;
  std::visit(
      overloaded{
          [&](command_complete const& ended) {
            if (std::exchange(operation_.begins, false)) return take_begin(ended.tag);
            if (operation_.rolled_back && (ended.tag == "BEGIN" || ended.tag == "START TRANSACTION")) break_guards();
            if (!operation_.batch)
              operation_.results.push_back(make_result(ended.tag));
            else
              take_batched(ended.tag);
          },
          [&](ready_for_query const&) { take_ready(); }, [&](row_description const& columns) { take_columns(columns); },
          [&](no_data const&) {
            operation_.columns = no_columns();
            operation_.described = true;
            if (operation_.preparing) operation_.preparing->columns = no_columns();
          },
          [&](parse_complete const&) {
            if (operation_.begins) return;
            operation_.parsed = true;
            if (operation_.preparing && !operation_.preparing->name.empty()) statements_.learn(*operation_.preparing);
          },
          [&](parameter_description const& described) {
            if (operation_.preparing) take_parameters(described);
          },
          [&](error_response const& error) { take_error(error); },
          [&](notification_response const& arrived) { take_notification(arrived); },
          [&](notice_response const& notice) { take_notice(notice); },
          [&](protocol::parameter_status const& changed) {
            if (changed.name == "client_encoding") encoding_changed(changed.value);
            types_.parameter_changed(changed.name);
          },
          [&](empty_query_response const&) {
            fail(std::make_exception_ptr(programming_error("can't execute an empty query")));
          },
          [&](copy_in_response const&) {
            fail(std::make_exception_ptr(
                programming_error("COPY ... FROM STDIN cannot be run as a query; it was refused")));
          },
          [&](copy_out_response const&) {
            fail(std::make_exception_ptr(
                programming_error("COPY ... TO STDOUT cannot be run as a query; its data was dropped")));
          },
          [&](copy_both_response const&) {
            fail(std::make_exception_ptr(
                programming_error("replication cannot be started by a query; its stream was ended")));
          },
          [&](violation const& how) { take_violation(how); },
          [](auto const&) {},  // close_complete, portal_suspended: nobody waits for them
      },
      told);
}

/// What the statement that has just ended gave.
std::shared_ptr<result_state> engine::make_result(std::string_view tag) {
  auto made = std::allocate_shared<result_state>(recycling_allocator<result_state>(), tag, text_is_utf8());
  if (operation_.running != nullptr) {
    auto& columns = operation_.running->columns;
    if (types_.is_stale(*columns)) [[unlikely]]
      types_.refresh(columns);
    made->columns = columns;
  } else if (operation_.columns)
    made->columns = std::move(operation_.columns);  // the next statement has its own
  else
    made->columns = no_columns();
  if (made->columns->has_binary) [[unlikely]]
    made->text_limit = result_state::no_text;
  if (may_concern_others(tag)) [[unlikely]]  // first: taking the rows ends the view
    heed(tag);
  session_.take_rows(made->rows);
  return made;
}

/// What the columns of the script before mean, which came again.
void engine::take_last_columns() {
  auto& last = last_description_;
  if (types_.is_stale(*last.columns)) [[unlikely]]
    last.columns = types_.resolve(last.columns->infos, true, last.casters.get());
  operation_.columns = last.columns;
}

/// What is wrong with them is said here, so that it reads as it does when the statement is known; the server's refusal
/// follows.
void engine::take_parameters(protocol::parameter_description const& told) {
  auto& parameters = operation_.preparing->parameters;
  parameters.assign(told.type_oids.begin(), told.type_oids.end());
  if (can_never_run(*operation_.preparing)) {
    std::error_code const code = protocol::errc::too_many_parameters;
    fail(std::make_exception_ptr(programming_error(code.message(), code)));
  } else if (auto const given = operation_.arguments; given && *given != parameters.size()) {
    fail(std::make_exception_ptr(programming_error(wrong_argument_count(parameters.size(), *given))));
  }
}

void engine::take_columns(protocol::row_description const& told) {
  operation_.described = true;
  bool const ours = connector_ || operation_.loads_types;
  bool const script = !ours && !operation_.preparing;
  if (script && remembers_columns() && last_description_.list() == told.columns) return take_last_columns();
  std::vector<column_info> columns;
  columns.reserve(told.columns.size());
  operation_.misnamed = false;
  for (protocol::column_description const& each : told.columns) {
    if (each.format_code != text_format && each.format_code != binary_format)
      return break_off(std::make_exception_ptr(
          operational_error("the connection was closed: the server described a column with format " +
                                std::to_string(each.format_code) + ", and there is none but 0 (text) and 1 (binary)",
                            true)));
    operation_.misnamed |= !is_readable(each.name, !text_is_utf8());
    columns.push_back({shown(each.name, !text_is_utf8()), each.type_oid, each.type_modifier, each.type_size,
                       each.table_oid, each.table_column, each.format_code == binary_format});
  }
  operation_.columns = types_.resolve(std::make_shared<std::vector<column_info> const>(std::move(columns)), !ours,
                                      operation_.casters.get());
  if (operation_.preparing) operation_.preparing->columns = operation_.columns;
  constexpr std::size_t worth_keeping = 1024;  // bytes; an idle connection has to be small
  if (script && !operation_.misnamed && told.columns.encoded().size() <= worth_keeping)
    last_description_ = {std::string(told.columns.encoded()), told.columns.size(), operation_.casters,
                         operation_.columns};
}

/// The only field of the only row that a query of the connector gave; empty if it was anything else.
std::string engine::answer_to_question() {
  auto const results = std::exchange(operation_.results, {});
  operation_ = {};
  if (results.size() != 1) return {};
  result const told(results.front());
  if (told.size() != 1 || told.columns().size() != 1) return {};
  try {
    return told[0].get<std::optional<std::string>>(0).value_or("");
  } catch (data_error const&) {
    return {};  // not even text
  }
}

void engine::take_ready() {
  if (connector_) {
    std::string const answer = answer_to_question();
    if (!connector_->ready(answer)) return;
    route_ = connector_->route();
    connector_.reset();
    set_obstacle(is_connecting, false);
    session_.settle();
    if (options_.load_types) send_load_types();
    return;
  }
  if (session_.state() != protocol::state::idle) return;  // a script behind a BEGIN has a Sync behind it
  if (std::exchange(operation_.begins, false)) begin_asked_ |= guards_ != 0;  // it has failed, and is still owed
  if (auto prepared = std::exchange(operation_.preparing, nullptr)) take_prepared(std::move(prepared));
  if (std::exchange(operation_.loads_types, false)) take_types();
  // A server since version 14 reports client_encoding at the end, and nothing if it is then what it was.
  if (operation_.results.size() > 1 || (operation_.batch && operation_.batch->size() > 1))
    distrust_results(text_trust::unsure);
  if (guards_ != 0) look_at_guards();
  operation_.batch.reset();
  done();
}

/// A setting that changes how all text is to be read.
void engine::encoding_changed(std::string_view to) {
  set_obstacle(is_foreign, to != "UTF8" && to != "UNICODE");  // two names of one encoding; others are reported as these
  last_description_.columns.reset();                          // the same bytes may be another name now
}

/// The operation has ended while text is not UTF-8, or the server had said that it would go.
void engine::done_with_doubts() {
  // A server since version 14 reports a change of client_encoding after the rows.
  if (!text_is_utf8()) distrust_results(text_trust::foreign);
  farewell_.reset();
  set_obstacle(is_parting, false);
}

/// The results of the operation came while client_encoding was, or may have been, another one.
void engine::distrust_results(text_trust instead) {
  for (auto const& each : operation_.results) {
    each->distrust(instead);
    // What a statement that runs was prepared with was read in its time.
    if (instead != text_trust::foreign || operation_.running != nullptr) continue;
    auto const& infos = *each->columns->infos;
    auto const readable = [](column_info const& column) { return has_ascii_only(column.name); };
    if (std::all_of(infos.begin(), infos.end(), readable)) continue;
    auto renamed = std::make_shared<std::vector<column_info>>(infos);
    for (column_info& column : *renamed) column.name = shown(column.name, true);
    auto columns = std::make_shared<column_set>(*each->columns);
    columns->infos = std::move(renamed);
    each->columns = std::move(columns);
  }
}

/// What becomes of a statement whose Parse and Describe have been answered.
void engine::take_prepared(std::shared_ptr<prepared_statement> made) {
  if (!operation_.parsed) return made->name.clear();
  if (!operation_.described || can_never_run(*made) || operation_.misnamed) {
    made->era = 0;
    if (!made->name.empty()) released_.push_back(std::exchange(made->name, {}));
    return;
  }
  if (!made->columns) made->columns = no_columns();
  if (!made->cached || !statements_.knows(*made)) return;  // prepared by hand, or it was a DEALLOCATE ALL itself
  if (auto const gone = statements_.add(std::move(made))) released_.push_back(gone->name);
}

/// The answer to load_types().
void engine::take_types() {
  auto const rows = std::exchange(operation_.results, {});
  if (operation_.error) return;
  try {
    types_.load_catalogue(rows.empty() ? result() : result(rows.front()));
    adapters_->set_types(types_.loaded());
    if (types_.rounds_floats())
      add_warning(
          "extra_float_digits is below 1, so the server rounds every float4 and float8 that it sends; set it to 1, or "
          "ALTER ROLE .. RESET extra_float_digits if it is set for the role");
  } catch (error const&) {
    fail(std::current_exception());  // a catalogue that is none
  }
}

/// What a large operation took for itself: an idle connection is small.
void engine::give_memory_back() noexcept {
  release_if_large(operation_.text);
  if (released_.empty()) release_if_large(released_);
}

/// Keeps the first error of the operation.
void engine::fail(std::exception_ptr error) noexcept {
  if (!operation_.error) operation_.error = std::move(error);
}

/// The connection ends with that error, of which an error of the same operation before it becomes a part. An operation
/// that had ended before stays as it is, and the next call throws.
void engine::break_off(std::exception_ptr error) noexcept {
  hang_up();
  if (!operation_.ended && operation_.error) error = with_earlier(std::move(error), operation_.error);
  operation_.batch.reset();
  give_memory_back();
  (operation_.ended ? parting_ : operation_.error) = std::move(error);
  operation_.active = false;
}

void engine::throw_parting() {
  if (parting_) std::rethrow_exception(std::exchange(parting_, nullptr));
  throw interface_error("connection already closed", true);
}

void engine::throw_closed() {
  lock const guard(mutex_);
  throw_parting();
}

void engine::take_error(protocol::error_response const& told) {
  diagnostics fields;
  bool const replaced = write_fields(told.fields_sent, fields, !text_is_utf8());
  if (connector_) {
    if (session_.state() != protocol::state::ended) return;
    return connector_->refused(std::move(fields));
  }
  bool const fatal = session_.state() == protocol::state::ended;
  if (!fatal && !operation_.active) return;  // it is nobody's
  bool const forget = operation_.running != nullptr && !operation_.begins &&
                      concerns_plan(fields.sqlstate, session_.answering_part() != protocol::request_part::bind);
  std::string const advice = replaced ? encoding_advice : advice_on(fields);
  auto error = types::make_server_error(std::move(fields), operation_.active ? operation_.asked() : "", fatal, advice);
  if (fatal) return break_off(std::move(error));
  fail(std::move(error));
  if (forget) forget_running();
}

/// What a program can do about a server's error that it cannot know from the server; mostly nothing.
std::string engine::advice_on(diagnostics const& fields) const {
  if (operation_.batch && operation_.reached.completed < operation_.batch->size())
    return "this is element " + std::to_string(operation_.reached.completed) + " of executemany, counted from 0";
  if (!operation_.preparing || fields.sqlstate != "42601") return {};
  std::string_view const sql = operation_.preparing->sql;
  if (sql.find("%s") != sql.npos || sql.find("%(") != sql.npos)
    return "query() and prepare() have $1, $2, ... for their arguments; %s and %(name)s belong to a cursor's execute()";
  if (sql.find(';') != sql.npos) return "query() and prepare() take one statement; exec() runs several";
  return {};
}

/// The kept statement that runs is prepared anew when it is asked for again.
void engine::forget_running() {
  auto const& gone = *operation_.running;
  leave_running();
  if (gone.cached) released_.push_back(gone.name);  // a tusk::statement still has its name
  statements_.forget(gone);
}

/// The operation needs the statement that runs no more.
void engine::leave_running() {
  if (operation_.running != nullptr) operation_.text = operation_.running->sql;
  operation_.running = nullptr;
}

/// What the end of a statement says of others: the server has forgotten them all, or the transaction of the open guards
/// has ended.
void engine::heed(std::string_view tag) {
  if (tag == "DEALLOCATE ALL" || tag == "DISCARD ALL") {
    leave_running();
    statements_.forget_all();
  } else if (guards_ != 0 && (tag == "COMMIT" || tag == "PREPARE TRANSACTION")) {
    break_guards();
  } else if (guards_ != 0 && tag == "ROLLBACK") {
    if (has_word(operation_.asked(), "chain") && has_word(operation_.asked(), "and")) break_guards();
    operation_.rolled_back = true;
    if (session_.state() == protocol::state::idle) look_at_guards();
  }
}

/// A statement inside a guard has ended, and may have ended the guard's transaction. ROLLBACK TO SAVEPOINT, whose tag
/// is ROLLBACK too, does not.
void engine::look_at_guards() noexcept {
  if (session_.transaction() == protocol::transaction_status::idle && !begin_asked_) break_guards();
}

/// The answer to the BEGIN in front of a statement.
void engine::take_begin(std::string_view tag) {
  if (tag == "BEGIN") return;
  break_off(std::make_exception_ptr(operational_error(
      "the connection was closed: the server answered BEGIN with \"" + std::string(tag) + '"', true)));
}

void engine::take_violation(protocol::violation const& told) {
  using protocol::errc;
  if (connector_ && told.in == protocol::state::startup &&
      (told.code == errc::unknown_message || told.code == errc::length_too_small ||
       told.code == errc::length_too_large)) {
    startup_failed("it is not a PostgreSQL server: its answer makes no sense; check host and port");
    return;
  }
  std::string what = told.code.message();
  // What goes wrong with authentication is no riddle of the protocol.
  if (told.code.value() < static_cast<int>(errc::unsupported_authentication))
    what += " (" + (told.type != '\0' ? "message '" + std::string(1, told.type) + "' " : std::string()) + "in state " +
            std::string(name(told.in)) + ")";
  if (connector_) connector_->refused(what, told.code);
  break_off(std::make_exception_ptr(operational_error("the connection was closed: " + what, told.code, true)));
}

}  // namespace tusk::detail
