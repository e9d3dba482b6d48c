// Every message of a client against its exact bytes, both ways; and what is refused.
#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/frontend.hpp>
#include <variant>

#include "support/exact_buffer.hpp"
#include "support/frontend_samples.hpp"

namespace tusk::protocol {
namespace {

using test::bytes;
using test::exact_buffer;
using test::name_of_row;

// ---- each message --------------------------------------------------------------------------------------------------

bool typed(frontend_message const& message) {
  return std::visit([](auto const& each) { return each.type != '\0'; }, message);
}

class FrontendMessage : public testing::TestWithParam<test::sample<frontend_message>> {};

TEST_P(FrontendMessage, IsWrittenAsItsBytes) {
  EXPECT_EQ(test::readable(test::encoded(GetParam().message)), test::readable(bytes(GetParam().bytes)));
}

TEST_P(FrontendMessage, IsReadFromItsBytes) {
  auto const& message = GetParam().message;
  std::string const whole = bytes(GetParam().bytes);
  exact_buffer const body(std::string_view(whole).substr(typed(message) ? 5 : 4));
  char const type = typed(message) ? whole[0] : '\0';
  auto const decoded = decode_frontend(type, body.view(), test::kind_of_password(message));
  ASSERT_TRUE(decoded) << decoded.error().code.message() << " at " << decoded.error().position;
  EXPECT_EQ(decoded->index(), message.index());
  EXPECT_EQ(test::fields_of_any(*decoded), test::fields_of_any(message));
  EXPECT_EQ(test::encoded(*decoded), whole);
}

INSTANTIATE_TEST_SUITE_P(, FrontendMessage, testing::ValuesIn(test::frontend_samples()), name_of_row);

TEST(Frontend, EveryMessageHasASample) {
  std::set<std::size_t> seen;
  for (auto const& row : test::frontend_samples()) seen.insert(row.message.index());
  EXPECT_EQ(seen.size(), std::variant_size_v<frontend_message>);
}

TEST(Frontend, OtherTypeBytesAreUnknown) {
  std::set<char> known{'\0'};
  for (auto const& row : test::frontend_samples()) {
    if (typed(row.message)) known.insert(bytes(row.bytes)[0]);
  }
  EXPECT_EQ(known.size(), 15U);
  for (int byte = 0; byte < 256; ++byte) {
    char const type = static_cast<char>(byte);
    if (known.contains(type)) continue;
    auto const decoded = decode_frontend(type, "");
    ASSERT_FALSE(decoded) << byte;
    EXPECT_EQ(decoded.error().code, errc::unknown_message) << byte;
  }
}

// The body of a message of type 'p' is read as what the conversation says it is.
TEST(Frontend, OnlyTheConversationTellsPasswordsApart) {
  exact_buffer const body(bytes("'abc'00 ffffffff"));
  EXPECT_FALSE(decode_frontend('p', body.view(), password_kind::password));
  EXPECT_EQ(std::get<sasl_initial_response>(*decode_frontend('p', body.view(), password_kind::sasl_initial)).mechanism,
            "abc");
  EXPECT_EQ(std::get<sasl_response>(*decode_frontend('p', body.view(), password_kind::sasl)).data, body.view());
  EXPECT_EQ(std::get<gss_response>(*decode_frontend('p', body.view(), password_kind::gss)).data, body.view());
}

// ---- malformed messages --------------------------------------------------------------------------------------------

struct malformed {
  char const* name;
  char type;
  std::string_view body;
  errc code;
  std::size_t position;
  password_kind kind = password_kind::password;

  friend std::ostream& operator<<(std::ostream& out, malformed const& row) { return out << row.name; }
};

class MalformedFrontendMessage : public testing::TestWithParam<malformed> {};

TEST_P(MalformedFrontendMessage, NamesCauseAndPosition) {
  exact_buffer const body(bytes(GetParam().body));
  auto const decoded = decode_frontend(GetParam().type, body.view(), GetParam().kind);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), (parse_error{GetParam().code, GetParam().position})) << decoded.error().code.message();
}

