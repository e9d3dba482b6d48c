// What a user's first program needs of each library: it links, and runs without a server. Types that are compared when
// running are the same ones on both sides of a shared library: of errors, of values, of registered adapters.

#include <cstdio>
#include <stdexcept>
#include <tusk/fwd.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/tusk.hpp>
#include <tusk/types/registry.hpp>

static_assert(TUSK_VERSION >= 100);

struct point {
  double x, y;
};
template <>
struct tusk::adapter<point> : tusk::registered {};

namespace {

bool adapts_what_is_registered() {
  tusk::register_adapter<point>([](point const& p) { return p.x + p.y; });
  return tusk::merge("%s", tusk::params(point{1.5, 2})).find("3.5") != std::string::npos;
}

bool holds_a_value() {
  tusk::value const seven(tusk::numeric("7"));
  try {
    return seven.get<tusk::numeric>() == tusk::numeric("7") && seven.get<int>() != 0;
  } catch (tusk::programming_error const&) {  // it is no int
    return true;
  }
}

bool refuses_a_number() {
  try {
    tusk::numeric("seven");
  } catch (tusk::data_error const&) {
    return true;
  }
  return false;
}

}  // namespace

int main() {
  tusk::protocol::byte_buffer out;
  tusk::protocol::query message;
  message.sql = "SELECT 1";
  if (encode(out, message)) return 1;
  if (!adapts_what_is_registered() || !holds_a_value() || !refuses_a_number()) return 2;
  tusk::params const args(1, "two");
  try {
    tusk::connect("host=/nonexistent connect_timeout=1");
  } catch (tusk::operational_error const& e) {
    std::printf("%zu bytes, %zu arguments, and the expected error: %s\n", out.size(), args.count(), e.what());
    return e.is_fatal() ? 0 : 1;
  }
  return 1;
}
