// What a CopyData carries in replication and in base backups, from either peer.
//
// Input: the bytes that CopyData carried. Seeds have the readable form of support/bytes.hpp.
//
// Checked: what is decoded encodes back to a CopyData of the very same bytes, and to those bytes alone; no message
// belongs to both peers; what is refused says why, at a position within the bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tusk/protocol/replication.hpp>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"
#include "support/samples.hpp"

using namespace tusk::protocol;

namespace {

template <class Any>
void check(expected<Any> const& decoded, std::string_view data) {
  if (!decoded) {
    FUZZ_CHECK(decoded.error().code.category() == protocol_category());
    FUZZ_CHECK(decoded.error().position <= data.size());
    return;
  }
  std::string const fields = tusk::test::fields_of_any(*decoded);
  std::string const bytes = tusk::test::encoded(*decoded);
  FUZZ_CHECK(bytes.size() == 5 + data.size() && bytes[0] == 'd');
  FUZZ_CHECK(load_big_endian<std::uint32_t>(bytes.data() + 1) == data.size() + 4);
  FUZZ_CHECK(std::string_view(bytes).substr(5) == data);
  byte_buffer payload;
  FUZZ_CHECK(!std::visit([&payload](auto const& each) { return encode_payload(payload, each); }, *decoded));
  FUZZ_CHECK(payload.view() == data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  tusk::test::exact_buffer const input(tusk::test::fuzz_input(data, size));
  auto const from_server = decode_from_server(input.view());
  auto const from_client = decode_from_client(input.view());
  FUZZ_CHECK(!from_server || !from_client);
  check(from_server, input.view());
  check(from_client, input.view());
  return 0;
}
