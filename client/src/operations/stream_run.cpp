#include "operations/stream_run.hpp"

#include <utility>

namespace tusk::detail {
namespace {

/// Whether nothing more comes before the Sync; `begins`: the answer to BEGIN is still to come.
bool ends_fetching(protocol::event const& told, bool begins) noexcept {
  if (std::holds_alternative<protocol::error_response>(told)) return true;
  return !begins && (std::holds_alternative<protocol::command_complete>(told) ||
                     std::holds_alternative<protocol::empty_query_response>(told));
}

}  // namespace

fed stream_run::feed() {
  if (stage_ != stage::whole) return fetch_more();
  in_.session.tell_rows_at(1);  // so that each read that brings rows is a chunk
  in_.close_released();
  std::error_code failed = begin();
  std::optional<std::uint16_t> columns;
  result_form const* form = nullptr;
  if (is_known_) {
    if (in_.types.is_stale(*fresh_->columns)) in_.types.refresh(fresh_->columns);
    columns = static_cast<std::uint16_t>(fresh_->columns->types.size());
    form = form_of(in_, *fresh_, *args_);
  }
  formed_columns_ = form == nullptr ? nullptr : form->columns;
  if (!is_known_ && !failed) failed = parse_and_describe(in_.session, *fresh_);
  if (fetch_size_ != 0) return begin_fetching(failed, columns, form);
  if (!failed)
    failed =
        in_.session.bind_and_execute(fresh_->name, {args_->wire(), args_->count()}, columns, formats_of(*args_, form));
  return end_unit(failed);
}

/// By requests of their own, and a Flush in place of a Sync, which outside of a transaction would end the portal.
fed stream_run::begin_fetching(std::error_code failed, std::optional<std::uint16_t> columns, result_form const* form) {
  auto const formats = formats_of(*args_, form);
  protocol::bind bind;
  bind.statement = fresh_->name;
  bind.parameters = {args_->wire(), args_->count()};
  bind.parameter_formats = formats.parameters;
  bind.result_formats = formats.results;
  protocol::execute some;
  some.max_rows = fetch_size_;
  if (!failed) failed = in_.session.bind(bind);
  if (!failed) failed = in_.session.execute(some, columns);
  if (!failed) failed = in_.session.flush();
  stage_ = failed ? stage::over : stage::fetching;
  return failed ? end_unit(failed) : fed::later;
}

fed stream_run::fetch_more() {
  if (stage_ == stage::over) return end_unit({});
  if (stage_ == stage::fetching) return fed::later;
  // Between its portions a cancel request meets no statement at the server.
  if (in_.obstacles.any_of(obstacles::cancelled)) is_interrupted_ = true;
  if (is_left_ || is_interrupted_) return end_at_server();
  if (!chunks_.empty()) return fed::later;
  protocol::execute some;
  some.max_rows = fetch_size_;
  auto failed = in_.session.execute(some, static_cast<std::uint16_t>(columns_->types.size()));
  if (!failed) failed = in_.session.flush();
  if (!failed) stage_ = stage::fetching;
  return failed ? end_at_server() : fed::later;
}

/// The portal goes with the unit.
fed stream_run::end_at_server() {
  stage_ = stage::over;
  is_ending_ = true;
  if (is_interrupted_) fail(std::make_exception_ptr(query_canceled("the statement was cancelled between its rows")));
  return end_unit(is_interrupted_ || is_undone_ ? fail_at_server() : std::error_code());
}

progress stream_run::take(protocol::event const& told) {
  if (is_to_heal_ && std::holds_alternative<protocol::ready_for_query>(told)) {
    using status = protocol::transaction_indicator;
    is_to_heal_ = false;
    // What it is where the unit began outside a transaction; one that it has begun itself has failed.
    if (!has_begun_ && in_.session.transaction() == status::idle) return close(), progress::again;
  }
  if (std::holds_alternative<protocol::portal_suspended>(told)) {
    add_chunk("");
    stage_ = stage::suspended;
    return progress::under_way;
  }
  if (stage_ == stage::fetching && ends_fetching(told, begins_)) stage_ = stage::over;  // the Sync is still to be sent
  if (!std::holds_alternative<protocol::rows_gathered>(told)) return preparation::take(told);
  add_chunk("");  // a NUL stands behind each tag
  return progress::under_way;
}

void stream_run::add_chunk(std::string_view tag) {
  if (is_known_) {
    auto& columns = formed_columns_ ? formed_columns_ : fresh_->columns;
    if (in_.types.is_stale(*columns)) in_.types.refresh(columns);
    columns_ = columns;
  }
  result chunk(make_result(tag, columns_ ? columns_ : no_columns()));
  if (is_left_)
    give_back(std::move(chunk));
  else if (!chunk.empty())
    chunks_.push_back(std::move(chunk));
}

std::optional<result> stream_run::take_chunk() {
  if (chunks_.empty()) return {};
  result first = std::move(chunks_.front());
  chunks_.erase(chunks_.begin());
  return first;
}

void stream_run::give_back(result&& chunk) noexcept {
  if (!is_shared(chunk) && !has_ended()) in_.session.recycle(std::move(state_of(chunk).rows));
}

void stream_run::leave(bool undo) noexcept {
  is_left_ = true;
  is_undone_ = undo;
  is_to_heal_ = false;
  forgive();
  for (result& each : chunks_) give_back(std::move(each));
  chunks_.clear();
}

void stream_run::plan_failed(bool may_heal) noexcept {
  if (!is_known_ || is_ending_) return;  // that error is of our own making
  try {
    in_.forget(*fresh_);
    is_to_heal_ = may_heal && !is_left_;  // nothing is sent behind a stream
  } catch (std::bad_alloc const&) {
    return;  // then it fails, maybe once more
  }
}

/// As a known_statement does.
fed stream_run::feed_again() {
  try {
    auto fresh = fresh_;
    if (fresh->cached) {
      fresh = std::make_shared<prepared_statement>();
      fresh->cached = true;
      fresh->sql = fresh_->sql;
      fresh->types = fresh_->types;
    }
    prepare_name(in_, *fresh);
    fresh_ = std::move(fresh);
  } catch (std::exception const&) {
    return fed::nothing;  // no memory, or no name for it
  }
  is_known_ = false;
  stage_ = stage::whole;
  forget_error();
  in_.obstacles.set(obstacles::streaming, true);
  return feed();
}

void stream_run::ready() {
  close();
  if (!is_known_) preparation::ready();
}

void stream_run::close() noexcept {
  in_.session.tell_rows_at(protocol::unlimited);
  in_.obstacles.set(obstacles::streaming, false);
}

}  // namespace tusk::detail
