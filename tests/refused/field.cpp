// says: a field cannot be read as this type (T, see above)
// says: template <> struct tusk::from_text<T>
// says: tusk::register_type(tusk::new_type<T>(...))
#include <tusk/result.hpp>

auto read(tusk::row const& from) {
#ifdef REFUSED
  return from.get<int*>(0);
#else
  return from.get<int>(0);
#endif
}
