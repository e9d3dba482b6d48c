// UTF-8 validation of any bytes, against a decoder that is slow and plain.
//
// Input: the bytes. Checked: the same first invalid character, for the whole input and for each of its ends.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <tusk/protocol/utf8.hpp>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"

namespace {

// The length of the character at the start of the bytes, or 0. Decodes first, and judges the code point afterwards.
std::size_t decode(std::uint8_t const* bytes, std::size_t left) {
  std::uint32_t code_point = bytes[0];
  std::size_t length = 1;
  while (length < 5 && bytes[0] & 0x80 >> length && bytes[0] & 0x80) ++length;
  if (length == 1) return bytes[0] < 0x80 ? 1 : 0;
  if (length == 5 || length > left) return 0;
  code_point &= 0x7fu >> length;
  for (std::size_t i = 1; i < length; ++i) {
    if (bytes[i] < 0x80 || bytes[i] > 0xbf) return 0;
    code_point = code_point * 64 + (bytes[i] - 0x80u);
  }
  bool const shortest = code_point >= (length == 2 ? 0x80u : length == 3 ? 0x800u : 0x10000u);
  bool const surrogate = code_point - 0xd800u < 0x800u;
  return shortest && !surrogate && code_point <= 0x10ffff ? length : 0;
}

std::size_t find_slowly(std::uint8_t const* bytes, std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    std::size_t const length = decode(bytes + at, size - at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  for (std::size_t begin = 0; begin <= size && begin < 24; ++begin) {
    tusk::test::exact_buffer const text(tusk::test::fuzz_text(data + begin, size - begin));
    std::size_t const found = tusk::protocol::find_invalid_utf8(text.view());
    std::size_t const expected = find_slowly(data + begin, size - begin);
    if (found != expected) {
      std::fprintf(stderr, "from byte %zu: found %zu, expected %zu\n", begin, found, expected);
      std::abort();
    }
  }
  return 0;
}
