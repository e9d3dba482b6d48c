// The URI form of a connection string, taken apart into the same keyword/value pairs as the other form gives.
//
//   uri    = ( "postgresql://" | "postgres://" ) [ user [ ":" password ] "@" ] hosts [ "/" [ dbname ] ] [ "?" params ]
//   hosts  = host { "," host }
//   host   = ( "[" address "]" | { byte but ":" "/" "?" "," } ) [ ":" { byte but "/" "?" "," } ]
//   params = [ param { "&" param } ]               a "&" may end them
//   param  = keyword "=" value                     no "=" in either; `ssl=true` means `sslmode=require`
//
// User and password are there if an "@" comes before the first "/". Each part is decoded: `%41` is a byte in
// hexadecimal (not `%00`), spaces at the ends do not count, and a space inside is an error. A part that is empty is
// not given, but for a value among the params. All hosts together are one value, commas between, and so are all ports:
// what stands in a list is said by hosts.cpp. A socket's directory is written `%2Fvar%2Frun`, or as
// `?host=/var/run`.
//
// An `@` or `/` of a password that is not percent-encoded moves its rest into host, port or database, so these count as
// doubtful wherever an `@` stands in or behind them, and no error shows them.
#pragma once

#include <string_view>
#include <vector>

#include "conninfo/text.hpp"

namespace tusk::client {

/// The length of "postgresql://" or "postgres://" at the front of the text, else 0.
std::size_t uri_prefix(std::string_view text) noexcept;

/// The pairs in the order user, password, host, port, dbname, then the params. `text` begins with a prefix.
conninfo_result<std::vector<conninfo_pair>> parse_uri(std::string_view text);

}  // namespace tusk::client
