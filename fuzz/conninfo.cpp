// Fuzzes connection strings. The input is one; an input that holds a line "%%" is an environment (NAME=value lines, up
// to that line) and the connection string after it.
//
// Oracles: nothing throws; positions lie inside the text; a password is neither in an error nor in the masked text; the
// masked text gives the same settings again, whatever the environment was; every setting keeps its promises.
#include "conninfo.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

namespace {

using namespace tusk::client;
using variables = std::map<std::string, std::string, std::less<>>;

void require(bool truth, char const* what) {
  if (truth) return;
  std::fprintf(stderr, "conninfo: %s\n", what);
  std::abort();
}

surroundings machine(variables const& environment) {
  surroundings around;
  around.environment = [&environment](char const* name) -> std::optional<std::string> {
    auto const found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  around.user_name = [] { return std::optional<std::string>("somebody"); };
  around.is_directory = [](char const*) { return true; };
  return around;
}

/// Takes the environment off the front of the input.
variables take_environment(std::string_view& input) {
  variables environment;
  std::size_t const end = input.find("\n%%\n");
  if (end == input.npos) return environment;
  std::string_view lines = input.substr(0, end + 1);
  input.remove_prefix(end + 4);
  while (!lines.empty()) {
    std::string_view const line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    std::size_t const equals = std::min(line.find('='), line.size());
    environment[std::string(line.substr(0, equals))] = line.substr(std::min(equals + 1, line.size()));
  }
  return environment;
}

/// True if the text cannot be a part of a message by chance: long, with digits and letters of both cases.
bool is_telling(std::string_view text) {
  bool const digit = std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; });
  bool const upper = std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  bool const lower = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  return text.size() >= 8 && digit && upper && lower;
}

bool occurs_once(std::string_view text, std::string_view part) {
  std::size_t const first = text.find(part);
  return first != text.npos && text.find(part, first + 1) == text.npos;
}

void check_error(std::string_view text, conninfo_error const& error) {
  require(!error.message.empty(), "an error without a text");
  require(error.position == not_in_text || error.position <= text.size(), "a position outside of the text");
  auto const parsed = parse_conninfo(text);
  auto const* const pairs = std::get_if<std::vector<conninfo_pair>>(&parsed);
  if (pairs == nullptr) return;
  for (conninfo_pair const& pair : *pairs) {
    conninfo_keyword const* const keyword = find_keyword(pair.keyword);
    if (keyword == nullptr || !keyword->secret || !is_telling(pair.value) || !occurs_once(text, pair.value)) continue;
    require(error.message.find(pair.value) == std::string::npos, "a secret in an error");
  }
}

void check_settings(settings const& made) {
  require(!made.hosts.front().shown().empty() && !made.user.empty() && !made.dbname.empty() && made.hosts.front().port != 0, "an empty setting");
  require(!made.connect_timeout || made.connect_timeout->count() > 0, "a timeout that is not positive");
  require(!made.hosts.front().is_unix_socket() || made.hosts.front().unix_socket_path().size() < 108, "a socket path that does not fit");
  for (std::string const* text : {&made.hosts.front().name, &made.user, &made.dbname, &made.hosts.front().password, &made.tls.rootcert}) {
    require(text->find('\0') == std::string::npos, "a NUL byte in a setting");
  }
  settings bare = made;
  bare.hosts.front().password.clear();
  std::string const shown = masked(made);
  bool const chance = masked(bare).find(made.hosts.front().password) != std::string::npos;
  require(made.hosts.front().password.size() <= 3 || chance || shown.find(made.hosts.front().password) == std::string::npos, "a password is shown");

  variables const nothing;
  auto const again = resolve(masked(bare), {}, machine(nothing));
  require(std::holds_alternative<settings>(again) && std::get<settings>(again) == bare,
          "masked text reads differently");
  auto const starred = resolve(shown, {}, machine(nothing));
  require(std::holds_alternative<settings>(starred), "masked text is refused");
  require(std::get<settings>(starred).hosts.front().password == (made.hosts.front().password.empty() ? "" : "***"), "the mask is not the password");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view input(reinterpret_cast<char const*>(data), size);
  variables const environment = take_environment(input);
  // A buffer of its own, so that a read before the text is seen too.
  auto const exact = std::make_unique<char[]>(input.size());
  std::copy(input.begin(), input.end(), exact.get());
  std::string_view const text(exact.get(), input.size());

  auto const result = resolve(text, {}, machine(environment));
  if (auto const* error = std::get_if<conninfo_error>(&result)) check_error(text, *error);
  if (auto const* made = std::get_if<settings>(&result)) check_settings(*made);
  return 0;
}
