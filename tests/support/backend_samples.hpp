// Each message of a server at least once, with its exact bytes as "Message Formats" has them.
#pragma once

#include <tusk/protocol/backend.hpp>
#include <vector>

#include "support/samples.hpp"

namespace tusk::test {

// The base of a message has no members to initialise.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

inline std::vector<sample<protocol::backend_message>> const& backend_samples() {
  using namespace protocol;
  using text_list = std::initializer_list<std::string_view>;
  using values = std::initializer_list<field_value>;
  static std::vector<sample<backend_message>> const rows{
      {"authentication_ok", authentication_ok{}, "'R' 00000008 00000000"},
      {"authentication_kerberos", authentication_kerberos_v5{}, "'R' 00000008 00000002"},
      {"authentication_cleartext", authentication_cleartext_password{}, "'R' 00000008 00000003"},
      {"authentication_md5", authentication_md5_password{.salt = keep(bytes("de00beef"))},
       "'R' 0000000c 00000005 de00beef"},
      {"authentication_gss", authentication_gss{}, "'R' 00000008 00000007"},
      {"authentication_gss_continue", authentication_gss_continue{.data = keep(bytes("6000ff"))},
       "'R' 0000000b 00000008 6000ff"},
      {"authentication_gss_continue_empty", authentication_gss_continue{}, "'R' 00000008 00000008"},
      {"authentication_sspi", authentication_sspi{}, "'R' 00000008 00000009"},
      {"authentication_sasl",
       authentication_sasl{.mechanisms = list_of(text_list{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"})},
       "'R' 0000002a 0000000a 'SCRAM-SHA-256-PLUS'00 'SCRAM-SHA-256'00 00"},
      {"authentication_sasl_none", authentication_sasl{}, "'R' 00000009 0000000a 00"},
      {"authentication_sasl_continue", authentication_sasl_continue{.data = "r=ab,s=cw==,i=1"},
       "'R' 00000017 0000000b 'r=ab,s=cw==,i=1'"},
      {"authentication_sasl_final", authentication_sasl_final{.data = "v=cw=="}, "'R' 0000000e 0000000c 'v=cw=='"},
      {"backend_key_data", backend_key_data{.process_id = 4711, .secret_key = keep(bytes("80000001"))},
       "'K' 0000000c 00001267 80000001"},
      {"backend_key_data_of_3_2", backend_key_data{.process_id = -1, .secret_key = "a key of 16 byte"},
       "'K' 00000018 ffffffff 'a key of 16 byte'"},
      {"negotiate_protocol_version",
       negotiate_protocol_version{.version = 0x30000, .unrecognized_options = list_of(text_list{"_pq_.a", "_pq_.bc"})},
       "'v' 0000001b 00030000 00000002 '_pq_.a'00 '_pq_.bc'00"},
      {"negotiate_protocol_version_only", negotiate_protocol_version{.version = 0x30002},
       "'v' 0000000c 00030002 00000000"},
      {"error_response",
       error_response{.fields_sent = list_of<error_field>({{'S', "ERROR"}, {'C', "42P01"}, {'M', "no such table"}})},
       "'E' 00000022 'SERROR'00 'C42P01'00 'Mno such table'00 00"},
      {"error_response_without_fields", error_response{}, "'E' 00000005 00"},
      {"error_response_doubled_unknown_empty",
       error_response{.fields_sent = list_of<error_field>({{'C', "42601"}, {'C', ""}, {'\xff', "?"}})},
       "'E' 00000011 'C42601'00 'C'00 ff'?'00 00"},
      {"notice_response", notice_response{.fields_sent = list_of<error_field>({{'S', "NOTICE"}, {'M', "hello"}})},
       "'N' 00000014 'SNOTICE'00 'Mhello'00 00"},
      {"notification_response", notification_response{.process_id = 42, .channel = "jobs", .payload = "7"},
       "'A' 0000000f 0000002a 'jobs'00 '7'00"},
      {"notification_response_empty", notification_response{.process_id = -2}, "'A' 0000000a fffffffe 00 00"},
      {"parameter_status", parameter_status{.name = "TimeZone", .value = "UTC"}, "'S' 00000011 'TimeZone'00 'UTC'00"},
      {"parameter_status_empty", parameter_status{.name = "search_path", .value = ""},
       "'S' 00000011 'search_path'00 00"},
      {"ready_idle", ready_for_query{.status = protocol::transaction_indicator::idle}, "'Z' 00000005 'I'"},
      {"ready_in_transaction", ready_for_query{.status = protocol::transaction_indicator::in_transaction},
       "'Z' 00000005 'T'"},
      {"ready_failed", ready_for_query{.status = protocol::transaction_indicator::failed}, "'Z' 00000005 'E'"},
      {"row_description",
       row_description{.columns = list_of<column_description>(
                           {{.name = "id",
                             .table_oid = 0x80000001,
                             .table_column = 1,
                             .type_oid = 23,
                             .type_size = 4,
                             .type_modifier = -1,
                             .format_code = 0},
                            {.name = "", .type_oid = 1043, .type_size = -1, .type_modifier = 14, .format_code = 1}})},
       "'T' 0000002e 0002 'id'00 80000001 0001 00000017 0004 ffffffff 0000"
       "                      00 00000000 0000 00000413 ffff 0000000e 0001"},
      {"row_description_without_columns", row_description{}, "'T' 00000006 0000"},
      {"data_row", data_row{.values = list_of(values{"1", std::nullopt, "", "x y"})},
       "'D' 0000001a 0004 00000001 '1' ffffffff 00000000 00000003 'x y'"},
      {"data_row_with_zeros", data_row{.values = list_of(values{keep(bytes("00ff00"))})},
       "'D' 0000000d 0001 00000003 00ff00"},
      {"data_row_without_values", data_row{}, "'D' 00000006 0000"},
      {"command_complete", command_complete{.tag = "INSERT 0 5"}, "'C' 0000000f 'INSERT 0 5'00"},
      {"empty_query_response", empty_query_response{}, "'I' 00000004"},
      {"parse_complete", parse_complete{}, "'1' 00000004"},
      {"bind_complete", bind_complete{}, "'2' 00000004"},
      {"close_complete", close_complete{}, "'3' 00000004"},
      {"no_data", no_data{}, "'n' 00000004"},
      {"portal_suspended", portal_suspended{}, "'s' 00000004"},
      {"parameter_description",
       parameter_description{.type_oids = list_of(std::initializer_list<std::uint32_t>{23, 0xffffffff})},
       "'t' 0000000e 0002 00000017 ffffffff"},
      {"parameter_description_of_none", parameter_description{}, "'t' 00000006 0000"},
      {"function_call_response", function_call_response{.value = "abc"}, "'V' 0000000b 00000003 'abc'"},
      {"function_call_response_null", function_call_response{}, "'V' 00000008 ffffffff"},
      {"copy_in_response", copy_in_response{{{}, 0, list_of(std::initializer_list<std::int16_t>{0, 0})}},
       "'G' 0000000b 00 0002 0000 0000"},
      {"copy_out_response", copy_out_response{{{}, 1, list_of(std::initializer_list<std::int16_t>{1})}},
       "'H' 00000009 01 0001 0001"},
      {"copy_both_response", copy_both_response{}, "'W' 00000007 00 0000"},
      {"copy_data", copy_data{.data = keep(bytes("'1' 09 'a' 0a 00"))}, "'d' 00000009 '1' 09 'a' 0a 00"},
      {"copy_data_empty", copy_data{}, "'d' 00000004"},
      {"copy_done", copy_done{}, "'c' 00000004"},
  };
  return rows;
}

#pragma GCC diagnostic pop

}  // namespace tusk::test
