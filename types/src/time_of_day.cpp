#include <tusk/types/time_of_day.hpp>

#include <ostream>

#include "datetime_text.hpp"
#include "fixed_text.hpp"

namespace tusk {

std::ostream& operator<<(std::ostream& to, time value) { return to << *types::text_of(value); }
std::ostream& operator<<(std::ostream& to, time_tz value) { return to << *types::text_of(value); }

namespace types {
namespace {

// Takes `HH:MM:SS.ffffff` up to 24 hours.
time read_time(field_reader& in) noexcept {
  std::size_t const begin = in.position();
  auto const microseconds = static_cast<std::int64_t>(in.clock(24));
  if (microseconds <= microseconds_per_day) return time(std::chrono::microseconds(microseconds));
  in.fail_at(begin);
  return {};
}

}  // namespace

char* write_fraction(char* to, std::uint64_t microseconds) noexcept {
  if (microseconds == 0) return to;
  *to++ = '.';
  write_pair(write_pair(write_pair(to, microseconds / 10'000), microseconds / 100 % 100), microseconds % 100);
  to += 6;
  while (to[-1] == '0') --to;
  return to;
}

char* write_clock(char* to, std::int64_t microseconds) noexcept {
  auto const fraction = static_cast<std::uint32_t>(microseconds % 1'000'000);
  auto const seconds = static_cast<std::uint32_t>(microseconds / 1'000'000);
  to = write_pair(to, seconds / 3600);
  *to++ = ':';
  to = write_pair(to, seconds / 60 % 60);
  *to++ = ':';
  return write_fraction(write_pair(to, seconds % 60), fraction);
}

void write_time(time value, text_writer& out) {
  char* const begin = out.reserve(longest_text);
  out.commit(static_cast<std::size_t>(write_clock(begin, value.microseconds()) - begin));
}

void write_time_tz(time_tz value, text_writer& out) {
  char* const begin = out.reserve(longest_text);
  char* to = write_clock(begin, value.local().microseconds());
  auto const offset = static_cast<std::int32_t>(value.utc_offset().count());
  auto const seconds = static_cast<std::uint32_t>(offset < 0 ? -offset : offset);
  *to++ = offset < 0 ? '-' : '+';
  to = write_pair(to, seconds / 3600);
  *to++ = ':';
  to = write_pair(to, seconds / 60 % 60);
  *to++ = ':';
  to = write_pair(to, seconds % 60);
  out.commit(static_cast<std::size_t>(to - begin));
}

bool parse_quickly(std::string_view text, time& value) noexcept {
  std::uint64_t microseconds = 0;
  if (!can_match || text.size() < time_size || !match_time(text.data(), text.size(), microseconds)) return false;
  value = time(std::chrono::microseconds(static_cast<std::int64_t>(microseconds)));
  return true;
}

protocol::expected<time> parse_time(std::string_view text) noexcept {
  if (time value; parse_quickly(text, value)) return value;
  field_reader in(text);
  time const value = read_time(in);
  if (!in.finish()) return protocol::parse_error{errc::malformed_time, in.position()};
  return value;
}

protocol::expected<time_tz> parse_time_tz(std::string_view text) noexcept {
  field_reader in(text);
  time const local = read_time(in);
  std::int64_t const offset = in.utc_offset(15);
  if (!in.finish()) return protocol::parse_error{errc::malformed_time, in.position()};
  return time_tz(local, std::chrono::seconds(offset));
}

}  // namespace types
protocol::expected<time_tz> from_binary<time_tz>::parse(std::string_view bytes, oid) noexcept {
  constexpr std::size_t of_local = sizeof(std::int64_t);
  types::binary_reader in(bytes);
  auto const microseconds = in.take<std::int64_t>();
  auto const west = in.take<std::int32_t>();
  if (auto const error = in.finish(); error.code) return error;
  if (microseconds < 0 || microseconds > types::microseconds_per_day)
    return protocol::parse_error{types::errc::out_of_range, 0};
  if (west < -time_tz::max_utc_offset || west > time_tz::max_utc_offset)
    return protocol::parse_error{types::errc::out_of_range, of_local};
  return time_tz(time(std::chrono::microseconds(microseconds)), -std::chrono::seconds(west));
}

}  // namespace tusk
