// One message of a client.
//
// Input: the type byte (NUL: none), a byte that says what a message of type 'p' holds, then the body (what follows the
// length). Seeds have the readable form of support/bytes.hpp.
//
// Checked: what is decoded encodes back to the very same bytes, if the wire's limits let it be sent; its lists can be
// walked; what is refused says why, at a position within the body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tusk/protocol/frontend.hpp>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"
#include "support/samples.hpp"

using namespace tusk::protocol;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const input = tusk::test::fuzz_input(data, size);
  if (input.size() < 2 || input.size() > max_startup_packet) return 0;
  char const type = input[0];
  tusk::test::exact_buffer const body(std::string_view(input).substr(2));

  auto const decoded = decode_frontend(type, body.view(), static_cast<password_kind>(input[1] & 3));
  if (!decoded) {
    FUZZ_CHECK(decoded.error().code.category() == protocol_category());
    FUZZ_CHECK(decoded.error().position <= body.view().size());
    return 0;
  }
  std::string const fields = tusk::test::fields_of_any(*decoded);
  std::string const bytes = tusk::test::encoded(*decoded);
  std::size_t const head = type == '\0' ? 4 : 5;
  FUZZ_CHECK(bytes.size() == head + body.view().size());
  FUZZ_CHECK(type == '\0' || bytes[0] == type);
  FUZZ_CHECK(load_big_endian<std::uint32_t>(bytes.data() + head - 4) == body.view().size() + 4);
  FUZZ_CHECK(std::string_view(bytes).substr(head) == body.view());
  return 0;
}
