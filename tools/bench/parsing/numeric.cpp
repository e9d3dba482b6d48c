// numeric: prices of some digits and long numbers, beside what one would write by hand: a check of every character and
// a copy, the server's own way (digits in base 10,000), and, though it loses digits, std::from_chars to a double.
#include <charconv>
#include <optional>
#include <tusk/types/numeric.hpp>

#include "each.hpp"

namespace {

using tusk::bench::parse_each;
using texts = std::vector<std::string>;

texts const& prices() {
  static texts const made = tusk::bench::random_texts([](auto& random) {
    std::string const cents = std::to_string(100 + (random() >> 12) % (random() % 2 == 0 ? 10'000 : 10'000'000));
    return cents.substr(0, cents.size() - 2) + "." + cents.substr(cents.size() - 2);
  });
  return made;
}
texts const& long_numbers() {
  static texts const made = tusk::bench::random_texts(
      [](auto& random) { return "-" + std::to_string(1 + random()) + "." + std::to_string(random()); });
  return made;
}

std::optional<std::string> by_check_and_copy(std::string_view text) {
  std::size_t at = text.starts_with('-');
  std::size_t digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) ++digits;
  if (digits == 0) return std::nullopt;
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) ++digits;
  }
  if (at != text.size()) return std::nullopt;
  return std::string(text);
}

struct base_10000 {
  bool negative = false;
  std::size_t scale = 0;
  std::vector<std::uint16_t> groups;
};
std::optional<base_10000> by_groups(std::string_view text) {
  base_10000 value;
  value.negative = text.starts_with('-');
  text.remove_prefix(value.negative);
  std::size_t const point = std::min(text.find('.'), text.size());
  value.groups.reserve(text.size() / 4 + 2);
  auto const add = [&](std::string_view digits, std::size_t missing_in_front) {
    unsigned group = 0;
    std::size_t count = missing_in_front;
    for (char c : digits) {
      if (c < '0' || c > '9') return false;
      group = group * 10 + static_cast<unsigned>(c - '0');
      if (++count % 4 == 0) value.groups.push_back(static_cast<std::uint16_t>(std::exchange(group, 0)));
    }
    for (; count % 4 != 0; ++count) {
      group *= 10;
      if (count % 4 == 3) value.groups.push_back(static_cast<std::uint16_t>(group));
    }
    return !digits.empty();
  };
  if (!add(text.substr(0, point), (4 - point % 4) % 4)) return std::nullopt;
  if (point == text.size()) return value;
  value.scale = text.size() - point - 1;
  if (!add(text.substr(point + 1), 0)) return std::nullopt;
  return value;
}

std::optional<double> by_from_chars(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void numeric_short_tusk(benchmark::State& state) { parse_each(state, prices(), tusk::bench::read<tusk::numeric>); }
void numeric_short_check_and_copy(benchmark::State& state) { parse_each(state, prices(), by_check_and_copy); }
void numeric_short_groups(benchmark::State& state) { parse_each(state, prices(), by_groups); }
void numeric_short_from_chars(benchmark::State& state) { parse_each(state, prices(), by_from_chars); }
BENCHMARK(numeric_short_tusk);
BENCHMARK(numeric_short_check_and_copy);
BENCHMARK(numeric_short_groups);
BENCHMARK(numeric_short_from_chars);

void numeric_long_tusk(benchmark::State& state) { parse_each(state, long_numbers(), tusk::bench::read<tusk::numeric>); }
void numeric_long_check_and_copy(benchmark::State& state) { parse_each(state, long_numbers(), by_check_and_copy); }
void numeric_long_groups(benchmark::State& state) { parse_each(state, long_numbers(), by_groups); }
void numeric_long_from_chars(benchmark::State& state) { parse_each(state, long_numbers(), by_from_chars); }
BENCHMARK(numeric_long_tusk);
BENCHMARK(numeric_long_check_and_copy);
BENCHMARK(numeric_long_groups);
BENCHMARK(numeric_long_from_chars);

}  // namespace
