// uuid: its text both ways, a user's text, order and hash.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <unordered_set>

#include "support/parsed.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::failure;
using test::outcome_of;
using test::parse;
using types::errc;

constexpr std::string_view example = "0123abcd-4567-89ef-fedc-ba9876543210";

uuid random_uuid(std::mt19937_64& random) {
  uuid::bytes_type bytes;
  for (auto& each : bytes) each = static_cast<std::byte>(random());
  return uuid(bytes);
}

TEST(uuid, is_sixteen_bytes) {
  EXPECT_EQ(test::read_types<uuid>(), "uuid");
  EXPECT_EQ(adapter<uuid>::oid, oids::uuid);
  constexpr unsigned char octets[] = {0x01, 0x23, 0xab, 0xcd, 0x45, 0x67, 0x89, 0xef,
                                      0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
  uuid::bytes_type bytes;
  std::ranges::transform(octets, bytes.begin(), [](unsigned char c) { return std::byte{c}; });
  EXPECT_EQ(uuid(bytes).to_string(), example);
  EXPECT_EQ(parse<uuid>(example)->bytes(), bytes);
  EXPECT_EQ(outcome_of(parse<uuid>(example)), "value " + std::string(example));
  EXPECT_EQ(uuid().to_string(), "00000000-0000-0000-0000-000000000000");
  std::ostringstream out;
  out << uuid(bytes);
  EXPECT_EQ(out.str(), example);
}

TEST(uuid, takes_a_users_text) {
  uuid const expected(example);
  EXPECT_EQ(expected, *parse<uuid>(example));
  EXPECT_EQ(uuid("0123ABCD-4567-89EF-FEDC-BA9876543210"), expected);
  EXPECT_EQ(uuid("0123abcd456789effedcba9876543210"), expected);
  EXPECT_EQ(uuid("0123ABCD456789EFfedcba9876543210"), expected);
  for (auto bad : {""sv, "{0123abcd-4567-89ef-fedc-ba9876543210}"sv, "0123-abcd-4567-89ef-fedc-ba98-7654-3210"sv,
                   "0123abcd456789effedcba987654321"sv, "0123abcd456789effedcba98765432100"sv,
                   "0123abcd456789effedcba987654321g"sv, "0123abcd-456789effedcba9876543210"sv}) {
    auto const error = test::thrown<data_error>([&] { uuid{bad}; });
    EXPECT_EQ(error.code(), errc::malformed_uuid) << bad;
    EXPECT_CONTAINS("8-4-4-4-12", error.what());
  }
}

TEST(uuid, malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},
      {"0123abcd456789effedcba9876543210", 8},  // no hyphens: not what a server sends
      {"0123abcd-4567-89ef-fedc-ba987654321", 35},
      {"0123abcd-4567-89ef-fedc-ba98765432100", 36},
      {"0123abcd-4567-89ef-fedc-ba9876543210 ", 36},
      {"{0123abcd-4567-89ef-fedc-ba987654321", 0},
      {"0123abcd-4567-89ef-fedc-ba987654321\0"sv, 35},
      {"0123abcd-4567-89ef-fedcba-9876543210", 23},
  };
  for (row const& r : rows) {
    EXPECT_EQ(outcome_of(parse<uuid>(r.text)), failure(errc::malformed_uuid, r.position)) << r.text;
  }
}

TEST(uuid, any_byte_at_any_place) {
  for (std::size_t at = 0; at < example.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text(example);
      text[at] = static_cast<char>(c);
      bool const hyphen = example[at] == '-';
      bool const good = hyphen ? c == '-' : std::isxdigit(c) != 0;
      auto const result = parse<uuid>(text);
      ASSERT_EQ(bool(result), good) << text;
      if (!good) {
        ASSERT_EQ(result.error().position, at);
      } else {
        std::ranges::transform(text, text.begin(), [](char each) { return static_cast<char>(std::tolower(each)); });
        ASSERT_EQ(result->to_string(), text);
      }
    }
  }
}

TEST(uuid, random_values_and_all_their_prefixes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    uuid const value = random_uuid(random);
    ASSERT_EQ(*parse<uuid>(*types::text_of(value)), value);
    std::string text = value.to_string();
    if (i % 100 == 0) test::expect_each_prefix_read_or_refused<uuid>(text);
    std::erase(text, '-');
    ASSERT_EQ(uuid(text), value);
  }
}

TEST(uuid, is_ordered_by_its_bytes) {
  std::mt19937_64 random(2);
  std::unordered_set<uuid> all;
  for (int i = 0; i < 1'000; ++i) {
    uuid const a = random_uuid(random);
    uuid const b = random_uuid(random);
    EXPECT_TRUE((a <=> b) == (a.to_string() <=> b.to_string())) << a << ' ' << b;
    all.insert({a, b, a});
  }
  EXPECT_EQ(all.size(), 2'000U);
}

}  // namespace
}  // namespace tusk
