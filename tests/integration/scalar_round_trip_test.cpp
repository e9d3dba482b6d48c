// numeric, uuid, addresses, bit strings, "char", money, json and xml to the server and back, 10,000 random values a
// type.
#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <functional>
#include <random>
#include <string>
#include <tusk/tusk.hpp>

#include "support/effort.hpp"
#include "support/round_trip.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

constexpr std::size_t values = test::effort(10'000);

template <class T, class Make>
std::vector<T> random_values(unsigned seed, std::vector<T> made, Make make) {
  std::mt19937_64 random(seed);
  while (made.size() < values) made.push_back(make(random));
  return made;
}

std::string random_digits(std::mt19937_64& random, std::size_t count) {
  std::string digits(count, '0');
  for (char& each : digits) each = static_cast<char>('0' + random() % 10);
  return digits;
}

// Of every length up to 60 digits, some with as many digits as there may be.
std::vector<numeric> random_numerics(unsigned seed) {
  std::vector<numeric> odd;
  for (char const* text : {"0", "0.000", "NaN", "Infinity", "-Infinity", "1e131071", "-1e-16383", "0e-16383"}) {
    odd.emplace_back(std::string_view(text));
  }
  odd.emplace_back(std::string(numeric::max_integer_digits, '9') + "." + std::string(numeric::max_scale, '9'));
  return random_values(seed, odd, [](auto& random) {
    std::string text = random() % 2 == 0 ? "-" : "";
    text += random_digits(random, random() % 30);
    text += "." + random_digits(random, random() % 30) + "1";
    if (random() % 4 == 0) text += "e" + std::to_string(static_cast<int>(random() % 80) - 40);
    return numeric(text);
  });
}

template <class Address>
std::vector<Address> random_addresses(unsigned seed) {
  return random_values(seed, std::vector<Address>(), [](auto& random) {
    ipv6_octets octets{};
    std::bernoulli_distribution filled(0.1 + 0.8 * static_cast<double>(random() % 2));
    for (auto& each : octets) each = static_cast<std::byte>(filled(random) ? random() : 0);
    if (random() % 8 == 0) std::fill_n(octets.begin(), 10, std::byte{0});
    if (random() % 32 == 0) octets[10] = octets[11] = std::byte{0xff};
    bool const v4 = random() % 2 == 0;
    auto const prefix = static_cast<unsigned>(random() % (v4 ? 33 : 129));
    if (std::is_same_v<Address, cidr>) {
      for (std::size_t i = 0; i < 8 * octets.size(); ++i) {
        if (i >= prefix) octets[i / 8] &= ~(std::byte{0x80} >> i % 8);
      }
    }
    if (!v4) return Address(octets, prefix);
    ipv4_octets four;
    std::copy_n(octets.begin(), 4, four.begin());
    return Address(four, prefix);
  });
}

// What the server writes of values is what we write of them, to the letter.
template <class T>
void expect_the_servers_text(connection& conn, std::string const& type, std::vector<T> const& made) {
  for (std::size_t i = 0; i < made.size(); i += 20) {
    std::string const text = *types::text_of(made[i]);
    ASSERT_EQ(test::value<std::string>(conn, "SELECT $1::" + type, text), text);
  }
}

// Sorting and equality are the server's.
template <class T>
void expect_the_servers_order(connection& conn, std::string const& type, std::vector<T> const& made) {
  std::string const sql = "SELECT $1::" + type + " < $2::" + type + ", $1::" + type + " = $2::" + type;
  for (std::size_t i = 1; i < made.size(); i += 10) {
    result const compared = conn.query(sql, made[i - 1], made[i]);
    ASSERT_EQ(compared[0].get<bool>(0), made[i - 1] < made[i]) << made[i - 1] << ' ' << made[i];
    ASSERT_EQ(compared[0].get<bool>(1), made[i - 1] == made[i]) << made[i - 1] << ' ' << made[i];
  }
}

class scalar_round_trip : public testing::Test {
 protected:
  connection conn_ = test::open();
};

TEST_F(scalar_round_trip, numeric) {
  auto const same_digits = [](numeric const& a, numeric const& b) { return a.to_string() == b.to_string(); };
  auto const made = random_numerics(1);
  test::expect_round_trip(conn_, "numeric", made, same_digits);
  expect_the_servers_text(conn_, "numeric", made);
  expect_the_servers_order(conn_, "numeric", made);
}

TEST_F(scalar_round_trip, numeric_takes_the_text_that_the_server_takes) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1'000; ++i) {
    std::string text;
    for (auto length = random() % 8; length != 0; --length) text += "0001579..eE+-  nNaif"[random() % 20];
    bool ours = true;
    std::string kept;
    try {
      kept = numeric(text).to_string();
    } catch (data_error const&) {
      ours = false;
    }
    try {
      auto const theirs = test::value<std::string>(conn_, "SELECT $1::text::numeric::text", text);
      if (text.find(' ') != text.npos) continue;  // blanks around a number are not taken here
      ASSERT_TRUE(ours) << '"' << text << "\" is " << theirs;
      ASSERT_EQ(kept, theirs) << text;
    } catch (data_error const&) {
      ASSERT_FALSE(ours) << '"' << text << "\" is " << kept;
    }
  }
}

TEST_F(scalar_round_trip, integers_in_numeric_columns) {
  auto const made = random_values(3, std::vector<std::uint64_t>{0, ~std::uint64_t{0}},
                                  [](auto& random) { return random() >> random() % 64; });
  test::expect_round_trip(conn_, "numeric", made);
  EXPECT_EQ(test::value<int>(conn_, "SELECT sum(n) FROM generate_series(1, 100) AS t(n)"), 5050);
#ifdef __SIZEOF_INT128__
  test::expect_round_trip(conn_, "numeric", random_values(4, std::vector<int128>(), [](auto& random) {
                            return static_cast<int128>(uint128{random()} << 64 | random()) >> random() % 128;
                          }));
#endif
}

