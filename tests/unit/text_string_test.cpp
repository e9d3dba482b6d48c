// The text format of strings and bytes, both ways, of NULL, and of a type with an adapter of its own.
#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/parsed.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::failure;
using test::outcome_of;
using test::parse;
using types::errc;
using types::text_of;
using bytes = std::vector<std::byte>;

bytes bytes_of(std::string_view text) {
  auto const view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

TEST(text_string, is_its_own_text) {
  EXPECT_EQ(text_of("it's"), "it's");
  EXPECT_EQ(text_of(std::string("Größe")), "Größe");
  EXPECT_EQ(text_of(std::pmr::string("x")), "x");
  EXPECT_EQ(text_of(""sv), "");
  EXPECT_EQ(text_of(static_cast<char const*>(nullptr)), std::nullopt);
  char buffer[16] = "short";
  EXPECT_EQ(text_of(buffer), "short");
  EXPECT_EQ(*parse<std::string>("\\x'\""), "\\x'\"");
  std::string_view const text = "viewed";
  EXPECT_EQ(from_text<std::string_view>::parse(text)->data(), text.data());  // no copy
}

TEST(text_string, what_postgresql_cannot_carry_is_a_data_error_with_its_place) {
  struct row {
    std::string_view text;
    errc code;
    std::string_view place;
  };
  constexpr row rows[] = {
      {"ab\0c"sv, errc::embedded_nul, "at byte 2: "},
      {"\0"sv, errc::embedded_nul, "at byte 0: "},
      {"x\xc3'"sv, errc::invalid_utf8, "at byte 1: "},
      {"\xed\xa0\x80"sv, errc::invalid_utf8, "at byte 0: "},
  };
  for (row const& r : rows) {
    try {
      (void)text_of(r.text);
      ADD_FAILURE() << r.text;
    } catch (data_error const& e) {
      EXPECT_EQ(e.code(), r.code);
      EXPECT_EQ(e.what(), std::string(r.place) + e.code().message());
    }
  }
}

// ---- bytea ----------------------------------------------------------------------------------------------------------

TEST(text_bytea, both_formats) {
  EXPECT_EQ(text_of(bytes_of("abc\0\xff"sv)), "\\x61626300ff");
  EXPECT_EQ(text_of(bytes{}), "\\x");
  EXPECT_EQ(text_of(std::array{std::byte{1}, std::byte{0xab}}), "\\x01ab");
  struct row {
    std::string_view text;
    std::string_view value;
  };
  constexpr row rows[] = {
      {"\\x", ""},
      {"\\x616263", "abc"},
      {"\\xAbCdEf0123456789", "\xab\xcd\xef\x01\x23\x45\x67\x89"},
      {"", ""},
      {"abc", "abc"},
      {"\\\\", "\\"},
      {"\\000\\377\\134"sv, "\0\xff\\"sv},
      {"a\\\\x41", "a\\x41"},
      {"\\001\\011 ~'", "\x01\x09 ~'"},
  };
  for (row const& r : rows) {
    auto const value = parse<bytes>(r.text);
    ASSERT_TRUE(value) << r.text;
    EXPECT_EQ(*value, bytes_of(r.value)) << r.text;
  }
}

TEST(text_bytea, malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"\\x1", 3},  {"\\x123", 5}, {"\\xg0", 2}, {"\\x0g", 3}, {"\\x00 00", 4}, {"\\x\0\0"sv, 2},
      {"\\", 0},    {"a\\", 1},    {"\\0", 0},   {"\\01", 0},  {"\\400", 0},    {"\\08x", 0},
      {"\\X00", 0}, {"a\nb", 1},   {"a\x7f", 1}, {"a\xff", 1}, {"\\\\\\", 2},   {"\\x00112233445566g7", 16},
  };
  for (row const& r : rows) {
    EXPECT_EQ(outcome_of(parse<bytes>(r.text)), failure(errc::malformed_bytea, r.position)) << r.text;
  }
}

TEST(text_bytea, any_byte_as_a_hex_digit_at_any_place) {
  for (std::size_t at = 0; at < 20; ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text(20, '0');
      text[at] = static_cast<char>(c);
      auto const value = parse<bytes>("\\x" + text);
      ASSERT_EQ(bool(value), c < 128 && std::isxdigit(c)) << text;
      if (!value) {
        ASSERT_EQ(value.error().position, 2 + at);
      }
    }
  }
}

