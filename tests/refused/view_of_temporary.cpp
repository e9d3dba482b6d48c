// says: a std::string_view would dangle here, because the result is a temporary
#include <string>
#include <tusk/connection.hpp>

struct item {
  int id;
#ifdef REFUSED
  std::string_view name;
#else
  std::string name;
#endif
};

item read(tusk::connection& conn) { return conn.query_one<item>("SELECT 1 AS id, 'a' AS name"); }
