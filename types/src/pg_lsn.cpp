// pg_lsn: two hexadecimal numbers of up to eight digits, and a slash between them.
#include <tusk/types/pg_lsn.hpp>

#include <ostream>

#include <tusk/types/errc.hpp>

#include "hex.hpp"
#include "refuse.hpp"

namespace tusk {
namespace {

// Writes a half without leading zeros; returns where it ends.
char* write_half_of_lsn(char* to, std::uint32_t half) noexcept {
  int shift = 28;
  while (shift > 0 && half >> shift == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) *to++ = "0123456789ABCDEF"[half >> shift & 15];
  return to;
}

// Takes one to eight digits off the text at `at`; false if there is none.
bool take_half_of_lsn(std::string_view text, std::size_t& at, std::uint64_t& position) noexcept {
  std::size_t const first = at;
  std::uint64_t half = 0;
  for (; at < text.size() && at - first < 8; ++at) {
    std::uint8_t const digit = types::hex::digit_value(text[at]);
    if (digit == types::hex::not_a_digit) break;
    half = half << 4 | digit;
  }
  position = position << 32 | half;
  return at != first;
}

}  // namespace

pg_lsn::pg_lsn(std::string_view text) : pg_lsn(types::value_or_refuse(from_text<pg_lsn>::parse(text))) {}

std::string pg_lsn::to_string() const { return *types::text_of(*this); }

std::ostream& operator<<(std::ostream& out, pg_lsn value) { return out << value.to_string(); }

void adapter<pg_lsn>::text(pg_lsn value, text_writer& out) {
  constexpr std::size_t longest = 17;
  char* const begin = out.reserve(longest);
  char* at = write_half_of_lsn(begin, static_cast<std::uint32_t>(value.position() >> 32));
  *at++ = '/';
  at = write_half_of_lsn(at, static_cast<std::uint32_t>(value.position()));
  out.commit(static_cast<std::size_t>(at - begin));
}

protocol::expected<pg_lsn> from_text<pg_lsn>::parse(std::string_view text) noexcept {
  std::size_t at = 0;
  std::uint64_t position = 0;
  bool const good = take_half_of_lsn(text, at, position) && at < text.size() && text[at] == '/' &&
                    take_half_of_lsn(text, ++at, position) && at == text.size();
  if (!good) return protocol::parse_error{types::errc::malformed_lsn, at};
  return pg_lsn(position);
}

}  // namespace tusk
