// Base64 (RFC 4648, section 4): the standard alphabet, with padding, as SCRAM writes it.
//
// Decoding is strict, so that two texts never mean the same bytes.
#pragma once

#include <string>
#include <string_view>
#include <tusk/protocol/expected.hpp>

namespace tusk::protocol {

/// The padded base64 of `bytes`.
std::string base64_encode(std::string_view bytes);

/// The bytes that `text` stands for; an empty text is no bytes. Anything that base64_encode() would not write is
/// errc::bad_value at its position: white space, a foreign character, missing or early padding, unused bits not zero.
expected<std::string> base64_decode(std::string_view text);

}  // namespace tusk::protocol
