// The connection's state machine: bytes in, events out; requests in, bytes out. No socket, clock or random source.
//
//   requests (query, parse, bind, ...) ──► output() ──► the socket         the socket ──► prepare()/commit() ──► next()
//
// Every message sent that has an answer puts an entry into a queue of requests; the state is that of the front entry,
// and state.hpp's table says which message may come next. So a pipeline is nothing but a longer queue. An error drops
// entries up to the next Sync, as the server does. Notices, notifications and parameter changes are taken in any state
// once authenticated. A message that does not belong poisons the session: it can only be closed then.
//
// Rows are gathered by the session itself, in the buffers they were received into, and handed over as one row_set when
// their statement ends. The conversations that begin a session have files of their own: startup.cpp,
// authentication.cpp; those of queries stand in session.cpp.
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
#include <tusk/protocol/frame_reader.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/protocol/limits.hpp>
#include <tusk/protocol/row_set.hpp>
#include <tusk/protocol/scram.hpp>
#include <tusk/protocol/scram_keys.hpp>
#include <tusk/protocol/state.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace tusk::protocol {

/// More bytes are needed: prepare(), receive, commit(), next(). In state `ended` none will come.
struct want_bytes {};
/// PBKDF2 is under way: call next() again, soon. Nothing is wanted of the network.
struct working {};
/// The protocol was violated, by the peer, in that state; the session is poisoned.
struct violation {
  std::error_code code;
  protocol::state in = state::poisoned;
  char type = '\0';  ///< of the message that did it; NUL if there was none
};

/// A unit of run() has ended well: its CommandComplete and its ReadyForQuery in one.
struct unit_complete {
  std::string_view tag;
  transaction_status status = transaction_status::idle;
};

/// What next() tells. Messages are views that end with the next call of prepare(), next() or take_rows().
///
/// A statement ends with command_complete, empty_query_response, portal_suspended or unit_complete: take_rows() then
/// gives its rows, until the next call of next(). portal_suspended comes only to an Execute with a limit.
/// copy_in_response, copy_out_response and copy_both_response mean that a statement was a COPY, or began replication,
/// and that it was refused: an error_response, or the end of the statement, follows.
using event = std::variant<want_bytes, working, violation, error_response, notice_response, notification_response,
                           parameter_status, ready_for_query, parse_complete, close_complete, parameter_description,
                           row_description, no_data, command_complete, empty_query_response, portal_suspended,
                           copy_in_response, copy_out_response, copy_both_response, unit_complete>;

/// How much of an answer session::take_query() took.
enum class query_answer : std::uint8_t { nothing, description, all };

