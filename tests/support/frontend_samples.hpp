// Each message of a client at least once, with its exact bytes as "Message Formats" has them.
#pragma once

#include <tusk/protocol/frontend.hpp>
#include <vector>

#include "support/samples.hpp"

namespace tusk::test {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

inline std::vector<sample<protocol::frontend_message>> const& frontend_samples() {
  using namespace protocol;
  using formats = std::initializer_list<std::int16_t>;
  using values = std::initializer_list<field_value>;
  static std::vector<sample<frontend_message>> const rows{
      {"startup", startup_message{.parameters = list_of<startup_parameter>({{"user", "tusk"}, {"options", ""}})},
       "0000001c 00030000 'user'00 'tusk'00 'options'00 00 00"},
      {"startup_of_3_2", startup_message{.version = protocol_version(3, 2)}, "00000009 00030002 00"},
      {"ssl_request", ssl_request{}, "00000008 04d2162f"},
      {"gssenc_request", gssenc_request{}, "00000008 04d21630"},
      {"cancel_request", cancel_request{.process_id = 4711, .secret_key = keep(bytes("80000001"))},
       "00000010 04d2162e 00001267 80000001"},
      {"cancel_request_of_3_2", cancel_request{.process_id = -1, .secret_key = "a key of 16 byte"},
       "0000001c 04d2162e ffffffff 'a key of 16 byte'"},
      {"password", password_message{.password = "secret"}, "'p' 0000000b 'secret'00"},
      {"password_empty", password_message{}, "'p' 00000005 00"},
      {"sasl_initial_response", sasl_initial_response{.mechanism = "SCRAM-SHA-256", .data = "n,,n=,r=ab"},
       "'p' 00000020 'SCRAM-SHA-256'00 0000000a 'n,,n=,r=ab'"},
      {"sasl_initial_response_without_data", sasl_initial_response{.mechanism = "EXTERNAL"},
       "'p' 00000011 'EXTERNAL'00 ffffffff"},
      {"sasl_response", sasl_response{.data = "c=biws,r=ab,p=cA=="}, "'p' 00000016 'c=biws,r=ab,p=cA=='"},
      {"gss_response", gss_response{.data = keep(bytes("6000ff"))}, "'p' 00000007 6000ff"},
      {"query", query{.sql = "SELECT 1"}, "'Q' 0000000d 'SELECT 1'00"},
      {"query_empty", query{}, "'Q' 00000005 00"},
      {"parse",
       protocol::parse{.statement = "s1",
                       .sql = "SELECT $1",
                       .parameter_types = list_of(std::initializer_list<std::uint32_t>{23, 0xffffffff})},
       "'P' 0000001b 's1'00 'SELECT $1'00 0002 00000017 ffffffff"},
      {"parse_of_nothing", protocol::parse{}, "'P' 00000008 00 00 0000"},
      {"bind",
       bind{.portal = "p",
            .statement = "s1",
            .parameter_formats = list_of(formats{0, 1}),
            .parameters = list_of(values{"12", std::nullopt, ""}),
            .result_formats = list_of(formats{1})},
       "'B' 00000023 'p'00 's1'00 0002 0000 0001 0003 00000002 '12' ffffffff 00000000 0001 0001"},
      {"bind_of_nothing", bind{}, "'B' 0000000c 00 00 0000 0000 0000"},
      {"describe_statement", describe{.what = described_object::statement, .name = "s1"}, "'D' 00000008 'S' 's1'00"},
      {"describe_portal", describe{.what = described_object::portal}, "'D' 00000006 'P' 00"},
      {"execute", execute{.portal = "p", .max_rows = 100}, "'E' 0000000a 'p'00 00000064"},
      {"execute_all", execute{}, "'E' 00000009 00 00000000"},
      {"close_statement", close{.what = described_object::statement, .name = "s1"}, "'C' 00000008 'S' 's1'00"},
      {"close_portal", close{.what = described_object::portal}, "'C' 00000006 'P' 00"},
      {"sync", sync{}, "'S' 00000004"},
      {"flush", flush{}, "'H' 00000004"},
      {"terminate", terminate{}, "'X' 00000004"},
      {"copy_data", copy_data{.data = keep(bytes("'1' 09 'a' 0a 00"))}, "'d' 00000009 '1' 09 'a' 0a 00"},
      {"copy_done", copy_done{}, "'c' 00000004"},
      {"copy_fail", copy_fail{.message = "no more"}, "'f' 0000000c 'no more'00"},
      {"function_call",
       function_call{.function_oid = 0x80000001,
                     .argument_formats = list_of(formats{1}),
                     .arguments = list_of(values{"ab", std::nullopt}),
                     .result_format = 1},
       "'F' 0000001a 80000001 0001 0001 0002 00000002 'ab' ffffffff 0001"},
      {"function_call_of_nothing", function_call{}, "'F' 0000000e 00000000 0000 0000 0000"},
  };
  return rows;
}

/// What the conversation before would say of a message of type 'p'.
inline protocol::password_kind kind_of_password(protocol::frontend_message const& message) {
  if (std::holds_alternative<protocol::sasl_initial_response>(message)) return protocol::password_kind::sasl_initial;
  if (std::holds_alternative<protocol::sasl_response>(message)) return protocol::password_kind::sasl;
  if (std::holds_alternative<protocol::gss_response>(message)) return protocol::password_kind::gss;
  return protocol::password_kind::password;
}

#pragma GCC diagnostic pop

}  // namespace tusk::test
