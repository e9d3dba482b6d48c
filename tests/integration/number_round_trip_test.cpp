// Numbers and bytes to the server and back, 10,000 random values a type.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <tusk/tusk.hpp>

#include "support/round_trip.hpp"
#include "support/server.hpp"

namespace tusk {
namespace {

constexpr std::size_t values = 10'000;

// Of every length: the top bits of a random number are dropped, as many as another one says.
template <class T>
std::vector<T> random_integers(unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> made = {0, 1, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
  while (made.size() < values) made.push_back(static_cast<T>(static_cast<T>(random()) >> random() % (8 * sizeof(T))));
  return made;
}

template <class Float, class Bits>
std::vector<Float> random_floats(unsigned seed) {
  std::mt19937_64 random(seed);
  using limits = std::numeric_limits<Float>;
  std::vector<Float> made = {0,
                             -Float{0},
                             limits::min(),
                             limits::denorm_min(),
                             limits::max(),
                             limits::lowest(),
                             limits::infinity(),
                             -limits::infinity(),
                             limits::quiet_NaN()};
  while (made.size() < values) made.push_back(std::bit_cast<Float>(static_cast<Bits>(random())));
  return made;
}

// The same bits, or both not numbers: the server has one NaN.
auto const same_float = [](auto a, auto b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
};

TEST(number_round_trip, integers) {
  connection conn = test::open();
  test::expect_round_trip(conn, "int2", random_integers<std::int16_t>(1));
  test::expect_round_trip(conn, "int4", random_integers<std::int32_t>(2));
  test::expect_round_trip(conn, "int8", random_integers<std::int64_t>(3));
  test::expect_round_trip(conn, "oid", random_integers<std::uint32_t>(4));
}

TEST(number_round_trip, floats_with_every_number_of_extra_digits) {
  connection conn = test::open();
  for (char const* digits : {"1", "3"}) {
    conn.exec("SET extra_float_digits = " + std::string(digits));
    test::expect_round_trip(conn, "float4", random_floats<float, std::uint32_t>(5), same_float);
    test::expect_round_trip(conn, "float8", random_floats<double, std::uint64_t>(6), same_float);
  }
}

TEST(number_round_trip, bytes_in_both_formats) {
  connection conn = test::open();
  std::mt19937_64 random(7);
  std::vector<std::vector<std::byte>> made(values);
  for (auto& bytes : made) {
    bytes.resize(random() % 40);
    for (auto& each : bytes) each = static_cast<std::byte>(random());
  }
  for (char const* format : {"hex", "escape"}) {
    conn.exec("SET bytea_output = " + std::string(format));
    test::expect_round_trip(conn, "bytea", made);
  }
}

TEST(number_round_trip, bools) {
  connection conn = test::open();
  test::expect_round_trip(conn, "bool", std::vector<bool>{true, false});
}

}  // namespace
}  // namespace tusk
