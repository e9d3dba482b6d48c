// Checks that text is UTF-8: before it is sent, because a server that takes bytes for something else than we did is how
// quoting is broken out of (CVE-2006-2313, CVE-2025-1094).
#pragma once

#include <cstddef>
#include <string_view>

namespace tusk::protocol {

/// Where the first character that is not valid UTF-8 begins: the offset in bytes of its first byte, or
/// std::string_view::npos if the whole text is valid. Overlong forms, surrogates, code points above U+10FFFF and a
/// character cut off by the end are invalid; NUL is valid here.
/// Any thread. Source: RFC 3629; the Unicode Standard, table 3-7.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

}  // namespace tusk::protocol
