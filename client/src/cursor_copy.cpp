// COPY as psycopg has it.

#include <iostream>
#include <tusk/cursor.hpp>

#include "connection_state.hpp"
#include "operations/copy_statement.hpp"

namespace tusk {
namespace {

std::string copy_of(std::string_view table, copied_table const& how, char const* direction) {
  std::string text = "COPY " + sql::identifier(table).as_string();
  for (std::size_t i = 0; i < how.columns.size(); ++i)
    text += (i == 0 ? " (" : ", ") + sql::identifier(how.columns[i]).as_string();
  if (!how.columns.empty()) text += ')';
  return text + direction + " WITH DELIMITER AS " + sql::literal(how.sep).as_string() + " NULL AS " +
         sql::literal(how.null).as_string();
}

}  // namespace

void cursor::copy_expert(std::string_view statement, std::istream& from, copy_options const& how) {
  require_startable();
  clear();
  results_.clear();
  query_ = statement;
  counted_ = static_cast<std::int64_t>(connection().copy_in(statement, from, how));
}

void cursor::copy_expert(std::string_view statement, std::ostream& to, copy_options const& how) {
  require_startable();
  clear();
  results_.clear();
  query_ = statement;
  counted_ = static_cast<std::int64_t>(connection().copy_out(statement, to, how));
}

void cursor::copy_expert(std::string_view statement, std::iostream& file, copy_options const& how) {
  auto const stated = detail::read_copy_statement(statement, true);
  if (!stated.is_certain)
    throw programming_error(
        "whether this COPY reads or writes cannot be told from its text with certainty; give it a std::istream or a "
        "std::ostream");
  if (stated.is_from)
    copy_expert(statement, static_cast<std::istream&>(file), how);
  else
    copy_expert(statement, static_cast<std::ostream&>(file), how);
}

void cursor::copy_from(std::istream& from, std::string_view table, copied_table const& how) {
  copy_expert(copy_of(table, how, " FROM STDIN"), from);
}

void cursor::copy_to(std::ostream& to, std::string_view table, copied_table const& how) {
  copy_expert(copy_of(table, how, " TO STDOUT"), to);
}

}  // namespace tusk
