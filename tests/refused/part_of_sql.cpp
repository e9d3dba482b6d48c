// says: the parts of a statement are made by sql::identifier, sql::literal, sql::placeholder, sql::sql
#include <tusk/types/sql.hpp>

tusk::sql::composed compose() {
#ifdef REFUSED
  return tusk::sql::sql("SELECT {}").format("a name or a value?");
#else
  return tusk::sql::sql("SELECT {}").format(tusk::sql::literal("a value"));
#endif
}
