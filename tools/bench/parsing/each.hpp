// What the benchmarks of single values share: a list of texts, parsed one after another.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <tusk/types/from_text.hpp>
#include <vector>

namespace tusk::bench {

/// A thousand texts that `make` gives of random numbers: few enough to stay in the cache, too many to be foreseen.
template <class Make>
std::vector<std::string> random_texts(Make make) {
  std::mt19937_64 random(1);
  std::vector<std::string> texts(1000);
  for (auto& each : texts) each = make(random);
  return texts;
}

/// As a row reads a field.
template <class T>
T read(std::string_view text) {
  if constexpr (quickly_readable<T>) {
    if (T quick{}; from_text<T>::parse_quickly(text, quick)) [[likely]]
      return quick;
  }
  return *from_text<T>::parse(text);
}

/// Parses each of them; counts values and bytes.
template <class Parse>
void parse_each(benchmark::State& state, std::vector<std::string> const& texts, Parse parse) {
  std::size_t bytes = 0;
  for (auto const& each : texts) bytes += each.size();
  for ([[maybe_unused]] auto _ : state) {
    for (auto const& each : texts) benchmark::DoNotOptimize(parse(std::string_view(each)));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(texts.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

}  // namespace tusk::bench
