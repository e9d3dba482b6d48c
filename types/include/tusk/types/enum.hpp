// Enums: an enum of C++ as one of the server.
//
//   enum class color { red, green, blue };
//   template <> struct tusk::adapter<color> : tusk::enum_adapter<"color", "red", "green", "blue"> {};
//
// The labels are those of the enumerators 0, 1, 2 and so on; an enum whose values are others does not compile. Sent as
// the type of that name; read from any type that was made in its database, and from text and varchar, by label: the
// server has no other form of an enum.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/fixed_string.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

[[noreturn]] void throw_no_label();

// The compiler shows the value as `color::red`, or as `(color)7` where no enumerator has it. Behind other parentheses a
// name goes on: `(anonymous namespace)::color::red`, `f()::<lambda(int)>::color::red`.
template <auto Value>
constexpr bool is_enumerator() noexcept {
  constexpr std::string_view before = "Value = ";
  std::string_view shown = __PRETTY_FUNCTION__;
  shown.remove_prefix(shown.find(before) + before.size());
  shown = shown.substr(0, shown.find_first_of(";]"));
  auto const behind = shown.rfind(')') + 1;  // 0 if there is none
  return behind == 0 || (behind < shown.size() && (shown[behind] == ':' || shown[behind] == '>'));
}

/// Whether an enumerator of `Enum` has this value.
template <class Enum, long long Value>
constexpr bool has_enumerator() noexcept {
  using number = std::underlying_type_t<Enum>;
  constexpr auto largest = static_cast<unsigned long long>(std::numeric_limits<number>::max());
  if constexpr (Value < 0 ? std::is_unsigned_v<number> : static_cast<unsigned long long>(Value) > largest) {
    return false;
  } else {
    // By its bits: a value beyond the enumerators is no constant expression where the underlying type is not fixed.
    return is_enumerator<std::bit_cast<Enum>(static_cast<number>(Value))>();
  }
}

/// Whether there are enumerators 0 to `Count` - 1 and none behind them.
template <class Enum, std::size_t Count>
constexpr bool counts_from_zero() noexcept {
  constexpr auto end = static_cast<long long>(Count);
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (has_enumerator<Enum, static_cast<long long>(I)>() && ...);
  }
  (std::make_index_sequence<Count>()) && !has_enumerator<Enum, end>();
}

}  // namespace types

/// The adapter of an enum: the type's name, as SQL writes it, then the labels of the enumerators 0, 1, 2 and so on, one
/// for each; what lies apart from them (`none = -1`) has no label. A value without a label is a data_error. Once
/// load_types() knows the type it is bound as that type.
template <types::fixed_string Name, types::fixed_string... Labels>
struct enum_adapter {
  static_assert(sizeof...(Labels) > 0, "tusk: an enum needs its labels, in the order of the enumerators");

  static constexpr std::string_view type_name = Name.view();
  static constexpr std::array<std::string_view, sizeof...(Labels)> labels = {Labels.view()...};

  template <class Enum>
  requires std::is_enum_v<Enum>
  static void text(Enum value, text_writer& out) {
    require_labels<Enum>();
    auto const number = static_cast<std::underlying_type_t<Enum>>(value);  // below 0 it is a large one
    auto const place = static_cast<unsigned long long>(number);            // a std::size_t may be narrower
    if (place >= labels.size()) types::throw_no_label();
    out << labels[static_cast<std::size_t>(place)];
  }

  /// Does not compile where the labels would be those of other values.
  template <class Enum>
  static constexpr void require_labels() noexcept {
    static_assert(types::counts_from_zero<Enum, sizeof...(Labels)>(),
                  "tusk: enum_adapter gives its labels to the enumerators 0, 1, 2 and so on, one for each, but this "
                  "enum (Enum, see above) has others. Number its enumerators so, give each a label in their order, or "
                  "write its adapter (text) and its from_text yourself.");
  }
};

namespace types {

/// An enum whose adapter is an `enum_adapter`.
template <class T>
concept labelled_enum = std::is_enum_v<T> && requires {
  adapter<T>::labels[0];
};

}  // namespace types

template <types::labelled_enum Enum>
struct from_text<Enum> {
  static bool reads(oid type) noexcept { return is_user_defined(type) || type == oids::text || type == oids::varchar; }
  static constexpr protocol::expected<Enum> parse(std::string_view text) noexcept {
    adapter<Enum>::template require_labels<Enum>();
    constexpr auto const& labels = adapter<Enum>::labels;
    auto const found = std::find(labels.begin(), labels.end(), text);
    if (found == labels.end()) return protocol::parse_error{types::errc::unknown_label, 0};
    return static_cast<Enum>(found - labels.begin());
  }
};

/// Its label.
template <types::labelled_enum Enum>
struct from_binary<Enum> {
  static bool reads(oid type) noexcept { return from_text<Enum>::reads(type); }
  static constexpr protocol::expected<Enum> parse(std::string_view bytes, oid) noexcept {
    return from_text<Enum>::parse(bytes);
  }
};

}  // namespace tusk
