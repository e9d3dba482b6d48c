// The client's half of SCRAM against the RFC's example and against a server's half made of OpenSSL's own PBKDF2 and
// HMAC: its keys, its options, and calls out of order. What messages it takes: scram_messages_test.cpp.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/scram.hpp>
#include <utility>

#include "../../protocol/src/base64.hpp"
#include "support/scram_example.hpp"
#include "support/scram_server.hpp"

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;
using namespace test;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };

TEST(Scram, Rfc7677Example) {
  auto client = make_scram(rfc_options());
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
        make_scram({.password = password, .nonce = nonce, .binding = row.use, .binding_data = row.data, .user = ""});

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
  auto client = make_scram(rfc_options());
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
  auto client = make_scram(rfc_options());
  ASSERT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_FALSE(client.step(0));
  EXPECT_EQ(client.client_final(), "");
  EXPECT_TRUE(client.step(4096));
}

TEST(Scram, OneIterationIsEnough) {
  auto client = make_scram(rfc_options());
  ASSERT_EQ(server_first(client, "r=rOprNGfwEbeRWgbNEkqOx,s=AA==,i=1"), std::error_code());
  EXPECT_TRUE(client.step(0));
  EXPECT_NE(client.client_final(), "");
}

TEST(Scram, MovesInMidExchange) {
  auto first = make_scram(rfc_options());
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
  auto second = make_scram(options);
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
  auto third = make_scram(options);
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
    auto client = make_scram(options);
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
  auto client = make_scram({.password = "x", .nonce = nonce});
  EXPECT_EQ(client.client_first(), "n,,n=,r=" + nonce);
  EXPECT_EQ(server_first(client, "r=" + nonce + nonce + ",s=AA==,i=1"), std::error_code());
}

TEST(Scram, UserIsEscaped) {
  auto const client = make_scram({.password = "x", .nonce = rfc_nonce, .user = "a,b=c,=\xc3\xa9"});
  EXPECT_EQ(client.client_first(), "n,,n=a=2Cb=3Dc=2C=3D\xc3\xa9,r=" + std::string(rfc_nonce));
}

TEST(Scram, NonceTextIsBase64) {
  std::array<std::byte, 18> random{};
  for (std::size_t i = 0; i < random.size(); ++i) random[i] = static_cast<std::byte>(0xff - i);
  EXPECT_EQ(scram_nonce(random), "//79/Pv6+fj39vX08/Lx8O/u");
  EXPECT_TRUE(scram_client::create({.password = "x", .nonce = scram_nonce(random)}));
}

// ---- calls out of order ---------------------------------------------------------------------------------------------

TEST(ScramOrder, NothingToStepBeforeServerFirst) {
  auto client = make_scram(rfc_options());
  EXPECT_TRUE(client.step(4096));
  EXPECT_EQ(client.client_final(), "");
  EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
}

TEST(ScramOrder, ServerFinalBeforeServerFirst) {
  auto client = make_scram(rfc_options());
  EXPECT_EQ(server_final(client, rfc_server_final), errc::unexpected_message);
  EXPECT_EQ(server_first(client, rfc_server_first), errc::poisoned);
}

TEST(ScramOrder, ServerFirstTwice) {
  auto client = make_scram(rfc_options());
  EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_EQ(server_first(client, rfc_server_first), errc::unexpected_message);
  EXPECT_TRUE(client.step(4096));
  EXPECT_EQ(client.client_final(), "");
}

TEST(ScramOrder, ServerFinalInMidStep) {
  auto client = make_scram(rfc_options());
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
  auto client = make_scram(rfc_options());
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
