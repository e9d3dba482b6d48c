// MAC addresses, the server's counters and places, names of objects, the catalogue's vectors and hstore, from any
// bytes.
//
// Input: a letter that chooses the type (see `check`), then the text.
//
// Checked: what is accepted is what an independent, slower reading accepts, with the same value; a value that was read,
// written and read again is the same; a refusal names a position in the text.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/builtin.hpp>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

template <class T>
std::optional<T> parse(std::string_view text, tusk::oid type = 0) {
  auto const result = tusk::types::read_text<T>(text, type);
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    FUZZ_CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  if (type == 0 && text.find('\0') == text.npos && tusk::protocol::find_invalid_utf8(text) == text.npos) {
    auto const again = tusk::from_text<T>::parse(*tusk::types::text_of(*result));
    FUZZ_CHECK(again && *again == *result);
  }
  return *result;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (char const c : text) c == at ? void(parts.emplace_back()) : parts.back().push_back(c);
  return parts;
}

/// Digits of a number of at most `most`.
std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  unsigned __int128 value = 0;
  for (char const c : text) {
    if (c < '0' || c > '9' || value > most) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (text.empty() || value > most) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

constexpr std::uint64_t most16 = 0xffff, most32 = 0xffff'ffff, most64 = ~std::uint64_t{0};

template <class Mac>
void check_mac(std::string_view text) {
  auto const parts = split(text, ':');
  bool const good =
      parts.size() == typename Mac::bytes_type().size() && std::ranges::all_of(parts, [](auto const& each) {
        return each.size() == 2 && std::isxdigit(static_cast<unsigned char>(each[0])) &&
               std::isxdigit(static_cast<unsigned char>(each[1]));
      });
  auto const value = parse<Mac>(text);
  FUZZ_CHECK(value.has_value() == good);
  if (!good) return;
  for (std::size_t i = 0; i < parts.size(); ++i)
    FUZZ_CHECK(std::to_integer<unsigned long>(value->bytes()[i]) == std::stoul(parts[i], nullptr, 16));
}

void check_lsn(std::string_view text) {
  auto const parts = split(text, '/');
  bool const good = parts.size() == 2 && std::ranges::all_of(parts, [](auto const& each) {
                      return !each.empty() && each.size() <= 8 && std::ranges::all_of(each, [](char c) {
                        return std::isxdigit(static_cast<unsigned char>(c)) != 0;
                      });
                    });
  auto const value = parse<tusk::pg_lsn>(text);
  FUZZ_CHECK(value.has_value() == good);
  if (good)
    FUZZ_CHECK(value->position() == (std::stoull(parts[0], nullptr, 16) << 32 | std::stoull(parts[1], nullptr, 16)));
}

template <class T>
void check_counter(std::string_view text, std::uint64_t most) {
  auto const value = parse<T>(text);
  auto const expected = number(text, most);
  FUZZ_CHECK(value.has_value() == expected.has_value() && (!value || value->number() == *expected));
}

void check_tid(std::string_view text) {
  std::optional<tusk::tid> expected;
  if (text.size() > 2 && text.front() == '(' && text.back() == ')') {
    auto const parts = split(text.substr(1, text.size() - 2), ',');
    auto const block = number(parts[0], most32), offset = number(parts.back(), most16);
    if (parts.size() == 2 && block && offset)
      expected = {static_cast<std::uint32_t>(*block), static_cast<std::uint16_t>(*offset)};
  }
  FUZZ_CHECK(parse<tusk::tid>(text) == expected);
}

void check_snapshot(std::string_view text) {
  std::optional<tusk::pg_snapshot> expected;
  auto const parts = split(text, ':');
  auto const first = number(parts[0], most64);
  auto const end = parts.size() == 3 ? number(parts[1], most64) : std::nullopt;
  if (first && end && *first != 0 && *first <= *end) {
    expected = {tusk::xid8(*first), tusk::xid8(*end), {}};
    std::optional<std::uint64_t> last;
    for (auto const& each : split(parts[2], ',')) {
      if (parts[2].empty()) break;
      auto const one = number(each, most64);
      bool const good = one && *one >= *first && *one < *end && (!last || *one > *last);
      if (!good) {
        expected.reset();
        break;
      }
      last = one;
      expected->in_progress.emplace_back(*one);
    }
  }
  FUZZ_CHECK(parse<tusk::pg_snapshot>(text) == expected);
}

void check_object(std::string_view text) {
  auto const value = parse<tusk::oid>(text, tusk::oids::regclass);
  auto const expected = text == "-" ? 0 : number(text, most32);
  FUZZ_CHECK(value.has_value() == expected.has_value() && (!value || *value == *expected));
}

void check_vector(std::string_view text) {
  std::optional<std::vector<tusk::oid>> expected(std::in_place);
  for (auto const& each : split(text, ' ')) {
    if (text.empty()) break;
    auto const one = each == "-0" ? 0 : number(each, most32);
    if (!one) {
      expected.reset();
      break;
    }
    expected->push_back(static_cast<tusk::oid>(*one));
  }
  // Zeros before a number may be any number, and "-0" is 0, for integers everywhere.
  auto const value = parse<std::vector<tusk::oid>>(text, tusk::oids::oidvector);
  if (text.find('-') == text.npos) FUZZ_CHECK(value == expected);
}

using map = std::map<std::string, std::optional<std::string>>;

/// Byte by byte: a string in quotes.
bool read_string(std::string_view text, std::size_t& at, std::string& to) {
  to.clear();
  if (at >= text.size() || text[at] != '"') return false;
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && ++at == text.size()) return false;
    to += text[at];
  }
  return at++ < text.size();
}

std::optional<map> read_slowly(std::string_view text) {
  map made;
  for (std::size_t at = 0; !text.empty();) {
    std::string key, value;
    if (!read_string(text, at, key) || text.substr(at, 2) != "=>") return std::nullopt;
    at += 2;
    bool const null = text.substr(at, 4) == "NULL";
    if (null) {
      at += 4;
    } else if (!read_string(text, at, value)) {
      return std::nullopt;
    }
    if (!made.emplace(key, null ? std::nullopt : std::optional(value)).second) return std::nullopt;
    if (at == text.size()) break;
    if (text.substr(at, 2) != ", ") return std::nullopt;
    at += 2;
  }
  return made;
}

void check_hstore(std::string_view text) {
  auto const expected = read_slowly(text);
  FUZZ_CHECK(parse<map>(text) == expected);
  bool const all = expected && std::ranges::all_of(*expected, [](auto const& each) { return each.second.has_value(); });
  FUZZ_CHECK((parse<std::map<std::string, std::string>>(text).has_value() == all));
}

void check(char type, std::string_view text) {
  switch (type) {
    case 'm': check_mac<tusk::macaddr>(text); break;
    case 'M': check_mac<tusk::macaddr8>(text); break;
    case 'l': check_lsn(text); break;
    case 'x': check_counter<tusk::xid>(text, most32); break;
    case 'X': check_counter<tusk::xid8>(text, most64); break;
    case 't': check_tid(text); break;
    case 's': check_snapshot(text); break;
    case 'o': check_object(text); break;
    case 'v': check_vector(text); break;
    case 'h': check_hstore(text); break;
    default: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<char> const exact(data + 1, data + size);
  check(static_cast<char>(data[0]), {exact.data(), exact.size()});
  return 0;
}
