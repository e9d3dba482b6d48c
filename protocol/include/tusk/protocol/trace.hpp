// What both sides of a connection say, a line a message, in the format of libpq's PQtrace (PostgreSQL 18, without
// timestamps), so that two drivers can be compared line by line.
//
//   F<TAB>13<TAB>Query<TAB> "SELECT 1"          F or B (frontend, backend), length as the wire has it, name, fields
//   B<TAB>11<TAB>DataRow<TAB> 1 1 '1'           a value: its length (-1: NULL), then its bytes; not printable: \x0a
//   F<TAB>4<TAB>Sync                            no fields, no third tab
//   B<TAB>1<TAB>SSLResponse<TAB> S              the one byte that answers an SSLRequest
//
// Raw bytes come in, in any cuts. A message that is whole is read where it lies; one that is not is gathered, up to the
// length that a session would accept, and memory grows only as its bytes arrive. Then it is decoded, and one more
// visitor of the messages' `fields` (see wire.hpp) writes the line.
//
// Strings ("...") stand as they were sent, as libpq shows them: whoever writes lines to a terminal or to a log has to
// mind the line feeds and escapes in them.
//
// Secrets are shown as ***: a password, all SASL and GSSAPI data, the salt of MD5, and process and key of
// BackendKeyData and CancelRequest. What is never masked is what the user says in SQL ("ALTER ROLE ... PASSWORD ...").
//
// Where libpq shows nothing, or an error of its own, the lines are ours:
//
//   B<TAB>6<TAB>ReadyForQuery<TAB> malformed: 'IX'     it cannot be decoded: its first 64 bytes, ... if there are more
//   B<TAB>9<TAB>Unknown message: 3f<TAB> 'abcde'       no message has this type
//   B<TAB>3<TAB>DataRow<TAB> impossible length         where the next message begins cannot be told: the last line of
//                                                      this direction
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tusk/protocol/byte_buffer.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/protocol/limits.hpp>

namespace tusk::protocol {

/// Where a tracer joins a connection: at its first byte, or when it is authenticated and no message is half sent.
enum class trace_from : std::uint8_t { startup, session };

/// See the top of this file. Not thread-safe.
class tracer {
 public:
  /// Takes one line, without a line feed at its end; the text is valid during the call. What it throws passes through
  /// `frontend` or `backend`, and that direction is not followed any more. It must not feed the same tracer.
  using sink = std::function<void(std::string_view line)>;

  explicit tracer(sink to, limits const& limit = {}, trace_from from = trace_from::startup);

  /// Bytes that the client sent, in the clear (before TLS encrypts them). Throws std::bad_alloc, and what the sink
  /// throws.
  void frontend(std::string_view bytes) { follow(client_, bytes); }
  /// Bytes that the server sent, likewise. What came before must have been given before: a server's AuthenticationSASL
  /// tells how the client's answer is read.
  void backend(std::string_view bytes) { follow(server_, bytes); }

 private:
  struct direction {
    char mark;            // F or B
    byte_buffer begun{};  // a message that is not whole yet
    bool followed = true;
  };
  struct head;

  void follow(direction& of, std::string_view bytes);
  bool take_whole(direction& of, std::string_view& bytes);
  head read_head(direction const& of, std::string_view bytes) const noexcept;
  std::uint32_t longest(direction const& of) const noexcept;
  bool awaits_byte(direction const& of, std::string_view bytes) const noexcept;
  std::string_view name_of(direction const& of, char type, std::string_view body) const noexcept;
  void show(direction const& of, head const& at, std::string_view message);
  void show_fields(direction const& of, char type, std::string_view body);
  void learn(direction const& of, char type, std::string_view body) noexcept;
  void begin_line(direction const& of, std::size_t length, std::string_view name);
  void end_line();

  sink sink_;
  std::uint32_t max_message_;
  direction client_{'F'}, server_{'B'};
  bool untyped_, authenticated_;
  password_kind password_ = password_kind::password;  // what the server asked for last
  std::string_view answer_{};                         // the name of the one-byte answer that the server owes
  std::string line_;
};

}  // namespace tusk::protocol