TEST_F(scalar_round_trip, numeric_from_integer_columns) {
  EXPECT_EQ(test::value<numeric>(conn_, "SELECT (-32768)::int2"), -32768);
  EXPECT_EQ(test::value<numeric>(conn_, "SELECT 9223372036854775807::int8"), 9223372036854775807);
}

TEST_F(scalar_round_trip, uuid) {
  auto const made = random_values(5, std::vector<uuid>(1), [](auto& random) {
    uuid::bytes_type bytes;
    for (auto& each : bytes) each = static_cast<std::byte>(random());
    return uuid(bytes);
  });
  test::expect_round_trip(conn_, "uuid", made);
  expect_the_servers_text(conn_, "uuid", made);
  expect_the_servers_order(conn_, "uuid", made);
}

TEST_F(scalar_round_trip, inet) {
  auto const made = random_addresses<inet>(6);
  test::expect_round_trip(conn_, "inet", made);
  expect_the_servers_text(conn_, "inet", made);
  expect_the_servers_order(conn_, "inet", made);
}

TEST_F(scalar_round_trip, cidr) {
  auto const made = random_addresses<cidr>(7);
  test::expect_round_trip(conn_, "cidr", made);
  expect_the_servers_text(conn_, "cidr", made);
  expect_the_servers_order(conn_, "cidr", made);
  EXPECT_EQ(test::value<inet>(conn_, "SELECT '10.0.0.0/8'::cidr"), inet("10.0.0.0/8"));
}

TEST_F(scalar_round_trip, bits) {
  auto const make = [](auto& random) {
    std::string text(random() % 100, '0');
    for (char& each : text) each = random() % 2 == 0 ? '0' : '1';
    return bits(text);
  };
  auto const made = random_values(8, std::vector<bits>{bits()}, make);
  test::expect_round_trip(conn_, "varbit", made);
  expect_the_servers_order(conn_, "varbit", made);
  auto const fixed = random_values(9, std::vector<std::bitset<64>>(),
                                   [](auto& random) { return std::bitset<64>(random() >> random() % 64); });
  test::expect_round_trip(conn_, "varbit", fixed);
  test::expect_round_trip(conn_, "bit(64)", fixed);
}

TEST_F(scalar_round_trip, every_char) {
  std::vector<char> made;
  for (int i = 0; i < 256; ++i) made.push_back(static_cast<char>(i));
  test::expect_round_trip(conn_, "\"char\"", made);
  EXPECT_EQ(test::value<char>(conn_, "SELECT relkind FROM pg_class WHERE relname = 'pg_type'"), 'r');
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1::text", 'x'), "x");
}

TEST_F(scalar_round_trip, names_are_strings) {
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1::name", "it's"), "it's");
}

TEST_F(scalar_round_trip, money) {
  conn_.exec("SET lc_monetary = 'C'");
  std::mt19937_64 random(10);
  params args;
  std::string sql = "SELECT n, v FROM (VALUES (0, '-92233720368547758.08'::money)";
  std::vector<std::int64_t> sent = {std::numeric_limits<std::int64_t>::min()};
  while (sent.size() <= values) {
    sent.push_back(static_cast<std::int64_t>(random()) >> random() % 64);
    args.add(sent.back());
    std::string const number = std::to_string(args.count());
    sql += ", (" + number + ", ($" + number + "::numeric * 0.01)::money)";
  }
  result const read = conn_.query(sql + ") AS t(n, v) ORDER BY n", args);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    ASSERT_EQ(read[i].get<money>(1).units(), sent[i]) << read[i].get<std::string>(1);
  }
}

TEST_F(scalar_round_trip, json) {
  auto const made = random_values(11, std::vector<json>{json("null"), json("{}")}, [](auto& random) {
    return json("[" + std::to_string(random()) + ", \"" + random_digits(random, random() % 20) + "ü\\\\ \\\" '\"]");
  });
  test::expect_round_trip(conn_, "jsonb", made);  // in the form that jsonb has, so that equal text comes back
  EXPECT_EQ(test::value<json>(conn_, "SELECT '{\"a\" :1}'::json").to_string(), "{\"a\" :1}");
  EXPECT_EQ(test::value<int>(conn_, "SELECT ($1 -> 'a')::int", json("{\"a\": 5}")), 5);
  EXPECT_THROW(conn_.query("SELECT $1", json("{")), data_error);
}

TEST_F(scalar_round_trip, xml) {
  auto const made = random_values(12, std::vector<xml>{xml("<a/>")}, [](auto& random) {
    return xml("<n b='" + random_digits(random, random() % 20) + "'>é &lt; " + std::to_string(random()) + "</n>");
  });
  test::expect_round_trip(conn_, "xml", made);
}

TEST_F(scalar_round_trip, bytes_of_a_fixed_number) {
  using sixteen = std::array<std::byte, 16>;
  auto const made = random_values(13, std::vector<sixteen>(1), [](auto& random) {
    sixteen bytes;
    for (auto& each : bytes) each = static_cast<std::byte>(random());
    return bytes;
  });
  test::expect_round_trip(conn_, "bytea", made);
  auto const error = test::thrown<data_error>([&] { test::value<sixteen>(conn_, "SELECT '\\x00'::bytea"); });
  EXPECT_EQ(error.code(), types::errc::wrong_count);
}

}  // namespace
}  // namespace tusk
