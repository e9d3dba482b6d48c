// Text or binary: in which form values travel, and who chooses.
//
//   query_one<double>(sql, 1.5)     argument: adapter<double>::binary, if that is the form in force   ─► Bind
//                                   result: what double asks for float8, result_choice                ─► Bind
//
// The choice never changes a value. By itself binary is asked for where it is faster, by measurement (is_faster_in_
// binary, adapter<T>::prefers_binary), and only where it is known to be understood: an argument whose parameter has the
// type of its adapter, a column that is to be read as a type which has a binary reader for it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include <tusk/types/from_binary.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>

namespace tusk {

class typecaster;  // typecaster.hpp

/// In which form the values of a connection travel; see connect_options::format.
enum class format : std::uint8_t {
  automatic,  ///< the faster one
  text,       ///< text alone
  binary,     ///< binary wherever it can be read and written
};

namespace types {

/// Whether a column of that type is read faster in binary, measured over server and client together.
bool is_faster_in_binary(oid type) noexcept;

/// The same where it is read as a T. An int8 only where it is read as what it is: narrower integers have a quick way
/// from their digits.
template <class T>
bool is_faster_in_binary_as(oid type) noexcept {
  using plain = typename without_optional<T>::type;
  constexpr bool holds_int8 = std::is_integral_v<plain> && std::is_signed_v<plain> && sizeof(plain) == 8;
  return (holds_int8 || type != oids::int8) && is_faster_in_binary(type);
}

/// Whether a column of that type that is to be read as T is asked for in binary.
template <class T>
bool asks_for_binary(oid type, format how) {
  if constexpr (binary_readable<T>) {
    if (how == format::text || !from_binary<T>::reads(type)) return false;
    return how == format::binary || is_faster_in_binary_as<T>(type);
  } else {
    return false;
  }
}

/// What the columns of a result are to be read as, where that is known before the statement runs. Constant, and found
/// again by its address.
struct result_choice {
  /// `caster`: the one that is registered for the column; null if there is none.
  using question = bool (*)(oid type, format how, typecaster const* caster);
  std::span<question const> columns;          ///< about each
  std::span<std::string_view const> names{};  ///< by which they are looked up; none: they are in order
};

}  // namespace types
}  // namespace tusk
