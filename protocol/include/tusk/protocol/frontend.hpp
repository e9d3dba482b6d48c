// Every message that a client sends, as a struct: fields in wire order, under the names of the protocol's documentation
// (PostgreSQL, chapter "Frontend/Backend Protocol", "Message Formats").
//
// `decode<T>(body)` and `encode(out, message)` of wire.hpp serve all of them. A decoded message is a view: it lives as
// long as the bytes it was decoded from. CopyData and CopyDone are the same both ways and stand in backend.hpp.
#pragma once

#include <cstdint>
#include <string_view>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/wire.hpp>
#include <variant>

namespace tusk::protocol {

// ---- before the session: no type byte, told apart by the code ----

/// A protocol version as the wire has it.
constexpr std::int32_t protocol_version(int major, int minor) noexcept { return major << 16 | minor; }

/// One run-time parameter of a StartupMessage.
struct startup_parameter {
  using is_described = void;
  std::string_view name;
  std::string_view value;
  static void fields(auto& io, auto& m) {
    io.cstring(m.name);
    io.cstring(m.value);
  }
};
/// Begins a session.
struct startup_message : message_base {
  static constexpr char type = '\0';
  static constexpr std::uint64_t max_sent = max_startup_packet;
  std::int32_t version = protocol_version(3, 0);
  list<startup_parameter> parameters;
  static void fields(auto& io, auto& m) {
    io.integer(m.version);
    io.terminated(m.parameters);
  }
};
/// Asks for TLS; the answer is one byte, `S` or `N`.
struct ssl_request : empty_message {
  static constexpr char type = '\0';
  static constexpr std::int32_t code = protocol_version(1234, 5679);
};
/// Asks for GSSAPI encryption; the answer is one byte, `G` or `N`.
struct gssenc_request : empty_message {
  static constexpr char type = '\0';
  static constexpr std::int32_t code = protocol_version(1234, 5680);
};
/// Cancels what another session is doing. It is sent over a connection of its own and never answered.
struct cancel_request : message_base {
  static constexpr char type = '\0';
  static constexpr std::int32_t code = protocol_version(1234, 5678);
  std::int32_t process_id = 0;
  std::string_view secret_key;
  static void fields(auto& io, auto& m) {
    io.integer(m.process_id);
    io.rest(m.secret_key);
  }
};

// ---- authentication: type 'p'; what was asked for tells them apart ----

/// A password, in clear or as MD5.
struct password_message : message_base {
  static constexpr char type = 'p';
  static constexpr std::uint64_t max_sent = max_password_message;
  std::string_view password;
  static void fields(auto& io, auto& m) { io.cstring(m.password); }
};
/// Chooses a SASL mechanism and sends its first message.
struct sasl_initial_response : message_base {
  static constexpr char type = 'p';
  static constexpr std::uint64_t max_sent = max_password_message;
  std::string_view mechanism;
  field_value data;
  static void fields(auto& io, auto& m) {
    io.cstring(m.mechanism);
    io.nullable(m.data);
  }
};
/// The next SASL message.
struct sasl_response : message_base {
  static constexpr char type = 'p';
  static constexpr std::uint64_t max_sent = max_password_message;
  std::string_view data;
  static void fields(auto& io, auto& m) { io.rest(m.data); }
};
/// A GSSAPI or SSPI token.
struct gss_response : message_base {
  static constexpr char type = 'p';
  static constexpr std::uint64_t max_sent = max_password_message;
  std::string_view data;
  static void fields(auto& io, auto& m) { io.rest(m.data); }
};

// ---- queries ----

/// A simple query: one or more statements, without parameters.
struct query : message_base {
  static constexpr char type = 'Q';
  std::string_view sql;
  static void fields(auto& io, auto& m) { io.cstring(m.sql); }
};
/// Prepares a statement; an empty name is the unnamed one.
struct parse : message_base {
  static constexpr char type = 'P';
  std::string_view statement;
  std::string_view sql;
  list<std::uint32_t> parameter_types;  ///< may be fewer than there are; 0: the server infers the type
  static void fields(auto& io, auto& m) {
    io.cstring(m.statement);
    io.cstring(m.sql);
    io.template counted<std::int16_t>(m.parameter_types);
  }
};
/// Makes a portal of a statement and its parameters.
struct bind : message_base {
  static constexpr char type = 'B';
  std::string_view portal;
  std::string_view statement;
  list<std::int16_t> parameter_formats;  ///< none: all text; one: for all; else one a parameter
  list<field_value> parameters;
  list<std::int16_t> result_formats;  ///< likewise
  static void fields(auto& io, auto& m) {
    io.cstring(m.portal);
    io.cstring(m.statement);
    io.template counted<std::int16_t>(m.parameter_formats);
    io.template counted<std::int16_t>(m.parameters);
    io.template counted<std::int16_t>(m.result_formats);
  }
};
/// Which values of a Bind are text (0) and which are binary (1): none: all text; one: for all; else one each.
struct value_formats {
  list<std::int16_t> parameters, results;
};
/// What a Describe or a Close is about.
enum class described_object : char { statement = 'S', portal = 'P' };
/// Asks what a statement or a portal looks like.
struct describe : message_base {
  static constexpr char type = 'D';
  described_object what = described_object::statement;
  std::string_view name;
  static void fields(auto& io, auto& m) {
    io.enumerator(m.what, "SP");
    io.cstring(m.name);
  }
};
/// Runs a portal.
struct execute : message_base {
  static constexpr char type = 'E';
  std::string_view portal;
  std::int32_t max_rows = 0;  ///< 0: all
  static void fields(auto& io, auto& m) {
    io.cstring(m.portal);
    io.integer(m.max_rows);
  }
};
/// Frees a statement or a portal.
struct close : message_base {
  static constexpr char type = 'C';
  described_object what = described_object::statement;
  std::string_view name;
  static void fields(auto& io, auto& m) {
    io.enumerator(m.what, "SP");
    io.cstring(m.name);
  }
};
/// Ends a unit of the extended protocol; the answer is ReadyForQuery.
struct sync : empty_message {
  static constexpr char type = 'S';
};
/// Asks the server to send what it has.
struct flush : empty_message {
  static constexpr char type = 'H';
};
/// Ends the session.
struct terminate : empty_message {
  static constexpr char type = 'X';
};
/// Makes a COPY to the server fail.
struct copy_fail : message_base {
  static constexpr char type = 'f';
  std::string_view message;
  static void fields(auto& io, auto& m) { io.cstring(m.message); }
};
/// Calls a function by OID. tusk never sends it; a proxy may meet it.
struct function_call : message_base {
  static constexpr char type = 'F';
  std::uint32_t function_oid = 0;
  list<std::int16_t> argument_formats;
  list<field_value> arguments;
  std::int16_t result_format = 0;
  static void fields(auto& io, auto& m) {
    io.integer(m.function_oid);
    io.template counted<std::int16_t>(m.argument_formats);
    io.template counted<std::int16_t>(m.arguments);
    io.integer(m.result_format);
  }
};

/// Any message of a client.
using frontend_message =
    std::variant<startup_message, ssl_request, gssenc_request, cancel_request, password_message, sasl_initial_response,
                 sasl_response, gss_response, query, parse, bind, describe, execute, close, sync, flush, terminate,
                 copy_data, copy_done, copy_fail, function_call>;

/// What a message of type 'p' holds; only the conversation so far tells.
enum class password_kind : std::uint8_t { password, sasl_initial, sasl, gss };

/// Decodes a message of any kind. Type NUL means a message without a type byte, told apart by its code.
/// `unknown_message` if there is none of that type.
expected<frontend_message> decode_frontend(char type, std::string_view body,
                                           password_kind kind = password_kind::password) noexcept;

}  // namespace tusk::protocol
