// macaddr and macaddr8: their text both ways, a user's text, order and hash.
#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <unordered_set>

#include "support/text_format.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::parse;
using types::errc;

template <class Mac>
struct example;
template <>
struct example<macaddr> {
  static constexpr std::string_view text = "08:00:2b:ff:0a:90", type = "macaddr";
};
template <>
struct example<macaddr8> {
  static constexpr std::string_view text = "08:00:2b:ff:fe:0a:90:01", type = "macaddr8";
};

template <class Mac>
Mac random_mac(std::mt19937_64& random) {
  typename Mac::bytes_type bytes;
  for (auto& each : bytes) each = static_cast<std::byte>(random());
  return Mac(bytes);
}

template <class Mac>
class mac : public testing::Test {};
using both = testing::Types<macaddr, macaddr8>;
TYPED_TEST_SUITE(mac, both);

TYPED_TEST(mac, is_its_bytes) {
  constexpr std::string_view text = example<TypeParam>::text;
  EXPECT_EQ(test::read_types<TypeParam>(), example<TypeParam>::type);
  EXPECT_EQ(adapter<TypeParam>::oid, type_of_name(example<TypeParam>::type));
  TypeParam const value(text);
  EXPECT_EQ(value.bytes()[0], std::byte{0x08});
  EXPECT_EQ(value.bytes()[3], std::byte{0xff});
  EXPECT_EQ(value.to_string(), text);
  EXPECT_EQ(*types::text_of(value), text);
  EXPECT_EQ(TypeParam(value.bytes()), value);
  EXPECT_EQ(TypeParam().to_string().find_first_not_of("0:"), std::string::npos);
  std::ostringstream out;
  out << value;
  EXPECT_EQ(out.str(), text);
}

TYPED_TEST(mac, any_byte_at_any_place) {
  constexpr std::string_view example_text = example<TypeParam>::text;
  for (std::size_t at = 0; at < example_text.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text(example_text);
      text[at] = static_cast<char>(c);
      bool const good = at % 3 == 2 ? c == ':' : std::isxdigit(c) != 0;
      auto const result = parse<TypeParam>(text);
      ASSERT_EQ(bool(result), good) << text;
      if (!good) {
        ASSERT_EQ(test::outcome_of(result), test::failure(errc::malformed_macaddr, at)) << text;
      }
    }
  }
}

TYPED_TEST(mac, malformed) {
  std::string const text(example<TypeParam>::text), before = ":" + text, behind = text + ":", longer = text + "0";
  test::expect_failures<TypeParam>({
      {"", errc::malformed_macaddr, 0},
      {before, errc::malformed_macaddr, 0},
      {behind, errc::malformed_macaddr, text.size()},
      {longer, errc::malformed_macaddr, text.size()},
      {"08-00-2b-ff-0a-90", errc::malformed_macaddr, 2},  // forms that the server reads and does not write
      {"08002bff0a90", errc::malformed_macaddr, 2},
      {"0800.2bff.0a90", errc::malformed_macaddr, 2},
      {"8:0:2b:ff:a:90", errc::malformed_macaddr, 1},
  });
  auto const error = test::thrown<data_error>([] { TypeParam("08:0g"); });
  EXPECT_EQ(error.code(), errc::malformed_macaddr);
  EXPECT_CONTAINS("at byte 4: ", error.what());
}

TYPED_TEST(mac, random_values_and_all_their_prefixes) {
  std::mt19937_64 random(1);
  std::unordered_set<TypeParam> all;
  for (int i = 0; i < 2'000; ++i) {
    auto const a = random_mac<TypeParam>(random), b = random_mac<TypeParam>(random);
    std::string const text = a.to_string();
    ASSERT_EQ(*parse<TypeParam>(text), a);
    if (i % 100 == 0) test::expect_each_prefix_read_or_refused<TypeParam>(text);
    ASSERT_TRUE((a <=> b) == (text <=> b.to_string())) << a << ' ' << b;
    all.insert({a, b, a});
  }
  EXPECT_EQ(all.size(), 4'000U);
}

}  // namespace
}  // namespace tusk
