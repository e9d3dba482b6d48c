// Arrays of integers are read in runs; element by element the same is read, and the same error is found at the same
// place.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tusk/types/array.hpp>
#include <vector>

#include "support/exact_buffer.hpp"

namespace tusk {
namespace {

using elements = std::vector<std::int32_t>;

// As runs are not read: by array_reader::next alone.
protocol::expected<types::array_shape> read_one_by_one(std::string_view text, elements& to) {
  types::array_reader reader(text, ',');
  while (reader.next()) {
    if (reader.is_null()) return protocol::parse_error{types::errc::null_element, reader.element().position};
    auto const value = types::parse_integer<std::int32_t>(reader.element().text);
    if (!value) return reader.element().whole(value.error());
    to.push_back(*value);
  }
  if (reader.error()) return *reader.error();
  return reader.shape();
}

void expect_same(std::string_view text) {
  test::exact_buffer const exact(text);  // what is read behind its end is seen by AddressSanitizer
  elements some, others;
  auto const shape = types::read_elements<std::int32_t>(exact.view(), oids::int4_array, {}, some);
  auto const other = read_one_by_one(exact.view(), others);
  ASSERT_EQ(shape.has_value(), other.has_value()) << text;
  if (shape) {
    EXPECT_EQ(*shape, *other) << text;
    EXPECT_EQ(some, others) << text;
  } else {
    EXPECT_EQ(shape.error().code, other.error().code) << text;
    EXPECT_EQ(shape.error().position, other.error().position) << text;
  }
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
  for (std::string const number :
       {"1", "-12", "2147483647", "-2147483648", "2147483648", "-2147483649", "00000000000001", "123456789012345",
        "1234567890123456", "99999999999999999999", "", "-", "NULL"})
    for (std::string const end : {"}", ",}", ",1}", "}}", "} ", "", ",", ";1}"})
      for (std::string const begin : {"{", "{1,", "{1,22,333,4444,55555,"}) expect_same(begin + number + end);
}

}  // namespace
}  // namespace tusk
