// The type "char".
#include <tusk/types/text.hpp>

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
