// Lists of hosts: host, hostaddr and port belong together element by element. An empty element is the default; one port
// is for all hosts.

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "conninfo/make_settings.hpp"

namespace tusk::client {
namespace {

constexpr std::size_t max_hosts = 1000;
constexpr std::size_t max_host = 1024;  // what getnameinfo can give (NI_MAXHOST)

bool is_address(std::string const& text) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

/// What is wrong with the name, or an empty text.
std::string check_name(host_settings const& host) {
  if (host.name.size() > max_host) return "is too long for a host name";
  if (host.name.starts_with('/') || host.name.starts_with('@')) {
    std::size_t const size = host.unix_socket_path().size(), most = sizeof(sockaddr_un::sun_path) - 1;
    if (!host.is_unix_socket() || size <= most) return {};
    return "is too long: the path of the socket in it, " + std::to_string(size) + " bytes, exceeds the " +
           std::to_string(most) + " that the system takes; use a shorter directory";
  }
  // No resolver takes these, and looking for them would show the world a piece of a password.
  bool const odd = std::ranges::any_of(host.name, [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '=' || c == '@' || c == '/';
  });
  if (!odd) return {};
  return "is no host name: it holds white space, a control character, \"=\", \"@\" or \"/\" "
         "(a socket's directory begins with \"/\")";
}

class host_maker {
 public:
  host_maker(conninfo_values const& values, surroundings const& around) : values_(values), around_(around) {}

  conninfo_result<std::vector<host_settings>> run() {
    std::string const& addresses = values_.of("hostaddr").text;
    std::string const& names = values_.of("host").text;
    std::string const& list = addresses.empty() ? names : addresses;
    hosts_.resize(static_cast<std::size_t>(std::ranges::count(list, ',')) + 1);
    if (hosts_.size() > max_hosts) {
      return values_.refused(
          addresses.empty() ? "host" : "hostaddr",
          "names " + std::to_string(hosts_.size()) + " hosts; " + std::to_string(max_hosts) + " are allowed");
    }
    if (set_addresses(addresses) && set_ports(values_.of("port").text) && set_names(names)) return std::move(hosts_);
    return std::move(error_);
  }

 private:
  bool fail(std::string_view keyword, std::string_view why, std::optional<std::string_view> part = {}) {
    error_ = values_.refused(keyword, why, part);
    return false;
  }
  std::string counts(std::size_t count, char const* what) const {
    return "is a list of " + std::to_string(count) + " for " + std::to_string(hosts_.size()) + ' ' + what + "; ";
  }

  bool set_addresses(std::string_view list) {
    if (list.empty()) return true;
    auto const parts = split_list(list);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      hosts_[i].address = parts[i];
      if (!parts[i].empty() && !is_address(hosts_[i].address)) {
        return fail("hostaddr", "is no IPv4 or IPv6 address; a name belongs into host", parts[i]);
      }
    }
    return true;
  }

  bool set_ports(std::string_view list) {
    if (list.empty()) return true;
    auto const parts = split_list(list);
    if (parts.size() != 1 && parts.size() != hosts_.size()) {
      return fail("port", counts(parts.size(), "host(s)") + "give one for all, or one for each");
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      std::string_view const part = parts[parts.size() == 1 ? 0 : i];
      auto const number = part.empty() ? std::optional(5432) : read_integer(part);
      if (!number) return fail("port", "is not a number; give one from 1 to 65535", part);
      if (*number < 1 || *number > 65535) {
        return fail("port", "is out of range; give a number from 1 to 65535", part);
      }
      hosts_[i].port = static_cast<std::uint16_t>(*number);
    }
    return true;
  }

  bool set_names(std::string_view list) {
    auto const parts = list.empty() ? std::vector<std::string_view>(hosts_.size()) : split_list(list);
    if (parts.size() != hosts_.size()) {
      return fail("host", counts(parts.size(), "address(es) in hostaddr") + "give as many");
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      hosts_[i].name = parts[i];
      if (hosts_[i].name.empty() && hosts_[i].address.empty()) hosts_[i].name = default_host(around_);
      std::string const wrong = check_name(hosts_[i]);
      if (!wrong.empty()) return fail("host", wrong, parts[i]);
    }
    return true;
  }

  conninfo_values const& values_;
  surroundings const& around_;
  std::vector<host_settings> hosts_;
  conninfo_error error_;
};

}  // namespace

conninfo_result<std::vector<host_settings>> make_hosts(conninfo_values const& values, surroundings const& around) {
  return host_maker(values, around).run();
}

std::string default_host(surroundings const& around) {
  for (char const* directory : {"/var/run/postgresql", "/tmp"}) {
    if (around.is_directory(directory)) return directory;
  }
  return "localhost";
}

std::string home_of(surroundings const& around) {
  std::string home = around.environment("HOME").value_or("");
  return home.empty() ? around.home_directory().value_or("") : home;
}

std::optional<int> read_integer(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  int value = 0;
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    std::size_t const comma = std::min(text.find(','), text.size());
    parts.push_back(text.substr(0, comma));
    if (comma == text.size()) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace tusk::client
