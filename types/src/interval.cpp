// The texts of intervals.
//
// Each field is a sign, a number and a unit; all are added up in 128 bits, where none of them can overflow, and only
// the sums are held against the fields of an interval.
#include <tusk/types/interval.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <ostream>
#include <utility>

#include "datetime_text.hpp"

namespace tusk {

std::ostream& operator<<(std::ostream& to, interval const& value) { return to << *types::text_of(value); }

namespace types {
namespace {

struct sums {
  wide months = 0;
  wide days = 0;
  wide microseconds = 0;
};

struct unit {
  std::string_view word;  // of postgres and postgres_verbose; more than one has an s behind it
  char letter;            // of iso_8601
  wide sums::*sum;
  std::int64_t size;
};

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t hour = 3600 * second;
constexpr unit units[] = {{"year", 'Y', &sums::months, 12},
                          {"mon", 'M', &sums::months, 1},
                          {"day", 'D', &sums::days, 1},
                          {"hour", 'H', &sums::microseconds, hour},
                          {"min", 'M', &sums::microseconds, 60 * second},
                          {"sec", 'S', &sums::microseconds, second}};
constexpr std::size_t date_units = 3;  // the first ones

struct amount {
  bool has_sign;
  bool negative;
  std::uint64_t number;

  wide times(std::int64_t size, std::uint64_t more = 0) const noexcept {
    wide const value = wide{number} * size + more;
    return negative ? -value : value;
  }
};

amount read_amount(field_reader& in) noexcept {
  bool const negative = in.skip('-');
  bool const has_sign = negative || in.skip('+');
  return {has_sign, negative, in.number(1, 19)};  // an int64 has up to 19 digits
}

bool begins_with_digit(std::string_view text) noexcept { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

// One text being read.
class interval_text {
 public:
  explicit interval_text(std::string_view text) noexcept : in_(text) {}

  protocol::expected<interval> read() noexcept {
    if (in_.skip('P')) {
      read_iso();
    } else {
      bool const verbose = in_.skip("@ ");
      amount const first = read_amount(in_);
      bool const zero = in_.at_end() && first.number == 0 && !first.has_sign;
      if (verbose && !zero) read_words(first, true);
      if (!verbose && !zero) read_postgres_or_sql(first);
    }
    if (!in_.finish()) return protocol::parse_error{errc::malformed_interval, in_.position()};
    interval const value{static_cast<std::int32_t>(sums_.months), static_cast<std::int32_t>(sums_.days),
                         static_cast<std::int64_t>(sums_.microseconds)};
    if (value.months != sums_.months || value.days != sums_.days || value.microseconds != sums_.microseconds)
      return protocol::parse_error{errc::out_of_range, 0};
    return value;
  }

 private:
  // From behind the P on.
  void read_iso() noexcept {
    std::size_t end = date_units;
    do {
      if (end == date_units && in_.skip('T')) next_ = std::exchange(end, std::size(units));
      add_units(read_amount(in_), true, end);
    } while (!in_.at_end());
  }

  // The readers below begin behind the first number. A text of postgres_verbose has its time in words too.
  void read_words(amount value, bool verbose) noexcept {
    for (;;) {
      add_units(value, false, std::size(units));
      in_.skip('s');
      if (!in_.skip(' ')) return;
      if (verbose && in_.skip("ago")) return turn();
      value = read_amount(in_);
      if (!verbose && in_.next_is(':')) return add_time(value);
    }
  }

  void read_postgres_or_sql(amount const& first) noexcept {
    if (in_.next_is(':')) {
      add_time(first);
    } else if (in_.skip('-')) {
      read_sql_years(first);
    } else if (in_.next_is(' ') && begins_with_digit(in_.rest().substr(1))) {
      sums_.days = wide{first.number};
      in_.expect(' ');
      add_time(read_amount(in_));
      if (first.negative) turn();
    } else {
      read_words(first, false);
    }
  }

  // Years and months alone, or `+1-2 -3 +4:05:06`, where all have signs.
  void read_sql_years(amount const& years) noexcept {
    sums_.months = years.times(12, in_.number(1, 2, 11));
    if (!in_.skip(' ')) return;
    amount const days = read_amount(in_);
    sums_.days = days.times(1);
    in_.expect(' ');
    amount const hours = read_amount(in_);
    if (!years.has_sign || !days.has_sign || !hours.has_sign) in_.fail_at(0);
    add_time(hours);
  }

  void add_time(amount const& hours) noexcept {
    in_.expect(':');
    sums_.microseconds += hours.times(hour, in_.minutes_and_seconds());
  }

  // Takes the name of a unit, one that is behind those taken before. Only seconds, which are the last, have a fraction.
  void add_units(amount const& value, bool by_letter, std::size_t end) noexcept {
    if (in_.next_is('.')) next_ = std::max(next_, std::size(units) - 1);
    std::uint64_t const fraction = in_.fraction();
    if (!by_letter) in_.expect(' ');
    while (next_ < end && !take_name(units[next_], by_letter)) ++next_;
    if (next_ >= end) {
      in_.fail();
      return;
    }
    unit const& of = units[next_++];
    sums_.*of.sum += value.times(of.size, fraction);
  }

  bool take_name(unit const& of, bool by_letter) noexcept {
    return by_letter ? in_.skip(of.letter) : in_.next_is(of.word[0]) && in_.skip(of.word);
  }

  void turn() noexcept { sums_ = {-sums_.months, -sums_.days, -sums_.microseconds}; }

  field_reader in_;
  sums sums_;
  std::size_t next_ = 0;  // the first unit that may still come
};

// So many of what consists of `size`, with a fraction.
char* write_amount(char* to, std::int64_t value, std::uint64_t size, std::string_view unit_name) noexcept {
  constexpr std::ptrdiff_t digits = 19;
  auto const magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  *to++ = value < 0 ? '-' : '+';
  to = write_fraction(std::to_chars(to, to + digits, magnitude / size).ptr, magnitude % size);
  return std::copy(unit_name.begin(), unit_name.end(), to);
}

}  // namespace

protocol::expected<interval> parse_interval(std::string_view text) noexcept {
  if (text == "infinity") return interval::infinity();
  if (text == "-infinity") return interval::minus_infinity();
  return interval_text(text).read();
}

void write_interval(interval const& value, text_writer& out) {
  if (!value.is_finite()) return out.unchecked(value == interval::infinity() ? "infinity" : "-infinity");
  char* const begin = out.reserve(longest_text);
  char* to = write_amount(begin, value.months, 1, " mons ");
  to = write_amount(to, value.days, 1, " days ");
  to = write_amount(to, value.microseconds, second, " secs");
  out.commit(static_cast<std::size_t>(to - begin));
}

void write_binary_interval(interval const& value, binary_writer& out) {
  out.put(value.microseconds).put(value.days).put(value.months);
}

protocol::expected<interval> parse_binary_interval(std::string_view bytes) noexcept {
  binary_reader in(bytes);
  interval value;
  value.microseconds = in.take<std::int64_t>();
  value.days = in.take<std::int32_t>();
  value.months = in.take<std::int32_t>();
  if (auto const error = in.finish(); error.code) return error;
  return value;
}

}  // namespace types
}  // namespace tusk
