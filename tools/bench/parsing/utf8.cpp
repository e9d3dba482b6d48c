// The check of UTF-8, over texts of some scripts and lengths, beside the table-driven loop that one would write by
// hand.
#include <string>
#include <tusk/protocol/utf8.hpp>

#include "each.hpp"

namespace {

using tusk::bench::parse_each;
using texts = std::vector<std::string>;

texts const& written(std::string_view words, std::size_t size) {
  static std::vector<std::pair<std::string, texts>> made;
  std::string const key = std::string(words) + std::to_string(size);
  for (auto const& each : made) {
    if (each.first == key) return each.second;
  }
  made.reserve(16);
  return made
      .emplace_back(key, tusk::bench::random_texts([&](auto&) {
                      std::string text;
                      while (text.size() < size) text += words;
                      return text;
                    }))
      .second;
}

std::size_t by_hand(std::string_view text) {
  auto const at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto const is_continued = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
  for (std::size_t i = 0; i < text.size();) {
    unsigned const lead = at(i);
    unsigned const next = at(i + 1);
    if (lead < 0x80) {
      ++i;
    } else if (lead >= 0xc2 && lead < 0xe0 && is_continued(i + 1)) {
      i += 2;
    } else if (lead >= 0xe0 && lead < 0xf0 && is_continued(i + 1) && is_continued(i + 2) &&
               !(lead == 0xe0 && next < 0xa0) && !(lead == 0xed && next >= 0xa0)) {
      i += 3;
    } else if (lead >= 0xf0 && lead < 0xf5 && is_continued(i + 1) && is_continued(i + 2) && is_continued(i + 3) &&
               !(lead == 0xf0 && next < 0x90) && !(lead == 0xf4 && next >= 0x90)) {
      i += 4;
    } else {
      return i;
    }
  }
  return text.npos;
}

constexpr std::string_view english = "The quick brown fox jumps over the lazy dog. ";
constexpr std::string_view german = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ";
constexpr std::string_view russian = "Съешь же ещё этих мягких французских булок, да выпей чаю. ";
constexpr std::string_view chinese = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏。";

void utf8_tusk(benchmark::State& state, std::string_view words, std::size_t size) {
  parse_each(state, written(words, size), tusk::protocol::find_invalid_utf8);
}
void utf8_by_hand(benchmark::State& state, std::string_view words, std::size_t size) {
  parse_each(state, written(words, size), by_hand);
}
BENCHMARK_CAPTURE(utf8_tusk, english_20, english, 20);
BENCHMARK_CAPTURE(utf8_by_hand, english_20, english, 20);
BENCHMARK_CAPTURE(utf8_tusk, english_1000, english, 1000);
BENCHMARK_CAPTURE(utf8_by_hand, english_1000, english, 1000);
BENCHMARK_CAPTURE(utf8_tusk, german_1000, german, 1000);
BENCHMARK_CAPTURE(utf8_by_hand, german_1000, german, 1000);
BENCHMARK_CAPTURE(utf8_tusk, russian_1000, russian, 1000);
BENCHMARK_CAPTURE(utf8_by_hand, russian_1000, russian, 1000);
BENCHMARK_CAPTURE(utf8_tusk, chinese_1000, chinese, 1000);
BENCHMARK_CAPTURE(utf8_by_hand, chinese_1000, chinese, 1000);

}  // namespace
