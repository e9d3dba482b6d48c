// Every message of a server against its exact bytes, both ways; and what is refused.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/errc.hpp>

#include "support/backend_samples.hpp"
#include "support/exact_buffer.hpp"

namespace tusk::protocol {
namespace {

using test::bytes;
using test::exact_buffer;
using test::name_of_row;

// ---- each message --------------------------------------------------------------------------------------------------

class BackendMessage : public testing::TestWithParam<test::sample<backend_message>> {};

TEST_P(BackendMessage, IsWrittenAsItsBytes) {
  EXPECT_EQ(test::readable(test::encoded(GetParam().message)), test::readable(bytes(GetParam().bytes)));
}

TEST_P(BackendMessage, IsReadFromItsBytes) {
  std::string const whole = bytes(GetParam().bytes);
  exact_buffer const body(std::string_view(whole).substr(5));
  auto const decoded = decode_backend(whole[0], body.view());
  ASSERT_TRUE(decoded) << decoded.error().code.message() << " at " << decoded.error().position;
  EXPECT_EQ(decoded->index(), GetParam().message.index());
  EXPECT_EQ(test::fields_of_any(*decoded), test::fields_of_any(GetParam().message));
  EXPECT_EQ(test::encoded(*decoded), whole);
}

TEST_P(BackendMessage, IsRecognised) {
  std::string const whole = bytes(GetParam().bytes);
  exact_buffer const body(std::string_view(whole).substr(5));
  EXPECT_EQ(static_cast<std::size_t>(kind_of(whole[0], body.view())), GetParam().message.index());
}

INSTANTIATE_TEST_SUITE_P(, BackendMessage, testing::ValuesIn(test::backend_samples()), name_of_row);

TEST(Backend, EveryMessageHasASample) {
  std::set<std::size_t> seen;
  for (auto const& row : test::backend_samples()) seen.insert(row.message.index());
  EXPECT_EQ(seen.size(), backend_kinds);
}

// ---- names and kinds -----------------------------------------------------------------------------------------------

TEST(Backend, NamesAreThoseOfTheDocumentation) {
  EXPECT_EQ(name(backend_kind::authentication_ok), "AuthenticationOk");
  EXPECT_EQ(name(backend_kind::authentication_kerberos_v5), "AuthenticationKerberosV5");
  EXPECT_EQ(name(backend_kind::authentication_sasl_final), "AuthenticationSASLFinal");
  EXPECT_EQ(name(backend_kind::backend_key_data), "BackendKeyData");
  EXPECT_EQ(name(backend_kind::ready_for_query), "ReadyForQuery");
  EXPECT_EQ(name(backend_kind::function_call_response), "FunctionCallResponse");
  EXPECT_EQ(name(backend_kind::copy_done), "CopyDone");
}

TEST(Backend, OtherTypeBytesAreUnknown) {
  std::set<char> known;
  for (auto const& row : test::backend_samples()) known.insert(bytes(row.bytes)[0]);
  EXPECT_EQ(known.size(), 24U);
  for (int byte = 0; byte < 256; ++byte) {
    char const type = static_cast<char>(byte);
    if (known.contains(type)) continue;
    EXPECT_EQ(kind_of(type, ""), no_kind) << byte;
    auto const decoded = decode_backend(type, "");
    ASSERT_FALSE(decoded) << byte;
    EXPECT_EQ(decoded.error(), (parse_error{errc::unknown_message, 0})) << byte;
  }
}

TEST(Backend, OtherAuthenticationCodesAreUnknown) {
  for (char const* code :
       {"00000001", "00000004", "00000006", "0000000d", "ffffffff", "80000000", "05000000", "000000", ""}) {
    exact_buffer const body(bytes(code));
    EXPECT_EQ(kind_of('R', body.view()), no_kind) << code;
    auto const decoded = decode_backend('R', body.view());
    ASSERT_FALSE(decoded) << code;
    EXPECT_EQ(decoded.error().code, errc::unknown_message) << code;
  }
}

// ---- fields of an error --------------------------------------------------------------------------------------------

struct error_lookup {
  char const* name;
  char const* body;
  char code;
  char const* value;

