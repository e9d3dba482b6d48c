// The type "char".
#include <tusk/types/text.hpp>

#include <array>
#include <cstdint>

#include <tusk/types/errc.hpp>

namespace tusk {

void adapter<char>::text(char value, text_writer& out) {
  auto const byte = static_cast<unsigned char>(value);
  if (byte >= 0x80) {
    out << '\\';
    for (int shift : {6, 3, 0}) out << static_cast<char>('0' + (byte >> shift & 7));
  } else if (byte != 0) {
    out << value;
  }
}

namespace types {
namespace {

// `\` and three octal digits for each byte.
constexpr auto octal_forms = [] {
  std::array<char, 4 * 256> forms{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    forms[4 * byte] = '\\';
    for (unsigned i = 1; i < 4; ++i) forms[4 * byte + i] = static_cast<char>('0' + (byte >> (9 - 3 * i) & 7));
  }
  return forms;
}();

}  // namespace

protocol::expected<std::string_view> text_in_binary(std::string_view bytes, oid type) noexcept {
  if (type == oids::jsonb || type == oids::jsonpath) {
    if (!bytes.starts_with('\1')) return protocol::parse_error{errc::malformed_binary, 0};
    return bytes.substr(1);
  }
  if (type == oids::char_) {
    auto const byte = parse_fixed<std::uint8_t>(bytes);
    if (!byte) return byte.error();
    if (*byte < 0x80) return bytes.substr(0, *byte != 0);
    return std::string_view(octal_forms.data() + 4 * *byte, 4);
  }
  return bytes;
}

}  // namespace types

protocol::expected<char> from_text<char>::parse(std::string_view text) noexcept {
  if (text.empty()) return '\0';
  if (text.size() == 1) return text[0];
  protocol::parse_error const malformed{types::errc::malformed_char, 1};
  if (text.size() != 4 || text[0] != '\\') return malformed;
  unsigned byte = 0;
  for (char c : text.substr(1)) {
    if (c < '0' || c > '7') return malformed;
    byte = byte * 8 + static_cast<unsigned>(c - '0');
  }
  if (byte < 0x80 || byte > 0xff) return malformed;
  return static_cast<char>(byte);
}

}  // namespace tusk
