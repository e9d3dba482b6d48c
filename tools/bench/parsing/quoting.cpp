// Quoting, beside the straightforward loop; and merging a whole statement, beside snprintf. Goal: 1 GB/s or more.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <string_view>

#include <tusk/types/literal.hpp>
#include <tusk/types/merge.hpp>

namespace {

// Of 16 KiB: `special` in every so many characters, 0 for none.
std::string text_with(std::size_t every, char special) {
  std::string text(16'384, 'x');
  for (std::size_t i = every; every != 0 && i < text.size(); i += every) text[i] = special;
  return text;
}

struct row {
  char const* name;
  std::string text;
};

row const& row_of(benchmark::State& state) {
  static row const rows[] = {{"nothing to double", text_with(0, 0)},
                             {"a quote in 40", text_with(40, '\'')},
                             {"a quote in 7", text_with(7, '\'')},
                             {"a backslash in 7", text_with(7, '\\')},
                             {"nothing but quotes", text_with(1, '\'')}};
  row const& chosen = rows[state.range(0)];
  state.SetLabel(chosen.name);
  return chosen;
}

void quote(benchmark::State& state) {
  std::string const& text = row_of(state).text;
  for (auto _ : state) {
    tusk::types::text_buffer to;
    tusk::types::append_quoted(to, text);
    benchmark::DoNotOptimize(to.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(quote)->DenseRange(0, 4);

// What one writes by hand: memory for the worst case, then a character at a time.
void quote_by_hand(benchmark::State& state) {
  std::string const& text = row_of(state).text;
  for (auto _ : state) {
    auto* const made = new char[2 * text.size() + 4];
    char* to = made;
    if (text.find('\\') != text.npos) {
      *to++ = ' ';
      *to++ = 'E';
    }
    *to++ = '\'';
    for (char const c : text) {
      if (c == '\'' || c == '\\') *to++ = c;
      *to++ = c;
    }
    *to++ = '\'';
    benchmark::DoNotOptimize(to);
    delete[] made;
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(quote_by_hand)->DenseRange(0, 4);

void merge_insert(benchmark::State& state) {
  for (auto _ : state) {
    std::string const sql = tusk::merge("INSERT INTO item (id, name, price) VALUES (%s, %s, %s)",
                                        tusk::params(12345, std::string_view("a name of some length"), -7));
    benchmark::DoNotOptimize(sql.data());
  }
}
BENCHMARK(merge_insert);

// The same text, and nothing is checked or quoted.
void merge_insert_by_snprintf(benchmark::State& state) {
  for (auto _ : state) {
    char sql[256];
    std::snprintf(sql, sizeof sql, "INSERT INTO item (id, name, price) VALUES (%d, '%s', (%d))", 12345,
                  "a name of some length", -7);
    std::string const kept = sql;
    benchmark::DoNotOptimize(kept.data());
  }
}
BENCHMARK(merge_insert_by_snprintf);

}  // namespace
