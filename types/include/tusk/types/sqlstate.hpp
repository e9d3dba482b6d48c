// SQLSTATE: the five characters (digits and capital letters) that say what a server's error is.
//
// Packed form, 30 bits: six bits a character, the first one highest; 0 where there is no character, '0' to '9' are 1 to
// 10, 'A' to 'Z' 11 to 36. So packed codes sort as their text does, no code is 0, and the class is the upper 12 bits.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace tusk {
namespace types {

/// The packed form of five characters; 0 if they are not a SQLSTATE.
constexpr std::uint32_t try_pack_sqlstate(std::string_view text) noexcept {
  if (text.size() != 5) return 0;
  std::uint32_t packed = 0;
  for (char c : text) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0') + 1;
    } else if (c >= 'A' && c <= 'Z') {
      digit = static_cast<std::uint32_t>(c - 'A') + 11;
    } else {
      return 0;
    }
    packed = packed << 6 | digit;
  }
  return packed;
}

/// The same for a literal: a malformed one does not compile.
consteval std::uint32_t pack_sqlstate(std::string_view text) {
  std::uint32_t const packed = try_pack_sqlstate(text);
  if (packed == 0) throw "a SQLSTATE is five characters, each a digit or a capital letter";
  return packed;
}

}  // namespace types

/// A SQLSTATE as a value; empty where there is none. Compares and sorts as its text does.
class sqlstate {
 public:
  constexpr sqlstate() noexcept = default;

  /// From text as a server sends it; nothing if it is not five digits or capital letters.
  static constexpr std::optional<sqlstate> parse(std::string_view text) noexcept {
    std::uint32_t const packed = types::try_pack_sqlstate(text);
    if (packed == 0) return std::nullopt;
    return sqlstate{packed};
  }

  /// From the packed form. Whoever passes a number that `packed()` did not give gets a code that equals no other.
  static constexpr sqlstate from_packed(std::uint32_t packed) noexcept { return sqlstate{packed}; }

  constexpr std::uint32_t packed() const noexcept { return packed_; }
  constexpr bool empty() const noexcept { return packed_ == 0; }

  /// Whether the code is in a class, given as two characters: `code.in_class("23")`.
  constexpr bool in_class(std::string_view two) const noexcept {
    return two.size() == 2 && !empty() && character(0) == two[0] && character(1) == two[1];
  }

  /// The text, or "" for an empty one.
  std::string str() const {
    std::string text;
    for (int i = 0; !empty() && i < 5; ++i) text += character(i);
    return text;
  }

  /// The text; nothing for an empty one.
  friend std::ostream& operator<<(std::ostream& out, sqlstate code) { return out << code.str(); }

  friend constexpr auto operator<=>(sqlstate, sqlstate) noexcept = default;

 private:
  explicit constexpr sqlstate(std::uint32_t packed) noexcept : packed_(packed) {}

  constexpr char character(int index) const noexcept {
    std::uint32_t const digit = packed_ >> (6 * (4 - index)) & 63;
    return static_cast<char>(digit <= 10 ? '0' + digit - 1 : 'A' + digit - 11);
  }

  std::uint32_t packed_ = 0;
};

inline namespace literals {

/// `"42P01"_sqlstate`: a SQLSTATE, checked when compiling.
consteval sqlstate operator""_sqlstate(char const* text, std::size_t size) {
  return sqlstate::from_packed(types::pack_sqlstate({text, size}));
}

}  // namespace literals
}  // namespace tusk
