// bit strings: the check of their text, eight characters at a time.
#include <tusk/types/bits.hpp>

#include <cstdint>
#include <cstring>
#include <ostream>

#include "refuse.hpp"

namespace tusk {

std::size_t types::find_other_than_bit(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  std::size_t at = 0;
  for (; text.size() - at >= 8; at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    if ((eight & 0xfe * ones) != '0' * ones) break;  // '0' and '1' differ in the lowest bit
  }
  while (at < text.size() && (text[at] == '0' || text[at] == '1')) ++at;
  return at == text.size() ? text.npos : at;
}

bits::bits(std::string_view text) : bits(types::value_or_refuse(from_text<bits>::parse(text))) {}

std::ostream& operator<<(std::ostream& out, bits const& value) { return out << value.text_; }

protocol::expected<bits> from_text<bits>::parse(std::string_view text) {
  std::size_t const other = types::find_other_than_bit(text);
  if (other != text.npos) return protocol::parse_error{types::errc::malformed_bits, other};
  bits value;
  value.text_ = text;
  return value;
}

}  // namespace tusk
