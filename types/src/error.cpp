#include <tusk/types/error.hpp>

#include <utility>

#include "display.hpp"

namespace tusk {
namespace {

std::string* find_field(diagnostics& fields, char letter) noexcept {
  switch (letter) {
    case 'V': return &fields.severity;
    case 'S': return &fields.severity_localized;
    case 'C': return &fields.sqlstate;
    case 'M': return &fields.message;
    case 'D': return &fields.detail;
    case 'H': return &fields.hint;
    case 'P': return &fields.position;
    case 'p': return &fields.internal_position;
    case 'q': return &fields.internal_query;
    case 'W': return &fields.where;
    case 's': return &fields.schema;
    case 't': return &fields.table;
    case 'c': return &fields.column;
    case 'd': return &fields.data_type;
    case 'n': return &fields.constraint;
    case 'F': return &fields.file;
    case 'L': return &fields.line;
    case 'R': return &fields.routine;
    default: return nullptr;
  }
}

}  // namespace

void diagnostics::set(char field, std::string_view value) {
  std::string* const found = find_field(*this, field);
  if (found != nullptr && found->empty()) found->assign(value);
}

void diagnostics::clear() noexcept {
  for (char const letter : {'V', 'S', 'C', 'M', 'D', 'H', 'P', 'p', 'q', 'W', 's', 't', 'c', 'd', 'n', 'F', 'L', 'R'})
    find_field(*this, letter)->clear();
}

error::error(std::string const& what, bool fatal) : std::runtime_error(what), fatal_(fatal) {}

error::error(std::string const& what, std::error_code code, bool fatal)
    : std::runtime_error(what), code_(code), fatal_(fatal) {}

error::error(std::string const& what, std::shared_ptr<tusk::diagnostics const> fields, bool fatal)
    : std::runtime_error(what), fields_(std::move(fields)), fatal_(fatal) {}

diagnostics const& error::diagnostics() const noexcept {
  static tusk::diagnostics const none;
  return fields_ ? *fields_ : none;
}

sqlstate error::sqlstate() const noexcept {
  return tusk::sqlstate::parse(diagnostics().sqlstate).value_or(tusk::sqlstate{});
}

std::size_t error::position() const noexcept { return types::parse_position(diagnostics().position); }

std::size_t error::internal_position() const noexcept { return types::parse_position(diagnostics().internal_position); }

bool error::is_retryable() const noexcept {
  switch (condition()) {
    case condition::serialization_failure:
    case condition::deadlock_detected:
    case condition::invalid_sql_statement_name: return true;
    case condition::feature_not_supported: return diagnostics().routine == "RevalidateCachedQuery";
    default: return false;
  }
}

}  // namespace tusk
