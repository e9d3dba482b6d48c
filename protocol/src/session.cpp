#include <tusk/protocol/session.hpp>

#include <algorithm>
#include <memory>

namespace tusk::protocol {

session::session(limits const& limit) : reader_(peer::server, limit), limits_(limit) {}
session::session(session&& other) noexcept = default;

session& session::operator=(session&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

session::~session() {
  if (!startup_) return;
  output_.consume(output_.size());  // it may hold a password that was not sent
  forget_secrets();
}

/// Makes room for requests, so that nothing can fail once a message is written. What is done goes first: a pipeline
/// that never runs dry must not grow for ever.
void session::reserve(std::size_t more) {
  if (queue_.capacity() - queue_.size() >= more) return;
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(front_));
  front_ = 0;
  if (queue_.capacity() / 2 < queue_.size() + more) queue_.reserve(2 * (queue_.size() + more));
}

/// Puts what was sent into the queue of what is answered; there must be room. It makes the state if it is the first.
void session::enqueue(request what) noexcept {
  // After an error the server answers nothing before the next Sync.
  if (state_ == state::syncing && queue_.empty() && what.kind != request_kind::sync) return;
  queue_.push_back(what);
  if (queue_.size() - front_ == 1) enter(what);
}

template <class Message>
std::error_code session::send(Message const& message, request what) {
  if (!ready()) return errc::not_ready;
  if (queue_.size() == queue_.capacity()) reserve(1);
  if (auto const error = encode(output_, message)) return error;
  enqueue(what);
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
  auto const kind = message.max_rows > 0 ? request_kind::execute_some : request_kind::execute;  // none is 0, or less
  return send(message, {kind, columns.has_value(), columns.value_or(0)});
}
std::error_code session::close(protocol::close const& message) { return send(message, {request_kind::close}); }
std::error_code session::sync() { return send(protocol::sync{}, {request_kind::sync}); }

// Written by hand, as it is what most programs send most of the time. A test holds it against `encode`.
std::error_code session::run(std::string_view statement, list<field_value> parameters, std::uint16_t columns) {
  constexpr std::string_view end("\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04", 17);  // no result formats; Execute; Sync
  if (!ready()) [[unlikely]]
    return errc::not_ready;
  std::string_view const values = parameters.encoded();
  std::size_t const length = 4 + 1 + statement.size() + 1 + 2 + 2 + values.size() + 2;
  if (parameters.size() > max_parameters) [[unlikely]]
    return errc::too_many_parameters;
  if (length > max_sent_message) [[unlikely]]
    return errc::message_too_large;
  if (statement.find('\0') != statement.npos) [[unlikely]]
    return errc::embedded_nul;

  if (queue_.size() == queue_.capacity()) reserve(1);
  if (state_ == state::syncing && queue_.empty()) [[unlikely]]
    return errc::not_ready;  // an error waits for its Sync
  char* to = output_.append(1 + length - 2 + end.size());
  *to = protocol::bind::type;
  store_big_endian(to + 1, static_cast<std::uint32_t>(length));
  to[5] = '\0';  // the unnamed portal
  std::memcpy(to + 6, statement.data(), statement.size());
  to += 6 + statement.size();
  *to = '\0';
  store_big_endian(to + 1, std::uint16_t{0});  // no parameter formats
  store_big_endian(to + 3, static_cast<std::uint16_t>(parameters.size()));
  if (!values.empty()) std::memcpy(to + 5, values.data(), values.size());
  std::memcpy(to + 5 + values.size(), end.data(), end.size());
  queue_.push_back({request_kind::unit, true, columns});
  if (state_ == state::idle) state_ = state::binding;
  return {};
}

void session::terminate() {
  // Until it knows who we are the server takes nothing but a proof; it understands the close that follows.
  bool const polite = state_ >= state::authenticated && state_ < state::ended;
  if (state_ != state::poisoned) state_ = state::ended;
  forget_secrets();
  if (polite) (void)encode(output_, protocol::terminate{});
}

/// The state in which the front request of the queue waits for its answer.
inline void session::enter(request const& front) noexcept {
  constexpr protocol::state first[] = {
      state::querying,  state::parsing,        state::binding, state::describing, state::describing_columns,
      state::executing, state::executing_some, state::closing, state::binding,    state::syncing};
  state_ = first[static_cast<std::size_t>(front.kind)];
  if (front.kind == request_kind::parse || front.kind == request_kind::describe_statement) described_ = false;
  bool const executes = front.kind == request_kind::execute || front.kind == request_kind::execute_some;
  if (executes && front.columns_known) described_ = true, described_columns_ = front.columns;
  if (executes || front.kind == request_kind::query) new_statement_ = true;
}

inline void session::finish_request() noexcept {
  if (state_ == state::syncing || state_ == state::querying_next) {
    described_ = false;  // the unit has ended
  } else {
    spare_syncs_ = 0;
    if (queue_[front_].kind == request_kind::unit) return advance_unit();
  }
  for (++front_; front_ != queue_.size() && queue_[front_].kind == request_kind::spare_sync; ++front_) ++spare_syncs_;
  if (front_ == queue_.size()) {
    queue_.clear();
    front_ = 0;
    state_ = state::idle;
  } else {
    enter(queue_[front_]);
  }
}

/// From the Bind of a unit to its Execute, and from there to its Sync.
inline void session::advance_unit() noexcept {
  if (state_ != state::binding) {
    state_ = state::syncing;
    return;
  }
  state_ = state::executing;
  described_ = new_statement_ = true;
  described_columns_ = queue_[front_].columns;
}

/// Counts the rows so far, and as much of the next one as it says that it has: it is refused before it has come.
bool session::passes_limit() noexcept {
  row_bytes_ = rows_.bytes(reader_);
  std::uint64_t sum = kept_bytes_ + row_bytes_;
  std::string_view const next = reader_.held();
  if (reader_.row_comes() && next.size() >= 5) sum += 1 + std::uint64_t{load_big_endian<std::uint32_t>(&next[1])};
  return sum > limits_.max_result;
}

/// The rows of the statement before have been taken by now, or never will be.
inline void session::begin_rows() noexcept {
  rows_.begin(reader_, described_ ? described_columns_ : std::uint16_t{0});
  new_statement_ = false;
}

void session::skip_to_sync() noexcept {
  spare_syncs_ = 0;
  unit_ended_ = false;
  rows_.reset(reader_);
  state_ = state::syncing;
  if (queue_[front_].kind == request_kind::query) return;  // it has a ReadyForQuery of its own
  while (front_ < queue_.size() && queue_[front_].kind < request_kind::unit) ++front_;
  if (front_ < queue_.size()) return;
  queue_.clear();  // the Sync is still to be sent
  front_ = 0;
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
      if (queue_[front_].kind == request_kind::query)
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
  if (state_ != state::sasl_computing) return true;
  if (!scram_->step(scram_slice)) return event_.emplace<working>(), false;
  auto const error = prove();
  return !error || !poison(error);
}

/// The whole answer to a unit at once, if it is all there, regular, and the last that is awaited: what the table would
/// do with its messages one by one, in a fraction of the instructions. Otherwise takes what it knows, and says false.
inline bool session::take_unit() {
  constexpr std::string_view bound("2\0\0\0\x04", 5);
  if (queue_[front_].kind != request_kind::unit || front_ + 1 != queue_.size() || is_limited()) return false;
  if (!reader_.held().starts_with(bound)) return false;
  reader_.skip(bound.size());
  spare_syncs_ = 0;
  advance_unit();
  begin_rows();
  return take_ending();
}

query_answer session::take_query(list<column_description> columns) {
  if (state_ != state::querying || front_ + 1 != queue_.size() || is_limited()) return query_answer::nothing;
  constexpr std::size_t prefix = 7;  // type, length, count
  std::string_view const known = columns.encoded(), here = reader_.held();
  if (here.size() < prefix + known.size() || here[0] != row_description::type ||
      load_big_endian<std::uint32_t>(here.data() + 1) != prefix - 1 + known.size() ||
      load_big_endian<std::uint16_t>(here.data() + 5) != columns.size() || here.substr(prefix, known.size()) != known)
    return query_answer::nothing;
  reader_.skip(prefix + known.size());
  spare_syncs_ = 0;
  state_ = state::querying_rows;
  described_ = true;
  described_columns_ = static_cast<std::uint16_t>(columns.size());
  begin_rows();
  return take_ending() ? query_answer::all : query_answer::description;
}

/// Rows, CommandComplete, ReadyForQuery, and nothing behind them; see take_unit.
inline bool session::take_ending() {
  constexpr std::size_t ready_size = 6;
  if (reader_.row_comes()) rows_.collect(reader_);

  std::string_view const rest = reader_.held();
  if (rest.size() < 1 + 5 + ready_size || rest[0] != command_complete::type) return false;
  auto const length = load_big_endian<std::uint32_t>(rest.data() + 1);
  if (length < 5 || length > std::min(max_short_message, limits_.max_message) ||
      rest.size() != 1 + std::size_t{length} + ready_size)
    return false;
  char const* const tag = rest.data() + 5;
  char const* const ready = rest.data() + 1 + length;
  if (std::memchr(tag, 0, length - 4) != ready - 1) return false;
  char const status = ready[5];
  if (ready[0] != ready_for_query::type || load_big_endian<std::uint32_t>(ready + 1) != 5 ||
      (status != 'I' && status != 'T' && status != 'E'))
    return false;

  reader_.skip(rest.size());
  transaction_ = static_cast<transaction_status>(status);
  event_.emplace<unit_complete>(unit_complete{{tag, length - 5}, transaction_});
  described_ = false;
  queue_.clear();
  front_ = 0;
  state_ = state::idle;
  return true;
}

event const& session::next() {
  // No message that leads into one of these states is without an event, so that looking once is enough.
  if (state_ >= state::ended || state_ == state::sasl_computing) [[unlikely]] {
    if (!awake()) return event_;
  }
  if (state_ == state::binding && take_unit()) return event_;
  for (;;) {
    if (new_statement_) {
      kept_bytes_ += std::exchange(row_bytes_, 0);
      begin_rows();
    }
    if (gathers() && reader_.row_comes()) {
      rows_.collect(reader_);
      if (is_limited() && passes_limit()) return poison(errc::result_too_large, data_row::type), event_;
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

/// The messages that come by the million are handled here, the others by take_other: the same table rules both.
inline bool session::take(frame const& message) {
  auto const what = kind_of(message.type, message.body);
  if (what == no_kind) [[unlikely]]
    return poison(errc::unknown_message, message.type);
  transition const change = lookup(state_, what);
  bool const unasked = change.action == action::finish && queue_.empty();  // ReadyForQuery before Sync was sent
  if (change.action == action::violation || unasked) [[unlikely]]
    return take_unfit(what, message);
  bool told = true;
  switch (what) {
    case backend_kind::bind_complete: told = false; break;  // it has no fields, and its length was right
    case backend_kind::command_complete:
      if (!decode_event<command_complete>(message)) return true;
      if (queue_[front_].kind != request_kind::unit) break;
      unit_tag_ = std::get_if<command_complete>(&event_)->tag;
      unit_ended_ = true;
      told = false;
      break;
    case backend_kind::ready_for_query:
      if (!decode_event<ready_for_query>(message)) return true;
      transaction_ = std::get_if<ready_for_query>(&event_)->status;
      startup_.reset();
      kept_bytes_ = row_bytes_ = 0;
      if (std::exchange(unit_ended_, false)) event_.emplace<unit_complete>(unit_complete{unit_tag_, transaction_});
      break;
    default: return take_other(what, message, change);
  }
  apply(change);
  return told;
}

/// What the table does not allow; but the answer to a spare Sync may come at any time.
bool session::take_unfit(backend_kind what, frame const& message) {
  if (what != backend_kind::ready_for_query || spare_syncs_ == 0) return poison(violation_code(what), message.type);
  --spare_syncs_;
  return check<ready_for_query>(message);
}

bool session::take_other(backend_kind what, frame const& message, transition const& change) {
  if (what == backend_kind::error_response) return take_error(message, change);
  bool const told = state_ < state::idle ? take_startup(what, message) : take_query(what, message);
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
bool session::take_query(backend_kind what, frame const& message) {
  switch (what) {
    case backend_kind::row_description:
      deliver<row_description>(message);
      if (auto const* described = std::get_if<row_description>(&event_)) {
        described_ = true;
        described_columns_ = static_cast<std::uint16_t>(described->columns.size());
        rows_.begin(reader_, described_columns_);
      }
      return true;
    case backend_kind::no_data: described_ = false; return deliver<no_data>(message);
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
    case backend_kind::parse_complete: return deliver<parse_complete>(message);
    case backend_kind::close_complete: return deliver<close_complete>(message);
    case backend_kind::parameter_description:
      if (auto const count = wrapped_count(message.body); count != 0) {
        event_.emplace<parameter_description>().type_oids = {message.body.substr(2), count};
        return true;
      }
      return deliver<parameter_description>(message);
    case backend_kind::empty_query_response: return deliver<empty_query_response>(message);
    case backend_kind::portal_suspended: return deliver<portal_suspended>(message);
    case backend_kind::copy_in_response:
      deliver<copy_in_response>(message);
      if (state_ != state::poisoned) refuse_copy_in();
      return true;
    case backend_kind::copy_out_response: return deliver<copy_out_response>(message);
    case backend_kind::copy_both_response:
      deliver<copy_both_response>(message);
      if (state_ != state::poisoned) (void)encode(output_, protocol::copy_done{});  // a standby ends it so
      return true;
    case backend_kind::copy_data: return check<copy_data>(message);
    case backend_kind::copy_done: return check<copy_done>(message);
    default: return poison(errc::unexpected_message, message.type);
  }
}

/// In copy mode the server drops a Sync, so each that was sent by now is sent again. But a COPY may also fail between
/// its response and its first read (into a view, in a trigger): then both are answered, and one answer is dropped.
void session::refuse_copy_in() {
  copy_fail refusal;
  refusal.message = "COPY FROM STDIN was not expected here";
  (void)encode(output_, refusal);
  auto const syncs = static_cast<std::size_t>(std::count_if(
      queue_.begin() + static_cast<std::ptrdiff_t>(front_), queue_.end(),
      [](request const& each) { return each.kind == request_kind::sync || each.kind == request_kind::unit; }));
  queue_.insert(queue_.end(), syncs, {request_kind::spare_sync});
  for (std::size_t i = 0; i < syncs; ++i) (void)encode(output_, protocol::sync{});
}

bool session::take_error(frame const& message, transition const& change) {
  deliver<error_response>(message);
  auto const* error = std::get_if<error_response>(&event_);
  if (error == nullptr) return true;  // it was malformed
  std::string_view severity = error->field('V');
  if (severity.empty()) severity = error->field('S');  // servers before 9.6
  failed_in_ = state_;
  apply(change);
  unit_ended_ = false;  // what was deferred to the Sync has failed
  if (severity == "FATAL" || severity == "PANIC") state_ = state::ended;
  if (state_ == state::ended) forget_secrets();
  return true;
}

void session::abandon() noexcept {
  output_.consume(output_.size());
  if (startup_) forget_secrets();  // one may be among what was not sent
  output_.shrink(0);
  rows_.reset(reader_);
  reader_.release();
  queue_ = std::vector<request>();
  front_ = 0;
  event_.emplace<want_bytes>();
}

void session::shrink_now() noexcept {
  if (state_ != state::idle) return;
  reader_.shrink();
  rows_.shrink();
  output_.shrink(1024);
  if (queue_.capacity() > 64) queue_ = std::vector<request>();  // `= {}` would keep the memory
}

}  // namespace tusk::protocol
