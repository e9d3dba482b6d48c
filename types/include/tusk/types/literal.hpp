// Values and names as a statement's text has them: literals and quoted identifiers.
//
//   type of the argument                     literal
//   not known (OID 0)                        'o''r', or  E'a\\b' (with a space before it) if there is a backslash
//   bool                                     true, false
//   int2, int4, int8, oid, numeric           5, (-5), 'NaN'::numeric
//   float4, float8                           5.0, (-5.0), 1e+300, '-0'::float8, 'Infinity'::float8
//   any other                                '2020-02-29'::date, ('{1,2}'::int4[])
//
// A literal is made of an argument's text and type alone, so one adapter serves binding and merging. No setting of the
// server changes what it means: quotes are doubled, never escaped by a backslash (backslash_quote), and a string with
// backslashes is written in the form that has the same meaning under either standard_conforming_strings. A number
// stands bare only if it is one, whatever an adapter wrote; a negative one is in parentheses, for neither `5-%s` may
// begin a comment nor `%s::int2` cast first and negate then. So is an array, for `%s[1]` would make another type of its
// cast.
//
// Source: PostgreSQL's documentation, "Lexical Structure".
#pragma once

#include <string_view>

#include <tusk/types/adapter.hpp>
#include <tusk/types/small_buffer.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk::types {

/// Appends `text` as a string. It has to be valid UTF-8 without NUL, as all that a text_writer wrote is.
void append_quoted(text_buffer& to, std::string_view text);

/// Appends the literal of an argument that is not NULL: the wire's text of it, and its type. The same must hold for
/// `text`.
void append_literal(text_buffer& to, std::string_view text, argument_type type);

/// Appends `name` in double quotes. An empty one is a programming_error; NUL and invalid UTF-8 are a data_error.
void append_identifier(text_buffer& to, std::string_view name);

}  // namespace tusk::types
