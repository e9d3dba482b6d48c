// Enums: an enum of C++ as one of the server.
//
//   enum class color { red, green, blue };
//   template <> struct tusk::adapter<color> : tusk::enum_adapter<"color", "red", "green", "blue"> {};
//
// The labels are those of the enumerators 0, 1, 2 and so on. Sent as the type of that name; read from any type that was
// made in its database, and from text and varchar, by label: the server has no other form of an enum.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/fixed_string.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

[[noreturn]] void throw_no_label();

}  // namespace types

/// The adapter of an enum: the type's name, as SQL writes it, then the labels of the enumerators 0, 1, 2 and so on, at
/// least one. A value without a label is a data_error.
template <types::fixed_string Name, types::fixed_string... Labels>
struct enum_adapter {
  static_assert(sizeof...(Labels) > 0, "tusk: an enum needs its labels, in the order of the enumerators");

  static constexpr std::string_view type_name = Name.view();
  static constexpr std::array<std::string_view, sizeof...(Labels)> labels = {Labels.view()...};

  template <class Enum>
  requires std::is_enum_v<Enum>
  static void text(Enum value, text_writer& out) {
    auto const number = static_cast<std::underlying_type_t<Enum>>(value);  // below 0 it is a large std::size_t
    if (static_cast<std::size_t>(number) >= labels.size()) types::throw_no_label();
    out << labels[static_cast<std::size_t>(number)];
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
  static constexpr bool reads(oid type) noexcept {
    return is_user_defined(type) || type == oids::text || type == oids::varchar;
  }
  static constexpr protocol::expected<Enum> parse(std::string_view text) noexcept {
    constexpr auto const& labels = adapter<Enum>::labels;
    auto const found = std::find(labels.begin(), labels.end(), text);
    if (found == labels.end()) return protocol::parse_error{types::errc::unknown_label, 0};
    return static_cast<Enum>(found - labels.begin());
  }
};

}  // namespace tusk
