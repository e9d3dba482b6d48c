// Passwords of any bytes through SASLprep.
//
// Input: the password. Checked: what is prepared is valid UTF-8, of bounded size, and prepared again it stays; a
// character that is dropped makes no difference, wherever it stands; ASCII and what is not UTF-8 are left alone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tusk/protocol/saslprep.hpp>
#include <tusk/protocol/utf8.hpp>

#include "support/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using tusk::protocol::saslprep;
  std::string_view const password = tusk::test::fuzz_text(data, size);
  bool const is_ascii = std::all_of(data, data + size, [](std::uint8_t byte) { return byte < 0x80; });
  bool const is_utf8 = tusk::protocol::find_invalid_utf8(password) == password.npos;

  auto const prepared = saslprep(password);
  if (is_ascii || !is_utf8) {
    FUZZ_CHECK(!prepared);
    return 0;
  }
  if (prepared) {
    FUZZ_CHECK(!prepared->empty() && prepared->size() <= 11 * size);  // U+FDFA: 3 bytes become 33
    FUZZ_CHECK(tusk::protocol::find_invalid_utf8(*prepared) == prepared->npos);
    FUZZ_CHECK(saslprep(*prepared).value_or(*prepared) == *prepared);
  }
  std::string hyphenated;
  for (char const c : password) {
    if ((c & 0xc0) != 0x80) hyphenated += "\xc2\xad";
    hyphenated += c;
  }
  FUZZ_CHECK(saslprep(hyphenated) == prepared);
  return 0;
}
