// What a user's first program needs of each library: it links, and runs without a server.

#include <cstdio>
#include <tusk/protocol/frontend.hpp>
#include <tusk/tusk.hpp>

int main() {
  tusk::protocol::byte_buffer out;
  tusk::protocol::query message;
  message.sql = "SELECT 1";
  if (encode(out, message)) return 1;
  tusk::params const args(1, "two");
  try {
    tusk::connect("host=/nonexistent connect_timeout=1");
  } catch (tusk::operational_error const& e) {
    std::printf("%zu bytes, %zu arguments, and the expected error: %s\n", out.size(), args.count(), e.what());
    return e.is_fatal() ? 0 : 1;
  }
  return 1;
}
