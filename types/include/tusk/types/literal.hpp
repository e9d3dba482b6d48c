// Values and names as a statement's text has them: literals and quoted identifiers.
//
//   type of the argument                     literal
//   not known (OID 0)                        'o''r', or  E'a\\b' (with a space before it) if there is a backslash
//   bool                                     true, false
//   int2, int4, int8                         5, (-5)
//   numeric                                  5.0, (-5.0), 5::pg_catalog.numeric, 'NaN'::pg_catalog.numeric
//   float8                                   5.0, (-5.0), 1e+300, '-0'::pg_catalog.float8
//   float4                                   5.0::pg_catalog.float4, (-5.0)::pg_catalog.float4
//   array of strings                         (ARRAY['a', 'b']), '{}'
//   any other                                '2020-02-29'::pg_catalog.date, ('{1,2}'::pg_catalog.int4[])
//   of a type made in the database           'red'::"shop"."color", once it is loaded; before: 'red'::color
//
// A literal is made of an argument's text and type alone, so one adapter serves binding and merging. No setting of the
// server changes what it means: quotes are doubled, never escaped by a backslash (backslash_quote), a string with
// backslashes is written in the form that has the same meaning under either standard_conforming_strings, and built-in
// types are named in pg_catalog, under their internal names, so that no search_path leads to another one.
//
// A literal is of the type that binding gives, so that an expression means the same either way. Two are bare constants,
// whose type the server takes from the text: an integer of up to 64 bits (int4 where it fits, else int8), and a float8
// (numeric, so that a numeric column keeps all digits). A number stands bare only if it is one, whatever an adapter
// wrote; a negative one is in parentheses, for neither `5-%s` may begin a comment nor `%s::int2` cast first and negate
// then. So is the cast of a type that can be subscripted or has fields: `%s[1]` behind a bare one would make another
// type of it.
//
// Source: PostgreSQL's documentation, "Lexical Structure"; pg_type.typsubscript.
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
void append_literal(text_buffer& to, std::string_view text, argument_type const& type);

/// The same of a built-in type, or of none (0).
void append_literal(text_buffer& to, std::string_view text, oid type);

/// The same for text that a user composes, without parentheses and casts: a negative number has a space before it.
void append_plain(text_buffer& to, std::string_view text, argument_type const& type);

/// Appends `name` in double quotes. An empty one is a programming_error; NUL and invalid UTF-8 are a data_error.
void append_identifier(text_buffer& to, std::string_view name);

}  // namespace tusk::types