TEST(text_bytea, random_values_and_all_their_prefixes) {
  std::mt19937 random(4);
  for (int i = 0; i < 100'000; ++i) {
    bytes value(random() % 40);
    for (std::byte& b : value) b = static_cast<std::byte>(random());
    std::string const text = *text_of(value);
    auto const back = parse<bytes>(text);
    ASSERT_TRUE(back && *back == value) << text;
    for (std::size_t size = 2; i % 100 == 0 && size < text.size(); ++size) {
      ASSERT_EQ(bool(parse<bytes>(text.substr(0, size))), size % 2 == 0);
    }
  }
}

// ---- NULL, and adapters of a user's
// -----------------------------------------------------------------------------------

TEST(text_optional, empty_is_null) {
  EXPECT_EQ(text_of(std::optional<int>()), std::nullopt);
  EXPECT_EQ(text_of(std::optional<int>(5)), "5");
  EXPECT_EQ(text_of(std::optional<std::optional<int>>(std::optional<int>())), std::nullopt);
  EXPECT_EQ(text_of(std::optional<char const*>(nullptr)), std::nullopt);
  EXPECT_EQ(text_of(nullptr), std::nullopt);
  EXPECT_EQ(text_of(std::nullopt), std::nullopt);
  EXPECT_EQ(*parse<std::optional<int>>("5"), 5);
  EXPECT_FALSE(parse<std::optional<int>>("x"));
}

struct spot {
  double x, y;
};

}  // namespace

template <>
struct adapter<spot> {
  static constexpr tusk::oid oid = tusk::oids::point;
  static void text(spot const& p, text_writer& out) { out << '(' << p.x << ',' << p.y << ')'; }
};

namespace {

TEST(text_writer, serves_an_adapter) {
  EXPECT_EQ(text_of(spot{1.5, -2}), "(1.5,-2)");
  EXPECT_EQ(text_of(std::optional<spot>()), std::nullopt);
  types::text_buffer buffer;
  text_writer out(buffer);
  out << true << 'c' << short{-5} << 7ull << 0.5f << "text" << std::string("s");
  EXPECT_EQ(std::string_view(buffer.data(), buffer.size()), "tc-570.5texts");
  EXPECT_THROW(out << '\0', data_error);
  EXPECT_THROW(out << '\xc3', data_error);
}

TEST(text_bytea, an_array_takes_its_number_of_bytes) {
  using three = std::array<std::byte, 3>;
  EXPECT_EQ(*parse<three>("\\x616263"), (three{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}}));
  EXPECT_EQ(*parse<three>("a\\000c"), (three{std::byte{'a'}, std::byte{0}, std::byte{'c'}}));
  EXPECT_TRUE((parse<std::array<std::byte, 0>>("\\x")));
  for (auto wrong : {"\\x6162"sv, "\\x61626364"sv, "\\x"sv, ""sv}) {
    EXPECT_EQ(outcome_of(parse<three>(wrong)), failure(errc::wrong_count, 0)) << wrong;
  }
  EXPECT_EQ(outcome_of(parse<three>("\\x61626")), failure(errc::malformed_bytea, 7));
}

TEST(text_char, is_one_byte) {
  EXPECT_EQ(test::read_types<char>(), "\"char\" bpchar");
  EXPECT_EQ(adapter<char>::oid, oids::char_);
  EXPECT_EQ(text_of('x'), "x");
  EXPECT_EQ(text_of('\0'), "");
  EXPECT_EQ(text_of('\\'), "\\");
  EXPECT_EQ(text_of('\x80'), "\\200");
  EXPECT_EQ(text_of('\xff'), "\\377");
  for (int i = 0; i < 256; ++i) {
    auto const value = static_cast<char>(i);
    EXPECT_EQ(*parse<char>(*text_of(value)), value) << i;
    EXPECT_EQ(*parse<char>(std::string(1, value)), value) << i;  // as servers before 15 write those above 127
  }
  for (auto bad : {"ab"sv, "\\2"sv, "\\20"sv, "\\2000"sv, "\\177"sv, "\\400"sv, "\\28x"sv, "x200"sv, "\\20\0"sv}) {
    EXPECT_EQ(outcome_of(parse<char>(bad)), failure(errc::malformed_char, 1)) << bad;
  }
}

}  // namespace
}  // namespace tusk
