#include <tusk/protocol/session.hpp>

#include "secrets.hpp"

namespace tusk::protocol {

session::session(limits const& limit) : reader_(peer::server, limit), limits_(limit) {}

template <class Message>
std::error_code session::send(Message const& message, request what) {
  if (!ready()) return errc::not_ready;
  queue_.reserve(queue_.size() + 1);  // so that nothing can fail once the message is written
  if (auto const error = encode(output_, message)) return error;
  // After an error the server answers nothing before the next Sync.
  if (state_ == state::syncing && queue_.empty() && what.kind != request_kind::sync) return {};
  queue_.push_back(what);
  if (queue_.size() - front_ == 1) enter(what);
  return {};
}

std::error_code session::query(std::string_view sql) {
  protocol::query message;
  message.sql = sql;
  return send(message, {request_kind::query});
}
std::error_code session::parse(protocol::parse const& message) { return send(message, {request_kind::parse}); }
std::error_code session::bind(protocol::bind const& message) { return send(message, {request_kind::bind}); }
std::error_code session::describe(protocol::describe const& message) {
  bool const statement = message.what == described_object::statement;
  return send(message, {statement ? request_kind::describe_statement : request_kind::describe_portal});
}
std::error_code session::execute(protocol::execute const& message, std::optional<std::uint16_t> columns) {
  return send(message, {request_kind::execute, columns.has_value(), columns.value_or(0)});
}
std::error_code session::close(protocol::close const& message) { return send(message, {request_kind::close}); }
std::error_code session::sync() { return send(protocol::sync{}, {request_kind::sync}); }

void session::terminate() {
  bool const polite = state_ != state::unstarted && state_ < state::ended;
  if (state_ != state::poisoned) state_ = state::ended;
  // A server that was not told who we are does not know Terminate, but it understands the close that follows.
  if (polite) (void)encode(output_, protocol::terminate{});
}

/// The state in which the front request of the queue waits for its answer.
void session::enter(request const& front) noexcept {
  constexpr protocol::state first[] = {state::querying,           state::parsing,   state::binding, state::describing,
                                       state::describing_columns, state::executing, state::closing, state::syncing};
  state_ = first[static_cast<std::size_t>(front.kind)];
  if (front.kind == request_kind::parse || front.kind == request_kind::describe_statement) described_ = false;
  if (front.kind == request_kind::execute) {
    if (front.columns_known) described_ = true, described_columns_ = front.columns;
    rows_.begin(reader_, described_columns_);
  }
}

void session::finish_request() noexcept {
  if (state_ == state::syncing || state_ == state::querying_next) described_ = false;  // the unit has ended
  if (++front_ == queue_.size()) {
    queue_.clear();
    front_ = 0;
    state_ = state::idle;
  } else {
    enter(queue_[front_]);
  }
}

void session::skip_to_sync() noexcept {
  rows_.reset(reader_);
  state_ = state::syncing;
  if (queue_[front_].kind == request_kind::query) return;  // it has a ReadyForQuery of its own
  while (front_ < queue_.size() && queue_[front_].kind != request_kind::sync) ++front_;
  if (front_ < queue_.size()) return;
  queue_.clear();  // the Sync is still to be sent
  front_ = 0;
}

void session::apply(transition const& change) noexcept {
  switch (change.action) {
    case action::violation:
    case action::stay: break;
    case action::go: state_ = change.next; break;
    case action::finish: finish_request(); break;
    case action::resume:
      if (queue_[front_].kind == request_kind::query)
        state_ = state::querying_next;
      else
        finish_request();
      break;
    case action::skip: skip_to_sync(); break;
  }
}

event session::next() {
  if (state_ == state::poisoned) return violation{error_};
  if (state_ == state::sasl_computing) {
    if (!scram_->step(scram_slice)) return working{};
    if (auto const error = prove()) return poison(error);
  }
  for (;;) {
    if (state_ == state::ended) return want_bytes{};
    if (state_ == state::querying_rows || (state_ == state::executing && described_)) rows_.collect(reader_);
    frame message;
    switch (reader_.next(message)) {
      case frame_status::incomplete: return want_bytes{};
      case frame_status::invalid: return poison(reader_.error());
      case frame_status::complete: break;
    }
    if (auto told = take(message)) return *told;
    if (state_ == state::sasl_computing) return working{};
  }
}

std::optional<event> session::take(frame const& message) {
  auto const what = kind_of(message.type, message.body);
  if (!what) return poison(errc::unknown_message, message.type);
  transition const change = lookup(state_, *what);
  bool const unasked = change.action == action::finish && queue_.empty();  // ReadyForQuery before Sync was sent
  if (change.action == action::violation || unasked) return poison(violation_code(*what), message.type);

  switch (*what) {
    case backend_kind::notice_response: return deliver<notice_response>(message);
    case backend_kind::notification_response: return deliver<notification_response>(message);
    case backend_kind::parameter_status: {
      auto told = deliver<parameter_status>(message);
      if (auto const* changed = std::get_if<parameter_status>(&*told)) remember(*changed);
      return told;
    }
    case backend_kind::error_response: {
      auto told = deliver<error_response>(message);
      auto const* error = std::get_if<error_response>(&*told);
      if (error == nullptr) return told;
      std::string_view severity = error->field('V');
      if (severity.empty()) severity = error->field('S');  // servers before 9.6
      apply(change);
      if (severity == "FATAL" || severity == "PANIC") state_ = state::ended;
      if (state_ == state::ended) forget_secrets();
      return told;
    }
    default: break;
  }
  auto told = state_ < state::idle ? take_startup(*what, message) : take_query(*what, message);
  if (state_ == state::poisoned) return told;
  apply(change);
  return told;
}

event session::poison(std::error_code code, char type) {
  violation const told{code, state_, type};
  error_ = code;
  rows_.reset(reader_);
  forget_secrets();
  state_ = state::poisoned;
  return told;
}

std::error_code session::violation_code(backend_kind what) const noexcept {
  switch (what) {
    case backend_kind::authentication_kerberos_v5:
    case backend_kind::authentication_gss:
    case backend_kind::authentication_gss_continue:
    case backend_kind::authentication_sspi: return errc::unsupported_authentication;
    case backend_kind::authentication_ok:
      if (state_ >= state::sasl_started && state_ < state::sasl_verified) return errc::sasl_incomplete;
      break;
    case backend_kind::data_row:
      if (state_ >= state::idle) return errc::row_without_description;
      break;
    default: break;
  }
  return state_ < state::authenticated ? errc::not_authenticated : errc::unexpected_message;
}

void session::shrink() noexcept {
  if (state_ != state::idle) return;
  reader_.shrink();
  rows_.shrink();
  output_.shrink(1024);
  if (queue_.capacity() > 64) queue_ = {};
}

}  // namespace tusk::protocol
