#include "conninfo/service_file.hpp"

#include <algorithm>
#include <utility>

namespace tusk::client {
namespace {

constexpr std::size_t max_line = 1022;  // with its newline

std::string_view trim(std::string_view line) noexcept {
  while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  return line;
}

/// True if the line begins the section; more may stand behind its `]`.
bool begins_section(std::string_view line, std::string_view service) noexcept {
  line.remove_prefix(1);
  return line.starts_with(service) && line.substr(service.size()).starts_with(']');
}

/// What is wrong with a line of the section, or an empty text.
std::string check(std::string_view line, service_setting& setting) {
  if (line.starts_with("ldap")) return "services are not looked up by LDAP; write the settings themselves";
  std::size_t const equals = line.find('=');
  if (equals == line.npos) return "no \"=\"; write keyword=value";
  setting.keyword = line.substr(0, equals);
  setting.value = line.substr(equals + 1);
  if (setting.keyword == "service") return "a service cannot name another one; remove \"service=\"";
  conninfo_keyword const* const known = find_keyword(setting.keyword);
  if (known != nullptr && known->name != "requiressl") return {};
  if (known != nullptr) return "\"requiressl\" is too old for a service file; write sslmode=require";
  if (find_keyword(trim(setting.keyword)) != nullptr) return "white space before \"=\"; write keyword=value without it";
  return "unknown keyword" + shown_word(setting.keyword, nullptr) + suggestion(setting.keyword);
}

}  // namespace

conninfo_result<std::optional<std::vector<service_setting>>> parse_service_file(std::string_view text,
                                                                                std::string_view service) {
  std::optional<std::vector<service_setting>> found;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto const wrong = [number](std::string what) {
      return conninfo_error{"line " + std::to_string(number) + ": " + std::move(what)};
    };
    std::size_t const size = std::min(text.find('\n'), text.size() - 1) + 1;
    if (size > max_line) {
      return wrong("longer than " + std::to_string(max_line) + " bytes; shorten it");
    }
    std::string_view const line = trim(text.substr(0, size));
    text.remove_prefix(size);
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      if (found) return found;
      if (begins_section(line, service)) found.emplace();
      continue;
    }
    if (!found) continue;
    service_setting setting;
    setting.line = number;
    std::string what = line.find('\0') == line.npos ? check(line, setting) : "a NUL byte, which cannot be sent";
    if (!what.empty()) return wrong(std::move(what));
    found->push_back(setting);
  }
  return found;
}

}  // namespace tusk::client
