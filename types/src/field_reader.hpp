// Reads a text field by field, of whatever width, and knows where it went wrong.
//
// It is sticky: what is not as it should be becomes the end of the text, and its position is kept. Nothing more is
// taken then, numbers are 0, and one question at the end, `finish`, is enough.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tusk::types {

class field_reader {
 public:
  explicit field_reader(std::string_view text) noexcept
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  std::string_view rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  bool at_end() const noexcept { return at_ == end_; }

  /// Whether this character comes next.
  bool next_is(char c) const noexcept { return at_ != end_ && *at_ == c; }

  /// Takes `what` if it comes next; whether it did.
  bool skip(char what) noexcept {
    bool const found = next_is(what);
    at_ += found;
    return found;
  }
  bool skip(std::string_view what) noexcept {
    bool const found = rest().starts_with(what);
    if (found) at_ += what.size();
    return found;
  }

  /// Takes `what`, which has to come next.
  void expect(char what) noexcept {
    if (!skip(what)) fail();
  }

  /// Takes from `min` to `max` digits (at most 19), a number of at most `limit`.
  std::uint64_t number(std::size_t min, std::size_t max, std::uint64_t limit = UINT64_MAX) noexcept {
    std::uint64_t value = 0;
    char const* at = at_;
    char const* const last = at_ + std::min(max, static_cast<std::size_t>(end_ - at_));
    for (unsigned next = 0; at != last && (next = digit(*at)) <= 9; ++at) value = value * 10 + next;
    if (static_cast<std::size_t>(at - at_) < min || value > limit) return fail();
    at_ = at;
    return value;
  }

  /// Takes two digits, a number of at most `limit`.
  std::uint64_t pair(std::uint64_t limit = 99) noexcept {
    if (end_ - at_ < 2 || digit(at_[0]) > 9 || digit(at_[1]) > 9) return fail();
    std::uint64_t const value = digit(at_[0]) * 10 + digit(at_[1]);
    if (value > limit) return fail();
    at_ += 2;
    return value;
  }

  /// Takes a fraction of a second, if one comes next: a point and up to six digits. As microseconds.
  std::uint64_t fraction() noexcept {
    if (!skip('.')) return 0;
    char const* const first = at_;
    std::uint64_t const value = number(1, 6);
    constexpr std::uint64_t scale[] = {1'000'000, 100'000, 10'000, 1000, 100, 10, 1};
    return value * scale[at_ - first];
  }

  /// Takes `MM:SS` with a fraction, as microseconds.
  std::uint64_t minutes_and_seconds() noexcept {
    std::uint64_t const minute = pair(59);
    expect(':');
    std::uint64_t const second = pair(59);
    return (minute * 60 + second) * 1'000'000 + fraction();
  }

  /// Takes `HH:MM:SS` with a fraction, as microseconds.
  std::uint64_t clock(std::uint64_t max_hours) noexcept {
    std::uint64_t const hours = pair(max_hours);
    expect(':');
    return hours * 3'600'000'000 + minutes_and_seconds();
  }

  /// Takes `+HH`, `-HH:MM` or `+HH:MM:SS`, as seconds.
  std::int64_t utc_offset(std::uint64_t max_hours) noexcept {
    bool const negative = skip('-');
    if (!negative) expect('+');
    std::uint64_t seconds = number(2, 3, max_hours) * 3600;
    if (skip(':')) seconds += pair(59) * 60;
    if (skip(':')) seconds += pair(59);
    return negative ? -static_cast<std::int64_t>(seconds) : static_cast<std::int64_t>(seconds);
  }

  /// What comes next is not what it should be. The 0 is for those who return a number.
  std::uint64_t fail() noexcept {
    end_ = at_;
    failed_ = true;
    return 0;
  }
  /// What was read before, at this position, is not what it should be.
  void fail_at(std::size_t position) noexcept {
    if (!failed_) at_ = begin_ + position;
    fail();
  }
  /// Whether all was as it should be, and nothing is left; `position` is where it was not.
  bool finish() const noexcept { return !failed_ && at_end(); }

 private:
  // More than 9 if it is none.
  static unsigned digit(char c) noexcept { return static_cast<unsigned char>(c) - unsigned{'0'}; }

  char const* begin_;
  char const* at_;
  char const* end_;
  bool failed_ = false;
};

}  // namespace tusk::types
