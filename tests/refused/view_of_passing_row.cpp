// says: this view would dangle, because the row is a temporary
#include <tusk/tusk.hpp>

std::string program(tusk::cursor& cur) {
#ifdef REFUSED
  return std::string(cur.fetchone()->get<std::string_view>(0));
#else
  return cur.fetchone()->get<std::string>(0);
#endif
}
