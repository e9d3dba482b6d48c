// The text format of dates, times, timestamps and intervals, from any bytes.
//
// Input: a letter that chooses the type (see `check`), then the text; after `I`, sixteen bytes that are an interval.
//
// Checked: what is accepted is what an independent, slower reading says, with the same value; a value that was parsed,
// written and parsed again is the same value; std::chrono's types say the same, or why not; a refusal names a position
// in the text; an interval is read back from each of the four styles, as a server writes them.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/wide.hpp>
#include <vector>

namespace {

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      std::fprintf(stderr, "%d: not so: %s\n", __LINE__, #condition); \
      std::abort();                                                   \
    }                                                                 \
  } while (false)

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  if constexpr (tusk::quickly_readable<T>) {
    if (T quick{}; tusk::from_text<T>::parse_quickly(text, quick)) CHECK(result && *result == quick);
  }
  if (!result) {
    CHECK(result.error().position <= text.size());
    CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  auto const written = tusk::types::text_of(*result);
  CHECK(written);
  auto const again = tusk::from_text<T>::parse(*written);
  CHECK(again && *again == *result);
  return *result;
}

// A type of std::chrono and its counterpart are read from the same texts, but for what the first one cannot hold.
template <class Chrono, class Own>
void check_chrono(std::string_view text, std::optional<Own> const& own) {
  auto const read = tusk::from_text<Chrono>::parse(text);
  CHECK(own || !read);
  if (!own) return;
  Chrono converted{};
  auto const refused = own->convert_to(converted);
  CHECK(refused.has_value() == !read);
  if (read) {
    CHECK(*read == converted);
  } else {
    CHECK(read.error().code == *refused);
  }
}

using tusk::types::wide;

// Takes what the pattern says: 0 a digit, 9 any number of digits, others themselves. Numbers in their order.
std::optional<std::vector<wide>> scan(std::string_view& text, std::string_view pattern) {
  std::vector<wide> numbers;
  bool in_number = false;
  std::size_t at = 0;
  auto const digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  auto const take = [&] { numbers.back() = numbers.back() * 10 + (text[at++] - '0'); };
  for (char c : pattern) {
    bool const number = c == '0' || c == '9';
    if (number && !in_number) numbers.push_back(0);
    in_number = number;
    if (c == '0' || !number) {
      if (number ? !digit() : at == text.size() || text[at] != c) return std::nullopt;
      if (number) {
        take();
      } else {
        ++at;
      }
    }
    for (int most = 19; c == '9' && digit() && most != 0; --most) take();
  }
  text.remove_prefix(at);
  return numbers;
}

// `HH:MM:SS.ffffff` as microseconds.
std::optional<wide> scan_clock(std::string_view& text) {
  auto const clock = scan(text, "00:00:00");
  if (!clock || (*clock)[1] > 59 || (*clock)[2] > 59) return std::nullopt;
  wide value = (((*clock)[0] * 60 + (*clock)[1]) * 60 + (*clock)[2]) * 1'000'000;
  if (!text.starts_with('.')) return value;
  text.remove_prefix(1);
  int scale = 100'000;
  std::size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 6; ++digits, scale /= 10) {
    value += (text[0] - '0') * scale;
    text.remove_prefix(1);
  }
  return digits == 0 ? std::nullopt : std::optional(value);
}

// In seconds.
std::optional<wide> scan_offset(std::string_view& text, int max_hours) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int const sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  std::string_view const digits = text.substr(0, text.find_first_not_of("0123456789"));
  auto const hours = scan(text, "009");
  if (!hours || digits.size() > 3 || (*hours)[0] > max_hours) return std::nullopt;
  wide seconds = (*hours)[0] * 3600;
  for (int unit : {60, 1}) {
    auto const part = scan(text, ":00");
    if (!part) break;
    if ((*part)[0] > 59) return std::nullopt;
    seconds += (*part)[0] * unit;
  }
  return sign * seconds;
}

std::optional<std::vector<wide>> scan_day(std::string_view& text) {
  std::size_t const hyphen = text.find('-');
  if (hyphen == text.npos || hyphen < 4 || hyphen > 7) return std::nullopt;
  return scan(text, "09-00-00");
}

// The days since 2000, by std::chrono's calendar, which repeats itself after 400 years.
std::optional<wide> number_of(std::vector<wide> const& day, bool before_christ) {
  if (day[0] == 0) return std::nullopt;
  int const year = static_cast<int>(before_christ ? 1 - day[0] : day[0]);
  int const cycle = ((year % 400) + 400) % 400;
  std::chrono::year_month_day const at(std::chrono::year(2000 + cycle),
                                       std::chrono::month(static_cast<unsigned>(day[1])),
                                       std::chrono::day(static_cast<unsigned>(day[2])));
  if (!at.ok()) return std::nullopt;
  return std::chrono::sys_days(at).time_since_epoch().count() - 10'957 + wide{(year - cycle) / 400 - 5} * 146'097;
}

