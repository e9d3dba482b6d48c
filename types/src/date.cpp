#include <tusk/types/date.hpp>

#include <charconv>
#include <cstring>
#include <ostream>

#include "datetime_text.hpp"
#include "fixed_text.hpp"

namespace tusk {

std::ostream& operator<<(std::ostream& to, date value) { return to << *types::text_of(value); }

namespace types {

static_assert(number_of({2000, 1, 1}) == 0 && number_of({first_year, 11, 24}) == date::first_day &&
              number_of({5'874'897, 12, 31}) == date::last_day);

incomplete_day read_day(field_reader& in) noexcept {
  incomplete_day read;
  read.year = in.number(4, 7);
  in.expect('-');
  read.month = in.pair();
  in.expect('-');
  read.day_position = in.position();
  read.day = in.pair();
  return read;
}

calendar_day complete_day(field_reader& in, incomplete_day const& day) noexcept {
  bool const before_christ = in.skip(" BC");
  if (!in.at_end()) in.fail();
  auto const year = static_cast<std::int32_t>(day.year);
  calendar_day const complete{before_christ ? 1 - year : year, static_cast<std::uint32_t>(day.month),
                              static_cast<std::uint32_t>(day.day)};
  if (year == 0) in.fail_at(0);  // 1 BC was before 1
  if (!exists(complete)) in.fail_at(day.day_position);
  return complete;
}

char* write_day(char* to, calendar_day day) noexcept {
  auto const year = static_cast<std::uint32_t>(day.year > 0 ? day.year : 1 - day.year);
  to = year < 10'000 ? write_pair(write_pair(to, year / 100), year % 100) : std::to_chars(to, to + 7, year).ptr;
  *to++ = '-';
  to = write_pair(to, day.month);
  *to++ = '-';
  return write_pair(to, day.day);
}

char* write_era(char* to, calendar_day day) noexcept {
  if (day.year > 0) return to;
  std::memcpy(to, " BC", 3);
  return to + 3;
}

void write_date(date value, text_writer& out) {
  if (!value.is_finite()) return out.unchecked(value == date::infinity() ? "infinity" : "-infinity");
  char* const begin = out.reserve(longest_text);
  calendar_day const day = day_of(value.days_since_2000());
  out.commit(static_cast<std::size_t>(write_era(write_day(begin, day), day) - begin));
}

bool parse_quickly(std::string_view text, date& value) noexcept {
  if (!can_match || text.size() != 10) return false;
  std::uint64_t bad = 0;
  std::uint64_t const front = match(text.data(), "0000-00-", bad);
  std::uint64_t const back = match(text.data() + 2, "00-00-00", bad);
  auto const year = static_cast<std::int32_t>(pair(front, 0) * 100 + pair(front, 2));
  calendar_day const day{year, pair(front, 5), pair(back, 6)};
  if (!is_good(bad) || year == 0 || !exists(day)) return false;
  value = date::from_days_since_2000(static_cast<std::int32_t>(number_of(day)));
  return true;
}

protocol::expected<date> parse_date(std::string_view text) noexcept {
  if (date value; parse_quickly(text, value)) return value;
  if (text == "infinity") return date::infinity();
  if (text == "-infinity") return date::minus_infinity();
  field_reader in(text);
  calendar_day const day = complete_day(in, read_day(in));
  if (!in.finish()) return protocol::parse_error{errc::malformed_date, in.position()};
  if (day.year < first_year) return protocol::parse_error{errc::out_of_range, 0};
  std::int64_t const number = number_of(day);
  if (number < date::first_day || number > date::last_day) return protocol::parse_error{errc::out_of_range, 0};
  return date::from_days_since_2000(static_cast<std::int32_t>(number));
}

}  // namespace types
}  // namespace tusk
