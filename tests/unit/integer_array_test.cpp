// Arrays of integers are read in runs; element by element the same is read, and the same error is found at the same
// place. So it is of strings, numbers and others that are read without a look at the shape.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tusk/types/array.hpp>
#include <tusk/types/text.hpp>
#include <type_traits>
#include <vector>

#include "support/exact_buffer.hpp"

namespace tusk {
namespace {

// As runs are not read: by array_reader::next alone.
template <class T>
protocol::expected<types::array_shape> read_one_by_one(std::string_view text, std::vector<T>& to) {
  types::array_reader reader(text, ',');
  while (reader.next()) {
    if (reader.is_null()) return protocol::parse_error{types::errc::null_element, reader.element().position};
    auto const value = types::parse_integer<T>(reader.element().text);
    if (!value) return reader.element().whole(value.error());
    to.push_back(*value);
  }
  if (reader.error()) return *reader.error();
  return reader.shape();
}

template <class T>
void expect_same_integers(std::string_view text) {
  test::exact_buffer const exact(text);  // what is read behind its end is seen by AddressSanitizer
  std::vector<T> some, others, quick;
  auto const shape = types::read_elements<T>(exact.view(), oids::int8_array, {}, some);
  auto const other = read_one_by_one(exact.view(), others);
  ASSERT_EQ(shape.has_value(), other.has_value()) << text;
  if (shape) {
    EXPECT_EQ(*shape, *other) << text;
    EXPECT_EQ(some, others) << text;
  } else {
    EXPECT_EQ(shape.error().code, other.error().code) << text;
    EXPECT_EQ(shape.error().position, other.error().position) << text;
  }
  bool const is_quick = from_text<std::vector<T>>::parse_quickly(exact.view(), quick);
  EXPECT_EQ(is_quick, other && other->dimensions().size() <= 1 && text.starts_with('{')) << text;
  if (is_quick)
    EXPECT_EQ(quick, others) << text;
  else
    EXPECT_TRUE(quick.empty()) << text;
}

void expect_same(std::string_view text) {
  expect_same_integers<std::int32_t>(text);
  expect_same_integers<std::int16_t>(text);
  expect_same_integers<std::uint32_t>(text);
}

class generator {
 public:
  std::string array() {
    std::size_t const rows = below(4), width = 1 + below(rows == 0 ? 200 : 70);
    std::string text =
        below(8) == 0 ? "[-1:" + std::to_string(static_cast<int>(rows == 0 ? width : rows) - 2) + "]" : "";
    if (!text.empty()) text += rows == 0 ? "=" : "[1:" + std::to_string(width) + "]=";
    if (rows == 0) return text + row(width);
    for (std::size_t i = 0; i < rows; ++i) text += (i == 0 ? '{' : ',') + row(width);
    return text + '}';
  }
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

 private:
  std::string row(std::size_t width) {
    std::string text;
    for (std::size_t i = 0; i < width; ++i) text += (i == 0 ? "{" : ",") + number();
    return text + '}';
  }
  std::string number() {
    auto const any = static_cast<std::int32_t>(random_());
    return std::to_string(any >> below(32));
  }

