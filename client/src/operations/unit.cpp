#include "operations/unit.hpp"

#include <algorithm>
#include <utility>

#include "operations/known_statement.hpp"
#include "operations/preparation.hpp"

namespace tusk::detail {
namespace {

std::string text_of(std::exception_ptr const& error) {
  try {
    std::rethrow_exception(error);
  } catch (std::exception const& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

/// Whether text that comes behind this statement may be in another encoding: of that a server tells at the unit's end
/// only.
bool may_change_encoding(std::string_view tag, std::string_view sql) noexcept {
  if (tag == "SET") return has_word(sql, "client_encoding") || has_word(sql, "names");
  if (tag == "RESET") return has_word(sql, "client_encoding") || has_word(sql, "all");
  return tag == "DISCARD ALL";
}

/// The same statement, to be parsed by itself.
std::shared_ptr<prepared_statement> unnamed(prepared_statement const& of) {
  auto again = std::make_shared<prepared_statement>();
  again->is_passing = true;
  again->sql = of.sql;
  again->types = of.types;
  again->may_change_transaction = of.may_change_transaction;
  return again;
}

}  // namespace

// ---- a request ----

unit_request::unit_request(session_context& in, std::shared_ptr<unit> of, std::size_t number,
                           std::shared_ptr<prepared_statement> statement, way how, params const& args)
    : sql_operation(in),
      of_(std::move(of)),
      statement_(std::move(statement)),
      args_(&args),
      args_count_(args.count()),
      number_(number),
      how_(how) {}

std::size_t unit_request::size() const noexcept { return statement_->sql.size() + args_->wire().size(); }

std::error_code unit_request::encode() {
  // While it waited one that was before it has failed with the statement, or had the server forget them all.
  if (how_ == way::known && !in_.statements.knows(*statement_)) {
    how_ = way::by_itself;
    statement_ = unnamed(*statement_);
  }
  if (how_ == way::parsed || how_ == way::by_itself)
    if (auto const failed = parse_and_describe(in_.session, *statement_)) return failed;
  std::string_view const name = statement_->name;
  protocol::list<protocol::field_value> const values(args_->wire(), args_->count());
  std::error_code failed;
  if (how_ == way::known) {
    auto const* const form = form_of(in_, *statement_, *args_);
    if (form != nullptr) columns_ = form->columns;
    failed = in_.session.bind_and_execute(name, values, static_cast<std::uint16_t>(statement_->columns->types.size()),
                                          formats_of(*args_, form));
    of_->described_ = nullptr;
  } else if (how_ == way::by_name && of_->described_ != statement_.get()) {
    protocol::bind bind;
    bind.statement = name;
    bind.parameters = values;
    bind.parameter_formats = formats_of(*args_).parameters;
    protocol::describe described;
    described.what = protocol::described_object::portal;
    failed = in_.session.bind(bind);
    if (!failed) failed = in_.session.describe(described);
    if (!failed) failed = in_.session.execute({}, std::nullopt);
    of_->described_ = statement_.get();
  } else {
    failed = in_.session.bind_and_execute(name, values, std::nullopt, formats_of(*args_));
    of_->described_ = statement_.get();
  }
  if (!failed) last_ = in_.session.last_request();
  return failed;
}

void unit_request::take_description(protocol::event const& told) {
  if (std::holds_alternative<protocol::parse_complete>(told)) {
    if (!statement_->name.empty()) in_.statements.learn(*statement_);
  } else if (auto const* parameters = std::get_if<protocol::parameter_description>(&told)) {
    statement_->parameters.assign(parameters->type_oids.begin(), parameters->type_oids.end());
    if (auto const wrong = wrong_parameters(*statement_, args_count_)) fail(wrong);
  } else if (auto const* columns = std::get_if<protocol::row_description>(&told)) {
    columns_ = how_ == way::by_name && statement_->columns ? statement_->columns
                                                           : in_.describe(*columns, false, {}, misnamed_);
  } else if (std::holds_alternative<protocol::no_data>(told)) {
    columns_ = no_columns();
  }
  if (columns_ && how_ != way::by_name && !statement_->columns) {
    statement_->columns = columns_;
    of_->described(statement_, !misnamed_ && statement_->parameters.size() <= protocol::max_parameters);
  }
}

void unit_request::take_tag(std::string_view tag) {
  if (!is_awaited_) {
    if (may_concern_others(tag)) [[unlikely]]
      heed(tag);
    return (void)in_.session.take_rows();  // last: the tag is gone then
  }
  if (!columns_ && statement_->columns) {
    if (in_.types.is_stale(*statement_->columns)) in_.types.refresh(statement_->columns);
    columns_ = statement_->columns;
  }
  result_ = result(make_result(tag, columns_ ? columns_ : no_columns()));
  has_result_ = true;
}

void unit_request::complete() {
  if (!in_.text_is_utf8() || of_->encoding_changes_) [[unlikely]]
    distrust(text_trust::foreign);
  end();
}

void unit_request::skip(std::exception_ptr const& because) {
  if (has_ended() || error()) return end();
  fail(std::make_exception_ptr(operational_error("request " + std::to_string(number_) +
                                                 " of the pipeline was not run, because one before it failed: " +
                                                 (because ? text_of(because) : "nothing is known of it"))));
  end();
}

void unit_request::plan_failed(bool) noexcept {
  if (how_ != way::known) return;
  try {
    in_.forget(*statement_);
  } catch (std::bad_alloc const&) {
    return;  // then it fails once more
  }
}

std::string unit_request::advice(diagnostics const&) const {
  return "this is request " + std::to_string(number_) + " of the pipeline, counted from 0";
}

void unit_request::require_takeable() const {
  if (of_->abandoned()) std::rethrow_exception(of_->abandoned());
  if (of_->is_open() && !of_->has_ended())
    throw programming_error("the pipeline has not ended the unit of this request yet; call its sync() first");
}

/// Where one fails all do.
operation const& unit_request::cancelled() noexcept {
  of_->is_cancelled_ = true;
  return *of_;
}

// ---- the unit ----

void unit::require_fit(prepared_statement const& statement) const {
  if (statement.may_change_transaction && in_.may_need_begin())
    throw programming_error(
        "a pipeline runs no statement that may begin or end a transaction outside of autocommit, or while a guard is "
        "open: what is behind it would stand by itself; use commit() or rollback() behind sync()");
}

std::shared_ptr<prepared_statement> const* unit::in_flight(statement_key const& asked) const noexcept {
  auto const found = std::find_if(parsed_.begin(), parsed_.end(), [&](auto const& each) {
    return statement_key{each->sql, each->types} == asked;
  });
  return found == parsed_.end() ? nullptr : &*found;
}

std::shared_ptr<unit_request> unit::add(std::string_view sql, params const& args, bool at_once) {
  if (auto const* known = in_.statements.find(sql, args.types())) {
    require_arguments(**known, args);
    require_fit(**known);
    return push(*known, unit_request::way::known, args, at_once);
  }
  if (auto const* parsed = in_flight({sql, args.types()}))
    return push(*parsed, unit_request::way::by_name, args, false);
  auto fresh = unknown_statement(in_, sql, args);
  prepare_name(in_, *fresh);
  require_fit(*fresh);
  if (fresh->name.empty()) return push(std::move(fresh), unit_request::way::by_itself, args, false);
  auto added = push(fresh, unit_request::way::parsed, args, false);
  parsed_.push_back(std::move(fresh));
  return added;
}

std::shared_ptr<unit_request> unit::add(std::shared_ptr<prepared_statement> const& statement, params const& args,
                                        bool at_once) {
  require_arguments(*statement, args);
  require_fit(*statement);
  if (in_.statements.knows(*statement)) return push(statement, unit_request::way::known, args, at_once);
  // The server does not know it any more. It goes by itself, so that its name is nobody else's.
  return push(unnamed(*statement), unit_request::way::by_itself, args, false);
}

/// A request of a statement that is known is one piece in the output, or none: `at_once` it goes there without the
/// engine, if the engine has fed all that is before it.
std::shared_ptr<unit_request> unit::push(std::shared_ptr<prepared_statement> statement, unit_request::way how,
                                         params const& args, bool at_once) {
  auto made = std::allocate_shared<unit_request>(slab_allocator<unit_request>(memory_.with_room(sizeof(unit_request))),
                                                 in_, shared_from_this(), count_, std::move(statement), how, args);
  requests_.push_back(made);
  if (at_once && begun_ && unfed_ == 0 && in_.session.output().size() < portion) [[likely]] {
    try {
      if (!made->encode()) [[likely]]
        return ++count_, made;
    } catch (...) {
      requests_.pop_back();
      throw;
    }
  }
  ++count_;
  ++unfed_;
  waiting_ += made->size();
  in_.waiting_in_units += made->size();
  return made;
}

void unit::described(std::shared_ptr<prepared_statement> const& fresh, bool usable) {
  auto const found = std::find(parsed_.begin(), parsed_.end(), fresh);
  if (found == parsed_.end()) return;
  parsed_.erase(found);
  in_.keep(fresh, usable);
}

/// Those that were not encoded leave without a trace.
void unit::abandon(std::exception_ptr why) noexcept {
  is_open_ = false;
  abandoned_ = why;
  if (begun_) fail(why);  // else what takes it out of the queue may say more
  for (; unfed_ != 0; --unfed_) {
    requests_.back()->end(why);
    requests_.pop_back();
  }
  in_.waiting_in_units -= std::exchange(waiting_, 0);
}

fed unit::feed() {
  if (!begun_ && requests_.empty() && !is_open_) {
    if (abandoned_) fail(abandoned_);
    end();
    return fed::nothing;
  }
  std::error_code failed;
  if (unfed_ != 0 && !std::exchange(begun_, true)) {
    in_.close_released();
    failed = begin();
    begin_ = in_.session.last_request();
  }
  while (unfed_ != 0 && !failed && in_.session.output().size() < portion) {
    auto& next = *requests_[requests_.size() - unfed_];
    std::size_t const size = next.size();
    failed = next.encode();
    if (failed) break;
    --unfed_;
    waiting_ -= size;
    in_.waiting_in_units -= size;
  }
  if (failed) {  // what was encoded of the request has no Execute
    auto const why = std::make_exception_ptr(
        programming_error("a request of the pipeline cannot be sent: " + failed.message(), failed));
    fail(why);
    abandon(why);
    return end_with_sync();
  }
  if (unfed_ != 0) return fed::part;
  if (is_open_) return fed::later;
  return end_with_sync();
}

/// The end of an abandoned unit fails, so that what ran before it is undone.
fed unit::end_with_sync() {
  std::error_code failed;
  if (abandoned_) {
    failed = fail_at_server();
  }
  return end_unit(failed);
}

progress unit::take(protocol::event const& told) {
  if (std::holds_alternative<protocol::ready_for_query>(told)) {
    end_requests(error() ? error() : abandoned_);
    return finish();
  }
  if (auto const* done = std::get_if<protocol::command_complete>(&told); done != nullptr && !requests_.empty()) {
    // The usual way to the end of a request, which needs few of the questions below.
    unit_request& first = *requests_.front();
    if (first.last() != 0 && first.last() == in_.session.answering()) [[likely]] {
      if (requests_.front().use_count() == 1) first.forgo_result();
      bool const changes = may_change_encoding(done->tag, first.asked());
      first.complete(done->tag);
      encoding_changes_ |= changes;
      requests_.pop_front();
      return progress::under_way;
    }
  }
  // A stream behind it has asked for these: they answer the last message of a request, and are not the end of it.
  if (std::holds_alternative<protocol::rows_gathered>(told)) return progress::under_way;
  auto const number = in_.session.answering();
  if (number <= begin_ || requests_.empty() || requests_.front()->last() == 0) {
    // BEGIN, or the end of an abandoned unit.
    bool const is_error = std::holds_alternative<protocol::error_response>(told);
    if (is_error && number > begin_ && abandoned_ && in_.session.state() != protocol::state::ended)
      return progress::under_way;
    return std::holds_alternative<protocol::request_skipped>(told) ? progress::under_way : sql_operation::take(told);
  }
  unit_request& request = *requests_.front();
  if (std::holds_alternative<protocol::request_skipped>(told)) {
    request.skip(error());
  } else {
    if (requests_.front().use_count() == 1) request.forgo_result();
    progress const now = request.take(told);
    if (request.error() && !error()) fail(request.error());
    if (now == progress::broken) {
      end(request.error());
      return progress::broken;
    }
    bool const whole = std::holds_alternative<protocol::command_complete>(told) ||
                       std::holds_alternative<protocol::error_response>(told) ||
                       std::holds_alternative<protocol::empty_query_response>(told);
    if (whole) request.complete();
  }
  if (number == request.last()) requests_.pop_front();
  return progress::under_way;
}

void unit::end_requests(std::exception_ptr const& error) noexcept {
  in_.waiting_in_units -= std::exchange(waiting_, 0);
  unfed_ = 0;
  for (; !requests_.empty(); requests_.pop_front()) requests_.front()->end(error);  // needs no memory
}

std::string_view unit::asked() const noexcept {
  return requests_.empty() ? std::string_view() : requests_.front()->asked();
}

}  // namespace tusk::detail
