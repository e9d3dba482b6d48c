// The texts of the geometric types, from any bytes.
//
// Input: a letter that chooses the type (see `check`), then the text.
//
// Checked: what is accepted is what another reading accepts, which takes the numbers out first and compares the
// punctuation that is left with a pattern; the numbers are those that float8's parser reads; a value that was read,
// written and read again is the same; a refusal names a position in the text.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

/// The punctuation of a text, with an `n` for each number between, and the numbers.
struct taken_apart {
  std::string skeleton;
  std::vector<double> numbers;
  bool good = true;  // each is one
};

taken_apart take_apart(std::string_view text) {
  taken_apart made;
  std::string number;
  auto const end_number = [&] {
    if (number.empty()) return;
    auto const value = tusk::from_text<double>::parse(number);
    made.good = made.good && value.has_value();
    made.numbers.push_back(value ? *value : 0);
    made.skeleton += 'n';
    number.clear();
  };
  for (char const c : text) {
    if (std::string_view(",()[]{}<>").find(c) == std::string_view::npos) {
      number += c;
    } else {
      end_number();
      made.skeleton += c;
    }
  }
  end_number();
  return made;
}

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    FUZZ_CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  std::string const written = *tusk::types::text_of(*result);
  auto const again = tusk::from_text<T>::parse(written);
  FUZZ_CHECK(again && *tusk::types::text_of(*again) == written);  // as text, for NaN is not equal to itself
  return *result;
}

void append(std::vector<double>& to, tusk::geometry::point const& from) {
  to.push_back(from.x);
  to.push_back(from.y);
}
void append(std::vector<double>& to, std::vector<tusk::geometry::point> const& from) {
  for (auto const& each : from) append(to, each);
}

std::vector<double> numbers_of(tusk::geometry::point const& of) { return {of.x, of.y}; }
std::vector<double> numbers_of(tusk::geometry::line const& of) { return {of.a, of.b, of.c}; }
std::vector<double> numbers_of(tusk::geometry::lseg const& of) {
  return {of.first.x, of.first.y, of.second.x, of.second.y};
}
std::vector<double> numbers_of(tusk::geometry::box const& of) { return {of.high.x, of.high.y, of.low.x, of.low.y}; }
std::vector<double> numbers_of(tusk::geometry::circle const& of) { return {of.center.x, of.center.y, of.radius}; }
template <class Points>
std::vector<double> numbers_of(Points const& of) {
  std::vector<double> all;
  append(all, of.points);
  return all;
}

bool same(std::vector<double> const& a, std::vector<double> const& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && !(a[i] != a[i] && b[i] != b[i])) return false;
  return true;
}

template <class T>
void check_one(std::string_view text, std::initializer_list<std::string> skeletons) {
  taken_apart const apart = take_apart(text);
  bool fits = false;
  for (std::string const& each : skeletons) fits = fits || apart.skeleton == each;
  auto const value = parse<T>(text);
  FUZZ_CHECK(value.has_value() == (fits && apart.good));
  if (value) FUZZ_CHECK(same(numbers_of(*value), apart.numbers));
}

/// `(n,n)`, as often as there are two numbers, with commas between.
std::string points(std::string_view text) {
  std::string made = "(n,n)";
  for (std::size_t i = 3; i < take_apart(text).numbers.size(); i += 2) made += ",(n,n)";
  return made;
}

void check(char type, std::string_view text) {
  switch (type) {
    case 'p': check_one<tusk::geometry::point>(text, {"(n,n)"}); break;
    case 'l': check_one<tusk::geometry::line>(text, {"{n,n,n}"}); break;
    case 's': check_one<tusk::geometry::lseg>(text, {"[(n,n),(n,n)]"}); break;
    case 'b': check_one<tusk::geometry::box>(text, {"(n,n),(n,n)"}); break;
    case 'c': check_one<tusk::geometry::circle>(text, {"<(n,n),n>"}); break;
    case 'h': check_one<tusk::geometry::path>(text, {"[" + points(text) + "]", "(" + points(text) + ")"}); break;
    case 'g': check_one<tusk::geometry::polygon>(text, {"(" + points(text) + ")"}); break;
    default: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<char> const exact(data + 1, data + size);
  check(static_cast<char>(data[0]), {exact.data(), exact.size()});
  return 0;
}