bool scan_era(std::string_view& text) {
  bool const before_christ = text == " BC";
  if (before_christ) text = {};
  return before_christ;
}

template <class T>
std::optional<T> infinite(std::string_view text) {
  if (text == "infinity") return T::infinity();
  if (text == "-infinity") return T::minus_infinity();
  return std::nullopt;
}

std::optional<tusk::date> read_date(std::string_view text) {
  if (auto const value = infinite<tusk::date>(text)) return value;
  auto const day = scan_day(text);
  if (!day) return std::nullopt;
  bool const before_christ = scan_era(text);
  auto const number = number_of(*day, before_christ);
  if (!number || !text.empty() || *number < tusk::date::first_day || *number > tusk::date::last_day)
    return std::nullopt;
  return tusk::date::from_days_since_2000(static_cast<std::int32_t>(*number));
}

template <class T>
std::optional<T> read_timestamp(std::string_view text, bool with_offset) {
  if (auto const value = infinite<T>(text)) return value;
  auto const day = scan_day(text);
  if (!day || !scan(text, " ")) return std::nullopt;
  auto const clock = scan_clock(text);
  if (!clock || *clock >= 86'400'000'000) return std::nullopt;
  auto const offset = with_offset ? scan_offset(text, 167) : wide{0};
  if (!offset) return std::nullopt;
  bool const before_christ = scan_era(text);
  auto const number = number_of(*day, before_christ);
  if (!number || !text.empty()) return std::nullopt;
  wide const value = *number * 86'400'000'000 + *clock - *offset * 1'000'000;
  if (value < T::first_microsecond || value > T::last_microsecond) return std::nullopt;
  return T::from_microseconds_since_2000(static_cast<std::int64_t>(value));
}

std::optional<tusk::time> read_time(std::string_view& text) {
  auto const clock = scan_clock(text);
  if (!clock || *clock > 86'400'000'000) return std::nullopt;
  return tusk::time(std::chrono::microseconds(static_cast<std::int64_t>(*clock)));
}

std::optional<tusk::time_tz> read_time_tz(std::string_view text) {
  auto const local = read_time(text);
  if (!local) return std::nullopt;
  auto const offset = scan_offset(text, 15);
  if (!offset || !text.empty()) return std::nullopt;
  return tusk::time_tz(*local, std::chrono::seconds(static_cast<std::int64_t>(*offset)));
}

// ---- intervals as the server writes them ----------------------------------------------------------------------------

std::string number(wide value) {
  std::string const sign = value < 0 ? "-" : "";
  return sign + std::to_string(static_cast<std::uint64_t>(value < 0 ? -value : value));
}

// Years, months, days, hours, minutes, and microseconds that stand for seconds.
std::vector<wide> fields_of(tusk::interval const& value) {
  std::int64_t const in_minutes = value.microseconds / 60'000'000;
  return {value.months / 12, value.months % 12, value.days,
          in_minutes / 60,   in_minutes % 60,   value.microseconds % 60'000'000};
}

std::string seconds(wide microseconds) {
  std::string text = microseconds < 0 ? "-" : "";
  auto const magnitude = static_cast<std::uint64_t>(microseconds < 0 ? -microseconds : microseconds);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06u", static_cast<unsigned>(magnitude % 1'000'000));
  text += std::to_string(magnitude / 1'000'000) + fraction;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string clock(std::int64_t microseconds, std::string_view sign, char const* hours) {
  auto const magnitude =
      microseconds < 0 ? 0 - static_cast<std::uint64_t>(microseconds) : static_cast<std::uint64_t>(microseconds);
  char text[64];
  std::snprintf(text, sizeof text, hours, static_cast<unsigned long>(magnitude / 3'600'000'000));
  std::string made(sign);
  made += text;
  std::snprintf(text, sizeof text, ":%02u:%02u.%06u", static_cast<unsigned>(magnitude / 60'000'000 % 60),
                static_cast<unsigned>(magnitude / 1'000'000 % 60), static_cast<unsigned>(magnitude % 1'000'000));
  return made + text;
}

std::string postgres(tusk::interval const& value) {
  auto const fields = fields_of(value);
  char const* const names[] = {"year", "mon", "day"};
  std::string text;
  bool after_minus = false;
  for (std::size_t i = 0; i < 3; ++i) {
    if (fields[i] == 0) continue;
    text += (text.empty() ? "" : " ") + std::string(after_minus && fields[i] > 0 ? "+" : "") + number(fields[i]) + " " +
            names[i] + (fields[i] == 1 ? "" : "s");
    after_minus = fields[i] < 0;
  }
  if (!text.empty() && value.microseconds == 0) return text;
  if (!text.empty()) text += " ";
  return text + clock(value.microseconds, value.microseconds < 0 ? "-" : after_minus ? "+" : "", "%02lu");
}

std::string verbose(tusk::interval const& value) {
  auto const fields = fields_of(value);
  char const* const names[] = {"year", "mon", "day", "hour", "min", "sec"};
  std::string text = "@";
  bool first = true;
  bool ago = false;
  for (std::size_t i = 0; i < 6; ++i) {
    if (fields[i] == 0) continue;
    if (first) ago = fields[i] < 0;
    first = false;
    wide const shown = ago ? -fields[i] : fields[i];
    bool const one = shown == (i == 5 ? 1'000'000 : 1);
    text += " " + (i == 5 ? seconds(shown) : number(shown)) + " " + names[i] + (one ? "" : "s");
  }
  return text + (first ? " 0" : ago ? " ago" : "");
}

std::string sql(tusk::interval const& value) {
  bool const negative = value.months < 0 || value.days < 0 || value.microseconds < 0;
  bool const positive = value.months > 0 || value.days > 0 || value.microseconds > 0;
  bool const both = value.months != 0 && (value.days != 0 || value.microseconds != 0);
  auto const months = [&] {
    wide const magnitude = value.months < 0 ? -wide{value.months} : wide{value.months};
    return number(magnitude / 12) + "-" + number(magnitude % 12);
  };
  std::string const days = number(value.days < 0 ? -wide{value.days} : wide{value.days});
  if (!negative && !positive) return "0";
  if ((negative && positive) || both) {
    return (value.months < 0 ? "-" : "+") + months() + (value.days < 0 ? " -" : " +") + days +
           clock(value.microseconds, value.microseconds < 0 ? " -" : " +", "%lu");
  }
  std::string const sign = negative ? "-" : "";
  if (value.months != 0) return sign + months();
  return sign + (value.days != 0 ? days + " " : "") + clock(value.microseconds, "", "%lu");
}

std::string iso(tusk::interval const& value) {
  auto const fields = fields_of(value);
  std::string text = "P";
  for (std::size_t i = 0; i < 6; ++i) {
    if (i == 3 && value.microseconds != 0) text += "T";
    if (fields[i] != 0) text += (i == 5 ? seconds(fields[i]) : number(fields[i])) + "YMDHMS"[i];
  }
  return text == "P" ? "PT0S" : text;
}

void check_styles(std::string_view bytes) {
  tusk::interval value;
  if (bytes.size() != sizeof value) return;
  std::memcpy(&value, bytes.data(), sizeof value);
  CHECK(parse<tusk::interval>(*tusk::types::text_of(value)) == value);
  for (auto const style : {postgres, verbose, sql, iso}) CHECK(parse<tusk::interval>(style(value)) == value);
}

void check(char type, std::string_view text) {
  switch (type) {
    case 'd': {
      auto const value = parse<tusk::date>(text);
      CHECK(value == read_date(text));
      check_chrono<std::chrono::sys_days>(text, value);
      check_chrono<std::chrono::year_month_day>(text, value);
      break;
    }
    case 't': {
      std::string_view rest = text;
      auto const expected = read_time(rest);
      CHECK(parse<tusk::time>(text) == (rest.empty() ? expected : std::nullopt));
      break;
    }
    case 'z': CHECK(parse<tusk::time_tz>(text) == read_time_tz(text)); break;
    case 's': {
      auto const value = parse<tusk::timestamp>(text);
      CHECK(value == read_timestamp<tusk::timestamp>(text, false));
      check_chrono<std::chrono::local_time<std::chrono::seconds>>(text, value);
      check_chrono<std::chrono::local_time<std::chrono::microseconds>>(text, value);
      break;
    }
    case 'S': {
      auto const value = parse<tusk::timestamptz>(text);
      CHECK(value == read_timestamp<tusk::timestamptz>(text, true));
      check_chrono<std::chrono::sys_time<std::chrono::nanoseconds>>(text, value);
      check_chrono<std::chrono::sys_time<std::chrono::hours>>(text, value);
      break;
    }
    case 'i': {
      auto const value = parse<tusk::interval>(text);
      check_chrono<std::chrono::seconds>(text, value);
      check_chrono<std::chrono::nanoseconds>(text, value);
      break;
    }
    case 'I': check_styles(text); break;
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
