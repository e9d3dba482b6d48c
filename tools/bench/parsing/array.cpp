// Arrays: int[] and text[] into vectors, each beside a straightforward loop that does no more than the format asks for
// (std::from_chars and push_back; byte by byte with quotes and escapes). The integers are so many, of random length,
// that a processor cannot learn their lengths by heart, as it does with 10,000: then from_chars seems twice as fast.
// The words are fewer, so that the vector of a million strings is not what is measured.
#include <benchmark/benchmark.h>

#include <charconv>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <tusk/types/array.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/text.hpp>
#include <vector>

namespace {

constexpr std::size_t integer_count = 1'000'000;
constexpr std::size_t word_count = 10'000;

std::string const& integers() {
  static std::string const text = [] {
    std::mt19937 random(1);
    std::vector<int> made(integer_count);
    for (int& each : made) each = static_cast<int>(random() >> random() % 32);
    return *tusk::types::text_of(made);
  }();
  return text;
}

// Words of some letters; with `quoted` in quotes, every fourth of those with an escape.
std::string words(bool quoted) {
  std::mt19937 random(2);
  std::vector<std::string> made(word_count);
  for (std::string& each : made) {
    each.resize(4 + random() % 16);
    for (char& c : each) c = static_cast<char>('a' + random() % 26);
    if (quoted) each[2] = random() % 4 == 0 ? '"' : ' ';
  }
  return *tusk::types::text_of(made);
}
std::string const& plain_words() {
  static std::string const text = words(false);
  return text;
}
std::string const& quoted_words() {
  static std::string const text = words(true);
  return text;
}

std::vector<int> read_integers_by_hand(std::string_view text) {
  std::vector<int> made;
  char const* at = text.data() + 1;
  char const* const end = text.data() + text.size();
  while (at < end) {
    int value = 0;
    auto const [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || next == end) return {};
    made.push_back(value);
    at = next + 1;
  }
  return made;
}

std::vector<std::string> read_words_by_hand(std::string_view text) {
  std::vector<std::string> made;
  for (std::size_t at = 1; at < text.size(); ++at) {
    std::string value;
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
        if (at < text.size()) value += text[at];
      }
      ++at;
    } else {
      for (; at < text.size() && text[at] != ',' && text[at] != '}'; ++at) value += text[at];
    }
    made.push_back(std::move(value));
  }
  return made;
}

template <class T>
std::vector<T> read_by_tusk(std::string_view text) {
  return *tusk::from_text<std::vector<T>>::parse(text);
}

template <class Read>
void measure(benchmark::State& state, std::string const& text, Read const& read) {
  std::size_t const count = read(text).size();
  if (count != integer_count && count != word_count) state.SkipWithError("not all elements were read");
  for (auto _ : state) benchmark::DoNotOptimize(read(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void array_of_int_tusk(benchmark::State& state) { measure(state, integers(), read_by_tusk<int>); }
void array_of_int_from_chars(benchmark::State& state) { measure(state, integers(), read_integers_by_hand); }
void array_of_text_tusk(benchmark::State& state) { measure(state, plain_words(), read_by_tusk<std::string>); }
void array_of_text_by_hand(benchmark::State& state) { measure(state, plain_words(), read_words_by_hand); }
void array_of_quoted_text_tusk(benchmark::State& state) { measure(state, quoted_words(), read_by_tusk<std::string>); }
void array_of_quoted_text_by_hand(benchmark::State& state) { measure(state, quoted_words(), read_words_by_hand); }

BENCHMARK(array_of_int_tusk);
BENCHMARK(array_of_int_from_chars);
BENCHMARK(array_of_text_tusk);
BENCHMARK(array_of_text_by_hand);
BENCHMARK(array_of_quoted_text_tusk);
BENCHMARK(array_of_quoted_text_by_hand);

}  // namespace
