// macaddr and macaddr8: two digits, a colon, two digits, and so on.
#include <tusk/types/macaddr.hpp>

#include <cstring>
#include <ostream>

#include <tusk/types/errc.hpp>

#include "hex.hpp"
#include "refuse.hpp"

namespace tusk {
namespace {

constexpr std::size_t mac_text_size(std::size_t bytes) noexcept { return 3 * bytes - 1; }

// The first character that is wrong, or the text's end, is where it fails.
template <class Mac>
protocol::expected<Mac> parse_mac(std::string_view text) noexcept {
  typename Mac::bytes_type bytes;
  std::size_t at = 0;
  auto const wrong = [&at] { return protocol::parse_error{types::errc::malformed_macaddr, at}; };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i != 0) {
      if (at == text.size() || text[at] != ':') return wrong();
      ++at;
    }
    unsigned value = 0;
    for (int digit = 0; digit < 2; ++digit, ++at) {
      if (at == text.size() || types::hex::digit_value(text[at]) == types::hex::not_a_digit) return wrong();
      value = value << 4 | types::hex::digit_value(text[at]);
    }
    bytes[i] = static_cast<std::byte>(value);
  }
  if (at != text.size()) return wrong();
  return Mac(bytes);
}

template <std::size_t Size>
void write_mac(std::array<std::byte, Size> const& bytes, char* to) noexcept {
  for (std::size_t i = 0; i < Size; ++i) {
    if (i != 0) *to++ = ':';
    std::memcpy(to, types::hex::digits_of(bytes[i]), 2);
    to += 2;
  }
}

template <std::size_t Size>
void write_mac(std::array<std::byte, Size> const& bytes, text_writer& out) {
  write_mac(bytes, out.reserve(mac_text_size(Size)));
  out.commit(mac_text_size(Size));
}

template <std::size_t Size>
std::string mac_text(std::array<std::byte, Size> const& bytes) {
  std::string text(mac_text_size(Size), '\0');
  write_mac(bytes, text.data());
  return text;
}

}  // namespace

macaddr::macaddr(std::string_view text) : macaddr(types::value_or_refuse(parse_mac<macaddr>(text))) {}
macaddr8::macaddr8(std::string_view text) : macaddr8(types::value_or_refuse(parse_mac<macaddr8>(text))) {}

std::string macaddr::to_string() const { return mac_text(bytes_); }
std::string macaddr8::to_string() const { return mac_text(bytes_); }

std::ostream& operator<<(std::ostream& out, macaddr const& value) { return out << value.to_string(); }
std::ostream& operator<<(std::ostream& out, macaddr8 const& value) { return out << value.to_string(); }

void adapter<macaddr>::text(macaddr const& value, text_writer& out) { write_mac(value.bytes(), out); }
void adapter<macaddr8>::text(macaddr8 const& value, text_writer& out) { write_mac(value.bytes(), out); }

protocol::expected<macaddr> from_text<macaddr>::parse(std::string_view text) noexcept {
  return parse_mac<macaddr>(text);
}
protocol::expected<macaddr8> from_text<macaddr8>::parse(std::string_view text) noexcept {
  return parse_mac<macaddr8>(text);
}

}  // namespace tusk
