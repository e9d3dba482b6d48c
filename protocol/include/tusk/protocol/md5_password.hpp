// The answer to AuthenticationMD5Password.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tusk/protocol/expected.hpp>

namespace tusk::protocol {

/// The text that PasswordMessage carries for MD5 authentication: "md5" and 32 hexadecimal digits.
///
/// `user` and `password` are the bytes as the server knows them; `salt` comes from AuthenticationMD5Password. The
/// intermediate hash, which is as good as the password, is wiped.
///
/// Fails with errc::password_needed (empty password), errc::embedded_nul (at the NUL's position in its string) and
/// errc::crypto_failed (this OpenSSL has no MD5). Keeps nothing; safe to call from any thread.
///
/// Source: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Flow", "Start-up".
expected<std::string> md5_password(std::string_view user, std::string_view password,
                                   std::span<std::byte const, 4> salt);

}  // namespace tusk::protocol
