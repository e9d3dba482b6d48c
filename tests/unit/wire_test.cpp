// The primitive forms of the wire: integers, strings, lists, and the three visitors that walk them.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/wire.hpp>
#include <vector>

#include "support/bytes.hpp"
#include "support/exact_buffer.hpp"

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;
using test::bytes;
using test::exact_buffer;

// ---- integers ------------------------------------------------------------------------------------------------------

template <class T>
void check_integer(std::initializer_list<T> numbers, std::initializer_list<char const*> forms) {
  ASSERT_EQ(numbers.size(), forms.size());
  auto form = forms.begin();
  for (T const number : numbers) {
    std::string const expected = bytes(*form++);
    ASSERT_EQ(expected.size(), sizeof(T));
    exact_buffer const from(expected);
    EXPECT_EQ(load_big_endian<T>(from.view().data()), number);
    std::string to(sizeof(T), '?');
    store_big_endian(to.data(), number);
    EXPECT_EQ(to, expected);
  }
}

TEST(BigEndian, BothWays) {
  check_integer<std::int8_t>({0, 1, -1, -128, 127}, {"00", "01", "ff", "80", "7f"});
  check_integer<std::int16_t>({0, 258, -1, -32768}, {"0000", "0102", "ffff", "8000"});
  check_integer<std::uint16_t>({258, 65535}, {"0102", "ffff"});
  check_integer<std::int32_t>({16909060, -2, std::numeric_limits<std::int32_t>::min()},
                              {"01020304", "fffffffe", "80000000"});
  check_integer<std::uint32_t>({16909060, 0xffff'ffff}, {"01020304", "ffffffff"});
  check_integer<std::int64_t>({0x0102030405060708, -2, std::numeric_limits<std::int64_t>::min()},
                              {"0102030405060708", "fffffffffffffffe", "8000000000000000"});
  check_integer<std::uint64_t>({0x0102030405060708}, {"0102030405060708"});
  check_integer<char>({'A'}, {"41"});
}

TEST(BigEndian, NeedsNoAlignment) {
  std::string const shifted = bytes("00 0102030405060708");
  EXPECT_EQ(load_big_endian<std::uint64_t>(shifted.data() + 1), 0x0102030405060708U);
}

// ---- byte_buffer ---------------------------------------------------------------------------------------------------

void put(byte_buffer& buffer, std::string_view text) {
  std::copy(text.begin(), text.end(), buffer.append(text.size()));
}

TEST(ByteBuffer, BehavesAsAQueueOfBytes) {
  std::mt19937 random(7);
  byte_buffer buffer;
  std::string model;
  for (int i = 0; i < 5000; ++i) {
    if (random() % 3 != 0) {
      std::string const more(random() % 700, static_cast<char>('a' + i % 26));
      put(buffer, more);
      model += more;
    } else {
      std::size_t const gone = random() % (model.size() + 1);
      buffer.consume(gone);
      model.erase(0, gone);
    }
    ASSERT_EQ(buffer.size(), model.size());
    ASSERT_EQ(buffer.empty(), model.empty());
    ASSERT_EQ(buffer.view(), model);
    if (i % 50 == 0) buffer.shrink(1024);  // takes nothing that waits
  }
}

TEST(ByteBuffer, RefusesWhatNoMemoryHolds) {
  byte_buffer buffer;
  put(buffer, "kept");
  EXPECT_THROW(buffer.append(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  EXPECT_THROW(buffer.append(std::numeric_limits<std::size_t>::max() / 2), std::bad_alloc);
  EXPECT_EQ(buffer.view(), "kept");
}

TEST(ByteBuffer, WipesWhatWasConsumed) {
  byte_buffer buffer;
  put(buffer, "secretsecret");
  char const* const memory = buffer.data();
  buffer.consume(6);
  buffer.wipe();
  EXPECT_EQ(std::string_view(memory, 12), "\0\0\0\0\0\0secret"sv);
  buffer.consume(6);
  buffer.wipe();
  EXPECT_EQ(std::string_view(memory, 12), std::string(12, '\0'));
  byte_buffer().wipe();
}

// ---- reader --------------------------------------------------------------------------------------------------------

TEST(Reader, ReadsEveryForm) {
  exact_buffer const input(bytes("0102 ff 'P' 'text'00 aabb 00000001 'v' ffffffff 'rest'"));
  reader in(input.view());
  std::int16_t number = 0;
  std::uint8_t byte = 0;
  char letter = 0;
  std::string_view text, two, rest;
  field_value value, null = "";
  in.integer(number);
  in.integer(byte);
  in.enumerator(letter, "SP");
  in.cstring(text);
  in.bytes(two, 2);
  in.nullable(value);
  in.nullable(null);
  in.rest(rest);
  EXPECT_TRUE(in.complete());
  EXPECT_EQ(in.finish(), parse_error{});
  EXPECT_EQ(number, 258);
  EXPECT_EQ(byte, 255);
  EXPECT_EQ(letter, 'P');
  EXPECT_EQ(text, "text");
  EXPECT_EQ(two, "\xaa\xbb");
  EXPECT_EQ(value, "v");
  EXPECT_EQ(null, std::nullopt);
  EXPECT_EQ(rest, "rest");
}

// After the first error everything reads as empty, and the first error is what is told.
TEST(Reader, ErrorsStick) {
  exact_buffer const input(bytes("'ab' 00 01"));
  reader in(input.view());
  std::string_view text = "before";
  std::int32_t number = 7;
  std::uint8_t byte = 7;
  field_value value = "before";
  list<std::uint8_t> numbers(std::string_view("before"), 6);
  in.cstring(text);
  in.integer(number);  // four bytes where one is left
  EXPECT_TRUE(in.failed());
  EXPECT_EQ(text, "ab");
  EXPECT_EQ(number, 0);
  in.integer(byte);
  in.cstring(text);
  in.nullable(value);
  in.counted<std::int16_t>(numbers);
  EXPECT_EQ(byte, 0);
  EXPECT_EQ(text, "");
  EXPECT_EQ(value, std::nullopt);
  EXPECT_TRUE(numbers.empty());
  in.terminated(numbers);
  in.rest(text);
  EXPECT_EQ(text, "");
  EXPECT_FALSE(in.complete());
  EXPECT_EQ(in.finish(), (parse_error{errc::truncated, 3}));
  EXPECT_EQ(in.finish(), (parse_error{errc::truncated, 3}));
}

TEST(Reader, LeftOverBytesAreAnError) {
  exact_buffer const input("ab");
  reader in(input.view());
  char letter = 0;
  in.integer(letter);
  EXPECT_FALSE(in.complete());
  EXPECT_EQ(in.finish(), (parse_error{errc::trailing_bytes, 1}));
}

TEST(Reader, NothingIsAWholeEmptyMessage) {
  reader in({});
  std::string_view rest = "before";
  in.rest(rest);
  EXPECT_EQ(rest, "");
  EXPECT_TRUE(in.complete());
  EXPECT_EQ(in.finish(), parse_error{});
}

TEST(Reader, CountsOfSixteenBitsAreUnsigned) {
  exact_buffer const input(bytes("ffff") + std::string(65535, '\7'));
  reader in(input.view());
  list<std::uint8_t> numbers;
  in.counted<std::int16_t>(numbers);
  EXPECT_TRUE(in.complete());
  EXPECT_EQ(numbers.size(), 65535U);
  std::size_t sum = 0;
  for (auto const each : numbers) sum += each;
  EXPECT_EQ(sum, 7U * 65535U);
}

// A count is checked against the bytes that are left before there is a loop over it.
TEST(Reader, HugeCountsEndAtOnce) {
  exact_buffer const input(bytes("7fffffff 00"));
  reader in(input.view());
  list<std::string_view> names;
  in.counted<std::int32_t>(names);
  EXPECT_EQ(in.finish(), (parse_error{errc::bad_count, 4}));
  EXPECT_TRUE(names.empty());
}

// ---- lists ---------------------------------------------------------------------------------------------------------

TEST(List, WalksItsElements) {
  list_storage<std::string_view> const names{"a", "", "cd"};
  EXPECT_EQ(names.view().encoded(), "a\0\0cd\0"sv);
  std::vector<std::string_view> seen;
  for (auto const each : names.view()) seen.push_back(each);
  EXPECT_EQ(seen, (std::vector<std::string_view>{"a", "", "cd"}));
  EXPECT_EQ(names.view().begin()->size(), 1U);

  list_storage<field_value> const values{"x", std::nullopt, ""};
  std::vector<field_value> fields;
  for (auto const& each : values.view()) fields.push_back(each);
  EXPECT_EQ(fields, (std::vector<field_value>{"x", std::nullopt, ""}));

  list<std::int16_t> const none;
  EXPECT_TRUE(none.empty());
  EXPECT_TRUE(none.begin() == none.end());
}

TEST(List, IsEqualIfItsBytesAre) {
  list_storage<std::int16_t> const one{1, 2}, same{1, 2}, other{1, 3}, shorter{1};
  EXPECT_EQ(one.view(), same.view());
  EXPECT_NE(one.view(), other.view());
  EXPECT_NE(one.view(), shorter.view());
}

// A view whose count lies (only a mistake of the caller makes one) ends in empty elements, not outside of its bytes.
TEST(List, ALyingCountReadsNothingOutside) {
  exact_buffer const input(bytes("'a'00 'b'"));
  list<std::string_view> const lying(input.view(), 4);
  std::vector<std::string_view> seen;
  for (auto const each : lying) seen.push_back(each);
  EXPECT_EQ(seen, (std::vector<std::string_view>{"a", "", "", ""}));
}

TEST(ListStorage, RemembersTheFirstRefusal) {
  list_storage<std::string_view> names;
  EXPECT_EQ(names.add("a"), errc{});
  EXPECT_EQ(names.error(), errc{});
  EXPECT_EQ(names.add("b\0c"sv), errc::embedded_nul);
  EXPECT_EQ(names.add("d"), errc{});
  EXPECT_EQ(names.error(), errc::embedded_nul);
  EXPECT_EQ(names.view().size(), 2U);
  EXPECT_EQ(names.view().encoded(), "a\0d\0"sv);
}

}  // namespace
}  // namespace tusk::protocol
