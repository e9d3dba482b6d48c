// The connection's state machine: bytes in, events out; requests in, bytes out. No socket, clock or random source.
//
//   requests (query, parse, bind, ...) ──► output() ──► the socket         the socket ──► prepare()/commit() ──► next()
//
// Every message sent that has an answer puts an entry into a queue of requests; the state is that of the front entry,
// and state.hpp's table says which message may come next. So a pipeline is nothing but a longer queue. Requests have
// numbers, and each event of an answer tells whose it is. An error skips the requests up to the next Sync, as the
// server does, and next() tells each of them. Notices, notifications and parameter changes are taken in any state
// once authenticated. A message that does not belong poisons the session: it can only be closed then.
//
// Rows are gathered by the session itself, in the buffers they were received into, and handed over as one row_set when
// their statement ends, or in portions while it runs. Each conversation has a file: startup.cpp, authenticator.cpp,
// simple_query.cpp, extended_query.cpp, copy.cpp; session.cpp takes the messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/protocol/authentication.hpp>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/events.hpp>
#include <tusk/protocol/frame_reader.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/protocol/limits.hpp>
#include <tusk/protocol/request_queue.hpp>
#include <tusk/protocol/row_set.hpp>
#include <tusk/protocol/startup_options.hpp>
#include <tusk/protocol/state.hpp>

namespace tusk::protocol {

class authenticator;

/// See the top of this file. Not thread-safe. After an error_code from a request nothing of it was sent.
class session {
 public:
  explicit session(limits const& limit = {});
  session(session&& other) noexcept;
  session& operator=(session&& other) noexcept;
  ~session();

  /// Sends StartupMessage. Must be the first request. Secrets are wiped when authentication has ended, or the session.
  /// Fails with embedded_nul, message_too_large or bad_scram_key.
  std::error_code start(startup_options options);

  // ---- requests; each fails with not_ready outside of idle and queries, or as `encode` does ----
  //
  // Each has a number, last_request(), but for flush(). Requests of the extended protocol are a unit, which sync() or
  // run() ends; once all that were sent are answered the state is open_unit, in which everything may be sent.

  /// One simple query; includes its own Sync. In an open unit it is answered too, and the state is idle after it. But
  /// send sync() first if an Execute has run in that unit outside of a transaction block: PostgreSQL 15 commits it with
  /// the query; 18.4 does not even at the next Sync, and the statement after that fails (XX000) and undoes it.
  std::error_code query(std::string_view sql);
  std::error_code parse(protocol::parse const& message);
  std::error_code bind(protocol::bind const& message);
  std::error_code describe(protocol::describe const& message);
  /// `columns`: the number of fields of each row, if it is known from an earlier Describe; otherwise a Describe of the
  /// same statement must stand before it in the same unit.
  std::error_code execute(protocol::execute const& message, std::optional<std::uint16_t> columns);
  /// Both of the unnamed portal, and for all rows: two requests in one go.
  std::error_code bind_and_execute(std::string_view statement, list<field_value> parameters,
                                   std::optional<std::uint16_t> columns, value_formats const& formats = {});
  std::error_code close(protocol::close const& message);
  std::error_code sync();
  /// Asks the server to send the answers that it has before the Sync. It has no number and no answer of its own.
  std::error_code flush();
  /// Bind to the unnamed portal, Execute for all rows, and Sync: the whole unit of a prepared statement in one go, with
  /// everything in text. It is one request, whose end is one event, so that it is the cheapest way to run a statement.
  std::error_code run(std::string_view statement, list<field_value> parameters, std::uint16_t columns);
  /// The same with formats, of which there may be none, one, or one a parameter and a column; else
  /// wrong_format_count.
  std::error_code run(std::string_view statement, list<field_value> parameters, std::uint16_t columns,
                      value_formats const& formats);
  /// The Bind of the last run(), for somebody who has it sent again: its bytes stay in the memory of output() when they
  /// have been sent. Valid until the next request or flush(), and until that run() is answered to its end.
  protocol::bind last_run() const noexcept;
  /// Parse, Bind, Describe of the portal and Execute for all rows of a statement without parameters, all of them
  /// unnamed: four requests in one go, and no Sync. If the statement gives no rows their answer may be one event, its
  /// command_complete.
  std::error_code run_once(std::string_view sql);

  // ---- COPY: Parse and Bind of the statement stand before copy_in() or copy_out() in the same unit ----

