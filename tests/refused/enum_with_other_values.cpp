// says: enum_adapter gives its labels to the enumerators 0, 1, 2 and so on
#include <tusk/types/enum.hpp>
#include <tusk/types/params.hpp>

#ifdef REFUSED
enum class level { low = 10, high = 20 };
#else
enum class level { low, high };
#endif
template <>
struct tusk::adapter<level> : tusk::enum_adapter<"level", "low", "high"> {};

tusk::params one(level value) { return tusk::params(value); }
