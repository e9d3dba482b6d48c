#include "conninfo/passfile.hpp"

#include <algorithm>
#include <cstddef>

namespace tusk::client {
namespace {

/// Takes the field at the front of the line, with its `:`, off it. False if it is another one than wanted, or the last.
bool take_field(std::string_view& line, std::string_view wanted) {
  if (line.starts_with("*:")) {
    line.remove_prefix(2);
    return true;
  }
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == ':' && wanted.empty()) {
      line.remove_prefix(at + 1);
      return true;
    }
    if (line[at] == '\\' && ++at == line.size()) return false;
    if (wanted.empty() || line[at] != wanted.front()) return false;
    wanted.remove_prefix(1);
  }
  return false;
}

std::string read_password(std::string_view field) {
  std::string password;
  for (std::size_t at = 0; at < field.size() && field[at] != ':'; ++at) {
    if (field[at] == '\\' && at + 1 < field.size()) ++at;
    password += field[at];
  }
  return password;
}

}  // namespace

std::optional<std::string> find_password(std::string_view text, password_key const& wanted) {
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#')) continue;
    bool const fits = take_field(line, wanted.host) && take_field(line, wanted.port) &&
                      take_field(line, wanted.dbname) && take_field(line, wanted.user);
    if (fits) return read_password(line);
  }
  return std::nullopt;
}

}  // namespace tusk::client
