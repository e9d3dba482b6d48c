#include <memory>
#include <utility>

#include "authenticator.hpp"
#include "session_inline.hpp"
#include "whole_answer.hpp"

namespace tusk::protocol {

session::session(limits const& limit) : reader_(peer::server, limit), limits_(limit) {}
session::session(session&& other) noexcept = default;

session& session::operator=(session&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

session::~session() {
  if (!authenticator_) return;
  output_.consume(output_.size());  // it may hold a password that was not sent
  forget_secrets();
}

void session::terminate() {
  // Until it knows who we are the server takes nothing but a proof; it understands the close that follows.
  bool const polite = state_ >= state::authenticated && state_ < state::ended;
  if (state_ != state::poisoned) state_ = state::ended;
  forget_secrets();
  if (polite) (void)encode(output_, protocol::terminate{});
}

/// Counts the rows so far, and as much of the next one as it says that it has: it is refused before it has come.
bool session::passes_limit() noexcept {
  row_bytes_ = rows_.bytes(reader_);
  std::uint64_t sum = kept_bytes_ + row_bytes_;
  std::string_view const next = reader_.held();
  if (reader_.row_comes() && next.size() >= 5) sum += 1 + std::uint64_t{load_big_endian<std::uint32_t>(&next[1])};
  return sum > limits_.max_result;
}

void session::skip_to_sync() noexcept {
  bool const was_copy_in = state_ == state::executing_copy_in || state_ == state::copying_in;
  spare_syncs_ = 0;
  unit_ended_ = false;
  rows_.reset(reader_);
  state_ = state::syncing;
  // These have a ReadyForQuery of their own.
  if (queue_.front().kind == request_kind::query || queue_.front().kind == request_kind::unit) return;
  queue_.pop();
  state_ = state::skipping;
  // Else it is skipped, or was what failed; one whose data had ended is not what keeps requests back.
  if (copy_in_sent_) copy_in_sent_ = !was_copy_in && queue_.syncs_before_copy_in();
  stop_skipping_at_sync();
}

/// Tells the next request that is skipped. False if there is none now.
bool session::tell_skipped() {
  if (queue_.empty()) return false;
  answer_front();
  event_.emplace<request_skipped>();
  if (queue_.front().kind == request_kind::unit) {
    state_ = state::syncing;
  } else {
    queue_.pop();
    stop_skipping_at_sync();
  }
  return true;
}

inline void session::apply(transition const& change) noexcept {
  if (change.action == action::finish) [[likely]]
    return finish_request();
  switch (change.action) {
    case action::violation:
    case action::stay: break;
    case action::go:
      state_ = change.next;
      spare_syncs_ = 0;
      break;
    case action::finish: break;
    case action::resume:
      if (queue_.front().kind == request_kind::query)
        state_ = state::querying_next;
      else
        finish_request();
      break;
    case action::skip: skip_to_sync(); break;
  }
  if (state_ == state::querying_next) described_ = false, new_statement_ = true;
}

/// Whether messages can be taken now; if not, event_ says why.
bool session::awake() {
  if (state_ == state::poisoned) return event_.emplace<violation>(violation{error_}), false;
  if (state_ == state::ended) return event_.emplace<want_bytes>(), false;
  if (state_ == state::skipping) return !tell_skipped();
  if (!authenticator_->compute()) return event_.emplace<working>(), false;
  state_ = state::sasl_proved;
  auto const error = authenticator_->prove(output_);
  return !error || !poison(error);
}

event const& session::next() {
  // No message that leads into one of these states is without an event, so that looking once is enough.
  if (state_ >= state::skipping || state_ == state::sasl_computing) [[unlikely]] {
    if (!awake()) return event_;
  }
  if (state_ == state::binding && take_unit()) return event_;
  if ((state_ == state::binding || state_ == state::parsing) && take_without_rows()) return event_;
  for (;;) {
    if (new_statement_) {
      kept_bytes_ += std::exchange(row_bytes_, 0);
      begin_rows();
    }
    if (gathers() && reader_.row_comes()) {
      auto const before = reader_.position();
      rows_.collect(reader_);
      if (is_limited() && passes_limit()) return poison(errc::result_too_large, data_row::type), event_;
      if (gathered_enough() && reader_.position() != before) [[unlikely]] {
        answer_front();
        return event_.emplace<rows_gathered>(), event_;
      }
    }
    frame message;
    auto const status = reader_.next(message);
    if (status == frame_status::complete) [[likely]] {
      if (take(message)) return event_;
      continue;
    }
    if (status == frame_status::incomplete)
      event_.emplace<want_bytes>();
    else
      poison(reader_.error());
    return event_;
  }
}

/// The messages that come by the million are handled here, the others by route(): the same table rules both.
inline bool session::take(frame const& message) {
  auto const what = kind_of(message.type, message.body);
  if (what == no_kind) [[unlikely]]
    return poison(errc::unknown_message, message.type);
  transition const change = lookup(state_, what);
  if (change.action == action::violation) [[unlikely]]
    return take_unfit(what, message);
  bool told = true;
  switch (what) {
    case backend_kind::bind_complete: told = false; break;  // it has no fields, and its length was right
    case backend_kind::command_complete:
      if (!decode_event<command_complete>(message)) return true;
      answer_front();
      if (queue_.front().kind != request_kind::unit) break;
      unit_tag_ = std::get_if<command_complete>(&event_)->tag;
      unit_ended_ = true;
      told = false;
      break;
    case backend_kind::ready_for_query:
      if (!decode_event<ready_for_query>(message)) return true;
      answer_front();
      transaction_ = std::get_if<ready_for_query>(&event_)->status;
      authenticator_.reset();
      kept_bytes_ = row_bytes_ = 0;
      if (std::exchange(unit_ended_, false)) event_.emplace<unit_complete>(unit_complete{unit_tag_, transaction_});
      break;
    case backend_kind::copy_data:
      if (state_ != state::copying_out) return route(what, message, change);
      if (decode_event<protocol::copy_data>(message)) answer_front();
      return true;
    default: return route(what, message, change);
  }
  apply(change);
  return told;
}

/// What the table does not allow; but the answer to a spare Sync may come at any time.
bool session::take_unfit(backend_kind what, frame const& message) {
  if (what != backend_kind::ready_for_query || spare_syncs_ == 0) return poison(violation_code(what), message.type);
  --spare_syncs_;
  if (state_ == state::open_unit) state_ = state::idle;
  return check<ready_for_query>(message);
}

bool session::route(backend_kind what, frame const& message, transition const& change) {
  if (what == backend_kind::error_response) return take_error(message, change);
  bool const told = state_ < state::idle ? take_startup(what, message) : take_answer(what, message);
  if (state_ != state::poisoned) apply(change);
  return told;
}

namespace {

/// The number of parameters of a statement that has more than Int16 can count: the server says what is left of it, and
/// describes all of them. 0 if it is not such a description.
std::size_t wrapped_count(std::string_view body) noexcept {
  std::size_t const count = body.size() < 2 ? 0 : (body.size() - 2) / 4;
  bool const whole = 2 + 4 * count == body.size();
  return whole && count > max_parameters && load_big_endian<std::uint16_t>(body.data()) == (count & 0xffff) ? count : 0;
}

}  // namespace

/// The conversations of queries: what comes between a request and its end. Rows are gathered in next(); only one that
/// is malformed comes here.
bool session::take_answer(backend_kind what, frame const& message) {
  switch (what) {
    case backend_kind::row_description:
      deliver_answer<row_description>(message);
      if (auto const* described = std::get_if<row_description>(&event_)) {
        described_ = true;
        described_columns_ = static_cast<std::uint16_t>(described->columns.size());
        rows_.begin(reader_, described_columns_);
      }
      return true;
    case backend_kind::no_data: described_ = false; return deliver_answer<no_data>(message);
    case backend_kind::data_row: {
      auto const row = decode<data_row>(message.body);
      if (!row) return poison(row.error().code, message.type);
      return poison(described_ ? errc::wrong_field_count : errc::row_without_description, message.type);
    }
    case backend_kind::notice_response: return deliver<notice_response>(message);
    case backend_kind::notification_response: return deliver<notification_response>(message);
    case backend_kind::parameter_status:
      deliver<parameter_status>(message);
      if (auto const* changed = std::get_if<parameter_status>(&event_))
        if (auto const error = remember(*changed)) return poison(error, message.type);
      return true;
    case backend_kind::parse_complete: return deliver_answer<parse_complete>(message);
    case backend_kind::close_complete: return deliver_answer<close_complete>(message);
    case backend_kind::parameter_description:
      if (auto const count = wrapped_count(message.body); count != 0) {
        answer_front();
        event_.emplace<parameter_description>().type_oids = {message.body.substr(2), count};
        return true;
      }
      return deliver_answer<parameter_description>(message);
    case backend_kind::empty_query_response: return deliver_answer<empty_query_response>(message);
    case backend_kind::portal_suspended: return deliver_answer<portal_suspended>(message);
    default: return take_copy(what, message);
  }
}

bool session::take_error(frame const& message, transition const& change) {
  deliver_answer<error_response>(message);
  auto const* error = std::get_if<error_response>(&event_);
  if (error == nullptr) return true;  // it was malformed
  std::string_view severity = error->field('V');
  if (severity.empty()) severity = error->field('S');  // servers before 9.6
  apply(change);
  unit_ended_ = false;  // what was deferred to the Sync has failed
  if (severity == "FATAL" || severity == "PANIC") state_ = state::ended;
  if (state_ == state::ended) forget_secrets();
  return true;
}

std::uint64_t session::answering() const noexcept {
  if (!is_answer(event_)) return 0;
  return std::holds_alternative<unit_complete>(event_) ? queue_.finished() : answering_;
}

request_part session::answering_part() const noexcept {
  if (answering() == 0) return request_part::none;
  if (std::holds_alternative<unit_complete>(event_)) return request_part::sync;
  switch (answering_kind_) {
    case request_kind::query: return request_part::query;
    case request_kind::parse:
    case request_kind::parse_once: return request_part::parse;
    case request_kind::bind: return request_part::bind;
    case request_kind::describe_statement:
    case request_kind::describe_portal: return request_part::describe;
    case request_kind::execute:
    case request_kind::execute_some:
    case request_kind::execute_copy_in:
    case request_kind::execute_copy_out: return request_part::execute;
    case request_kind::close: return request_part::close;
    case request_kind::unit:
      if (answering_in_ == state::binding || answering_in_ == state::skipping) return request_part::bind;
      return answering_in_ == state::syncing ? request_part::sync : request_part::execute;
    case request_kind::sync:
    case request_kind::spare_sync: return request_part::sync;
  }
  return request_part::none;
}

/// Away from the end of the last request: between two statements, or in the middle of one.
void session::take_some_rows(row_set& into) {
  bool const runs = gathers() && !new_statement_;
  rows_.finish(reader_, into, !runs);
  if (runs) row_bytes_ = 0;
}

void session::abandon() noexcept {
  output_.consume(output_.size());
  if (authenticator_) forget_secrets();  // one may be among what was not sent
  output_.shrink(0);
  rows_.reset(reader_);
  reader_.release();
  queue_.release();
  event_.emplace<want_bytes>();
}

void session::shrink_now() noexcept {
  if (state_ != state::idle && state_ != state::open_unit) return;
  reader_.shrink();
  rows_.shrink();
  output_.shrink(1024);
  queue_.shrink();
}

}  // namespace tusk::protocol
