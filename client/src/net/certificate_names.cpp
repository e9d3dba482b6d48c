#include "net/certificate_names.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace tusk::client {
namespace {

constexpr std::size_t ipv4_size = 4, ipv6_size = 16;
constexpr std::size_t most_shown = 5, longest_shown = 64;

/// The bytes of a literal address, in network order; empty if it is none.
std::string address_bytes(std::string_view host) {
  if (host.size() >= INET6_ADDRSTRLEN || host.find('\0') != host.npos) return {};
  std::string const text(host);
  char bytes[ipv6_size];
  if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) return {bytes, ipv4_size};
  if (::inet_pton(AF_INET6, text.c_str(), bytes) == 1) return {bytes, ipv6_size};
  return {};
}

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

/// "*.example.org" covers "db.example.org": one label, which is not empty, stands for the asterisk.
bool covers(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.") || pattern.size() == 2) return false;
  std::size_t const dot = host.find('.');
  return dot != host.npos && dot != 0 && equal(pattern.substr(1), host.substr(dot));
}

bool holds_nul(std::string_view text) { return text.find('\0') != text.npos; }

std::string in_quotes(std::string_view name) {
  std::string text = "\"";
  for (char const c : name.substr(0, longest_shown)) text += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
  return text + (name.size() > longest_shown ? "...\"" : "\"");
}

std::string address_text(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN];
  if (bytes.size() != ipv4_size && bytes.size() != ipv6_size) return "an address of a wrong length";
  return ::inet_ntop(bytes.size() == ipv4_size ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
}

}  // namespace

name_verdict check_name(certificate_names const& names, std::string_view host) {
  std::string const address = address_bytes(host);
  bool const common_name_counts = names.common_name && (address.empty() ? names.dns : names.addresses).empty();

  auto const wrong_size = [](std::string const& bytes) {
    return bytes.size() != ipv4_size && bytes.size() != ipv6_size;
  };
  if (std::ranges::any_of(names.dns, holds_nul) || std::ranges::any_of(names.addresses, wrong_size) ||
      (common_name_counts && holds_nul(*names.common_name)))
    return name_verdict::malformed;

  auto const is_host = [&](std::string const& name) {
    return !name.empty() && (equal(name, host) || (address.empty() && covers(name, host)));
  };
  bool const matches = std::ranges::any_of(names.dns, is_host) ||
                       (!address.empty() && std::ranges::find(names.addresses, address) != names.addresses.end()) ||
                       (common_name_counts && is_host(*names.common_name));
  return matches ? name_verdict::matches : name_verdict::differs;
}

std::string shown(certificate_names const& names) {
  std::string text;
  std::size_t count = 0;
  auto const add = [&](std::string const& name) {
    if (count++ < most_shown) text += (text.empty() ? "" : ", ") + name;
  };
  for (auto const& name : names.dns) add(in_quotes(name));
  for (auto const& bytes : names.addresses) add(address_text(bytes));
  if (names.common_name && names.dns.empty()) add(in_quotes(*names.common_name));
  if (count == 0) return "no name";
  return count > most_shown ? text + " and " + std::to_string(count - most_shown) + " more" : text;
}

}  // namespace tusk::client