  /// Executes the unnamed portal, whose statement is a COPY FROM STDIN. copy_in_response, in state copying_in, says
  /// that data may be sent. Up to copy_done(), copy_fail() or an error every other request but flush() fails with
  /// not_ready: the server would drop a Sync, and close the connection because of anything else. Send flush() behind
  /// it, and sync() behind its end.
  std::error_code copy_in();
  /// Data of the COPY, however it is divided. These three fail with not_ready unless the state is copying_in.
  std::error_code copy_data(std::string_view bytes);
  /// All was sent.
  std::error_code copy_done();
  /// Nothing of it is to stand: the server's error says why.
  std::error_code copy_fail(std::string_view why);
  /// Executes the unnamed portal, whose statement is a COPY TO STDOUT.
  std::error_code copy_out();

  /// Sends Terminate, if the server would understand it; nothing more is read.
  void terminate();

  // ---- bytes ----

  /// What is to be sent. Valid until the next request.
  std::string_view output() const noexcept { return output_.view(); }
  /// Says that the first `count` bytes of output() were sent.
  void sent(std::size_t count) noexcept { output_.consume(count); }
  /// Room to receive into, at least one byte. Ends the views of the last event.
  std::span<char> prepare() {
    if (reader_.full()) [[unlikely]]
      rows_.take_buffer(reader_);
    return reader_.prepare();
  }
  /// Says that the first `count` bytes of the room are filled.
  void commit(std::size_t count) noexcept { reader_.commit(count); }

  /// The next event; valid until the next call of prepare(), next() or a request. Call it until it says want_bytes.
  event const& next();
  /// Instead of next(): takes the answer to the one simple query that is awaited if it is all there, is that of one
  /// statement, and its RowDescription says what an earlier one said, of which these are the columns. It then stands
  /// in current() as a unit_complete. If only the RowDescription is as expected, that is taken, and no event tells of
  /// it; what follows is next()'s.
  query_answer take_query_answer(list<column_description> columns);
  /// The same event again.
  event const& current() const noexcept { return event_; }
  /// Which request the present event belongs to; 0 if to none: a notice, a notification, a setting, want_bytes, what
  /// comes while the session begins or is idle. A FATAL error belongs to the request that it interrupts.
  std::uint64_t answering() const noexcept;
  /// Which message of that request it answers: how far a run() came. A unit_complete answers all of it: its Sync.
  request_part answering_part() const noexcept;

  // ---- rows ----

  /// The rows of the statement that has just ended. While one runs, at want_bytes and rows_gathered: those that have
  /// come so far, which are then no longer among those at its end; their bytes count no more for limits::max_result.
  row_set take_rows() {
    row_set taken;
    take_rows(taken);
    return taken;
  }
  /// The same, into a row_set that is empty.
  void take_rows(row_set& into) {
    if (state_ == state::idle) [[likely]]
      return rows_.finish(reader_, into);
    take_some_rows(into);
  }
  /// Gives back rows that are done with: what comes is received into their buffers. So a stream of any length needs no
  /// memory but that of its first portions.
  void recycle(row_set&& rows) noexcept { row_collector::recycle(reader_, std::move(rows)); }
  /// From now on rows_gathered is told whenever so many bytes of rows are there while their statement runs, and more
  /// have just come; as they are counted once for all that was received, a buffer (64 KiB) more may be there. It may be
  /// ignored. `unlimited`, as at first: never.
  void tell_rows_at(std::uint64_t bytes) noexcept { rows_at_ = bytes; }

  // ---- what is known ----

  protocol::state state() const noexcept { return state_; }
  /// The number of the request that was sent last; the first one has number 1.
  std::uint64_t last_request() const noexcept { return queue_.last(); }
  /// The number of the last request that was answered to its end, or skipped: those before it were too.
  std::uint64_t last_answered() const noexcept { return queue_.finished(); }
  transaction_indicator transaction() const noexcept { return transaction_; }
  authentication_method authentication() const noexcept { return method_; }
  std::int32_t version() const noexcept { return version_; }
  std::int32_t process_id() const noexcept { return process_id_; }
  /// What a cancel request must show; empty if the server gave none.
  std::string_view secret_key() const noexcept { return secret_key_; }
  /// The value of a setting that the server reports ("server_version"), or empty. Valid until the next call of next().
  std::string_view parameter(std::string_view name) const noexcept;
  /// All of these: name NUL value NUL, and so on.
  std::string_view parameters() const noexcept { return parameters_; }
  /// What was received and no event has told of yet: whole messages, or the beginning of one.
  std::string_view received() const noexcept { return reader_.held(); }
  /// How many bytes that is.
  std::size_t buffered() const noexcept { return reader_.buffered(); }
  /// Gives back what only connecting needed, once that is done.
  void settle() {
    parameters_.shrink_to_fit();
    output_.shrink(0);
    shrink_now();
  }
  /// Gives back memory that an idle session does not need. True if there was some.
  bool shrink() noexcept {
    bool const large = reader_.is_large() || queue_.is_large() || output_.capacity() > 1024;
    if (large) shrink_now();
    return large;
  }
  /// The connection is gone: gives back what was to be sent, what was received, and rows. Ends the present event.
  void abandon() noexcept;

