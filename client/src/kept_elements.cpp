#include "kept_elements.hpp"

#include <string>
#include <tusk/types/error.hpp>
#include <typeinfo>

namespace tusk::detail {

void rethrow_with_element(char const* called, std::size_t number) {
  std::string const where = "; in element " + std::to_string(number) + " of " + called + ", counted from 0";
  try {
    throw;
  } catch (programming_error const& e) {
    if (typeid(e) != typeid(programming_error) || !e.sqlstate().empty()) throw;  // not of ours
    throw programming_error(e.what() + where, e.code());
  } catch (data_error const& e) {
    if (typeid(e) != typeid(data_error) || !e.sqlstate().empty()) throw;
    throw data_error(e.what() + where, e.code());
  }
}

kept_elements::kept_elements(element_source& from) {
  for (;;) {
    try {
      auto const* const each = from.next();
      if (each == nullptr) return;
      all_.push_back(each->require_bindable());
    } catch (error const&) {
      rethrow_with_element("executemany", all_.size());
    }
  }
}

}  // namespace tusk::detail
