// says: declare template <> struct tusk::adapter<T> : tusk::registered {};
#include <tusk/types/registry.hpp>
#include <tusk/types/wrappers.hpp>

struct point {
  double x, y;
};
#ifndef REFUSED
template <>
struct tusk::adapter<point> : tusk::registered {};
#endif

void do_register() {
  tusk::register_adapter<point>([](point const&) { return tusk::as_is("now()"); });
}
