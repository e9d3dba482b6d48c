// One message of a server.
//
// Input: the type byte, then the body (what follows the length). Seeds have the readable form of support/bytes.hpp.
//
// Checked: what is decoded encodes back to the very same bytes, with the same fields; its lists can be walked; what is
// refused says why, at a position within the body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tusk/protocol/backend.hpp>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"
#include "support/samples.hpp"

using namespace tusk::protocol;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const input = tusk::test::fuzz_input(data, size);
  if (input.empty()) return 0;
  tusk::test::exact_buffer const body(std::string_view(input).substr(1));

  auto const decoded = decode_backend(input[0], body.view());
  auto const kind = kind_of(input[0], body.view());
  if (!decoded) {
    FUZZ_CHECK(decoded.error().code.category() == protocol_category());
    FUZZ_CHECK(decoded.error().position <= body.view().size());
    FUZZ_CHECK((decoded.error().code == errc::unknown_message) == (kind == no_kind));
    return 0;
  }
  FUZZ_CHECK(static_cast<std::size_t>(kind) == decoded->index());
  std::string const fields = tusk::test::fields_of_any(*decoded);
  std::string const bytes = tusk::test::encoded(*decoded);
  FUZZ_CHECK(bytes.size() == 5 + body.view().size());
  FUZZ_CHECK(bytes[0] == input[0]);
  FUZZ_CHECK(load_big_endian<std::uint32_t>(bytes.data() + 1) == body.view().size() + 4);
  FUZZ_CHECK(std::string_view(bytes).substr(5) == body.view());
  if (auto const* error = std::get_if<error_response>(&*decoded)) {
    for (error_field const& each : error->fields_sent) FUZZ_CHECK(error->field(each.code).data() <= each.value.data());
  }
  return 0;
}
