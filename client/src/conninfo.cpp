// The grammar, and the way from its pairs to the settings. See conninfo.hpp.
//
// An error text shows a value only where it can hold no secret: a string that was quoted wrongly moves bytes of a
// password into the next word or value (`port= password=x`), so what looks like a part of a connection string, and any
// word after a secret, is not shown. The position always is.
#include "conninfo.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <numeric>
#include <tusk/protocol/limits.hpp>

namespace tusk::client {
namespace {

constexpr std::pair<std::string_view, sslmode> sslmodes[] = {{"disable", sslmode::disable},
                                                             {"prefer", sslmode::prefer},
                                                             {"require", sslmode::require},
                                                             {"verify-ca", sslmode::verify_ca},
                                                             {"verify-full", sslmode::verify_full}};
constexpr std::size_t max_host = 1024;  // what getnameinfo can give (NI_MAXHOST)

constexpr bool is_space(char c) noexcept { return std::string_view(" \t\n\v\f\r").find(c) != std::string_view::npos; }
std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

conninfo_error error_at(std::string message, std::size_t position) {
  return {std::move(message) + " (connection string, byte offset " + std::to_string(position) + ")", position};
}

// --- What an error may show -------------------------------------------------------------------------------------

bool looks_like_keyword(std::string_view word) noexcept {
  return !word.empty() && word.size() <= 40 && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string shown_value(conninfo_keyword const& keyword, std::string_view value) {
  if (keyword.secret || value.find('=') != value.npos || value.find("://") != value.npos) return "***";
  std::size_t length = std::min<std::size_t>(value.size(), 64);
  while (length > 0 && length < value.size() && (static_cast<unsigned char>(value[length]) & 0xC0U) == 0x80U) --length;
  std::string out = "\"";
  for (char c : value.substr(0, length)) out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? '?' : c;
  return out + (length < value.size() ? "...\"" : "\"");
}

/// A word that stands where a keyword was expected, as ` "word"`; nothing where it may be a piece of a secret.
std::string shown_word(std::string_view word, conninfo_pair const* previous) {
  conninfo_keyword const* const before = previous == nullptr ? nullptr : find_keyword(previous->keyword);
  bool const may_be_secret = previous != nullptr && (before == nullptr || before->secret);
  return may_be_secret || !looks_like_keyword(word) ? std::string() : " \"" + std::string(word) + "\"";
}

/// ` (did you mean "host"?)`, or nothing where no keyword is near.
std::string suggestion(std::string_view word) {
  std::string_view const near = looks_like_keyword(word) ? nearest_keyword(lower(word)) : std::string_view();
  return near.empty() ? std::string() : " (did you mean \"" + std::string(near) + "\"?)";
}

// --- The grammar ------------------------------------------------------------------------------------------------

/// Reads the value that begins at `at`, and moves `at` past it. False: a quote is not closed.
bool read_value(std::string_view text, std::size_t& at, std::string& value) {
  bool const quoted = at < text.size() && text[at] == '\'';
  if (quoted) ++at;
  for (; at < text.size(); ++at) {
    if (quoted ? text[at] == '\'' : is_space(text[at])) break;
    if (text[at] == '\\' && ++at == text.size()) break;
    value += text[at];
  }
  if (!quoted) return true;
  return at++ < text.size();
}

/// An integer as strtol reads it (spaces around, a sign), which is how libpq does.
std::optional<int> read_integer(std::string_view text) noexcept {
  text.remove_prefix(skip_space(text, 0));
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  int value = 0;
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// --- From pairs to settings -------------------------------------------------------------------------------------

enum class origin { fallback, environment, text, option };

/// The value in force for one keyword, and where it came from.
struct entry {
  std::string value;
  origin from = origin::fallback;
  std::size_t position = not_in_text;
};

/// Collects the values, the weakest source first, then checks each. The first error stays.
class resolver {
 public:
  explicit resolver(surroundings const& around) : around_(around) {}

  conninfo_result<settings> run(std::string_view text, std::span<conninfo_option const> options) {
    out_.hosts.emplace_back();
    take_environment();
    bool good = take_text(text) && take_options(options) && check_served();
    good = good && set_names() && set_address() && set_tls() && set_rest() && check_sizes();
    if (good) show();
    if (good) return std::move(out_);
    return std::move(error_);
  }

 private:
  entry& at(conninfo_keyword const& keyword) {
    return entries_[static_cast<std::size_t>(&keyword - conninfo_keywords)];
  }
  entry const& of(std::string_view name) { return at(*find_keyword(name)); }

  bool fail(conninfo_error error) {
    error_ = std::move(error);
    return false;
  }

  /// `port "x" <why> (environment variable PGPORT)`.
  bool refuse(std::string_view name, std::string_view why) {
    conninfo_keyword const& keyword = *find_keyword(name);
    entry const& given = at(keyword);
    std::string message = std::string(name) + ' ' + shown_value(keyword, given.value) + ' ' + std::string(why);
    if (given.from == origin::text) return fail(error_at(std::move(message), given.position));
    if (given.from == origin::option) message += " (option given in code)";
    if (given.from == origin::environment)
      message += " (environment variable " + std::string(keyword.environment) + ")";
    return fail({std::move(message)});
  }

  void take_environment() {
    for (conninfo_keyword const& keyword : conninfo_keywords) {
      entry& given = at(keyword);
      given.value = keyword.default_value;
      if (keyword.environment == nullptr) continue;
      if (auto value = around_.environment(keyword.environment)) given = {*std::move(value), origin::environment};
    }
  }

  bool take_text(std::string_view text) {
    std::size_t const start = skip_space(text, 0);
    std::string_view const rest = text.substr(start);
    if (rest.starts_with("postgresql://") || rest.starts_with("postgres://")) {
      return fail(
          error_at("URIs are not served yet by this version; write keyword = value pairs: host=... user=...", start));
    }
    auto parsed = parse_conninfo(text);
    if (auto* error = std::get_if<conninfo_error>(&parsed)) return fail(std::move(*error));
    conninfo_pair const* previous = nullptr;
    for (conninfo_pair& pair : std::get<0>(parsed)) {
      conninfo_keyword const* keyword = find_keyword(pair.keyword);
      if (keyword == nullptr) {
        std::string const what = shown_word(pair.keyword, previous) + suggestion(pair.keyword);
        return fail(error_at("unknown keyword" + what + "; values that hold spaces need quotes", pair.position));
      }
      at(*keyword) = {std::move(pair.value), origin::text, pair.value_position};
      previous = &pair;
    }
    return true;
  }

  bool take_options(std::span<conninfo_option const> options) {
    for (auto const& [name, value] : options) {
      conninfo_keyword const* keyword = find_keyword(name);
      if (keyword == nullptr) {
        return fail({"unknown keyword" + shown_word(name, nullptr) + suggestion(name) + " in an option given in code"});
      }
      if (!value.empty()) at(*keyword) = {value, origin::option};
    }
    return true;
  }

  bool check_served() {
    for (conninfo_keyword const& keyword : conninfo_keywords) {
      std::string const& value = at(keyword).value;
      if (value.find('\0') != value.npos) return refuse(keyword.name, "holds a NUL byte, which cannot be sent");
      if (keyword.how == serving::served || is_harmless(keyword, value)) continue;
      if (keyword.how == serving::not_yet) {
        return refuse(keyword.name, "is not served yet by this version; remove it (served: " + served_keywords() + ")");
      }
      std::string const instead = keyword.name == "requiressl" ? "write sslmode=require" : "remove it";
      return refuse(keyword.name, "asks for something that this library does not do; " + instead);
    }
    return true;
  }

  bool set_names() {
    out_.user = of("user").value;
    if (out_.user.empty()) {
      auto name = around_.user_name();
      if (!name || name->empty()) {
        return fail(
            {"no user is given, and the operating system has no name for the one that runs this; add user=..."});
      }
      out_.user = *std::move(name);
    }
    out_.dbname = of("dbname").value.empty() ? out_.user : of("dbname").value;
    out_.hosts.front().password = of("password").value;
    return true;
  }

  bool set_address() {
    std::string const& port = of("port").value;
    if (port.find(',') != port.npos) return refuse("port", "names several ports, which are not served yet; give one");
    auto const number = port.empty() ? std::optional(5432) : read_integer(port);
    if (!number) return refuse("port", "is not a number; give one from 1 to 65535");
    if (*number < 1 || *number > 65535) return refuse("port", "is out of range; give a number from 1 to 65535");
    out_.hosts.front().port = static_cast<std::uint16_t>(*number);

    host_settings& to = out_.hosts.front();
    to.name = of("host").value;
    if (to.name.find(',') != to.name.npos) {
      return refuse("host", "names several hosts; several hosts are not served yet by this version, give one");
    }
    if (to.name.empty()) to.name = default_host();
    if (to.is_unix_socket() && to.unix_socket_path().size() >= sizeof(sockaddr_un::sun_path)) {
      return refuse("host", "is too long: the path of the socket in it, " +
                                std::to_string(to.unix_socket_path().size()) + " bytes, exceeds the " +
                                std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                                " that the system takes; use a shorter directory");
    }
    if (to.name.size() > max_host) return refuse("host", "is too long for a host name");
    return true;
  }

  std::string default_host() {
    for (char const* directory : {"/var/run/postgresql", "/tmp"}) {
      if (around_.is_directory(directory)) return directory;
    }
    return "localhost";
  }

  bool set_tls() {
    entry const& mode = of("sslmode");
    out_.tls.rootcert = of("sslrootcert").value;
    bool const system = out_.tls.rootcert == "system";
    if (system && mode.from == origin::fallback) {
      out_.tls.mode = sslmode::verify_full;
      return true;
    }
    if (mode.value == "allow") {
      return refuse("sslmode", "is not served yet by this version; use disable, prefer or require");
    }
    auto const* const found = std::ranges::find(sslmodes, mode.value, &std::pair<std::string_view, sslmode>::first);
    if (found == std::end(sslmodes)) {
      return refuse("sslmode", "is unknown; use disable, prefer, require, verify-ca or verify-full");
    }
    out_.tls.mode = found->second;
    if (system && out_.tls.mode != sslmode::verify_full) {
      return refuse("sslmode",
                    "is too weak for sslrootcert=system, where anyone can have a certificate for some name; "
                    "use verify-full");
    }
    return true;
  }

  bool set_rest() {
    entry const& timeout = of("connect_timeout");
    if (timeout.from != origin::fallback) {
      auto const seconds = read_integer(timeout.value);
      if (!seconds) return refuse("connect_timeout", "is not a whole number of seconds; 0 waits for ever");
      if (*seconds > 0) out_.connect_timeout = std::chrono::seconds(*seconds);
    }
    std::string const encoding = lower(of("client_encoding").value);
    if (!encoding.empty() && encoding != "utf8" && encoding != "utf-8" && encoding != "auto") {
      return refuse("client_encoding", "is not served: this client speaks UTF8 only; use UTF8 or auto, or remove it");
    }
    entry const& name = of("application_name");
    auto const& application = (name.from == origin::fallback ? of("fallback_application_name") : name).value;
    if (!application.empty()) out_.server_settings.emplace_back("application_name", application);
    if (auto const& options = of("options").value; !options.empty())
      out_.server_settings.emplace_back("options", options);
    return true;
  }

  /// What masked() shows: all but the defaults, and always where the connection goes.
  void show() {
    for (conninfo_keyword const& keyword : conninfo_keywords) {
      entry const& each = at(keyword);
      std::string value = each.value;
      if (keyword.name == "host") value = out_.hosts.front().name;
      if (keyword.name == "port") value = std::to_string(out_.hosts.front().port);
      if (keyword.name == "dbname") value = out_.dbname;
      if (keyword.name == "user") value = out_.user;
      if (keyword.name == "sslmode")
        value = std::ranges::find(sslmodes, out_.tls.mode, &std::pair<std::string_view, sslmode>::second)->first;
      bool const always = keyword.name == "port" || keyword.name == "sslmode";
      if (value.empty() || (value == keyword.default_value && !always)) continue;
      out_.given.emplace_back(keyword.name, keyword.secret ? "***" : std::move(value));
    }
  }

  bool check_sizes() {
    if (out_.hosts.front().password.size() >= protocol::max_password_message) {
      return refuse("password", "is too long; the server takes less than 65535 bytes");
    }
    // The fixed parts (version, parameter names, client_encoding, NULs) are below 200 bytes.
    std::size_t const total =
        std::accumulate(out_.server_settings.begin(), out_.server_settings.end(),
                        200 + out_.user.size() + out_.dbname.size(),
                        [](std::size_t sum, auto const& each) { return sum + each.second.size(); });
    if (total <= protocol::max_startup_packet) return true;
    return fail({"user, dbname, application_name and options are too long together (" + std::to_string(total - 200) +
                 " bytes); the server takes " + std::to_string(protocol::max_startup_packet - 200)});
  }

  surroundings const& around_;
  std::array<entry, std::size(conninfo_keywords)> entries_;
  settings out_;
  conninfo_error error_;
};

void append_pair(std::string& text, std::string_view keyword, std::string_view value) {
  if (!text.empty()) text += ' ';
  text.append(keyword) += '=';
  bool const quoted =
      value.empty() || std::ranges::any_of(value, [](char c) { return is_space(c) || c == '\'' || c == '\\'; });
  if (quoted) text += '\'';
  for (char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  if (quoted) text += '\'';
}

}  // namespace

conninfo_result<settings> resolve(std::string_view text, std::span<conninfo_option const> options,
                                  surroundings const& around) {
  return resolver(around).run(text, options);
}

conninfo_result<std::vector<conninfo_pair>> parse_conninfo(std::string_view text) {
  if (std::size_t const nul = text.find('\0'); nul != text.npos) {
    return error_at("the connection string holds a NUL byte, which cannot be sent", nul);
  }
  std::vector<conninfo_pair> pairs;
  for (std::size_t at = skip_space(text, 0); at < text.size(); at = skip_space(text, at)) {
    conninfo_pair pair;
    pair.position = at;
    while (at < text.size() && text[at] != '=' && !is_space(text[at])) ++at;
    pair.keyword = text.substr(pair.position, at - pair.position);
    at = skip_space(text, at);
    if (at == text.size() || text[at] != '=') {
      std::string const word = shown_word(pair.keyword, pairs.empty() ? nullptr : &pairs.back());
      return error_at("missing \"=\" after" + (word.empty() ? " a word" : word) +
                          "; write keyword = value, and put values that hold spaces in single quotes",
                      pair.position);
    }
    at = pair.value_position = skip_space(text, at + 1);
    if (!read_value(text, at, pair.value)) {
      return error_at("a quoted value is not closed; end it with ', and write \\' for a quote inside",
                      pair.value_position);
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

std::string masked(settings const& from) {
  std::string text;
  for (auto const& [keyword, value] : from.given) append_pair(text, keyword, value);
  return text;
}

surroundings process_surroundings() {
  surroundings real;
  real.environment = [](char const* name) -> std::optional<std::string> {
    char const* const value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  real.user_name = []() -> std::optional<std::string> {
    passwd record{};
    passwd* found = nullptr;
    std::vector<char> buffer(std::size_t{1} << 16);
    int const fault = getpwuid_r(geteuid(), &record, buffer.data(), buffer.size(), &found);
    return fault == 0 && found != nullptr ? std::optional<std::string>(record.pw_name) : std::nullopt;
  };
  real.is_directory = [](char const* path) {
    struct stat status {};
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
  };
  return real;
}

}  // namespace tusk::client
