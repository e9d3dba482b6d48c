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

void types::write_binary_bits(std::string_view text, binary_writer& out) {
  out.put(static_cast<std::int32_t>(text.size()));
  for (std::size_t at = 0; at < text.size(); at += 8) {
    unsigned byte = 0;
    for (std::size_t i = at; i < at + 8; ++i) byte = byte << 1 | (i < text.size() && text[i] == '1');
    out.put(static_cast<std::uint8_t>(byte));
  }
}

void adapter<bits>::binary(bits const& value, binary_writer& out) { types::write_binary_bits(value.to_string(), out); }

protocol::expected<bits> from_binary<bits>::parse(std::string_view bytes, oid) {
  types::binary_reader in(bytes);
  auto const count = in.take<std::int32_t>();
  if (count < 0) in.fail_at(0);
  auto const size = static_cast<std::size_t>(count < 0 ? 0 : count);
  std::string_view const packed = in.take((size + 7) / 8);
  if (auto const error = in.finish(); error.code) return error;
  auto const bit = [&](std::size_t i) { return static_cast<unsigned char>(packed[i / 8]) >> (7 - i % 8) & 1; };
  for (std::size_t i = size; i < packed.size() * 8; ++i)
    if (bit(i) != 0) return protocol::parse_error{types::errc::malformed_binary, bytes.size() - 1};
  bits value;
  value.text_.resize(size);
  for (std::size_t i = 0; i < size; ++i) value.text_[i] = static_cast<char>('0' + bit(i));
  return value;
}

protocol::expected<bits> from_text<bits>::parse(std::string_view text) {
  std::size_t const other = types::find_other_than_bit(text);
  if (other != text.npos) return protocol::parse_error{types::errc::malformed_bits, other};
  bits value;
  value.text_ = text;
  return value;
}

}  // namespace tusk
