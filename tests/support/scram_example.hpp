// The exchange of RFC 7677, section 3, and a client that plays it.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <system_error>
#include <tusk/protocol/scram.hpp>
#include <utility>

#include "support/exact_buffer.hpp"

namespace tusk::test {

inline constexpr std::string_view rfc_nonce = "rOprNGfwEbeRWgbNEkqO";
inline constexpr std::string_view rfc_client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
inline constexpr std::string_view rfc_server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
inline constexpr std::string_view rfc_client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
inline constexpr std::string_view rfc_server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

inline protocol::scram_options rfc_options() { return {.password = "pencil", .nonce = rfc_nonce, .user = "user"}; }

inline protocol::scram_client make_scram(protocol::scram_options const& options) {
  auto client = protocol::scram_client::create(options);
  if (!client) throw std::system_error(client.error().code);
  return std::move(*client);
}

/// Hand over bytes that are freed afterwards, in a buffer of their exact size: one byte over, or a view kept, is seen.
inline std::error_code server_first(protocol::scram_client& client, std::string_view message) {
  return client.server_first(exact_buffer(message).view());
}
inline std::error_code server_final(protocol::scram_client& client, std::string_view message) {
  return client.server_final(exact_buffer(message).view());
}

/// A client of the RFC's example that has sent its proof.
inline protocol::scram_client rfc_client_at_final() {
  auto client = make_scram(rfc_options());
  EXPECT_EQ(server_first(client, rfc_server_first), std::error_code());
  EXPECT_TRUE(client.step(4096));
  return client;
}

}  // namespace tusk::test