constexpr auto initial = password_kind::sasl_initial;

INSTANTIATE_TEST_SUITE_P(
    BeforeTheSession, MalformedFrontendMessage,
    testing::Values(malformed{"no_code", '\0', "", errc::truncated, 0},
                    malformed{"code_cut", '\0', "000300", errc::truncated, 3},
                    malformed{"no_parameters", '\0', "00030000", errc::missing_terminator, 4},
                    malformed{"name_unterminated", '\0', "00030000 'user'", errc::missing_terminator, 4},
                    malformed{"no_value", '\0', "00030000 'user'00", errc::missing_terminator, 9},
                    malformed{"no_last_nul", '\0', "00030000 'user'00 'x'00", errc::missing_terminator, 11},
                    malformed{"empty_name", '\0', "00030000 00 'x'00 00", errc::trailing_bytes, 5},
                    malformed{"ssl_request_with_more", '\0', "04d2162f 00", errc::trailing_bytes, 4},
                    malformed{"gssenc_request_with_more", '\0', "04d21630 'x'", errc::trailing_bytes, 4},
                    malformed{"cancel_without_number", '\0', "04d2162e 000001", errc::truncated, 4}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Passwords, MalformedFrontendMessage,
    testing::Values(malformed{"password_empty", 'p', "", errc::missing_terminator, 0},
                    malformed{"password_unterminated", 'p', "'secret'", errc::missing_terminator, 0},
                    malformed{"password_with_more", 'p', "'secret'00 00", errc::trailing_bytes, 7},
                    malformed{"mechanism_unterminated", 'p', "'A'", errc::missing_terminator, 0, initial},
                    malformed{"initial_without_length", 'p', "'A'00 0000", errc::truncated, 2, initial},
                    malformed{"initial_too_long", 'p', "'A'00 00000002 'x'", errc::truncated, 6, initial},
                    malformed{"initial_too_short", 'p', "'A'00 00000001 'xy'", errc::trailing_bytes, 7, initial},
                    malformed{"initial_of_minus_two", 'p', "'A'00 fffffffe", errc::bad_count, 6, initial}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Queries, MalformedFrontendMessage,
    testing::Values(malformed{"query_empty", 'Q', "", errc::missing_terminator, 0},
                    malformed{"query_with_two_strings", 'Q', "'a'00 'b'00", errc::trailing_bytes, 2},
                    malformed{"parse_without_types", 'P', "00 00", errc::truncated, 2},
                    malformed{"parse_types_lying", 'P', "00 00 0001", errc::bad_count, 4},
                    malformed{"parse_types_negative", 'P', "00 00 8000 00000017", errc::bad_count, 4},
                    malformed{"bind_formats_lying", 'B', "00 00 0003 0000 0000 0000", errc::truncated, 10},
                    malformed{"bind_value_cut", 'B', "00 00 0000 0001 00000009 'x' 0000", errc::truncated, 10},
                    malformed{"bind_without_result_formats", 'B', "00 00 0000 0000", errc::truncated, 6},
                    malformed{"bind_with_more", 'B', "00 00 0000 0000 0000 00", errc::trailing_bytes, 8},
                    malformed{"describe_of_neither", 'D', "'X' 00", errc::bad_value, 0},
                    malformed{"describe_unterminated", 'D', "'S' 's1'", errc::missing_terminator, 1},
                    malformed{"execute_without_limit", 'E', "00 000000", errc::truncated, 1},
                    malformed{"close_of_neither", 'C', "'s' 00", errc::bad_value, 0},
                    malformed{"sync_with_more", 'S', "00", errc::trailing_bytes, 0},
                    malformed{"copy_fail_unterminated", 'f', "'x'", errc::missing_terminator, 0},
                    malformed{"call_without_result_format", 'F', "00000001 0000 0000", errc::truncated, 8}),
    name_of_row);

}  // namespace
}  // namespace tusk::protocol
