// Reads a text field by field, of whatever width, and knows where it went wrong.
//
// It is sticky: after the first thing that is not as it should be it stands still, takes nothing more and gives what is
// harmless, so that one question at the end, `finish`, is enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tusk::types {

class field_reader {
 public:
  explicit field_reader(std::string_view text) noexcept : text_(text) {}

  std::size_t position() const noexcept { return at_; }
  std::string_view rest() const noexcept { return text_.substr(at_); }

  /// Takes `what` if it comes next; whether it did.
  bool skip(std::string_view what) noexcept {
    bool const found = !failed_ && rest().starts_with(what);
    if (found) at_ += what.size();
    return found;
  }

  /// Takes `what`, which has to come next.
  void expect(std::string_view what) noexcept { failed_ |= !skip(what); }

  /// Takes from `min` to `max` digits (at most 19), a number of at most `limit`.
  std::uint64_t number(std::size_t min, std::size_t max, std::uint64_t limit = UINT64_MAX) noexcept {
    std::uint64_t value = 0;
    std::size_t end = at_;
    while (!failed_ && end < text_.size() && end - at_ < max && text_[end] >= '0' && text_[end] <= '9')
      value = value * 10 + static_cast<std::uint64_t>(text_[end++] - '0');
    if (end - at_ < min || value > limit) failed_ = true;
    if (failed_) return 0;
    at_ = end;
    return value;
  }

  /// Takes a fraction of a second, if one comes next: a point and up to six digits. As microseconds.
  std::uint64_t fraction() noexcept {
    if (!skip(".")) return 0;
    std::size_t const first = at_;
    std::uint64_t value = number(1, 6);
    for (std::size_t digits = at_ - first; digits < 6; ++digits) value *= 10;
    return value;
  }

  /// Takes `MM:SS` with a fraction, as microseconds.
  std::uint64_t minutes_and_seconds() noexcept {
    std::uint64_t const minute = number(2, 2, 59);
    expect(":");
    std::uint64_t const second = number(2, 2, 59);
    return (minute * 60 + second) * 1'000'000 + fraction();
  }

  /// Takes `HH:MM:SS` with a fraction, as microseconds.
  std::uint64_t clock(std::uint64_t max_hours) noexcept {
    std::uint64_t const hours = number(2, 2, max_hours);
    expect(":");
    return hours * 3'600'000'000 + minutes_and_seconds();
  }

  /// Takes `+HH`, `-HH:MM` or `+HH:MM:SS`, as seconds.
  std::int64_t utc_offset(std::uint64_t max_hours) noexcept {
    bool const negative = skip("-");
    if (!negative) expect("+");
    std::uint64_t seconds = number(2, 3, max_hours) * 3600;
    if (skip(":")) seconds += number(2, 2, 59) * 60;
    if (skip(":")) seconds += number(2, 2, 59);
    return negative ? -static_cast<std::int64_t>(seconds) : static_cast<std::int64_t>(seconds);
  }

  /// What was read is not what it should be, and that was seen at this position.
  void fail_at(std::size_t position) noexcept {
    if (!failed_) at_ = position;
    failed_ = true;
  }
  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return at_ == text_.size(); }
  /// Whether all was as it should be, and nothing is left; `position` is where it was not.
  bool finish() const noexcept { return !failed_ && at_end(); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace tusk::types