  std::mt19937 random_{20261128};
};

TEST(integer_array, is_read_in_runs_as_it_is_element_by_element) {
  generator random;
  for (int i = 0; i < 2000; ++i) expect_same(random.array());
}

TEST(integer_array, with_a_character_changed_or_cut_fails_at_the_same_place) {
  generator random;
  constexpr std::string_view others = "0123456789,{}-N\"\\ ;";
  for (int i = 0; i < 5000; ++i) {
    std::string text = random.array();
    std::size_t const at = random.below(text.size());
    if (random.below(4) == 0)
      text.resize(at);
    else
      text[at] = others[random.below(others.size())];
    expect_same(text);
  }
}

TEST(integer_array, of_every_number_of_digits_and_every_end) {
  for (std::string const number : {"1", "-12", "2147483647", "-2147483648", "2147483648", "-2147483649",
                                   "00000000000001", "123456789012345", "1234567890123456", "99999999999999999999",
                                   "4294967295", "4294967296", "32767", "32768", "-32768", "-32769", "", "-", "NULL"})
    for (std::string const end : {"}", ",}", ",1}", "}}", "} ", "", ",", ";1}"})
      for (std::string const begin : {"{", "{1,", "{1,22,333,4444,55555,"}) expect_same(begin + number + end);
}

// ---- other elements -------------------------------------------------------------------------------------------------

template <class T>
protocol::expected<types::array_shape> read_others_one_by_one(std::string_view text, oid type, std::vector<T>& to) {
  types::array_reader reader(text, types::delimiter_of(type));
  while (reader.next()) {
    if (!reader.is_null()) {
      if (auto const error = types::append<T>(reader.element(), type, to)) return *error;
    } else if constexpr (nullable<T>) {
      to.push_back(std::nullopt);
    } else {
      return protocol::parse_error{types::errc::null_element, reader.element().position};
    }
  }
  if (reader.error()) return *reader.error();
  return reader.shape();
}

template <class T>
void expect_same_of(std::string_view text, oid array) {
  test::exact_buffer const exact(text);
  std::vector<T> some, others, plain;
  auto const shape = types::read_elements<T>(exact.view(), array, {}, some);
  auto const other = read_others_one_by_one(exact.view(), element_of(array), others);
  ASSERT_EQ(shape.has_value(), other.has_value()) << text;
  if (shape) {
    EXPECT_EQ(*shape, *other) << text;
    EXPECT_EQ(some, others) << text;
  } else {
    EXPECT_EQ(shape.error().code, other.error().code) << text;
    EXPECT_EQ(shape.error().position, other.error().position) << text;
  }
  char const delimiter = types::delimiter_of(element_of(array));
  bool const is_plain = types::read_plain_elements<T>(exact.view(), delimiter, element_of(array), plain);
  EXPECT_EQ(is_plain, other && other->dimensions().size() <= 1 && text.starts_with('{')) << text;
  if constexpr (std::is_same_v<T, std::string>) {
    std::vector<T> quick;
    bool const is_quick = delimiter == ',' && from_text<std::vector<T>>::parse_quickly(exact.view(), quick);
    EXPECT_EQ(is_quick, delimiter == ',' && is_plain) << text;
    EXPECT_TRUE(is_quick ? quick == others : quick.empty()) << text;
  }
}

void expect_same_of_all(std::string_view text) {
  expect_same_of<std::string>(text, oids::text_array);
  expect_same_of<std::optional<std::string>>(text, oids::text_array);
  expect_same_of<std::string>(text, oids::box_array);
  expect_same_of<double>(text, oids::float8_array);
  expect_same_of<std::optional<double>>(text, oids::float8_array);
}

class words {
 public:
  std::string array() {
    std::string text(below(8) == 0 ? "{" : "");
    std::size_t const count = below(5) == 0 ? 14 + below(6) : 1 + below(4);
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "{" : below(40) == 0 ? ";" : ",") + word();
    return text + (below(20) == 0 ? "}}" : "}");
  }
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

 private:
  std::string word() {
    switch (below(6)) {
      case 0: return "1.5";
      case 1: return "NULL";
      case 2: return "\"a \\\"b\\\\\"";
      case 3: return "\"" + std::string(below(20), ',') + "\"";
      default: return std::string(below(20), static_cast<char>('a' + below(26)));
    }
  }

  std::mt19937 random_{20261129};
};

TEST(plain_array, is_read_as_it_is_element_by_element) {
  for (char const* text : {"",
                           "{",
                           "}",
                           "{}",
                           "{}}",
                           "{,}",
                           "{a,}",
                           "{,a}",
                           "{a",
                           "a}",
                           "{a}b}",
                           "{\"a\"b}",
                           "{\"a}",
                           "{\"}",
                           "{\"\\\"}",
                           "{\"a\\",
                           "{a b}",
                           "{a;b}",
                           "{null,NULL}",
                           "[1:1]={a}",
                           "{{a}}",
                           "{1.5,-2,Infinity}"})
    expect_same_of_all(text);
  words random;
  for (int i = 0; i < 5000; ++i) expect_same_of_all(random.array());
}

TEST(plain_array, with_a_character_changed_or_cut_fails_at_the_same_place) {
  words random;
  constexpr std::string_view others = "0a,;{}N\"\\ \x01";
  for (int i = 0; i < 10'000; ++i) {
    std::string text = random.array();
    std::size_t const at = random.below(text.size());
    if (random.below(4) == 0)
      text.resize(at);
    else
      text[at] = others[random.below(others.size())];
    expect_same_of_all(text);
  }
}

// As much room as there are elements, in whatever way they were counted.
TEST(plain_array, has_room_for_its_elements) {
  for (std::size_t const count : {1U, 15U, 16U, 17U, 100U}) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? '{' : ',') + std::string(20, 'x');
    auto const read = from_text<std::vector<std::string>>::parse(text + '}');
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), count);
    EXPECT_EQ(read->capacity(), count);
  }
}

}  // namespace
}  // namespace tusk
