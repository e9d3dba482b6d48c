// Whether a server's certificate was made for the host that we connect to: the check of sslmode=verify-full.
//
//   certificate ─► tls_certificate.cpp takes the names out ─► certificate_names ─► check_name(names, host) ─► verdict
//
// Pure: no OpenSSL, no system. The names come from the peer, and may be anything. The rules are libpq's:
//
//   * A dNSName is equal to the host (ASCII letters of either case), or begins with "*." and covers it: the asterisk
//     stands for one whole label, the first, and never for a dot. An asterisk anywhere else is a plain character.
//   * An iPAddress is equal to the host if the host is a literal IPv4 or IPv6 address.
//   * The common name is looked at as if it were a dNSName, and only if there is no dNSName (a host that is a name) or
//     no iPAddress (a host that is an address).
//   * A name that holds a NUL byte, or an address of another length than 4 and 16, refuses the certificate. libpq stops
//     at the first match; here one such name anywhere is enough, so that the order of the names does not matter.
//   * Where the host is an address, dNSName and common name are compared as text. An asterisk covers no part of an
//     address; libpq would let "*.0.0.1" stand for 10.0.0.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::client {

/// The names in a certificate, byte for byte.
struct certificate_names {
  std::vector<std::string> dns;            ///< subjectAltName, dNSName
  std::vector<std::string> addresses;      ///< subjectAltName, iPAddress: 4 or 16 bytes in network order
  std::optional<std::string> common_name;  ///< the subject's first one
};

/// What check_name found.
enum class name_verdict {
  matches,    ///< the certificate is for that host
  differs,    ///< it is for others
  malformed,  ///< it holds a name that no honest authority signs
};

/// Checks `host`, a name or a literal address, against the names. See the top of this file.
name_verdict check_name(certificate_names const& names, std::string_view host);

/// The names for an error: at most a few, cut, and without a character that a terminal could take for a command.
/// "no name" if there is none.
std::string shown(certificate_names const& names);

}  // namespace tusk::client
