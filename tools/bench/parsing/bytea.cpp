// bytea in hex, short and long, beside std::from_chars for each byte and a loop with a table of digits.
#include <array>
#include <charconv>
#include <optional>
#include <tusk/types/bytea.hpp>

#include "each.hpp"

namespace {

using tusk::bench::parse_each;
using bytes = std::vector<std::byte>;
using texts = std::vector<std::string>;

template <std::size_t Size>
texts const& values() {
  static texts const made = tusk::bench::random_texts([](auto& random) {
    bytes value(Size);
    for (auto& each : value) each = static_cast<std::byte>(random());
    return *tusk::types::text_of(value);
  });
  return made;
}

std::optional<bytes> by_from_chars(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
  bytes value(text.size() / 2 - 1);
  char const* at = text.data() + 2;
  for (auto& each : value) {
    std::uint8_t byte = 0;
    if (std::from_chars(at, at + 2, byte, 16).ptr != at + 2) return std::nullopt;
    each = std::byte{byte};
    at += 2;
  }
  return value;
}

constexpr auto digits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(0xff);
  for (unsigned i = 0; i < 10; ++i) table['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) table['a' + i] = table['A' + i] = static_cast<std::uint8_t>(10 + i);
  return table;
}();

std::optional<bytes> by_hand(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
  bytes value(text.size() / 2 - 1);
  unsigned bad = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    unsigned const high = digits[static_cast<std::uint8_t>(text[2 * i + 2])];
    unsigned const low = digits[static_cast<std::uint8_t>(text[2 * i + 3])];
    bad |= high | low;
    value[i] = static_cast<std::byte>(high << 4 | low);
  }
  if (bad > 0xf) return std::nullopt;
  return value;
}

template <std::size_t Size>
void bytea_tusk(benchmark::State& state) {
  parse_each(state, values<Size>(), tusk::bench::read<bytes>);
}
template <std::size_t Size>
void bytea_from_chars(benchmark::State& state) {
  parse_each(state, values<Size>(), by_from_chars);
}
template <std::size_t Size>
void bytea_by_hand(benchmark::State& state) {
  parse_each(state, values<Size>(), by_hand);
}
BENCHMARK(bytea_tusk<20>);
BENCHMARK(bytea_from_chars<20>);
BENCHMARK(bytea_by_hand<20>);
BENCHMARK(bytea_tusk<1000>);
BENCHMARK(bytea_from_chars<1000>);
BENCHMARK(bytea_by_hand<1000>);

}  // namespace
