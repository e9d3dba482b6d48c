// Service files: sections of connection settings, `[name]` and then lines of `keyword=value`.
//
// White space at both ends of a line does not count, and neither do empty lines and those that begin with `#`. No space
// may stand before `=`; what stands behind it is the value as it is. The first section of the name counts, and in it
// the first of equal keywords (which the caller sees to). A name may hold anything but the `]` that ends it. Source:
// PostgreSQL's documentation, "The Connection Service File".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conninfo/text.hpp"

namespace tusk::client {

/// A line of `keyword=value`. Views into the file's text.
struct service_setting {
  std::string_view keyword, value;
  std::size_t line = 0;  ///< from 1

  friend bool operator==(service_setting const&, service_setting const&) = default;
};

/// The settings of that section in order, every keyword a known one; none if the file has no such section. `text` is
/// the whole file. Errors, which begin with `line N: `: a line as long as libpq does not take (1022 bytes), `service`
/// in a section, a line without `=` or with an unknown keyword, LDAP, a NUL byte. Lines behind the section are not
/// looked at.
conninfo_result<std::optional<std::vector<service_setting>>> parse_service_file(std::string_view text,
                                                                                std::string_view service);

}  // namespace tusk::client