 private:
  bool is_open() const noexcept { return state_ >= state::idle && state_ < state::ended; }
  bool ready() const noexcept { return is_open() && !copy_in_sent_; }
  template <class Message>
  std::error_code send(Message const& message, queued_request what);
  void enqueue(queued_request what) noexcept;
  void stop_skipping_at_sync() noexcept;
  bool tell_skipped();
  void answer_front() noexcept;
  [[gnu::always_inline]] void enter(queued_request const& front) noexcept;
  [[gnu::always_inline]] void finish_request() noexcept;
  void skip_to_sync() noexcept;
  [[gnu::always_inline]] void apply(transition const& change) noexcept;

  [[gnu::always_inline]] void advance_unit() noexcept;
  [[gnu::always_inline]] void begin_rows() noexcept;
  void take_some_rows(row_set& into);
  bool gathered_enough() const noexcept { return rows_at_ != unlimited && rows_.bytes(reader_) >= rows_at_; }
  bool is_limited() const noexcept { return limits_.max_result != unlimited; }
  bool passes_limit() noexcept;
  bool gathers() const noexcept {
    return state_ == state::querying_rows ||
           ((state_ == state::executing || state_ == state::executing_some) && described_);
  }
  // What takes a message says whether it is an event for the caller; if so it stands in event_.
  bool awake();
  [[gnu::always_inline]] bool take(frame const& message);
  template <class Message>
  bool decode_event(frame const& message);
  template <class Message>
  bool deliver(frame const& message);
  template <class Message>
  bool deliver_answer(frame const& message);
  template <class Message>
  bool check(frame const& message);
  [[gnu::always_inline]] bool take_unit();
  [[gnu::always_inline]] bool take_without_rows();
  [[gnu::always_inline]] bool take_ending();
  bool take_unfit(backend_kind what, frame const& message);
  bool route(backend_kind what, frame const& message, transition const& change);
  bool take_answer(backend_kind what, frame const& message);
  bool take_copy(backend_kind what, frame const& message);
  bool take_error(frame const& message, transition const& change);
  void refuse_copy_in();
  void shrink_now() noexcept;
  bool poison(std::error_code code, char type = '\0');
  std::error_code violation_code(backend_kind what) const noexcept;

  // startup.cpp
  bool take_startup(backend_kind what, frame const& message);
  std::error_code negotiate(negotiate_protocol_version const& message);
  std::error_code remember(parameter_status const& message);
  bool authenticate(backend_kind what, frame const& message);
  void forget_secrets() noexcept;

  struct delete_authenticator {
    void operator()(authenticator*) const noexcept;
  };

  frame_reader reader_;
  byte_buffer output_;
  char const* last_run_ = nullptr;  // where it was written
  row_collector rows_;
  request_queue queue_;
  std::size_t spare_syncs_ = 0;  // whose ReadyForQuery may come before the front request's answer
  limits limits_;
  protocol::state state_ = state::unstarted;
  transaction_indicator transaction_ = transaction_indicator::idle;
  authentication_method method_ = authentication_method::none;
  std::uint16_t settings_ = 0;  // how many stand in parameters_
  bool negotiated_ = false, described_ = false, new_statement_ = false;
  bool copy_in_sent_ = false;  // by copy_in(), as the last request, and it has not ended
  std::uint16_t described_columns_ = 0;
  // Bytes of rows since the last ReadyForQuery: of the statements that have ended, and of the present one. Counted only
  // where there is a limit.
  std::uint64_t kept_bytes_ = 0, row_bytes_ = 0;
  std::uint64_t rows_at_ = unlimited;
  // Of the event, if it is an answer: its request's number and kind, and the state in which it came.
  std::uint64_t answering_ = 0;
  request_kind answering_kind_ = request_kind::sync;
  protocol::state answering_in_ = state::unstarted;
  std::int32_t version_ = 0, process_id_ = 0;
  std::string secret_key_;
  std::string parameters_;  // name NUL value NUL, and so on: one block of memory, as it is read seldom
  std::unique_ptr<authenticator, delete_authenticator> authenticator_;  // until the first ReadyForQuery
  std::string unit_tag_;                                                // of the unit whose ReadyForQuery comes
  bool unit_ended_ = false;                                             // its CommandComplete has come
  std::error_code error_;
  event event_;
};

}  // namespace tusk::protocol
