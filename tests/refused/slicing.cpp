// says: deleted
#include <tusk/tusk.hpp>

struct my_connection : tusk::connection {
  using tusk::connection::connection;
};

void use(tusk::connection&);

void program(my_connection conn, tusk::connection plain) {
  my_connection moved = std::move(conn);
  use(moved);
#ifdef REFUSED
  plain = std::move(moved);
#endif
  use(plain);
}
