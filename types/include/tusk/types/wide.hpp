// types::wide: signed integers that hold any product of two of 64 bits, for sums that are checked at their end. Where
// the compiler has integers of 128 bits, they are it; elsewhere (32 bits) the class below, which does as much as is
// needed.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

#include <tusk/types/int128.hpp>

namespace tusk {
namespace types {

/// An integer of 128 bits and a sign. A factor or a divisor is less than 2^64, and a result that does not fit is not
/// noticed.
class soft_wide {
 public:
  constexpr soft_wide() noexcept = default;
  template <std::integral T>
  constexpr soft_wide(T value) noexcept
      : low_(value < T{} ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value)),
        negative_(value < T{}) {}

  /// The lowest 64 bits, as a conversion between integers gives them.
  template <std::integral T>
  explicit constexpr operator T() const noexcept {
    return static_cast<T>(negative_ ? 0 - low_ : low_);
  }

  constexpr soft_wide operator-() const noexcept { return {high_, low_, !negative_}; }

  friend constexpr soft_wide operator+(soft_wide a, soft_wide b) noexcept {
    if (a.negative_ == b.negative_) {
      std::uint64_t const low = a.low_ + b.low_;
      return {a.high_ + b.high_ + (low < a.low_), low, a.negative_};
    }
    if (compare_magnitudes(a, b) < 0) return b + a;
    return {a.high_ - b.high_ - (a.low_ < b.low_), a.low_ - b.low_, a.negative_};
  }
  friend constexpr soft_wide operator-(soft_wide a, soft_wide b) noexcept { return a + -b; }

  // With the halves of the lower words: (a1 2^32 + a0) (b1 2^32 + b0).
  friend constexpr soft_wide operator*(soft_wide a, soft_wide b) noexcept {
    if (b.high_ != 0) return b * a;
    constexpr std::uint64_t half = 0xffff'ffff;
    std::uint64_t const a0 = a.low_ & half;
    std::uint64_t const a1 = a.low_ >> 32;
    std::uint64_t const b0 = b.low_ & half;
    std::uint64_t const b1 = b.low_ >> 32;
    std::uint64_t const middle = a1 * b0 + (a0 * b0 >> 32);
    std::uint64_t const carry = (middle & half) + a0 * b1;
    return {a.high_ * b.low_ + a1 * b1 + (middle >> 32) + (carry >> 32), a.low_ * b.low_, a.negative_ != b.negative_};
  }

  /// Towards zero, and the remainder has the sign of `a`.
  friend constexpr soft_wide operator/(soft_wide a, soft_wide b) noexcept {
    std::uint64_t rest = 0;
    return divide(a, b, rest);
  }
  friend constexpr soft_wide operator%(soft_wide a, soft_wide b) noexcept {
    std::uint64_t rest = 0;
    divide(a, b, rest);
    return {0, rest, a.negative_};
  }

  constexpr soft_wide& operator+=(soft_wide other) noexcept { return *this = *this + other; }

  friend constexpr bool operator==(soft_wide a, soft_wide b) noexcept { return (a <=> b) == 0; }
  friend constexpr std::strong_ordering operator<=>(soft_wide a, soft_wide b) noexcept {
    bool const a_below = a.negative_ && !a.is_zero();
    bool const b_below = b.negative_ && !b.is_zero();
    if (a_below != b_below) return a_below ? std::strong_ordering::less : std::strong_ordering::greater;
    return a_below ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
  }

 private:
  constexpr soft_wide(std::uint64_t high, std::uint64_t low, bool negative) noexcept
      : high_(high), low_(low), negative_(negative) {}

  constexpr bool is_zero() const noexcept { return high_ == 0 && low_ == 0; }

  static constexpr std::strong_ordering compare_magnitudes(soft_wide a, soft_wide b) noexcept {
    return a.high_ != b.high_ ? a.high_ <=> b.high_ : a.low_ <=> b.low_;
  }

  // Bit by bit.
  static constexpr soft_wide divide(soft_wide a, soft_wide b, std::uint64_t& rest) noexcept {
    soft_wide quotient(0, 0, a.negative_ != b.negative_);
    for (int bit = 127; bit >= 0; --bit) {
      bool const carried = rest >> 63 != 0;
      rest = rest << 1 | ((bit < 64 ? a.low_ : a.high_) >> bit % 64 & 1);
      if (!carried && rest < b.low_) continue;
      rest -= b.low_;
      (bit < 64 ? quotient.low_ : quotient.high_) |= std::uint64_t{1} << bit % 64;
    }
    return quotient;
  }

  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
  bool negative_ = false;
};

#ifdef __SIZEOF_INT128__
using wide = int128;
#else
using wide = soft_wide;
#endif

}  // namespace types
}  // namespace tusk
