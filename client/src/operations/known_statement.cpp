#include "operations/known_statement.hpp"

namespace tusk::detail {

std::string wrong_argument_count(std::size_t parameters, std::size_t arguments) {
  return "the statement has " + std::to_string(parameters) + " parameter(s), but " + std::to_string(arguments) +
         " argument(s) were given";
}

/// It is prepared anew when it is asked for again.
void known_statement::plan_failed() noexcept {
  try {
    hold();
    in_.forget(*statement_);
  } catch (std::bad_alloc const&) {
    return;  // then it fails once more
  }
}

}  // namespace tusk::detail
