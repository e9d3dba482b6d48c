#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/md5_password.hpp>

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };
using salt = std::array<std::byte, 4>;

constexpr salt salt_of(unsigned a, unsigned b, unsigned c, unsigned d) {
  return {std::byte(a), std::byte(b), std::byte(c), std::byte(d)};
}

constexpr std::string_view two_hundred_digits =
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

struct answer {
  char const* name;
  std::string_view user;
  std::string_view password;
  salt bytes;
  std::string_view expected;
};

class Md5Password : public testing::TestWithParam<answer> {};

TEST_P(Md5Password, IsTheHashOfTheHash) {
  auto const& row = GetParam();
  auto const got = md5_password(row.user, row.password, row.bytes);
  ASSERT_TRUE(got) << got.error().code.message();
  EXPECT_EQ(*got, row.expected);
}

// Expected values: "md5" || md5(md5(password || user) || salt), computed with coreutils' md5sum.
INSTANTIATE_TEST_SUITE_P(
    , Md5Password,
    testing::Values(
        answer{"plain", "user", "secret", salt_of(1, 2, 3, 4), "md5fccef98e4f1cf6cbe96b743fad4e8bd0"},
        answer{"zeros_in_the_salt", "user", "secret", salt_of(0, 0, 0, 0), "md5329287cbcc72993b303c0613e47a98d3"},
        answer{"high_bytes_in_the_salt", "postgres", "pa ss", salt_of(255, 128, 0, 254),
               "md5c8abeec21334f87eacab0d3a4a377c8f"},
        answer{"empty_user", "", "x", salt_of(97, 98, 99, 100), "md5a6743c95285b8bc5bc7296bdfee67355"},
        answer{"utf8", "jos\u00e9", "p\u00e4ssw\u00f6rd", salt_of(9, 8, 7, 6), "md599ac4db807ed88d6da68195fbc84377d"},
        answer{"comma_and_quote", "a,b", "it's", salt_of(10, 13, 37, 110), "md508f83dbff60804057bb34ea3bd661395"},
        answer{"long_password", "u", two_hundred_digits, salt_of(1, 0, 0, 1), "md516f2d0870ace833122514136611494be"}),
    name_of_row);

TEST(Md5PasswordRefused, EmptyPassword) {
  auto const got = md5_password("user", "", salt_of(1, 2, 3, 4));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, errc::password_needed);
}

TEST(Md5PasswordRefused, NulInUserOrPassword) {
  EXPECT_EQ(md5_password("us\0er"sv, "secret", salt_of(1, 2, 3, 4)).error(), (parse_error{errc::embedded_nul, 2}));
  EXPECT_EQ(md5_password("user", "secret\0"sv, salt_of(1, 2, 3, 4)).error(), (parse_error{errc::embedded_nul, 6}));
}

// What a configuration file could do: here the program itself takes MD5 away from OpenSSL's default context.
TEST(Md5PasswordContext, OpenSslsDefaultContextDoesNotMatter) {
  ASSERT_EQ(EVP_set_default_properties(nullptr, "provider=none"), 1);
  EVP_MD* const in_default_context = EVP_MD_fetch(nullptr, "MD5", nullptr);
  bool const works = md5_password("user", "secret", salt_of(1, 2, 3, 4)).has_value();
  EVP_set_default_properties(nullptr, "");
  EXPECT_EQ(in_default_context, nullptr);
  EVP_MD_free(in_default_context);
  EXPECT_TRUE(works);
}

}  // namespace
}  // namespace tusk::protocol
