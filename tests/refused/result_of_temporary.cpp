// says: cannot bind
#include <tusk/tusk.hpp>

std::size_t program(tusk::connection& conn) {
#ifdef REFUSED
  tusk::result& first = conn.exec("SELECT 1").front();
#else
  tusk::result const& first = conn.exec("SELECT 1").front();  // by value, and kept as long as the reference
#endif
  return first.size();
}
