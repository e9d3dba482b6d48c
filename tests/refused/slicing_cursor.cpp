// says: deleted
#include <tusk/tusk.hpp>

struct my_cursor : tusk::cursor {
  using tusk::cursor::cursor;
};

void program(tusk::connection& conn) {
  auto mine = conn.cursor<my_cursor>();
#ifdef REFUSED
  tusk::cursor plain = mine;
#else
  tusk::cursor& plain = mine;
#endif
  plain.execute("SELECT 1");
}
