// says: deleted
#include <tusk/tusk.hpp>

std::size_t program(tusk::connection& conn) {
#ifdef REFUSED
  auto const columns = conn.query("SELECT 1").columns();
#else
  tusk::result const r = conn.query("SELECT 1");
  auto const columns = r.columns();
#endif
  return columns.size();
}
