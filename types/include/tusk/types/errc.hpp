// The error codes of values: why a text is not a value of a type, or a value has no text.
//
// Each message says the cause and, after it, what to do. Parsers return a code with a position; writers throw a
// data_error that carries one.
#pragma once

#include <system_error>

namespace tusk::types {

enum class errc {
  // reading
  malformed_bool = 1,
  malformed_integer,
  malformed_float,
  malformed_bytea,
  malformed_char,
  malformed_numeric,
  malformed_money,
  malformed_date,
  malformed_time,
  malformed_timestamp,
  malformed_interval,
  malformed_uuid,
  malformed_address,
  malformed_macaddr,
  malformed_lsn,
  malformed_tid,
  malformed_snapshot,
  malformed_geometry,
  named_object,
  malformed_bits,
  malformed_array,
  malformed_range,
  malformed_multirange,
  malformed_hstore,
  malformed_record,
  malformed_binary,
  wrong_type,
  unknown_label,
  wrong_count,
  wrong_dimensions,
  too_deep,
  null_element,
  out_of_range,
  inexact,
  infinite,
  has_calendar_units,
  // writing
  embedded_nul,
  invalid_utf8,
  not_ascii,
  too_large,
  too_many_parameters,
  not_registered,
  not_bindable,
  empty_list,
  // merging
  malformed_placeholder,
  wrong_arguments,
  malformed_name,
  ragged_array,
  no_label,
};

/// The category of `errc`; its name is "tusk.types".
std::error_category const& types_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), types_category()}; }

}  // namespace tusk::types

template <>
struct std::is_error_code_enum<tusk::types::errc> : std::true_type {};
