// The messages of a SCRAM server, in the RFC's example and malformed in every way we could think of: what the client
// takes and what it refuses.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/scram.hpp>

#include "../../protocol/src/base64.hpp"
#include "support/scram_example.hpp"

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;
using namespace test;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };

// ---- what server_first() takes and refuses --------------------------------------------------------------------------

struct first_message {
  char const* name;
  std::string_view text;
  std::optional<errc> code;
};

// The client's nonce, and one that extends it.
#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define R "r=" NONCE "x"

class ScramServerFirst : public testing::TestWithParam<first_message> {};

TEST_P(ScramServerFirst, IsTakenOrRefused) {
  auto const& row = GetParam();
  auto options = rfc_options();
  options.max_iterations = 5000;
  auto client = make_scram(options);
  EXPECT_EQ(server_first(client, row.text), row.code ? make_error_code(*row.code) : std::error_code());
  EXPECT_TRUE(client.step(5000));
  EXPECT_EQ(client.client_final().empty(), row.code.has_value());
  EXPECT_FALSE(client.verified());
  if (row.code) {
    EXPECT_EQ(server_final(client, rfc_server_final), errc::poisoned);
  }
}

INSTANTIATE_TEST_SUITE_P(Taken, ScramServerFirst,
                         testing::Values(first_message{"plain", R ",s=AA==,i=1", {}},
                                         first_message{"most_iterations", R ",s=AA==,i=5000", {}},
                                         first_message{"extension", R ",s=AA==,i=1,x=y", {}},
                                         first_message{"extensions", R ",s=AA==,i=1,x=y,Z==,A=a=b \xc3\xa9\n", {}},
                                         first_message{
                                             "extension_named_as_ours_in_upper_case", R ",s=AA==,i=1,R=1,M=2", {}},
                                         first_message{"nonce_with_equals_sign", R "=,s=AA==,i=1", {}}),
                         name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Structure, ScramServerFirst,
    testing::Values(first_message{"empty", "", errc::sasl_malformed}, first_message{"comma", ",", errc::sasl_malformed},
                    first_message{"equals_sign", "=", errc::sasl_malformed},
                    first_message{"no_equals_sign", "r" NONCE "x,s=AA==,i=1", errc::sasl_malformed},
                    first_message{"empty_attribute", R ",,s=AA==,i=1", errc::sasl_malformed},
                    first_message{"comma_first", "," R ",s=AA==,i=1", errc::sasl_malformed},
                    first_message{"comma_last", R ",s=AA==,i=1,", errc::sasl_malformed},
                    first_message{"two_commas_last", R ",s=AA==,i=1,,", errc::sasl_malformed},
                    first_message{"nonce_missing", "s=AA==,i=1", errc::sasl_malformed},
                    first_message{"salt_missing", R ",i=1", errc::sasl_malformed},
                    first_message{"iterations_missing", R ",s=AA==", errc::sasl_malformed},
                    first_message{"nonce_only", R, errc::sasl_malformed},
                    first_message{"another_order", "s=AA==," R ",i=1", errc::sasl_malformed},
                    first_message{"upper_case", "R=" NONCE "x,s=AA==,i=1", errc::sasl_malformed},
                    first_message{"space_first", " " R ",s=AA==,i=1", errc::sasl_malformed},
                    first_message{"space_after_comma", R ", s=AA==,i=1", errc::sasl_malformed},
                    first_message{"salt_twice", R ",s=AA==,s=AA==,i=1", errc::sasl_malformed},
                    first_message{"error_attribute", "e=other-error", errc::sasl_malformed},
                    first_message{"client_first_echoed", "n,,n=user,r=" NONCE, errc::sasl_malformed},
                    first_message{"server_final_instead", rfc_server_final, errc::sasl_malformed},
                    first_message{"other_bytes", "\xff\xff\xff\xff", errc::sasl_malformed}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Extensions, ScramServerFirst,
    testing::Values(first_message{"mandatory_first", "m=x," R ",s=AA==,i=1", errc::sasl_unknown_extension},
                    first_message{"mandatory_alone", "m=", errc::sasl_unknown_extension},
                    first_message{"mandatory_in_the_middle", R ",m=x,s=AA==,i=1", errc::sasl_unknown_extension},
                    first_message{"mandatory_last", R ",s=AA==,i=1,m=x", errc::sasl_unknown_extension},
                    first_message{"mandatory_after_optional", R ",s=AA==,i=1,x=y,m=z", errc::sasl_unknown_extension},
                    first_message{"without_value", R ",s=AA==,i=1,x=", errc::sasl_malformed},
                    first_message{"without_equals_sign", R ",s=AA==,i=1,x", errc::sasl_malformed},
                    first_message{"name_too_long", R ",s=AA==,i=1,xy=z", errc::sasl_malformed},
                    first_message{"name_is_a_digit", R ",s=AA==,i=1,1=x", errc::sasl_malformed},
                    first_message{"name_is_a_high_byte", R ",s=AA==,i=1,\xe9=x", errc::sasl_malformed},
                    first_message{"name_is_nul", R ",s=AA==,i=1,\0=x"sv, errc::sasl_malformed},
                    first_message{"nul_in_value", R ",s=AA==,i=1,x=y\0z"sv, errc::sasl_malformed},
                    first_message{"nul_last", R ",s=AA==,i=1,x=y\0"sv, errc::sasl_malformed},
                    first_message{"nonce_again", R ",s=AA==,i=1," R, errc::sasl_malformed},
                    first_message{"iterations_again", R ",s=AA==,i=1,i=1", errc::sasl_malformed},
                    first_message{"signature_early", R ",s=AA==,i=1,v=AAAA", errc::sasl_malformed},
                    first_message{"error_early", R ",s=AA==,i=1,e=other-error", errc::sasl_malformed}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Nonce, ScramServerFirst,
    testing::Values(first_message{"equal", "r=" NONCE ",s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"empty", "r=,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"shorter", "r=rOprNGfwEbeRWgbNEkq,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"foreign", "r=QOprNGfwEbeRWgbNEkqOxxxxxx,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"last_character_differs", "r=rOprNGfwEbeRWgbNEkqPx,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"ours_at_the_end", "r=x" NONCE ",s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"space", R " ,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"control_character", R "\x1b,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"delete", R "\x7f,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"high_byte", R "\xff,s=AA==,i=1", errc::sasl_bad_nonce},
                    first_message{"nul", R "\0,s=AA==,i=1"sv, errc::sasl_malformed},
                    first_message{"comma", R ",x,s=AA==,i=1", errc::sasl_malformed}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(Salt, ScramServerFirst,
                         testing::Values(first_message{"empty", R ",s=,i=1", errc::sasl_malformed},
                                         first_message{"no_padding", R ",s=AA,i=1", errc::sasl_malformed},
                                         first_message{"short_padding", R ",s=AA=,i=1", errc::sasl_malformed},
                                         first_message{"long_padding", R ",s=AAAA====,i=1", errc::sasl_malformed},
                                         first_message{"only_padding", R ",s===,i=1", errc::sasl_malformed},
                                         first_message{"unused_bits", R ",s=AB==,i=1", errc::sasl_malformed},
                                         first_message{"space", R ",s=AA ==,i=1", errc::sasl_malformed},
                                         first_message{"newline", R ",s=AA==\n,i=1", errc::sasl_malformed},
                                         first_message{"url_alphabet", R ",s=__==,i=1", errc::sasl_malformed},
                                         first_message{"nul", R ",s=AA\0=,i=1"sv, errc::sasl_malformed}),
                         name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Iterations, ScramServerFirst,
    testing::Values(first_message{"empty", R ",s=AA==,i=", errc::sasl_bad_iterations},
                    first_message{"empty_before_extension", R ",s=AA==,i=,x=y", errc::sasl_bad_iterations},
                    first_message{"zero", R ",s=AA==,i=0", errc::sasl_bad_iterations},
                    first_message{"leading_zero", R ",s=AA==,i=01", errc::sasl_bad_iterations},
                    first_message{"minus", R ",s=AA==,i=-1", errc::sasl_bad_iterations},
                    first_message{"plus", R ",s=AA==,i=+1", errc::sasl_bad_iterations},
                    first_message{"space_before", R ",s=AA==,i= 1", errc::sasl_bad_iterations},
                    first_message{"space_after", R ",s=AA==,i=1 ", errc::sasl_bad_iterations},
                    first_message{"letter_after", R ",s=AA==,i=4096x", errc::sasl_bad_iterations},
                    first_message{"hexadecimal", R ",s=AA==,i=0x10", errc::sasl_bad_iterations},
                    first_message{"exponent", R ",s=AA==,i=1e30", errc::sasl_bad_iterations},
                    first_message{"point", R ",s=AA==,i=1.0", errc::sasl_bad_iterations},
                    first_message{"nul_after", R ",s=AA==,i=1\0"sv, errc::sasl_malformed},
                    first_message{"nothing_but_nul", R ",s=AA==,i=\0"sv, errc::sasl_malformed},
                    first_message{"one_too_many", R ",s=AA==,i=5001", errc::sasl_too_many_iterations},
                    first_message{"int_max", R ",s=AA==,i=2147483647", errc::sasl_too_many_iterations},
                    first_message{"int_max_and_one", R ",s=AA==,i=2147483648", errc::sasl_too_many_iterations},
                    first_message{"uint_max", R ",s=AA==,i=4294967295", errc::sasl_too_many_iterations},
                    first_message{"uint_wraps_to_one", R ",s=AA==,i=4294967297", errc::sasl_too_many_iterations},
                    first_message{"uint64_wraps_to_one", R ",s=AA==,i=18446744073709551617",
                                  errc::sasl_too_many_iterations},
                    first_message{"ten_to_the_thirtieth", R ",s=AA==,i=1000000000000000000000000000000",
                                  errc::sasl_too_many_iterations}),
    name_of_row);

#undef R
#undef NONCE

TEST(Scram, DefaultLimitOfIterations) {
  std::string const start = "r=" + std::string(rfc_nonce) + "x,s=AA==,i=";
  auto taken = make_scram(rfc_options());
  EXPECT_EQ(server_first(taken, start + "100000"), std::error_code());
  auto refused = make_scram(rfc_options());
  EXPECT_EQ(server_first(refused, start + "100001"), errc::sasl_too_many_iterations);
}

// Cut anywhere the message is refused, but within the digits of the iteration count, where the rest is a message too;
// then the exchange fails at the proofs.
TEST(Scram, ServerFirstCutAtEveryByte) {
  for (std::size_t size = 0; size < rfc_server_first.size(); ++size) {
    auto client = make_scram(rfc_options());
    bool const is_message = size > rfc_server_first.find(",i=") + 3;
    EXPECT_EQ(!server_first(client, rfc_server_first.substr(0, size)), is_message) << size;
    EXPECT_TRUE(client.step(4096));
    EXPECT_NE(client.client_final(), rfc_client_final);
    EXPECT_EQ(server_final(client, rfc_server_final), is_message ? errc::sasl_bad_signature : errc::poisoned) << size;
  }
}

// ---- what server_final() takes and refuses --------------------------------------------------------------------------

#define V "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

struct final_message {
  char const* name;
  std::string_view text;
  std::optional<errc> code;
  std::string_view server_error = {};
};

class ScramServerFinal : public testing::TestWithParam<final_message> {};

TEST_P(ScramServerFinal, IsTakenOrRefused) {
  auto const& row = GetParam();
  auto client = rfc_client_at_final();
  EXPECT_EQ(server_final(client, row.text), row.code ? make_error_code(*row.code) : std::error_code());
  EXPECT_EQ(client.verified(), !row.code.has_value());
  EXPECT_EQ(client.server_error(), row.server_error);
  if (row.code) {
    EXPECT_EQ(server_final(client, rfc_server_final), errc::poisoned);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Proof, ScramServerFinal,
    testing::Values(
        final_message{"right", V, {}}, final_message{"right_with_extension", V ",x=y", {}},
        final_message{"zeros", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", errc::sasl_bad_signature},
        final_message{"first_byte", "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", errc::sasl_bad_signature},
        final_message{"last_byte", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", errc::sasl_bad_signature},
        final_message{"our_proof_echoed", "v=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", errc::sasl_bad_signature},
        final_message{"wrong_with_mandatory_extension", V ",m=x", errc::sasl_unknown_extension},
        final_message{"short", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", errc::sasl_malformed},
        final_message{"long", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4AAAAA", errc::sasl_malformed},
        final_message{"one_byte", "v=6g==", errc::sasl_malformed}, final_message{"none", "v=", errc::sasl_malformed},
        final_message{"unused_bits", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", errc::sasl_malformed},
        final_message{"33_bytes", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4A", errc::sasl_malformed},
        final_message{"no_padding", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4", errc::sasl_malformed}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Structure, ScramServerFinal,
    testing::Values(final_message{"empty", "", errc::sasl_malformed}, final_message{"comma", ",", errc::sasl_malformed},
                    final_message{"name_only", "v", errc::sasl_malformed},
                    final_message{"upper_case", "V=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", errc::sasl_malformed},
                    final_message{"no_name", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", errc::sasl_malformed},
                    final_message{"mandatory_extension", "m=x," V, errc::sasl_unknown_extension},
                    final_message{"optional_extension_first", "x=y," V, errc::sasl_malformed},
                    final_message{"extension_without_value", V ",x=", errc::sasl_malformed},
                    final_message{"twice", V "," V, errc::sasl_malformed},
                    final_message{"error_after_proof", V ",e=other-error", errc::sasl_malformed},
                    final_message{"comma_last", V ",", errc::sasl_malformed},
                    final_message{"newline_last", V "\n", errc::sasl_malformed},
                    final_message{"nul_last", V "\0"sv, errc::sasl_malformed},
                    final_message{"space_first", " " V, errc::sasl_malformed},
                    final_message{"server_first_again", rfc_server_first, errc::sasl_malformed}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Error, ScramServerFinal,
    testing::Values(final_message{"named", "e=invalid-proof", errc::sasl_server_error, "invalid-proof"},
                    final_message{"with_extension", "e=other-error,x=y", errc::sasl_server_error, "other-error"},
                    final_message{"with_a_space", "e=not today", errc::sasl_server_error, "not today"},
                    final_message{"empty", "e=", errc::sasl_malformed},
                    final_message{"name_only", "e", errc::sasl_malformed},
                    final_message{"followed_by_the_proof", "e=other-error," V, errc::sasl_malformed},
                    final_message{"followed_by_mandatory", "e=other-error,m=x", errc::sasl_unknown_extension},
                    final_message{"terminal_escape", "e=\x1b[2J", errc::sasl_malformed},
                    final_message{"newline", "e=a\nb", errc::sasl_malformed},
                    final_message{"nul", "e=a\0b"sv, errc::sasl_malformed},
                    final_message{"high_byte", "e=\x9b", errc::sasl_malformed}),
    name_of_row);

#undef V

TEST(Scram, ServerFinalCutAtEveryByte) {
  for (std::size_t size = 0; size < rfc_server_final.size(); ++size) {
    auto client = rfc_client_at_final();
    EXPECT_EQ(server_final(client, rfc_server_final.substr(0, size)), errc::sasl_malformed) << size;
    EXPECT_FALSE(client.verified());
  }
}

TEST(Scram, EveryOtherBitOfTheSignatureCounts) {
  std::string const signature = *base64_decode(rfc_server_final.substr(2));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string wrong = signature;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ 1 << bit % 8);
    auto client = rfc_client_at_final();
    EXPECT_EQ(server_final(client, "v=" + base64_encode(wrong)), errc::sasl_bad_signature) << bit;
  }
}

TEST(Scram, AnotherPasswordIsNotVerified) {
  auto options = rfc_options();
  options.password = "pencils";
  auto client = make_scram(options);
  ASSERT_EQ(server_first(client, rfc_server_first), std::error_code());
  ASSERT_TRUE(client.step(4096));
  EXPECT_NE(client.client_final(), rfc_client_final);
  EXPECT_EQ(server_final(client, rfc_server_final), errc::sasl_bad_signature);
}

}  // namespace
}  // namespace tusk::protocol
