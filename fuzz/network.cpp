// inet and cidr, from any bytes.
//
// Input: a letter (see `check`), then the text; for 'c' two texts with a line break between them.
//
// Checked: what is written of an address is read as the same, and so is the address with every group written out; IPv4
// addresses are those of an independent reading; a cidr is an inet with a prefix and no bits behind it; the order is
// one.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

using tusk::cidr;
using tusk::inet;

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  bool thrown = false;
  try {
    T const of_user(text);
    FUZZ_CHECK(result && of_user == *result);
  } catch (tusk::data_error const& error) {
    thrown = true;
    FUZZ_CHECK(error.code() == result.error().code);
  }
  FUZZ_CHECK(thrown != result.has_value());
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    return std::nullopt;
  }
  std::string const written = result->to_string();
  auto const again = tusk::from_text<T>::parse(written);
  FUZZ_CHECK(again && *again == *result && again->to_string() == written);
  FUZZ_CHECK(std::hash<T>()(*again) == std::hash<T>()(*result));
  return *result;
}

// A decimal number without leading zeros, up to `max`; -1 if it is none.
int small_number(std::string_view text, int max) {
  int value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool const all = !text.empty() && end == text.data() + text.size() && error == std::errc();
  return all && value >= 0 && value <= max && std::to_string(value) == text ? value : -1;
}

std::optional<std::string> read_v4(std::string_view text) {
  std::string octets;
  for (int i = 0; i < 4; ++i) {
    std::size_t const end = i == 3 ? text.size() : std::min(text.find('.'), text.size());
    int const octet = small_number(text.substr(0, end), 255);
    if (octet < 0 || (i != 3 && end == text.size())) return std::nullopt;
    octets += static_cast<char>(octet);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return octets;
}

std::string octets_of(tusk::types::network_address const& address) {
  auto const octets = address.octets();
  return {reinterpret_cast<char const*>(octets.data()), octets.size()};
}

std::string written_out(inet const& address) {
  std::string text;
  auto const octets = address.octets();
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    char group[8];
    std::snprintf(group, sizeof group, "%s%02X%02x", i == 0 ? "" : ":", std::to_integer<unsigned>(octets[i]),
                  std::to_integer<unsigned>(octets[i + 1]));
    text += group;
  }
  return text + "/" + std::to_string(address.prefix());
}

void check_address(std::string_view text) {
  auto const address = parse<inet>(text);
  std::size_t const slash = text.find('/');
  bool const has_prefix = slash != text.npos;
  auto const v4 = read_v4(text.substr(0, slash));
  int const longest = v4 ? 32 : 128;
  int const prefix = has_prefix ? small_number(text.substr(slash + 1), longest) : longest;
  if (v4) FUZZ_CHECK(address.has_value() == (prefix >= 0));
  if (address) {
    FUZZ_CHECK(static_cast<int>(address->prefix()) == prefix && address->is_v4() == v4.has_value());
    FUZZ_CHECK(v4 ? octets_of(*address) == *v4 : inet(written_out(*address)) == *address);
  }

  auto const network = parse<cidr>(text);
  std::string host_bits;
  if (address) {
    std::string const octets = octets_of(*address);
    for (std::size_t i = address->prefix(); i < 8 * octets.size(); ++i) {
      if (static_cast<unsigned char>(octets[i / 8]) >> (7 - i % 8) & 1) host_bits += '1';
    }
  }
  FUZZ_CHECK(network.has_value() == (address && has_prefix && host_bits.empty()));
  if (network) FUZZ_CHECK(octets_of(*network) == octets_of(*address) && network->prefix() == address->prefix());
}

void check_order(std::string_view text) {
  std::size_t const line = text.find('\n');
  if (line == text.npos) return;
  auto const a = parse<inet>(text.substr(0, line));
  auto const b = parse<inet>(text.substr(line + 1));
  if (!a || !b) return;
  FUZZ_CHECK((*a == *b) == (a->to_string() == b->to_string()));
  FUZZ_CHECK((*a == *b) == ((*a <=> *b) == 0));
  FUZZ_CHECK((*a < *b) == (*b > *a));
  if (a->is_v4() != b->is_v4()) FUZZ_CHECK((*a < *b) == a->is_v4());
  if (a->is_v4() == b->is_v4() && a->prefix() == b->prefix()) {
    FUZZ_CHECK((*a < *b) == (octets_of(*a) < octets_of(*b)));
  }
}

void check(char what, std::string_view text) {
  switch (what) {
    case 'a': check_address(text); break;
    case 'c': check_order(text); break;
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
