// The form in which SCRAM hashes a password (SASLprep: RFC 4013), so that it does not matter how the keyboard or the
// editor wrote an accent.
//
//   UTF-8 ──► map (odd spaces to a space, soft hyphens and the like to nothing) ──► judge ──► normalise (NFKC)
//
// A password that is not UTF-8, or that the rules forbid, is hashed as it is. All this must be as the PostgreSQL server
// does it, which made the stored form of the password; where that differs from the RFC the server is right: each code
// point is judged before normalisation, not after it. "Assigned" means in Unicode 3.2, as the RFC demands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tusk::protocol {

/// The prepared password, or nothing: then it is to be used as it is. That is so where it is ASCII alone (of any kind,
/// control characters included), not valid UTF-8, nothing but characters that are dropped, or where it holds a
/// character that is prohibited or not assigned, or text of two directions.
///
/// The result is a secret; what was needed on the way is wiped. Any thread.
std::optional<std::string> saslprep(std::string_view password);

}  // namespace tusk::protocol
