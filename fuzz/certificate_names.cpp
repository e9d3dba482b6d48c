// Fuzzes the check of a certificate's names. The input is a certificate in DER (it begins with 0x30, "0"), or lines:
// the host, then names, each after a letter: d dNSName, a iPAddress, c common name.
//
// Oracles: the verdict is that of rules written here once more, label by label; a shown name is short and harmless.
#include "net/certificate_names.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "net/tls_certificate.hpp"
#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"

namespace {

using namespace tusk::client;

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (char const c : text) {
    if (c == at)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

/// Four numbers to 255, without needless zeros.
std::string ipv4(std::string const& host) {
  std::string bytes;
  for (std::string const& part : split(host, '.')) {
    bool const digits = !part.empty() && part.size() <= 3 && part.find_first_not_of("0123456789") == part.npos;
    if (!digits || (part.size() > 1 && part[0] == '0') || std::stoi(part) > 255) return {};
    bytes += static_cast<char>(std::stoi(part));
  }
  return bytes.size() == 4 ? bytes : "";
}

/// As the resolver reads it.
std::string ipv6(std::string const& host) {
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST;
  wanted.ai_family = AF_INET6;
  addrinfo* found = nullptr;
  bool const plain = host.find('%') == host.npos && host.find('\0') == host.npos;
  if (!plain || getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return {};
  std::string bytes(16, '\0');
  std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in6 const*>(found->ai_addr)->sin6_addr, 16);
  freeaddrinfo(found);
  return bytes;
}

bool same_label(std::string_view a, std::string_view b) {
  auto const fold = [](unsigned char c) { return c >= 65 && c <= 90 ? c | 32 : +c; };
  return a.size() == b.size() && std::ranges::equal(a, b, {}, fold, fold);
}

bool expected_match(std::string const& name, std::string const& host, bool wildcards) {
  auto const pattern = split(name, '.'), labels = split(host, '.');
  if (name.empty() || pattern.size() != labels.size()) return false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    bool const any =
        wildcards && i == 0 && pattern[0] == "*" && !labels[0].empty() && name.size() > 2 && labels.size() > 1;
    if (!any && !same_label(pattern[i], labels[i])) return false;
  }
  return true;
}

name_verdict expected(certificate_names const& names, std::string const& host) {
  std::string const v4 = ipv4(host), address = v4.empty() ? ipv6(host) : v4;
  std::vector<std::string> texts = names.dns;
  bool const common = address.empty() ? names.dns.empty() : names.addresses.empty();
  if (common && names.common_name) texts.push_back(*names.common_name);
  bool match = false;
  for (std::string const& text : texts) {
    if (text.find('\0') != text.npos) return name_verdict::malformed;
    match = match || expected_match(text, host, address.empty());
  }
  for (std::string const& bytes : names.addresses) {
    if (bytes.size() != 4 && bytes.size() != 16) return name_verdict::malformed;
    match = match || (!address.empty() && bytes == address);
  }
  return match ? name_verdict::matches : name_verdict::differs;
}

void check(certificate_names const& names, std::string const& host) {
  FUZZ_CHECK(check_name(names, tusk::test::exact_buffer(host).view()) == expected(names, host));
  std::string const text = shown(names);
  FUZZ_CHECK(!text.empty() && text.size() < 500);
  FUZZ_CHECK(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }));
}

void check_certificate(std::string const& der) {
  auto const* bytes = reinterpret_cast<unsigned char const*>(der.data());
  std::unique_ptr<X509, decltype(&X509_free)> const certificate(
      d2i_X509(nullptr, &bytes, static_cast<long>(der.size())), X509_free);
  if (!certificate) return;
  FUZZ_CHECK(end_point_hash(certificate.get()).size() <= 64);
  auto const names = names_in(certificate.get());
  if (!names) return;
  for (std::string const host : {"localhost", "127.0.0.1", "::1", "db.example.org", ""}) check(*names, host);
  for (std::string const& name : names->dns) check(*names, name);
  if (names->common_name) check(*names, *names->common_name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const input = tusk::test::fuzz_input(data, size);
  if (input.starts_with('0')) {
    check_certificate(input);
    return 0;
  }
  auto const lines = split(input, '\n');
  certificate_names names;
  for (std::string const& line : std::span(lines).subspan(1)) {
    if (line.starts_with('d')) names.dns.push_back(line.substr(1));
    if (line.starts_with('a')) names.addresses.push_back(line.substr(1));
    if (line.starts_with('c')) names.common_name = line.substr(1);
  }
  check(names, lines[0]);
  return 0;
}
