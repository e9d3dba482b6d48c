// says: this type (T, see above) cannot be an argument of a statement
// says: template <> struct tusk::adapter<T> { static constexpr tusk::oid oid
// says: template <> struct tusk::adapter<T> : tusk::registered {};
// says: tusk::composite<
// says: tusk::enum_adapter<
#include <tusk/connection.hpp>

struct point {
  double x, y;
};

std::string merged(tusk::connection const& conn) {
#ifdef REFUSED
  return conn.mogrify("SELECT %s", point{1, 2});
#else
  return conn.mogrify("SELECT %s", 1);
#endif
}
