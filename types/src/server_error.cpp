// From a server's fields to an exception: the class by SQLSTATE, the text for people.
#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include <tusk/types/error.hpp>

#include "display.hpp"

namespace tusk::types {
namespace {

enum class kind { data, database, integrity, internal, not_supported, operational, programming, transaction };

struct class_kind {
  std::string_view sqlstate_class;
  kind value;
};

// What the classes of SQLSTATEs mean to a program; classes that are not here mean no more than "the database".
constexpr class_kind kinds[] = {
    {"08", kind::operational},    // connection exception
    {"0A", kind::not_supported},  // feature not supported
    {"20", kind::programming},    // case not found
    {"21", kind::programming},    // cardinality violation
    {"22", kind::data},           // data exception
    {"23", kind::integrity},      // integrity constraint violation
    {"24", kind::internal},       // invalid cursor state
    {"25", kind::internal},       // invalid transaction state
    {"26", kind::operational},    // invalid SQL statement name
    {"27", kind::operational},    // triggered data change violation
    {"28", kind::operational},    // invalid authorization specification
    {"2B", kind::internal},       // dependent privilege descriptors still exist
    {"2D", kind::internal},       // invalid transaction termination
    {"2F", kind::internal},       // SQL routine exception
    {"34", kind::operational},    // invalid cursor name
    {"38", kind::internal},       // external routine exception
    {"39", kind::internal},       // external routine invocation exception
    {"3B", kind::internal},       // savepoint exception
    {"3D", kind::programming},    // invalid catalog name
    {"3F", kind::programming},    // invalid schema name
    {"40", kind::transaction},    // transaction rollback
    {"42", kind::programming},    // syntax error or access rule violation
    {"44", kind::programming},    // WITH CHECK OPTION violation
    {"53", kind::operational},    // insufficient resources
    {"54", kind::operational},    // program limit exceeded
    {"55", kind::operational},    // object not in prerequisite state
    {"56", kind::operational},    // not used by PostgreSQL itself
    {"57", kind::operational},    // operator intervention
    {"58", kind::operational},    // system error
    {"F0", kind::internal},       // configuration file error
    {"HV", kind::operational},    // foreign data wrapper error
    {"P0", kind::internal},       // PL/pgSQL error
    {"XX", kind::internal},       // internal error
};

kind kind_of(sqlstate code) noexcept {
  auto const* found =
      std::find_if(std::begin(kinds), std::end(kinds), [&](class_kind k) { return code.in_class(k.sqlstate_class); });
  return found == std::end(kinds) ? kind::database : found->value;
}

// The severity that can be compared: servers before 9.6 send only the translated one.
std::string_view severity_of(diagnostics const& fields) noexcept {
  return fields.severity.empty() ? fields.severity_localized : fields.severity;
}

void append_line(std::string& to, std::string_view heading, std::string_view value) {
  if (value.empty()) return;
  to += heading;
  to += displayable(value);
  to += '\n';
}

}  // namespace

std::string describe(diagnostics const& fields, std::string_view query_text) {
  std::string_view severity = fields.severity_localized.empty() ? fields.severity : fields.severity_localized;
  if (severity.empty()) severity = "ERROR";
  std::string text = displayable(severity) + ":  ";
  text += fields.message.empty() ? "the server sent no message" : displayable(fields.message);
  if (!fields.sqlstate.empty()) text += " (" + displayable(fields.sqlstate) + ')';
  text += '\n';
  text += show_position("LINE", query_text, parse_position(fields.position));
  append_line(text, "DETAIL:  ", fields.detail);
  append_line(text, "HINT:  ", fields.hint);
  text += show_position("INTERNAL QUERY, LINE", fields.internal_query, parse_position(fields.internal_position));
  append_line(text, "CONTEXT:  ", fields.where);
  text.pop_back();  // the last newline
  return text;
}

std::exception_ptr make_server_error(diagnostics fields, std::string_view query_text, bool fatal,
                                     std::string_view advice) {
  std::string_view const severity = severity_of(fields);
  fatal = fatal || severity == "FATAL" || severity == "PANIC";
  auto const code = sqlstate::parse(fields.sqlstate).value_or(sqlstate{});
  std::string what = describe(fields, query_text);
  if (!advice.empty()) what.append("\nTUSK:  ").append(advice);
  auto const kept = std::make_shared<diagnostics const>(std::move(fields));

  if (code == "57014"_sqlstate) return std::make_exception_ptr(query_canceled(what, kept, fatal));
  switch (kind_of(code)) {
    case kind::data: return std::make_exception_ptr(data_error(what, kept, fatal));
    case kind::integrity: return std::make_exception_ptr(integrity_error(what, kept, fatal));
    case kind::internal: return std::make_exception_ptr(internal_error(what, kept, fatal));
    case kind::not_supported: return std::make_exception_ptr(not_supported_error(what, kept, fatal));
    case kind::operational: return std::make_exception_ptr(operational_error(what, kept, fatal));
    case kind::programming: return std::make_exception_ptr(programming_error(what, kept, fatal));
    case kind::transaction: return std::make_exception_ptr(transaction_rollback(what, kept, fatal));
    case kind::database: break;
  }
  return std::make_exception_ptr(database_error(what, kept, fatal));
}

void throw_server_error(diagnostics fields, std::string_view query_text, bool fatal) {
  std::rethrow_exception(make_server_error(std::move(fields), query_text, fatal));
}

}  // namespace tusk::types
