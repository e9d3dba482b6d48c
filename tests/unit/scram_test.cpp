// The client's half of SCRAM against the RFC's example, against a server's half made of OpenSSL's own PBKDF2 and HMAC,
// and against every malformed message we could think of.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/scram.hpp>
#include <utility>
#include <vector>

#include "../../protocol/src/base64.hpp"
#include "support/scram_server.hpp"

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };

// ---- RFC 7677, section 3 --------------------------------------------------------------------------------------------

constexpr std::string_view rfc_nonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view rfc_client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view rfc_server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view rfc_client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view rfc_server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

scram_options rfc_options() { return {.password = "pencil", .nonce = rfc_nonce, .user = "user"}; }

scram_client make(scram_options const& options) {
  auto client = scram_client::create(options);
  if (!client) throw std::system_error(client.error().code);
  return std::move(*client);
}

// Hands over bytes that are freed afterwards, in a buffer of their exact size: one byte over, or a view kept, is seen.
std::error_code server_first(scram_client& client, std::string_view message) {
  std::vector<char> const exact(message.begin(), message.end());
  return client.server_first({exact.data(), exact.size()});
}
std::error_code server_final(scram_client& client, std::string_view message) {
  std::vector<char> const exact(message.begin(), message.end());
  return client.server_final({exact.data(), exact.size()});
}

// A client of the RFC's example that has sent its proof.
scram_client rfc_client_at_final() {
  auto client = make(rfc_options());
  EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_TRUE(client.step(4096));
  return client;
}

TEST(Scram, Rfc7677Example) {
  auto client = make(rfc_options());
  EXPECT_EQ(client.client_first(), rfc_client_first);
  EXPECT_EQ(client.client_final(), "");
  ASSERT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_EQ(client.client_final(), "");
  ASSERT_TRUE(client.step(4096));
  EXPECT_EQ(client.client_final(), rfc_client_final);
  EXPECT_FALSE(client.verified());
  ASSERT_EQ(server_final(client, rfc_server_final), std::error_code());
  EXPECT_TRUE(client.verified());
  EXPECT_EQ(client.server_error(), "");
  EXPECT_EQ(client.client_final(), rfc_client_final);
}

// ---- a server of our own --------------------------------------------------------------------------------------------

struct bound {
  char const* name;
  channel_binding_use use;
  std::string_view data;
  std::string_view header;
};

class ScramBinding : public testing::TestWithParam<bound> {};

TEST_P(ScramBinding, RandomExchangesAgreeWithOpenSsl) {
  auto const& row = GetParam();
  std::mt19937_64 random(7677);
  auto const bytes = [&](std::size_t size, unsigned lowest) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(lowest + random() % (256 - lowest));
    return text;
  };
  for (int round = 0; round < 200; ++round) {
    std::string const password = bytes(1 + random() % 150, 1);  // below and above SHA-256's block of 64
    std::string const salt = bytes(1 + random() % 100, 0);
    int const iterations = static_cast<int>(1 + random() % 300);
    std::string const nonce = base64_encode(bytes(18, 0));
    auto client =
        make({.password = password, .nonce = nonce, .binding = row.use, .binding_data = row.data, .user = ""});

    std::string const bare = "n=,r=" + nonce;
    EXPECT_EQ(client.client_first(), std::string(row.header) + bare);
    std::string const full_nonce = nonce + base64_encode(bytes(18, 0));
    std::string const first = "r=" + full_nonce + ",s=" + base64_encode(salt) + ",i=" + std::to_string(iterations);
    ASSERT_EQ(server_first(client, first), std::error_code());
    while (!client.step(static_cast<std::uint32_t>(1 + random() % 400))) EXPECT_EQ(client.client_final(), "");

    std::string binding(row.header);
    if (row.use == channel_binding_use::used) binding += row.data;
    std::string const unproven = "c=" + base64_encode(binding) + ",r=" + full_nonce;
    auto const expected = test::scram_proofs_of(password, salt, iterations, bare + "," + first + "," + unproven);
    EXPECT_EQ(client.client_final(), unproven + ",p=" + expected.of_client);
    EXPECT_EQ(server_final(client, "v=" + expected.of_server), std::error_code());
    EXPECT_TRUE(client.verified());
  }
}

