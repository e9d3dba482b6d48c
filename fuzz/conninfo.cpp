// Fuzzes connection strings of both forms. The input is one; an input that holds a line "%%" is an environment
// (NAME=value lines, up to that line) and the connection string after it.
//
// Oracles: nothing throws; positions lie inside the text; a secret is neither in an error nor in the masked text; the
// masked text gives the same settings again; with a list of allowed keywords nothing else comes from the text; every
// setting keeps its promises.
#include "conninfo/conninfo.hpp"

#include <sys/un.h>

#include <algorithm>
#include <map>

#include "conninfo/uri.hpp"
#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"

namespace {

using namespace tusk::client;
using variables = std::map<std::string, std::string, std::less<>>;

surroundings machine(variables environment) {
  surroundings around;
  around.environment = [environment = std::move(environment)](char const* name) -> std::optional<std::string> {
    auto const found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  around.user_name = [] { return std::optional<std::string>("somebody"); };
  around.home_directory = [] { return std::optional<std::string>(); };
  around.is_directory = [](char const*) { return true; };
  around.read_file = [](char const*) { return file_reading(); };
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
    std::string_view const value = line.substr(std::min(equals + 1, line.size()));
    environment[std::string(line.substr(0, equals))] = value.substr(0, value.find('\0'));
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
  FUZZ_CHECK(!error.message.empty());
  FUZZ_CHECK(error.position == not_in_text || error.position <= text.size());
  auto const parsed = uri_prefix(text) != 0 ? parse_uri(text) : parse_conninfo(text);
  auto const* const pairs = std::get_if<std::vector<conninfo_pair>>(&parsed);
  if (pairs == nullptr) return;
  for (conninfo_pair const& pair : *pairs) {
    conninfo_keyword const* const keyword = find_keyword(pair.keyword);
    if (keyword == nullptr || !keyword->secret || !is_telling(pair.value) || !occurs_once(text, pair.value)) continue;
    FUZZ_CHECK(error.message.find(pair.value) == std::string::npos);
  }
}

/// Puts the masks, or nothing, in the place of every secret that is there.
void replace_secrets(settings& in, bool by_masks) {
  auto const replace = [by_masks](std::string& secret, std::string const& by) {
    if (!secret.empty()) secret = by_masks ? by : "";
  };
  for (host_settings& each : in.hosts) replace(each.password, std::string(mask));
  replace(in.tls.keypassword, std::string(mask));
  replace(in.scram_client_key, std::string(32, '*'));
  replace(in.scram_server_key, std::string(32, '*'));
}

void check_promises(settings const& made) {
  FUZZ_CHECK(!made.user.empty() && !made.dbname.empty() && !made.hosts.empty());
  FUZZ_CHECK(!made.connect_timeout || made.connect_timeout->count() > 0);
  FUZZ_CHECK(made.min_protocol <= made.max_protocol);
  for (host_settings const& each : made.hosts) {
    FUZZ_CHECK(!each.shown().empty() && each.port != 0);
    bool const fits = each.unix_socket_path().size() < sizeof(sockaddr_un::sun_path);
    FUZZ_CHECK(!each.is_unix_socket() || fits);
    FUZZ_CHECK(each.name.find('\0') == std::string::npos && each.password.find('\0') == std::string::npos);
  }
  for (auto const& [name, value] : made.server_settings) {
    FUZZ_CHECK((name + value).find('\0') == std::string::npos && !value.empty());
  }
}

/// The settings of the text that shows them, on a machine where nothing else is said.
settings read_again(settings const& from, variables const& environment) {
  variables left;  // those that no keyword stands for
  for (char const* name : {"PGDATESTYLE", "PGTZ", "PGGEQO", "HOME"}) {
    if (environment.contains(name)) left[name] = environment.at(name);
  }
  auto const again = resolve(masked(from), {}, machine(left));
  FUZZ_CHECK(std::holds_alternative<settings>(again));
  return std::get<settings>(again);
}

void check_settings(settings const& made, variables const& environment) {
  check_promises(made);
  settings bare = made, starred = made;
  replace_secrets(bare, false);
  replace_secrets(starred, true);
  // Of a secret that is there, only the mask is shown.
  FUZZ_CHECK(masked(made) == masked(starred));
  FUZZ_CHECK(read_again(bare, environment) == bare);
  FUZZ_CHECK(read_again(made, environment) == starred);
}

/// What is not allowed in the text changes nothing, as it is refused.
void check_allowed(std::string_view text) {
  auto const result = resolve(text, {}, machine({}), conninfo_allowed({"dbname", "user", "password"}));
  auto const* const some = std::get_if<settings>(&result);
  if (some == nullptr) return;
  settings expected = std::get<settings>(resolve("", {}, machine({})));
  expected.user = some->user;
  expected.dbname = some->dbname;
  expected.hosts.front().password = some->hosts.front().password;
  FUZZ_CHECK(*some == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view input = tusk::test::fuzz_text(data, size);
  variables const environment = take_environment(input);
  tusk::test::exact_buffer const exact(input);  // so that a read before the text is seen too
  std::string_view const text = exact.view();

  auto const result = resolve(text, {}, machine(environment));
  if (auto const* error = std::get_if<conninfo_error>(&result)) check_error(text, *error);
  if (auto const* made = std::get_if<settings>(&result)) check_settings(*made, environment);
  check_allowed(text);
  return 0;
}
