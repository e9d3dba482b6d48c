// Reads a text as the C++ type that stands for its type: what a dynamic value of a field is.
//
//   bool                 bool                        date, time, timetz       date, time, time_tz
//   int2, int4           int                         timestamp, timestamptz   timestamp, timestamptz
//   ...
//
// The whole table is in the documentation (tools/docs/types.md).
#pragma once

#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/value.hpp>

namespace tusk::types {

/// The value of a field that is not NULL; std::string for a type that the table does not have.
protocol::expected<value> read_any(std::string_view text, oid type);

}  // namespace tusk::types