INSTANTIATE_TEST_SUITE_P(
    , ScramBinding,
    testing::Values(bound{"unsupported", channel_binding_use::unsupported, "", "n,,"},
                    bound{"unsupported_ignores_data", channel_binding_use::unsupported, "hash", "n,,"},
                    bound{"not_offered", channel_binding_use::not_offered, "", "y,,"},
                    bound{"not_offered_ignores_data", channel_binding_use::not_offered, "hash", "y,,"},
                    bound{"used", channel_binding_use::used, "\0\1\2,=\xff a certificate's hash"sv,
                          "p=tls-server-end-point,,"},
                    bound{"used_one_byte", channel_binding_use::used, "\0"sv, "p=tls-server-end-point,,"}),
    name_of_row);

// ---- the slices of PBKDF2 -------------------------------------------------------------------------------------------

class ScramStep : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ScramStep, AnySizeGivesTheSameProof) {
  std::uint32_t const size = GetParam();
  auto client = make(rfc_options());
  ASSERT_EQ(server_first(client, rfc_server_first), std::error_code());
  std::uint32_t calls = 1;
  for (; !client.step(size); ++calls) ASSERT_LE(calls, 4096U);
  EXPECT_LE(calls, 4096 / size + 1);
  EXPECT_GE(calls, 4095 / size);  // no call does more than it was asked to; server_first() has done the first one
  EXPECT_EQ(client.client_final(), rfc_client_final);
  EXPECT_TRUE(client.step(size));
  EXPECT_EQ(client.client_final(), rfc_client_final);
  EXPECT_EQ(server_final(client, rfc_server_final), std::error_code());
}

INSTANTIATE_TEST_SUITE_P(Size, ScramStep, testing::Values(1, 7, 4095, 4096, 1'000'000, UINT32_MAX),
                         testing::PrintToStringParamName());

TEST(Scram, StepOfNothingDoesNothing) {
  auto client = make(rfc_options());
  ASSERT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_FALSE(client.step(0));
  EXPECT_EQ(client.client_final(), "");
  EXPECT_TRUE(client.step(4096));
}

TEST(Scram, OneIterationIsEnough) {
  auto client = make(rfc_options());
  ASSERT_EQ(server_first(client, "r=rOprNGfwEbeRWgbNEkqOx,s=AA==,i=1"), std::error_code());
  EXPECT_TRUE(client.step(0));
  EXPECT_NE(client.client_final(), "");
}

TEST(Scram, MovesInMidExchange) {
  auto first = make(rfc_options());
  ASSERT_EQ(server_first(first, rfc_server_first), std::error_code());
  EXPECT_FALSE(first.step(100));
  auto const before = first.client_first();
  scram_client second = std::move(first);
  EXPECT_EQ(before.data(), second.client_first().data());
  EXPECT_TRUE(second.step(4096));
  first = std::move(second);
  EXPECT_EQ(server_final(first, rfc_server_final), std::error_code());
  EXPECT_TRUE(first.verified());
}

// ---- keys -----------------------------------------------------------------------------------------------------------

TEST(ScramKeys, AreThoseOfAVerifiedExchangeAndStandForThePassword) {
  auto first = rfc_client_at_final();
  EXPECT_FALSE(first.keys());
  EXPECT_EQ(base64_encode(first.salt()), "W22ZaJ0SNY7soEsUEjb6gQ==");
  EXPECT_EQ(first.iterations(), 4096U);
  ASSERT_EQ(server_final(first, rfc_server_final), std::error_code());
  auto const keys = first.keys();
  ASSERT_TRUE(keys);
  auto const expected = test::scram_keys_of("pencil", first.salt(), 4096);
  EXPECT_EQ(std::string_view(keys->client.data(), keys->client.size()), expected.client);
  EXPECT_EQ(std::string_view(keys->server.data(), keys->server.size()), expected.server);

  auto options = rfc_options();
  options.password = "not asked for";
  auto second = make(options);
  second.use(*keys);  // too early: nothing happens
  ASSERT_EQ(server_first(second, rfc_server_first), std::error_code());
  second.use(*keys);
  EXPECT_TRUE(second.step(0));  // there is no work
  EXPECT_EQ(second.client_final(), rfc_client_final);
  EXPECT_EQ(server_final(second, rfc_server_final), std::error_code());
  EXPECT_EQ(second.keys()->client, keys->client);

  options.password = {};
  options.client_key = expected.client;
  options.server_key = expected.server;
  auto third = make(options);
  ASSERT_EQ(server_first(third, rfc_server_first), std::error_code());
  EXPECT_TRUE(third.step(0));
  EXPECT_EQ(third.client_final(), rfc_client_final);
  EXPECT_EQ(server_final(third, rfc_server_final), std::error_code());
}

