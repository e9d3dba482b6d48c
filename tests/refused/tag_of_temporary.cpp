// says: deleted
#include <tusk/tusk.hpp>

bool program(tusk::connection& conn) {
#ifdef REFUSED
  auto const tag = conn.exec("SELECT 1")[0].command_tag();
#else
  tusk::result const r = conn.exec("SELECT 1")[0];
  auto const tag = r.command_tag();
#endif
  return tag == "SELECT 1";
}