  friend std::ostream& operator<<(std::ostream& out, error_lookup const& row) { return out << row.name; }
};

class ErrorField : public testing::TestWithParam<error_lookup> {};

TEST_P(ErrorField, IsFound) {
  exact_buffer const body(bytes(GetParam().body));
  auto const decoded = decode<error_response>(body.view());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->field(GetParam().code), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(, ErrorField,
                         testing::Values(error_lookup{"first", "'C42P01'00 'Mx'00 00", 'C', "42P01"},
                                         error_lookup{"last", "'C42P01'00 'Mx'00 00", 'M', "x"},
                                         error_lookup{"missing", "'C42P01'00 'Mx'00 00", 'H', ""},
                                         error_lookup{"empty", "'C'00 'Mx'00 00", 'C', ""},
                                         error_lookup{"doubled", "'C1'00 'C2'00 00", 'C', "1"},
                                         error_lookup{"first_of_two_is_empty", "'C'00 'C2'00 00", 'C', ""},
                                         error_lookup{"no_fields", "00", 'C', ""},
                                         error_lookup{"of_no_documented_code", "ff'?'00 00", '\xff', "?"}),
                         name_of_row);

// ---- malformed messages --------------------------------------------------------------------------------------------

struct malformed {
  char const* name;
  char type;
  std::string_view body;
  errc code;
  std::size_t position;

  friend std::ostream& operator<<(std::ostream& out, malformed const& row) { return out << row.name; }
};

class MalformedBackendMessage : public testing::TestWithParam<malformed> {};

TEST_P(MalformedBackendMessage, NamesCauseAndPosition) {
  exact_buffer const body(bytes(GetParam().body));
  auto const decoded = decode_backend(GetParam().type, body.view());
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), (parse_error{GetParam().code, GetParam().position})) << decoded.error().code.message();
}

INSTANTIATE_TEST_SUITE_P(
    Strings, MalformedBackendMessage,
    testing::Values(malformed{"tag_missing", 'C', "", errc::missing_terminator, 0},
                    malformed{"tag_unterminated", 'C', "'SELECT 1'", errc::missing_terminator, 0},
                    malformed{"tag_twice", 'C', "'A'00 'B'00", errc::trailing_bytes, 2},
                    malformed{"parameter_without_value", 'S', "'a'00", errc::missing_terminator, 2},
                    malformed{"parameter_value_unterminated", 'S', "'a'00 'b'", errc::missing_terminator, 2},
                    malformed{"parameter_with_three_strings", 'S', "'a'00 'b'00 00", errc::trailing_bytes, 4},
                    malformed{"notification_without_payload", 'A', "00000001 'a'00", errc::missing_terminator, 6},
                    malformed{"notification_without_number", 'A', "000001", errc::truncated, 0},
                    malformed{"column_name_unterminated", 'T', "0001 'id'", errc::missing_terminator, 2}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Lists, MalformedBackendMessage,
    testing::Values(malformed{"error_empty", 'E', "", errc::missing_terminator, 0},
                    malformed{"error_field_unterminated", 'E', "'C42P01'", errc::missing_terminator, 1},
                    malformed{"error_without_last_nul", 'E', "'C42P01'00", errc::missing_terminator, 7},
                    malformed{"error_with_bytes_after_it", 'E', "'C42P01'00 00 00", errc::trailing_bytes, 8},
                    malformed{"notice_empty", 'N', "", errc::missing_terminator, 0},
                    malformed{"mechanisms_without_end", 'R', "0000000a 'A'00", errc::missing_terminator, 6},
                    malformed{"mechanism_unterminated", 'R', "0000000a 'A'", errc::missing_terminator, 4},
                    malformed{"mechanisms_missing", 'R', "0000000a", errc::missing_terminator, 4},
                    malformed{"options_negative", 'v', "00030000 ffffffff", errc::bad_count, 8},
                    malformed{"options_of_lying_count", 'v', "00030000 00000002 'a'00", errc::missing_terminator, 10},
                    malformed{"options_of_huge_count", 'v', "00030000 7fffffff 'a'00", errc::bad_count, 8},
                    malformed{"options_left_over", 'v', "00030000 00000000 'a'00", errc::trailing_bytes, 8},
                    malformed{"type_oids_lying", 't', "0002 00000017", errc::truncated, 6},
                    malformed{"type_oids_left_over", 't', "0001 00000017 00", errc::trailing_bytes, 6},
                    malformed{"formats_lying", 'G', "00 0003 0000 0000", errc::truncated, 7},
                    malformed{"formats_negative", 'H', "00 ffff 0000", errc::bad_count, 3},
                    malformed{"formats_missing", 'W', "00", errc::truncated, 1}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Values, MalformedBackendMessage,
    testing::Values(malformed{"row_empty", 'D', "", errc::truncated, 0},
                    malformed{"row_count_cut", 'D', "00", errc::truncated, 0},
                    malformed{"row_negative_count", 'D', "ffff 00000000", errc::bad_count, 2},
                    malformed{"row_lying_count", 'D', "0002 00000001 'x'", errc::truncated, 7},
                    malformed{"row_left_over", 'D', "0000 00000000", errc::trailing_bytes, 2},
                    malformed{"row_length_cut", 'D', "0001 0000", errc::truncated, 2},
                    malformed{"row_value_cut", 'D', "0001 00000003 'xy'", errc::truncated, 6},
                    malformed{"row_value_of_minus_two", 'D', "0001 fffffffe", errc::bad_count, 6},
                    malformed{"row_value_of_int_min", 'D', "0001 80000000 'x'", errc::bad_count, 6},
                    malformed{"row_value_of_int_max", 'D', "0001 7fffffff 'x'", errc::truncated, 6},
                    malformed{"function_value_cut", 'V', "00000002 'x'", errc::truncated, 4},
                    malformed{"status_unknown", 'Z', "'X'", errc::bad_value, 0},
                    malformed{"status_nul", 'Z', "00", errc::bad_value, 0},
                    malformed{"status_missing", 'Z', "", errc::truncated, 0},
                    malformed{"column_of_a_third_format", 'T', "0001 'a'00 00000000 0000 00000017 0004 ffffffff 0002",
                              errc::bad_value, 20},
                    malformed{"column_of_a_negative_format", 'T',
                              "0001 'a'00 00000000 0000 00000017 0004 ffffffff ffff", errc::bad_value, 20},
                    malformed{"copy_of_a_third_format", 'G', "02 0000", errc::bad_value, 0},
                    malformed{"copy_of_a_negative_format", 'H', "ff 0000", errc::bad_value, 0},
                    malformed{"salt_of_three_bytes", 'R', "00000005 aabbcc", errc::truncated, 4},
                    malformed{"salt_of_five_bytes", 'R', "00000005 aabbccddee", errc::trailing_bytes, 8},
                    malformed{"ok_with_more", 'R', "00000000 00", errc::trailing_bytes, 4},
                    malformed{"key_without_number", 'K', "000012", errc::truncated, 0},
                    malformed{"parse_complete_with_more", '1', "00", errc::trailing_bytes, 0},
                    malformed{"copy_done_with_more", 'c', "'x'", errc::trailing_bytes, 0}),
    name_of_row);

}  // namespace
}  // namespace tusk::protocol