/// What a session needs to begin.
struct startup_options {
  std::int32_t version = protocol_version(3, 0);                ///< the one that is asked for
  std::int32_t minimum_version = protocol_version(3, 0);        ///< a server that speaks less is refused
  std::vector<std::pair<std::string, std::string>> parameters;  ///< user, database, client_encoding, ...
  std::string password;                                         ///< empty: none
  std::string nonce;                 ///< for SCRAM, see scram_nonce(); fresh for each session
  std::string channel_binding_data;  ///< hash of the server's certificate; empty: channel binding is not possible
  bool allow_cleartext = false;      ///< may the password go out as it is? Only where nobody can listen.
  authentication_rules rules = {};   ///< judged before anything is answered
  /// For SCRAM, 32 bytes each, or empty: made of the password. With both no password is needed.
  std::string scram_client_key = {}, scram_server_key = {};
  /// So that PBKDF2 need not run again; none: it always runs. Must live until authentication has ended.
  scram_key_store* kept_keys = nullptr;
};

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

  /// One simple query; includes its own Sync.
  std::error_code query(std::string_view sql);
  std::error_code parse(protocol::parse const& message);
  std::error_code bind(protocol::bind const& message);
  std::error_code describe(protocol::describe const& message);
  /// `columns`: the number of fields of each row, if it is known from an earlier Describe; otherwise a Describe of the
  /// same statement must stand before it in the same unit.
  std::error_code execute(protocol::execute const& message, std::optional<std::uint16_t> columns);
  std::error_code close(protocol::close const& message);
  std::error_code sync();
  /// Bind to the unnamed portal, Execute for all rows, and Sync: the whole unit of a prepared statement in one go, with
  /// everything in text. It is one request, whose end is one event, so that it is the cheapest way to run a statement.
  std::error_code run(std::string_view statement, list<field_value> parameters, std::uint16_t columns);
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
  query_answer take_query(list<column_description> columns);
  /// The same event again.
  event const& current() const noexcept { return event_; }
  /// The rows of the statement that has just ended.
  row_set take_rows() {
    row_set taken;
    take_rows(taken);
    return taken;
  }
  /// The same, into a row_set that is empty.
  void take_rows(row_set& into) { rows_.finish(reader_, into); }

  // ---- what is known ----

  protocol::state state() const noexcept { return state_; }
  /// The state in which the last error_response came: which message the server could not answer.
  protocol::state failed_in() const noexcept { return failed_in_; }
  transaction_status transaction() const noexcept { return transaction_; }
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
    bool const large = reader_.is_large() || queue_.capacity() > 64 || output_.capacity() > 1024;
    if (large) shrink_now();
    return large;
  }
  /// The connection is gone: gives back what was to be sent, what was received, and rows. Ends the present event.
  void abandon() noexcept;

 private:
  enum class request_kind : std::uint8_t {
    query,
    parse,
    bind,
    describe_statement,
    describe_portal,
    execute,
    execute_some,  ///< with a limit on rows
    close,
    unit,  ///< Bind, Execute and Sync
    sync,
    spare_sync  ///< answered or not, see refuse_copy_in()
  };
  struct request {
    request_kind kind;
    bool columns_known = false;
    std::uint16_t columns = 0;
  };
  static constexpr std::uint32_t scram_slice = 2048;  // PBKDF2 iterations in one next(): about 0.3 ms

  bool ready() const noexcept { return state_ >= state::idle && state_ < state::ended; }
  template <class Message>
  std::error_code send(Message const& message, request what);
  void enqueue(request what) noexcept;
  [[gnu::always_inline]] void enter(request const& front) noexcept;
  [[gnu::always_inline]] void finish_request() noexcept;
  void skip_to_sync() noexcept;
  void reserve(std::size_t more);
  [[gnu::always_inline]] void apply(transition const& change) noexcept;

  [[gnu::always_inline]] void advance_unit() noexcept;
  [[gnu::always_inline]] void begin_rows() noexcept;
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
  bool check(frame const& message);
  [[gnu::always_inline]] bool take_unit();
  [[gnu::always_inline]] bool take_ending();
  bool take_unfit(backend_kind what, frame const& message);
  bool take_other(backend_kind what, frame const& message, transition const& change);
  bool take_query(backend_kind what, frame const& message);
  bool take_error(frame const& message, transition const& change);
  void refuse_copy_in();
  void shrink_now() noexcept;
  bool poison(std::error_code code, char type = '\0');
  std::error_code violation_code(backend_kind what) const noexcept;

  // startup.cpp
  bool take_startup(backend_kind what, frame const& message);
  std::error_code negotiate(negotiate_protocol_version const& message);
  std::error_code remember(parameter_status const& message);
  static void wipe_secrets(startup_options& options) noexcept;
  // authentication.cpp
  std::error_code authenticate(backend_kind what, std::string_view body);
  std::error_code send_password(std::string_view password);
  std::error_code refuse_method(authentication_method asked) const noexcept;
  std::error_code answer_md5(authentication_md5_password const& message);
  std::error_code begin_scram(authentication_sasl const& message);
  std::error_code continue_scram(std::string_view server_first);
  std::error_code end_scram(std::string_view server_final);
  bool keeps_keys() const noexcept;
  scram_key_source key_source() const noexcept;
  std::error_code prove();
  void forget_secrets() noexcept;

  struct wipe_and_delete {
    void operator()(startup_options* options) const noexcept;
  };

  frame_reader reader_;
  byte_buffer output_;
  row_collector rows_;
  std::vector<request> queue_;
  std::size_t front_ = 0;
  std::size_t spare_syncs_ = 0;  // whose ReadyForQuery may come before the front request's answer
  limits limits_;
  protocol::state state_ = state::unstarted, failed_in_ = state::unstarted;
  transaction_status transaction_ = transaction_status::idle;
  authentication_method method_ = authentication_method::none;
  std::uint16_t settings_ = 0;  // how many stand in parameters_
  bool negotiated_ = false, described_ = false, new_statement_ = false;
  std::uint16_t described_columns_ = 0;
  // Bytes of rows since the last ReadyForQuery: of the statements that have ended, and of the present one. Counted only
  // where there is a limit.
  std::uint64_t kept_bytes_ = 0, row_bytes_ = 0;
  std::int32_t version_ = 0, process_id_ = 0;
  std::string secret_key_;
  std::string parameters_;  // name NUL value NUL, and so on: one block of memory, as it is read seldom
  std::unique_ptr<startup_options, wipe_and_delete> startup_;  // until the session is authenticated
  std::optional<scram_client> scram_;
  std::string unit_tag_;     // of the unit whose ReadyForQuery comes
  bool unit_ended_ = false;  // its CommandComplete has come
  std::error_code error_;
  event event_;
};

/// Decodes a message as the event; false if it is malformed, and the session poisoned.
template <class Message>
bool session::decode_event(frame const& message) {
  reader in(message.body);
  if (decode_with(in, event_.emplace<Message>())) [[likely]]
    return true;
  poison(in.finish().code, message.type);
  return false;
}

/// The same; true, as either way there is an event.
template <class Message>
bool session::deliver(frame const& message) {
  decode_event<Message>(message);
  return true;
}

/// Decodes a message that is no event; poisons the session if it is malformed, which is one.
template <class Message>
bool session::check(frame const& message) {
  reader in(message.body);
  Message decoded{};
  return !decode_with(in, decoded) && poison(in.finish().code, message.type);
}

}  // namespace tusk::protocol
