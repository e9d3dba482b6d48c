// The values in force for all keywords, each with the place it came from, between the sources (conninfo.cpp) and the
// settings (conninfo_settings.cpp).
#pragma once

#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "conninfo/text.hpp"

namespace tusk::client {

/// The value in force for one keyword.
struct conninfo_value {
  std::string text;
  bool given = false;     ///< else it is the default
  bool doubtful = false;  ///< it may be a piece of a password: no error shows it
  std::string where;      ///< it came from, for an error: ` (environment variable PGPORT)`
  std::size_t position = not_in_text;
  bool of_environment = false;

  /// `where`, as a part of a sentence: `the environment variable PGPORT`.
  std::string source() const;
};

inline std::string conninfo_value::source() const {
  if (where.size() < 3) return {};
  std::string said = "the " + where.substr(2);
  if (auto const end = said.find(')'); end != said.npos) said.erase(end, 1);
  return said;
}

/// See the top of this file.
class conninfo_values {
 public:
  conninfo_value& at(conninfo_keyword const& keyword) {
    return values_[static_cast<std::size_t>(&keyword - conninfo_keywords)];
  }
  /// `name` must be a keyword.
  conninfo_value const& of(std::string_view name) const {
    return values_[static_cast<std::size_t>(find_keyword(name) - conninfo_keywords)];
  }

  /// `port "x" <why> (environment variable PGPORT)`. `part`: the element of a list that is to be shown.
  conninfo_error refused(std::string_view name, std::string_view why, std::optional<std::string_view> part = {}) const {
    conninfo_value const& value = of(name);
    std::string message = std::string(name) + ' ';
    message += value.doubtful ? "***" : shown_value(*find_keyword(name), part.value_or(value.text));
    message += ' ' + std::string(why);
    if (value.doubtful) message += "; in a URI write @ and / of a user name or password as %40 and %2F";
    return {message + value.where, value.position};
  }

 private:
  std::array<conninfo_value, std::size(conninfo_keywords)> values_;
};

}  // namespace tusk::client
