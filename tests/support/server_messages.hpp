// What a scripted server says, and a client answers, as bytes: short makers, so that a script reads like a
// conversation.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/protocol/state.hpp>
#include <utility>
#include <vector>

namespace tusk::test {

/// The bytes of a whole message, of either direction.
template <protocol::described Message>
std::string bytes_of(Message const& message) {
  protocol::byte_buffer out;
  if (auto const error = protocol::encode(out, message)) throw std::invalid_argument(error.message());
  return std::string(out.view());
}

/// A message as it was meant to be, whatever its length word says: type, length, body.
inline std::string framed(char type, std::string_view body, std::uint32_t length) {
  std::string result(5, type);
  protocol::store_big_endian(result.data() + 1, length);
  return result.append(body);
}
inline std::string framed(char type, std::string_view body) {
  return framed(type, body, static_cast<std::uint32_t>(body.size() + 4));
}

using texts = std::initializer_list<std::string_view>;

template <class T>
protocol::list_storage<T> listed(std::initializer_list<T> values) {
  return protocol::list_storage<T>(values);
}

// ---- what a server says ----

/// A message without fields, by its type: server_says<protocol::parse_complete>().
template <protocol::described Message>
std::string server_says() {
  return bytes_of(Message{});
}
inline std::string auth_ok() { return server_says<protocol::authentication_ok>(); }
inline std::string auth_cleartext() { return server_says<protocol::authentication_cleartext_password>(); }
inline std::string auth_md5(std::string_view salt = "salt") {
  protocol::authentication_md5_password message;
  message.salt = salt;
  return bytes_of(message);
}
inline std::string auth_sasl(texts mechanisms) {
  auto const list = listed(mechanisms);
  protocol::authentication_sasl message;
  message.mechanisms = list;
  return bytes_of(message);
}
inline std::string auth_continue(std::string_view data) {
  protocol::authentication_sasl_continue message;
  message.data = data;
  return bytes_of(message);
}
inline std::string auth_final(std::string_view data) {
  protocol::authentication_sasl_final message;
  message.data = data;
  return bytes_of(message);
}
inline std::string negotiate(std::int32_t version, texts options = {}) {
  auto const list = listed(options);
  protocol::negotiate_protocol_version message;
  message.version = version;
  message.unrecognized_options = list;
  return bytes_of(message);
}
inline std::string cancel_key(std::string_view key = "key!", std::int32_t process = 7) {
  protocol::backend_key_data message;
  message.process_id = process;
  message.secret_key = key;
  return bytes_of(message);
}
inline std::string setting(std::string_view name, std::string_view value) {
  protocol::parameter_status message;
  message.name = name;
  message.value = value;
  return bytes_of(message);
}
inline std::string ready(protocol::transaction_indicator status = protocol::transaction_indicator::idle) {
  protocol::ready_for_query message;
  message.status = status;
  return bytes_of(message);
}
template <class Message>
std::string fields_message(std::string_view severity, std::string_view code, std::string_view text) {
  auto const list =
      listed<protocol::error_field>({{'S', severity}, {'V', severity}, {'C', code}, {'M', text}, {'L', "1"}});
  Message message;
  message.fields_sent = list;
  return bytes_of(message);
}
inline std::string error(std::string_view code = "42601", std::string_view text = "no") {
  return fields_message<protocol::error_response>("ERROR", code, text);
}
inline std::string fatal(std::string_view code = "57P01", std::string_view text = "shut down") {
  return fields_message<protocol::error_response>("FATAL", code, text);
}
inline std::string notice(std::string_view text) {
  return fields_message<protocol::notice_response>("NOTICE", "00000", text);
}
inline std::string notification(std::string_view channel, std::string_view payload) {
  protocol::notification_response message;
  message.process_id = 9;
  message.channel = channel;
  message.payload = payload;
  return bytes_of(message);
}
inline std::string columns(texts names) {
  protocol::list_storage<protocol::column_description> list;
  for (std::string_view each : names) list.add({each, 0, 0, 25, -1, -1, 0});
  protocol::row_description message;
  message.columns = list;
  return bytes_of(message);
}
inline std::string row(std::initializer_list<protocol::field_value> values) {
  auto const list = listed(values);
  protocol::data_row message;
  message.values = list;
  return bytes_of(message);
}
/// Rows of two columns whose sizes differ.
inline std::string some_rows(std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += row({std::to_string(i), std::string(i % 40, 'x')});
  return all;
}
inline std::string complete(std::string_view tag) {
  protocol::command_complete message;
  message.tag = tag;
  return bytes_of(message);
}
inline std::string parameters(std::initializer_list<std::uint32_t> types) {
  auto const list = listed(types);
  protocol::parameter_description message;
  message.type_oids = list;
  return bytes_of(message);
}
inline std::string parsed() { return server_says<protocol::parse_complete>(); }
inline std::string bound() { return server_says<protocol::bind_complete>(); }
inline std::string closed() { return server_says<protocol::close_complete>(); }
inline std::string no_columns() { return server_says<protocol::no_data>(); }
inline std::string suspended() { return server_says<protocol::portal_suspended>(); }
inline std::string empty_query() { return server_says<protocol::empty_query_response>(); }
inline std::string copy_in() { return server_says<protocol::copy_in_response>(); }
inline std::string copy_out() { return server_says<protocol::copy_out_response>(); }
inline std::string copy_done() { return server_says<protocol::copy_done>(); }
inline std::string copy_bytes(std::string_view data) {
  protocol::copy_data message;
  message.data = data;
  return bytes_of(message);
}

/// A message of any kind. Rows have one field, and what a field may say is what fits most conversations.
inline std::string example_of(protocol::backend_kind kind) {
  using enum protocol::backend_kind;
  switch (kind) {
    case authentication_ok: return auth_ok();
    case authentication_kerberos_v5: return server_says<protocol::authentication_kerberos_v5>();
    case authentication_cleartext_password: return auth_cleartext();
    case authentication_md5_password: return auth_md5();
    case authentication_gss: return server_says<protocol::authentication_gss>();
    case authentication_gss_continue: return server_says<protocol::authentication_gss_continue>();
    case authentication_sspi: return server_says<protocol::authentication_sspi>();
    case authentication_sasl: return auth_sasl({"SCRAM-SHA-256"});
    case authentication_sasl_continue: return auth_continue("r=foreign,s=AA==,i=1");
    case authentication_sasl_final: return auth_final("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    case backend_key_data: return cancel_key();
    case negotiate_protocol_version: return negotiate(protocol::protocol_version(3, 0));
    case error_response: return error();
    case notice_response: return notice("hello");
    case notification_response: return notification("jobs", "1");
    case parameter_status: return setting("TimeZone", "UTC");
    case ready_for_query: return ready();
    case row_description: return columns({"a"});
    case data_row: return row({"1"});
    case command_complete: return complete("SELECT 1");
    case empty_query_response: return empty_query();
    case parse_complete: return parsed();
    case bind_complete: return bound();
    case close_complete: return closed();
    case no_data: return no_columns();
    case portal_suspended: return suspended();
    case parameter_description: return parameters({23});
    case function_call_response: return server_says<protocol::function_call_response>();
    case copy_in_response: return copy_in();
    case copy_out_response: return copy_out();
    case copy_both_response: return server_says<protocol::copy_both_response>();
    case copy_data: return copy_bytes("1\n");
    case copy_done: return server_says<protocol::copy_done>();
  }
  return {};
}

/// The shortest answer that a server could give in that state.
inline std::string answer_in(protocol::state in) {
  using enum protocol::state;
  switch (in) {
    case authenticated:
    case querying_next:
    case syncing: return ready();
    case querying: return empty_query();
    case querying_rows:
    case executing:
    case executing_some:
    case copy_out_ended: return complete("SELECT 0");
    case executing_copy_in:
    case executing_copy_out:
    case copy_in_ended: return complete("COPY 0");
    case parsing: return parsed();
    case binding: return bound();
    case describing: return parameters({});
    case describing_columns: return no_columns();
    case closing: return closed();
    case copying_in:
    case refusing_copy_in: return error("57014");
    case copying_out:
    case draining_copy_out:
    case ending_copy_both: return server_says<protocol::copy_done>();
    default: return {};
  }
}

// ---- what a client sends ----

inline std::string startup_packet(std::int32_t version,
                                  std::vector<std::pair<std::string, std::string>> const& parameters) {
  protocol::list_storage<protocol::startup_parameter> list;
  for (auto const& [name, value] : parameters) list.add({name, value});
  protocol::startup_message message;
  message.version = version;
  message.parameters = list;
  return bytes_of(message);
}
inline std::string password_packet(std::string_view password) {
  protocol::password_message message;
  message.password = password;
  return bytes_of(message);
}
inline std::string sasl_initial_packet(std::string_view mechanism, std::string_view data) {
  protocol::sasl_initial_response message;
  message.mechanism = mechanism;
  message.data = data;
  return bytes_of(message);
}
inline std::string sasl_packet(std::string_view data) {
  protocol::sasl_response message;
  message.data = data;
  return bytes_of(message);
}
inline std::string query_packet(std::string_view sql) {
  protocol::query message;
  message.sql = sql;
  return bytes_of(message);
}
inline std::string parse_packet(std::string_view statement, std::string_view sql) {
  protocol::parse message;
  message.statement = statement;
  message.sql = sql;
  return bytes_of(message);
}
inline std::string bind_packet(std::string_view portal, std::string_view statement,
                               std::initializer_list<protocol::field_value> values = {}) {
  auto const list = listed(values);
  protocol::bind message;
  message.portal = portal;
  message.statement = statement;
  message.parameters = list;
  return bytes_of(message);
}
inline std::string describe_packet(protocol::described_object what, std::string_view name) {
  protocol::describe message;
  message.what = what;
  message.name = name;
  return bytes_of(message);
}
inline std::string execute_packet(std::string_view portal, std::int32_t max_rows = 0) {
  protocol::execute message;
  message.portal = portal;
  message.max_rows = max_rows;
  return bytes_of(message);
}
inline std::string close_packet(protocol::described_object what, std::string_view name) {
  protocol::close message;
  message.what = what;
  message.name = name;
  return bytes_of(message);
}
inline std::string sync_packet() { return bytes_of(protocol::sync{}); }
inline std::string terminate_packet() { return bytes_of(protocol::terminate{}); }
inline std::string copy_fail_packet() {
  protocol::copy_fail message;
  message.message = "COPY FROM STDIN was not expected here";
  return bytes_of(message);
}

}  // namespace tusk::test
