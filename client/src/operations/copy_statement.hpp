// What the text of a COPY says of its data: the server's answer tells only whether that is binary.
//
//   COPY name (columns) | (query)  FROM | TO  STDIN | STDOUT  WITH (FORMAT csv, DELIMITER ';')  or  WITH CSV DELIMITER
//   ';'
//
// It is read as the server reads it, or not at all: whatever is not understood makes it uncertain.
// Source: PostgreSQL's documentation, "COPY"; "Lexical Structure".
#pragma once

#include <string_view>
#include <tusk/copy_format.hpp>

namespace tusk::detail {

/// See the top of this file.
struct copy_statement {
  bool is_copy = false;         ///< its first word is COPY
  bool is_from = false;         ///< FROM, not TO; where it is certain
  bool is_certain = false;      ///< what follows is what the server will see
  bool is_utf8 = true;          ///< no ENCODING says otherwise
  bool matches_header = false;  ///< HEADER MATCH: the server compares the first line with the columns' names
  copy_format format;
};

/// `standard_strings`: a backslash in a string is itself, as standard_conforming_strings says.
copy_statement read_copy_statement(std::string_view sql, bool standard_strings);

}  // namespace tusk::detail
