// says: this view would dangle, because the row is a temporary
#include <tusk/tusk.hpp>

std::size_t program(tusk::connection& conn) {
#ifdef REFUSED
  auto const text = conn.exec("SELECT 'a'")[0][0].get<std::string_view>(0);
#else
  auto const text = conn.exec("SELECT 'a'")[0][0].get<std::string>(0);
#endif
  return text.size();
}