TEST(ScramKeys, AreGoneWithTheExchange) {
  auto client = rfc_client_at_final();
  EXPECT_EQ(server_final(client, "e=other-error"), errc::sasl_server_error);
  EXPECT_FALSE(client.keys());
  scram_client const other = std::move(client);
  EXPECT_FALSE(client.keys());  // NOLINT(bugprone-use-after-move): what this test is about
  EXPECT_EQ(client.salt(), "");
  EXPECT_EQ(client.iterations(), 0U);
}

TEST(ScramPassword, IsPrepared) {
  auto const proof_of = [](std::string_view password) {
    auto options = rfc_options();
    options.password = password;
    auto client = make(options);
    EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
    EXPECT_TRUE(client.step(4096));
    return std::string(client.client_final());
  };
  EXPECT_EQ(proof_of("pen\xc2\xad"
                     "cil"),
            rfc_client_final);
  EXPECT_EQ(proof_of("\xef\xbd\x90"
                     "encil"),
            rfc_client_final);  // a full-width p
  EXPECT_EQ(proof_of("caf\xc3\xa9"), proof_of("cafe\xcc\x81"));
  EXPECT_NE(proof_of("caf\xe9"), proof_of("caf\xc3\xa9"));  // not UTF-8: as it is
}

// ---- what create() refuses ------------------------------------------------------------------------------------------

struct refused_options {
  char const* name;
  scram_options options;
  errc code;
  std::size_t position;
};

class ScramCreate : public testing::TestWithParam<refused_options> {};

TEST_P(ScramCreate, Refuses) {
  auto const& row = GetParam();
  auto const client = scram_client::create(row.options);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error(), (parse_error{row.code, row.position}));
}

INSTANTIATE_TEST_SUITE_P(
    , ScramCreate,
    testing::Values(
        refused_options{"nonce_missing", {.password = "x"}, errc::bad_random, 0},
        refused_options{"nonce_of_17", {.password = "x", .nonce = "12345678901234567"}, errc::bad_random, 17},
        refused_options{"nonce_comma", {.password = "x", .nonce = "12345678901234567,"}, errc::bad_random, 17},
        refused_options{"nonce_space", {.password = "x", .nonce = " 12345678901234567"}, errc::bad_random, 0},
        refused_options{"nonce_nul", {.password = "x", .nonce = "1234567890\0001234567"sv}, errc::bad_random, 10},
        refused_options{"nonce_delete", {.password = "x", .nonce = "1234567890\1771234567"}, errc::bad_random, 10},
        refused_options{"nonce_high_byte", {.password = "x", .nonce = "1234567890\3771234567"}, errc::bad_random, 10},
        refused_options{"password_empty", {.nonce = rfc_nonce}, errc::password_needed, 0},
        refused_options{"password_nul", {.password = "x\0"sv, .nonce = rfc_nonce}, errc::embedded_nul, 1},
        refused_options{"user_nul", {.password = "x", .nonce = rfc_nonce, .user = "ab\0c"sv}, errc::embedded_nul, 2},
        refused_options{"client_key_too_short", {.nonce = rfc_nonce, .client_key = "31 bytes"}, errc::bad_scram_key, 8},
        refused_options{"server_key_too_long",
                        {.password = "x", .nonce = rfc_nonce, .server_key = "this key is of thirty-three bytes"},
                        errc::bad_scram_key,
                        33},
        refused_options{"client_key_alone",
                        {.nonce = rfc_nonce, .client_key = "this key is of thirty-two bytes!"},
                        errc::password_needed,
                        0},
        refused_options{"server_key_alone",
                        {.nonce = rfc_nonce, .server_key = "this key is of thirty-two bytes!"},
                        errc::password_needed,
                        0},
        refused_options{"binding_without_data",
                        {.password = "x", .nonce = rfc_nonce, .binding = channel_binding_use::used},
                        errc::channel_binding_impossible,
                        0}),
    name_of_row);

TEST(Scram, NonceOfEveryAllowedCharacter) {
  std::string nonce;
  for (char c = '!'; c <= '~'; ++c) {
    if (c != ',') nonce += c;
  }
  auto client = make({.password = "x", .nonce = nonce});
  EXPECT_EQ(client.client_first(), "n,,n=,r=" + nonce);
  EXPECT_EQ(server_first(client, "r=" + nonce + nonce + ",s=AA==,i=1"), std::error_code());
}

