// uuid, beside std::from_chars for each byte and the loop that one would write by hand, with a table of digits.
#include <array>
#include <charconv>
#include <optional>
#include <tusk/types/uuid.hpp>

#include "each.hpp"

namespace {

using tusk::bench::parse_each;
using bytes = std::array<std::uint8_t, 16>;

std::vector<std::string> const& uuids() {
  static auto const made = tusk::bench::random_texts([](auto& random) {
    tusk::uuid::bytes_type value;
    for (auto& each : value) each = static_cast<std::byte>(random());
    return tusk::uuid(value).to_string();
  });
  return made;
}

constexpr bool is_hyphen(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

std::optional<bytes> by_from_chars(std::string_view text) {
  bytes value{};
  if (text.size() != 36) return std::nullopt;
  char const* at = text.data();
  for (std::size_t i = 0; i < 16; ++i, at += 2) {
    if (is_hyphen(static_cast<std::size_t>(at - text.data())) && *at++ != '-') return std::nullopt;
    if (std::from_chars(at, at + 2, value[i], 16).ptr != at + 2) return std::nullopt;
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
  bytes value{};
  if (text.size() != 36) return std::nullopt;
  unsigned bad = 0;
  std::size_t at = 0;
  for (auto& each : value) {
    if (is_hyphen(at) && text[at++] != '-') return std::nullopt;
    unsigned const high = digits[static_cast<std::uint8_t>(text[at])];
    unsigned const low = digits[static_cast<std::uint8_t>(text[at + 1])];
    bad |= high | low;
    each = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  if (bad > 0xf) return std::nullopt;
  return value;
}

void uuid_tusk(benchmark::State& state) { parse_each(state, uuids(), tusk::bench::read<tusk::uuid>); }
void uuid_from_chars(benchmark::State& state) { parse_each(state, uuids(), by_from_chars); }
void uuid_by_hand(benchmark::State& state) { parse_each(state, uuids(), by_hand); }
BENCHMARK(uuid_tusk);
BENCHMARK(uuid_from_chars);
BENCHMARK(uuid_by_hand);

}  // namespace
