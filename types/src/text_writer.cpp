// The parts of text_writer that need not be inline: checked strings, floating point, and the errors.
#include <tusk/types/text_writer.hpp>

#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <tusk/protocol/utf8.hpp>
#include <tusk/types/errc.hpp>

#include "refuse.hpp"

namespace tusk {
namespace {

// Writes a double that is a decimal of at most six places and fifteen digits, which most of a program's numbers are,
// and returns its end; null for any other. At most fifteen digits are the only ones of so few that read back as this
// double, and so the shortest: that they do is asked of one division, whose operands are exact.
char* write_short_decimal(char* at, double value) noexcept {
  constexpr double scale = 1e6, limit = 1e15 / scale;
  constexpr std::uint32_t unit = 1'000'000;
  double const magnitude = std::fabs(value);
  if (FLT_EVAL_METHOD != 0 || !(magnitude >= 1 / scale && magnitude < limit)) return nullptr;
  auto const scaled = static_cast<std::uint64_t>(magnitude * scale + 0.5);
  if (static_cast<double>(scaled) / scale != magnitude) return nullptr;
  if (value < 0) *at++ = '-';
  auto const places = static_cast<std::uint32_t>(scaled % unit);
  at = std::to_chars(at, at + 10, static_cast<std::uint32_t>(scaled / unit)).ptr;
  if (places == 0) return at;
  char* const point = at;
  at = std::to_chars(at, at + 7, unit + places).ptr;
  *point = '.';
  while (at[-1] == '0') --at;
  return at;
}
char* write_short_decimal(char*, float) noexcept { return nullptr; }

// PostgreSQL's input functions take C's names for these, but one spelling is enough, and that is its own.
template <class Float>
void write_float(types::text_buffer& to, Float value) {
  if (!std::isfinite(value)) {
    std::string_view const name = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    to.append(name.data(), name.size());
    return;
  }
  constexpr std::size_t longest = 32;  // -2.2250738585072014e-308 has 24
  char* const at = to.reserve(longest);
  char* end = write_short_decimal(at, value);
  if (end == nullptr) end = std::to_chars(at, at + longest, value).ptr;
  to.commit(static_cast<std::size_t>(end - at));
}

// Whether a short text is ASCII without NUL bytes.
bool is_plain(std::string_view text) noexcept {
  constexpr std::size_t short_text = 64;
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  if (text.size() > short_text) return false;
  // A byte's high bit is set here for 0 and for what is above 127. The byte behind a 0 loses one more, which may set
  // its bit too, but then the text is not plain anyway.
  std::uint64_t odd = 0;
  if (text.size() < sizeof odd) {
    for (char const c : text) odd |= (static_cast<unsigned char>(c) - std::uint64_t{1}) | static_cast<unsigned char>(c);
    return (odd & 0x80) == 0;
  }
  auto const look = [&odd](char const* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    odd |= (word - ones) | word;
  };
  char const* const end = text.data() + text.size();
  for (char const* at = text.data(); end - at > 8; at += 8) look(at);
  look(end - 8);
  return (odd & 0x80 * ones) == 0;
}

}  // namespace

namespace types {

void throw_too_large() { refuse(errc::too_large); }

}  // namespace types

text_writer& text_writer::operator<<(std::string_view text) {
  char* const at = to_.reserve(text.size());  // first, so that what is too large is refused before it is read
  if (text.empty()) return *this;
  if (is_plain(text)) [[likely]] {
    types::copy_bytes(at, text.data(), text.size());
    to_.commit(text.size());
    return *this;
  }
  if (void const* const nul = std::memchr(text.data(), 0, text.size())) {
    types::refuse({types::errc::embedded_nul, static_cast<std::size_t>(static_cast<char const*>(nul) - text.data())});
  }
  std::size_t const invalid = protocol::find_invalid_utf8(text);
  if (invalid != std::string_view::npos) types::refuse({types::errc::invalid_utf8, invalid});
  std::memcpy(at, text.data(), text.size());
  to_.commit(text.size());
  return *this;
}

text_writer& text_writer::operator<<(double value) {
  write_float(to_, value);
  return *this;
}

text_writer& text_writer::operator<<(float value) {
  write_float(to_, value);
  return *this;
}

void text_writer::throw_not_ascii() { types::refuse(types::errc::not_ascii); }

}  // namespace tusk