TEST(Scram, UserIsEscaped) {
  auto const client = make({.password = "x", .nonce = rfc_nonce, .user = "a,b=c,=\xc3\xa9"});
  EXPECT_EQ(client.client_first(), "n,,n=a=2Cb=3Dc=2C=3D\xc3\xa9,r=" + std::string(rfc_nonce));
}

TEST(Scram, NonceTextIsBase64) {
  std::array<std::byte, 18> random{};
  for (std::size_t i = 0; i < random.size(); ++i) random[i] = static_cast<std::byte>(0xff - i);
  EXPECT_EQ(scram_nonce(random), "//79/Pv6+fj39vX08/Lx8O/u");
  EXPECT_TRUE(scram_client::create({.password = "x", .nonce = scram_nonce(random)}));
}

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
  auto client = make(options);
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
  auto taken = make(rfc_options());
  EXPECT_EQ(server_first(taken, start + "100000"), std::error_code());
  auto refused = make(rfc_options());
  EXPECT_EQ(server_first(refused, start + "100001"), errc::sasl_too_many_iterations);
}

// Cut anywhere the message is refused, but within the digits of the iteration count, where the rest is a message too;
// then the exchange fails at the proofs.
TEST(Scram, ServerFirstCutAtEveryByte) {
  for (std::size_t size = 0; size < rfc_server_first.size(); ++size) {
    auto client = make(rfc_options());
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
  auto client = make(options);
  ASSERT_EQ(server_first(client, rfc_server_first), std::error_code());
  ASSERT_TRUE(client.step(4096));
  EXPECT_NE(client.client_final(), rfc_client_final);
  EXPECT_EQ(server_final(client, rfc_server_final), errc::sasl_bad_signature);
}

// ---- calls out of order ---------------------------------------------------------------------------------------------

TEST(ScramOrder, NothingToStepBeforeServerFirst) {
  auto client = make(rfc_options());
  EXPECT_TRUE(client.step(4096));
  EXPECT_EQ(client.client_final(), "");
  EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
}

TEST(ScramOrder, ServerFinalBeforeServerFirst) {
  auto client = make(rfc_options());
  EXPECT_EQ(server_final(client, rfc_server_final), errc::unexpected_message);
  EXPECT_EQ(server_first(client, rfc_server_first), errc::poisoned);
}

TEST(ScramOrder, ServerFirstTwice) {
  auto client = make(rfc_options());
  EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_EQ(server_first(client, rfc_server_first), errc::unexpected_message);
  EXPECT_TRUE(client.step(4096));
  EXPECT_EQ(client.client_final(), "");
}

TEST(ScramOrder, ServerFinalInMidStep) {
  auto client = make(rfc_options());
  EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_FALSE(client.step(100));
  EXPECT_EQ(server_final(client, rfc_server_final), errc::unexpected_message);
  EXPECT_TRUE(client.step(4096));
  EXPECT_EQ(client.client_final(), "");
  EXPECT_FALSE(client.verified());
}

TEST(ScramOrder, ServerFirstAfterTheProof) {
  auto client = rfc_client_at_final();
  EXPECT_EQ(server_first(client, rfc_server_first), errc::unexpected_message);
  EXPECT_EQ(server_final(client, rfc_server_final), errc::poisoned);
}

TEST(ScramOrder, ServerFinalTwice) {
  auto client = rfc_client_at_final();
  EXPECT_EQ(server_final(client, rfc_server_final), std::error_code());
  EXPECT_EQ(server_final(client, rfc_server_final), errc::unexpected_message);
  EXPECT_FALSE(client.verified());
}

TEST(ScramOrder, MovedFromClientIsInert) {
  auto client = make(rfc_options());
  scram_client const other = std::move(client);
  EXPECT_EQ(client.client_first(), "");  // NOLINT(bugprone-use-after-move): what this test is about
  EXPECT_EQ(client.client_final(), "");
  EXPECT_EQ(client.server_error(), "");
  EXPECT_FALSE(client.verified());
  EXPECT_TRUE(client.step(1));
  EXPECT_EQ(client.server_first(rfc_server_first), errc::poisoned);
  EXPECT_EQ(client.server_final(rfc_server_final), errc::poisoned);
  EXPECT_EQ(other.client_first(), rfc_client_first);
}

}  // namespace
}  // namespace tusk::protocol
