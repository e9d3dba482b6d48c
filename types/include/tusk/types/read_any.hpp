// Reads a text, or a binary form, as the C++ type that stands for its type: what a dynamic value of a field is.
//
//   bool ─► bool    int2, int4 ─► std::int32_t    numeric ─► numeric    int4[] ─► array<std::optional<std::int32_t>>
//   ...
//
// The documentation has the whole table, tools/docs/types.md.
#pragma once

#include <optional>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/value.hpp>

namespace tusk::types {

/// The value of a field that is not NULL; std::string for a type that the table does not have.
protocol::expected<value> read_any(std::string_view text, oid type, read_context const& in = {});

/// What reads the text of a column: resolved once, called for each of its fields that is not NULL. `as`: the SQL type
/// that the value is of. What is wrong goes to `error`; the value is NULL then.
using any_reader = value (*)(oid as, std::string_view text, oid type, read_context const& in,
                             std::optional<protocol::parse_error>& error);
any_reader any_reader_of(oid type) noexcept;

/// The same of the binary form. A type that the table does not have, and whose binary form is not its text either, is
/// `errc::wrong_type`: the text of its values is known to the server alone.
protocol::expected<value> read_any_binary(std::string_view bytes, oid type, read_context const& in = {});

}  // namespace tusk::types
