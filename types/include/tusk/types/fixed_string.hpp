// A string literal as a template argument: composite<"item">, enum_adapter<"color", "red", "green">.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tusk::types {

/// Made from a literal, when compiling. `Size` counts the NUL byte at the end.
template <std::size_t Size>
struct fixed_string {
  char characters[Size]{};

  consteval fixed_string(char const (&literal)[Size]) { std::copy_n(literal, Size, characters); }

  /// Without the NUL byte; of a template argument it lives for ever.
  constexpr std::string_view view() const noexcept { return {characters, Size - 1}; }
};

}  // namespace tusk::types
