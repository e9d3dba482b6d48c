// The parts of text_writer that need not be inline: checked strings, floating point, and the errors.
#include <tusk/types/text_writer.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <tusk/protocol/utf8.hpp>
#include <tusk/types/errc.hpp>

#include "refuse.hpp"

namespace tusk {
namespace {

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
  to.commit(static_cast<std::size_t>(std::to_chars(at, at + longest, value).ptr - at));
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
