// Integers and floating point of every length, each beside std::from_chars and the loop that one would write by hand.
#include <charconv>
#include <optional>
#include <tusk/types/number.hpp>

#include "each.hpp"

namespace {

using tusk::bench::parse_each;
using texts = std::vector<std::string>;

template <class T>
texts const& integers() {
  static texts const made = tusk::bench::random_texts([](auto& random) {
    return std::to_string(static_cast<T>(static_cast<T>(random()) >> random() % (8 * sizeof(T))));
  });
  return made;
}

// As a server writes measurements, and as it writes what was computed.
texts const& short_floats() {
  static texts const made = tusk::bench::random_texts(
      [](auto& random) { return *tusk::types::text_of(static_cast<double>(random() % 1'000'000) / 100); });
  return made;
}
texts const& long_floats() {
  static texts const made = tusk::bench::random_texts(
      [](auto& random) { return *tusk::types::text_of(static_cast<double>(random()) / 1e15 - 5000); });
  return made;
}

template <class T>
std::optional<T> by_from_chars(std::string_view text) {
  T value{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
std::optional<T> by_hand(std::string_view text) {
  bool const negative = text.starts_with('-');
  if (text.size() == negative) return std::nullopt;
  T value = 0;
  for (char c : text.substr(negative)) {
    T const digit = static_cast<T>(c - '0');
    if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &value)) return std::nullopt;
    if (negative ? __builtin_sub_overflow(value, digit, &value) : __builtin_add_overflow(value, digit, &value)) {
      return std::nullopt;
    }
  }
  return value;
}

void int4_tusk(benchmark::State& state) {
  parse_each(state, integers<std::int32_t>(), tusk::bench::read<std::int32_t>);
}
void int4_from_chars(benchmark::State& state) {
  parse_each(state, integers<std::int32_t>(), by_from_chars<std::int32_t>);
}
void int4_by_hand(benchmark::State& state) { parse_each(state, integers<std::int32_t>(), by_hand<std::int32_t>); }
BENCHMARK(int4_tusk);
BENCHMARK(int4_from_chars);
BENCHMARK(int4_by_hand);

void int8_tusk(benchmark::State& state) {
  parse_each(state, integers<std::int64_t>(), tusk::bench::read<std::int64_t>);
}
void int8_from_chars(benchmark::State& state) {
  parse_each(state, integers<std::int64_t>(), by_from_chars<std::int64_t>);
}
void int8_by_hand(benchmark::State& state) { parse_each(state, integers<std::int64_t>(), by_hand<std::int64_t>); }
BENCHMARK(int8_tusk);
BENCHMARK(int8_from_chars);
BENCHMARK(int8_by_hand);

void float8_short_tusk(benchmark::State& state) { parse_each(state, short_floats(), tusk::bench::read<double>); }
void float8_short_from_chars(benchmark::State& state) { parse_each(state, short_floats(), by_from_chars<double>); }
void float8_long_tusk(benchmark::State& state) { parse_each(state, long_floats(), tusk::bench::read<double>); }
void float8_long_from_chars(benchmark::State& state) { parse_each(state, long_floats(), by_from_chars<double>); }
void float4_short_tusk(benchmark::State& state) { parse_each(state, short_floats(), tusk::bench::read<float>); }
void float4_short_from_chars(benchmark::State& state) { parse_each(state, short_floats(), by_from_chars<float>); }
BENCHMARK(float8_short_tusk);
BENCHMARK(float8_short_from_chars);
BENCHMARK(float8_long_tusk);
BENCHMARK(float8_long_from_chars);
BENCHMARK(float4_short_tusk);
BENCHMARK(float4_short_from_chars);

}  // namespace
