// Every message that a server sends, as a struct: fields in wire order, under the names of the protocol's documentation
// (PostgreSQL, chapter "Frontend/Backend Protocol", "Message Formats").
//
// `decode<T>(body)` and `encode(out, message)` of wire.hpp serve all of them, so that a proxy or a mock server has both
// directions. A decoded message is a view: it lives as long as the bytes it was decoded from. What is inside a CopyData
// of the replication protocol stands in replication.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tusk/protocol/wire.hpp>
#include <variant>

namespace tusk::protocol {

/// The transaction status indicator of ReadyForQuery.
enum class transaction_indicator : char { idle = 'I', in_transaction = 'T', failed = 'E' };

/// The format of a column or a parameter.
enum class format : std::int16_t { text = 0, binary = 1 };

/// Base of the messages without fields.
struct empty_message : message_base {
  static void fields(auto&, auto&) {}
};

// ---- authentication: type 'R', told apart by the code ----

/// Authentication succeeded.
struct authentication_ok : empty_message {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 0;
};
/// Kerberos V5 is required; no server has asked for it since 9.3.
struct authentication_kerberos_v5 : empty_message {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 2;
};
/// The password is wanted as it is.
struct authentication_cleartext_password : empty_message {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 3;
};
/// The password is wanted as MD5.
struct authentication_md5_password : message_base {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 5;
  std::string_view salt;  ///< 4 bytes
  static void fields(auto& io, auto& m) { io.bytes(m.salt, 4); }
};
/// GSSAPI is required.
struct authentication_gss : empty_message {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 7;
};
/// GSSAPI or SSPI goes on.
struct authentication_gss_continue : message_base {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 8;
  std::string_view data;
  static void fields(auto& io, auto& m) { io.rest(m.data); }
};
/// SSPI is required.
struct authentication_sspi : empty_message {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 9;
};
/// SASL is required; the mechanisms in the server's order of preference.
struct authentication_sasl : message_base {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 10;
  list<std::string_view> mechanisms;
  static void fields(auto& io, auto& m) { io.terminated(m.mechanisms); }
};
/// A SASL challenge.
struct authentication_sasl_continue : message_base {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 11;
  std::string_view data;
  static void fields(auto& io, auto& m) { io.rest(m.data); }
};
/// SASL has ended well for the server; `data` is its proof.
struct authentication_sasl_final : message_base {
  static constexpr char type = 'R';
  static constexpr std::int32_t code = 12;
  std::string_view data;
  static void fields(auto& io, auto& m) { io.rest(m.data); }
};

// ---- start-up ----

/// What a cancel request has to show. The key has 4 bytes in protocol 3.0, 4 to 256 in 3.2.
struct backend_key_data : message_base {
  static constexpr char type = 'K';
  std::int32_t process_id = 0;
  std::string_view secret_key;
  static void fields(auto& io, auto& m) {
    io.integer(m.process_id);
    io.rest(m.secret_key);
  }
};
/// The server does not speak the minor version, or does not know the options, that were asked for.
struct negotiate_protocol_version : message_base {
  static constexpr char type = 'v';
  std::int32_t version = 0;  ///< major in the upper 16 bits, minor in the lower
  list<std::string_view> unrecognized_options;
  static void fields(auto& io, auto& m) {
    io.integer(m.version);
    io.template counted<std::int32_t>(m.unrecognized_options);
  }
};

// ---- at any time ----

/// One field of an ErrorResponse or a NoticeResponse; the codes are in "Error and Notice Message Fields".
struct error_field {
  using is_described = void;
  char code = '\0';
  std::string_view value;
  static void fields(auto& io, auto& m) {
    io.integer(m.code);
    io.cstring(m.value);
  }
};
/// An error; in a query it ends the query, with severity FATAL or PANIC the connection.
struct error_response : message_base {
  static constexpr char type = 'E';
  list<error_field> fields_sent;
  static void fields(auto& io, auto& m) { io.terminated(m.fields_sent); }
  /// The first field of that code, or empty.
  std::string_view field(char code) const noexcept;
};
/// A notice or a warning.
struct notice_response : message_base {
  static constexpr char type = 'N';
  list<error_field> fields_sent;
  static void fields(auto& io, auto& m) { io.terminated(m.fields_sent); }
};
/// Somebody said NOTIFY on a channel that this session listens to.
struct notification_response : message_base {
  static constexpr char type = 'A';
  std::int32_t process_id = 0;
  std::string_view channel;
  std::string_view payload;
  static void fields(auto& io, auto& m) {
    io.integer(m.process_id);
    io.cstring(m.channel);
    io.cstring(m.payload);
  }
};
/// A setting that the server reports has this value now.
struct parameter_status : message_base {
  static constexpr char type = 'S';
  std::string_view name;
  std::string_view value;
  static void fields(auto& io, auto& m) {
    io.cstring(m.name);
    io.cstring(m.value);
  }
};

// ---- queries ----

/// The server waits for the next query.
struct ready_for_query : message_base {
  static constexpr char type = 'Z';
  transaction_indicator status = transaction_indicator::idle;
  static void fields(auto& io, auto& m) { io.enumerator(m.status, "ITE"); }
};
/// One column of a RowDescription.
struct column_description {
  using is_described = void;
  std::string_view name;
  std::uint32_t table_oid = 0;
  std::int16_t table_column = 0;  ///< attribute number, 0 if it is no column of a table
  std::uint32_t type_oid = 0;
  std::int16_t type_size = 0;       ///< negative: of varying length
  std::int32_t type_modifier = -1;  ///< what it means depends on the type; -1: none
  std::int16_t format_code = 0;     ///< 0 text, 1 binary
  static void fields(auto& io, auto& m) {
    io.cstring(m.name);
    io.integer(m.table_oid);
    io.integer(m.table_column);
    io.integer(m.type_oid);
    io.integer(m.type_size);
    io.integer(m.type_modifier);
    io.format(m.format_code);
  }
};
/// The columns of the rows that follow.
struct row_description : message_base {
  static constexpr char type = 'T';
  list<column_description> columns;
  static void fields(auto& io, auto& m) { io.template counted<std::int16_t>(m.columns); }
};
/// One row.
struct data_row : message_base {
  static constexpr char type = 'D';
  list<field_value> values;
  static void fields(auto& io, auto& m) { io.template counted<std::int16_t>(m.values); }
};
/// A statement has ended; the tag says what it was and how many rows it touched ("INSERT 0 5").
struct command_complete : message_base {
  static constexpr char type = 'C';
  std::string_view tag;
  static void fields(auto& io, auto& m) { io.cstring(m.tag); }
};
/// The query was empty; stands in place of CommandComplete.
struct empty_query_response : empty_message {
  static constexpr char type = 'I';
};
/// Parse has ended well.
struct parse_complete : empty_message {
  static constexpr char type = '1';
};
/// Bind has ended well.
struct bind_complete : empty_message {
  static constexpr char type = '2';
};
/// Close has ended well.
struct close_complete : empty_message {
  static constexpr char type = '3';
};
/// What was described gives no rows.
struct no_data : empty_message {
  static constexpr char type = 'n';
};
/// The row limit of an Execute was reached.
struct portal_suspended : empty_message {
  static constexpr char type = 's';
};
/// The parameter types of a described statement.
struct parameter_description : message_base {
  static constexpr char type = 't';
  list<std::uint32_t> type_oids;
  static void fields(auto& io, auto& m) { io.template counted<std::int16_t>(m.type_oids); }
};
/// The answer to a FunctionCall.
struct function_call_response : message_base {
  static constexpr char type = 'V';
  field_value value;
  static void fields(auto& io, auto& m) { io.nullable(m.value); }
};

// ---- COPY ----

/// The three answers that begin a COPY have the same fields.
struct copy_response : message_base {
  std::int8_t overall_format = 0;  ///< 0 text, 1 binary
  list<std::int16_t> column_formats;
  static void fields(auto& io, auto& m) {
    io.format(m.overall_format);
    io.template counted<std::int16_t>(m.column_formats);
  }
};
/// The server waits for CopyData.
struct copy_in_response : copy_response {
  static constexpr char type = 'G';
};
/// The server sends CopyData now.
struct copy_out_response : copy_response {
  static constexpr char type = 'H';
};
/// Both at once: replication.
struct copy_both_response : copy_response {
  static constexpr char type = 'W';
};
/// A piece of a COPY, in either direction; the pieces need not be whole rows when a client sends them.
struct copy_data : message_base {
  static constexpr char type = 'd';
  std::string_view data;
  static void fields(auto& io, auto& m) { io.rest(m.data); }
};
/// A COPY has ended, in either direction.
struct copy_done : empty_message {
  static constexpr char type = 'c';
};

/// Any message of a server. The order is the order of `backend_kind`.
using backend_message =
    std::variant<authentication_ok, authentication_kerberos_v5, authentication_cleartext_password,
                 authentication_md5_password, authentication_gss, authentication_gss_continue, authentication_sspi,
                 authentication_sasl, authentication_sasl_continue, authentication_sasl_final, backend_key_data,
                 negotiate_protocol_version, error_response, notice_response, notification_response, parameter_status,
                 ready_for_query, row_description, data_row, command_complete, empty_query_response, parse_complete,
                 bind_complete, close_complete, no_data, portal_suspended, parameter_description,
                 function_call_response, copy_in_response, copy_out_response, copy_both_response, copy_data, copy_done>;

/// Which message it is: the index of its struct in `backend_message`.
enum class backend_kind : std::uint8_t {
  authentication_ok,
  authentication_kerberos_v5,
  authentication_cleartext_password,
  authentication_md5_password,
  authentication_gss,
  authentication_gss_continue,
  authentication_sspi,
  authentication_sasl,
  authentication_sasl_continue,
  authentication_sasl_final,
  backend_key_data,
  negotiate_protocol_version,
  error_response,
  notice_response,
  notification_response,
  parameter_status,
  ready_for_query,
  row_description,
  data_row,
  command_complete,
  empty_query_response,
  parse_complete,
  bind_complete,
  close_complete,
  no_data,
  portal_suspended,
  parameter_description,
  function_call_response,
  copy_in_response,
  copy_out_response,
  copy_both_response,
  copy_data,
  copy_done
};
inline constexpr std::size_t backend_kinds = std::variant_size_v<backend_message>;

/// The documentation's name of a message ("RowDescription").
std::string_view name(backend_kind) noexcept;

/// Stands for "no such message" where a kind is looked up.
inline constexpr auto no_kind = static_cast<backend_kind>(backend_kinds);
/// Kind by type byte; `no_kind` where there is none, and for 'R', whose kind the body tells.
extern std::array<backend_kind, 256> const kinds_by_type;
backend_kind authentication_kind(std::string_view body) noexcept;

/// Which message a type byte (and, for 'R', the code at the start of the body) stands for; `no_kind` if none.
inline backend_kind kind_of(char type, std::string_view body) noexcept {
  return type == authentication_ok::type ? authentication_kind(body) : kinds_by_type[static_cast<unsigned char>(type)];
}

/// Decodes a message of any kind; `unknown_message` if there is none of that type.
expected<backend_message> decode_backend(char type, std::string_view body) noexcept;

}  // namespace tusk::protocol
