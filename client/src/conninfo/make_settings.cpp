#include "conninfo/make_settings.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <tusk/protocol/limits.hpp>

#include "conninfo/conninfo.hpp"
#include "conninfo/passfile.hpp"
#include "conninfo/server_settings.hpp"

namespace tusk::client {
namespace {

constexpr std::size_t scram_key_size = 32;

/// The bytes of a SCRAM key in base64, as base64 is written; none if it is not that.
std::optional<std::string> read_scram_key(std::string const& text) {
  constexpr std::size_t encoded = 44, decoded = 33;  // the last one is padding
  if (text == mask) return std::string(scram_key_size, mask[0]);
  if (text.size() != encoded) return std::nullopt;
  unsigned char bytes[decoded], again[encoded + 1];
  int const count = EVP_DecodeBlock(bytes, reinterpret_cast<unsigned char const*>(text.data()), int(encoded));
  EVP_EncodeBlock(again, bytes, int(scram_key_size));
  bool const same = count == int(decoded) && text == reinterpret_cast<char const*>(again);
  std::string key(reinterpret_cast<char const*>(bytes), scram_key_size);
  OPENSSL_cleanse(bytes, sizeof bytes);
  OPENSSL_cleanse(again, sizeof again);
  return same ? std::optional(std::move(key)) : std::nullopt;
}

/// Checks the values one after another. The first error stays.
class settings_maker {
 public:
  settings_maker(conninfo_values const& values, surroundings const& around) : values_(values), around_(around) {}

  conninfo_result<settings> run() {
    bool const good = check_served() && set_names() && set_hosts() && set_tls() && set_tls_versions() && set_tcp() &&
                      set_target() && set_protocol() && set_authentication() && set_scram_keys() &&
                      set_server_settings();
    if (!good) return std::move(error_);
    return std::move(out_);
  }

 private:
  std::string const& of(std::string_view name) const { return values_.of(name).text; }
  bool fail(conninfo_error error) {
    error_ = std::move(error);
    return false;
  }
  bool refuse(std::string_view name, std::string_view why, std::optional<std::string_view> part = {}) {
    return fail(values_.refused(name, why, part));
  }

  /// The value must be one of those names.
  template <class Value, std::size_t Size>
  bool choose(std::string_view name, choice<Value> const (&choices)[Size], Value& to) {
    auto const* const found = std::ranges::find(choices, of(name), &choice<Value>::first);
    if (found != std::end(choices)) {
      to = found->second;
      return true;
    }
    std::string names;
    for (std::size_t i = 0; i < Size; ++i) {
      names += (i == 0 ? "" : i + 1 == Size ? " or " : ", ") + std::string(choices[i].first);
    }
    return refuse(name, "is unknown; use " + names);
  }

  /// A number of `unit`; negative ones count as 0.
  bool read_number(std::string_view name, char const* unit, int& to) {
    auto const number = read_integer(of(name));
    if (!number) return refuse(name, std::string("is not a whole number") + unit);
    to = std::max(*number, 0);
    return true;
  }

  bool check_served() {
    for (conninfo_keyword const& keyword : conninfo_keywords) {
      std::string const& value = of(keyword.name);
      if (value.find('\0') != value.npos) return refuse(keyword.name, "holds a NUL byte, which cannot be sent");
      if (keyword.how == serving::served || is_harmless(keyword, value)) continue;
      return refuse(keyword.name, "asks for something that this library does not do (" +
                                      std::string(keyword.description) + "); remove it");
    }
    return true;
  }

  bool set_names() {
    out_.user = of("user");
    if (out_.user.empty()) out_.user = around_.user_name().value_or("");
    if (out_.user.empty()) {
      return fail({"no user is given, and the operating system has no name for the one that runs this; add user=..."});
    }
    out_.dbname = of("dbname").empty() ? out_.user : of("dbname");
    return true;
  }

  // --- Hosts, each with its password --------------------------------------------------------------------------------

  bool set_hosts() {
    auto hosts = make_hosts(values_, around_);
    if (auto* error = std::get_if<conninfo_error>(&hosts)) return fail(std::move(*error));
    out_.hosts = std::get<0>(std::move(hosts));
    if (of("password").empty()) {
      read_passfile();
      return true;
    }
    if (of("password").size() >= protocol::max_password_message) {
      return refuse("password", "is too long; the server takes less than 65535 bytes");
    }
    for (host_settings& each : out_.hosts) {
      each.password = of("password");
      each.password_from = values_.of("password").source();
    }
    return true;
  }

  void read_passfile() {
    std::string const home = home_of(around_);
    bool const named = !of("passfile").empty();
    if (!named && home.empty()) return;
    std::string const path = named ? of("passfile") : home + "/.pgpass";
    file_reading file = around_.read_file(path.c_str());
    std::string const wrong = why_ignored(file, named);
    if (!wrong.empty()) note_passfile("the password file \"" + path + "\" is ignored: it " + wrong);
    if (wrong.empty()) find_passwords(file.text, path);
    OPENSSL_cleanse(file.text.data(), file.text.size());
    bool const used = std::ranges::any_of(out_.hosts, [](auto const& each) { return !each.password.empty(); });
    if (named || used) out_.passfile = path;
  }

  void note_passfile(std::string problem) {
    out_.warnings.push_back(problem);
    out_.passfile_problem = std::move(problem);
  }

  /// Why a password file is not used, or an empty text.
  static std::string why_ignored(file_reading const& file, bool named) {
    using outcome = file_reading::outcome;
    switch (file.came) {
      case outcome::missing: return named ? "does not exist" : "";
      case outcome::not_plain: return "is not a plain file";
      case outcome::too_large: return "is longer than 1 MiB";
      case outcome::failed: return "cannot be read: " + file.reason;
      case outcome::read: break;
    }
    if ((file.mode & 077U) == 0) return {};
    return "is open to its group or to others; its permissions must be 0600 or less";
  }

  void find_passwords(std::string_view text, std::string const& path) {
    std::string const sockets = default_host(around_);
    for (host_settings& each : out_.hosts) {
      std::string_view const host = each.name == sockets ? std::string_view("localhost") : each.shown();
      std::string const port = std::to_string(each.port);
      auto password = find_password(text, {host, port, out_.dbname, out_.user});
      if (!password) continue;
      bool const sendable = password->size() < protocol::max_password_message && password->find('\0') == password->npos;
      if (sendable) {
        each.password = *std::move(password);
        each.password_from = "the password file \"" + path + "\"";
      } else {
        note_passfile("the password for \"" + each.shown() + "\" in the password file \"" + path +
                      "\" is ignored: it is too long, or holds a NUL byte");
      }
    }
  }

  // --- TLS and TCP --------------------------------------------------------------------------------------------------

  bool set_tls() {
    tls_settings& tls = out_.tls;
    bool good = choose("sslmode", sslmodes, tls.mode) && choose("sslnegotiation", sslnegotiations, tls.negotiation);
    good = good && choose("sslcertmode", sslcertmodes, tls.certmode) && choose("sslsni", switches, tls.sni);
    if (!good) return false;
    tls.rootcert = of("sslrootcert");
    tls.cert = of("sslcert");
    tls.key = of("sslkey");
    tls.keypassword = of("sslpassword");
    tls.crl = of("sslcrl");
    tls.crldir = of("sslcrldir");
    tls.keylogfile = of("sslkeylogfile");
    std::string const home = home_of(around_);
    if (!home.empty()) tls.user_folder = home + "/.postgresql";
    if (tls.rootcert == "system" && !values_.of("sslmode").given) tls.mode = sslmode::verify_full;
    if (tls.rootcert == "system" && tls.mode != sslmode::verify_full) {
      return refuse("sslmode",
                    "is too weak for sslrootcert=system, where anyone can have a certificate for some name; use "
                    "verify-full");
    }
    if (tls.negotiation == sslnegotiation::direct && tls.mode < sslmode::require) {
      return refuse("sslmode", "is too weak for sslnegotiation=direct; use require, verify-ca or verify-full");
    }
    return true;
  }

  /// 10 to 13 for "TLSv1" to "TLSv1.3" in any case, 0 for an empty text.
  static std::optional<int> tls_number(std::string_view text) {
    constexpr choice<int> names[] = {{"", 0}, {"tlsv1", 10}, {"tlsv1.1", 11}, {"tlsv1.2", 12}, {"tlsv1.3", 13}};
    auto const* const found = std::ranges::find(names, lower(text), &choice<int>::first);
    return found == std::end(names) ? std::nullopt : std::optional(found->second);
  }

  bool set_tls_versions() {
    auto const least = tls_number(of("ssl_min_protocol_version")), most = tls_number(of("ssl_max_protocol_version"));
    if (!least) return refuse("ssl_min_protocol_version", "is unknown; use TLSv1.2 or TLSv1.3");
    if (!most) return refuse("ssl_max_protocol_version", "is unknown; use TLSv1.2 or TLSv1.3");
    if (*most == 10 || *most == 11) {
      return refuse("ssl_max_protocol_version", "is too old, and not spoken here; use TLSv1.2 or TLSv1.3");
    }
    if (*most != 0 && *least > *most) {
      return refuse("ssl_min_protocol_version",
                    "is above ssl_max_protocol_version, " +
                        shown_value(*find_keyword("ssl_max_protocol_version"), of("ssl_max_protocol_version")));
    }
    if (*least == 13) out_.tls.minimum = tls_version::tls1_3;
    if (*most != 0) out_.tls.maximum = *most == 13 ? tls_version::tls1_3 : tls_version::tls1_2;
    return true;
  }

  bool set_tcp() {
    int keepalives = 0, timeout = 0;
    bool const good = read_number("keepalives", "; 1 or 0", keepalives) &&
                      read_number("keepalives_idle", " of seconds", out_.tcp.idle) &&
                      read_number("keepalives_interval", " of seconds", out_.tcp.interval) &&
                      read_number("keepalives_count", "", out_.tcp.count) &&
                      read_number("tcp_user_timeout", " of milliseconds", out_.tcp.user_timeout);
    if (!good) return false;
    out_.tcp.keepalives = read_integer(of("keepalives")) != 0;
    if (!values_.of("connect_timeout").given) return true;
    if (!read_number("connect_timeout", " of seconds; 0 waits for ever", timeout)) return false;
    if (timeout > 0) out_.connect_timeout = std::chrono::seconds(timeout);
    return true;
  }

  bool set_target() {
    out_.requirepeer = of("requirepeer");
    return choose("target_session_attrs", session_kinds, out_.target) &&
           choose("load_balance_hosts", load_balances, out_.load_balance);
  }

  // --- Protocol and authentication ----------------------------------------------------------------------------------

  bool set_protocol() {
    if (!choose("min_protocol_version", protocol_versions, out_.min_protocol)) return false;
    if (!values_.of("max_protocol_version").given) {
      if (out_.min_protocol > out_.max_protocol) out_.max_protocol = std::rbegin(protocol_versions)->second;
      return true;
    }
    if (!choose("max_protocol_version", protocol_versions, out_.max_protocol)) return false;
    if (out_.min_protocol <= out_.max_protocol) return true;
    return refuse("min_protocol_version",
                  "is above max_protocol_version, \"" + of("max_protocol_version") + "\"; ask for at most that");
  }

  bool set_authentication() {
    protocol::authentication_rules& rules = out_.authentication;
    if (!choose("channel_binding", channel_bindings, rules.channel_binding)) return false;
    if (of("require_auth").empty()) return true;
    // What is not served here may be forbidden, or stand beside something that is served.
    std::pair<std::string_view, bool*> const methods[] = {{"password", &rules.cleartext},
                                                          {"md5", &rules.md5},
                                                          {"scram-sha-256", &rules.scram_sha_256},
                                                          {"none", &rules.none},
                                                          {"gss", nullptr},
                                                          {"sspi", nullptr},
                                                          {"oauth", nullptr}};
    auto const parts = split_list(of("require_auth"));
    bool const negative = parts.front().starts_with('!');
    for (auto const& [name, allowed] : methods)
      if (allowed != nullptr) *allowed = negative;
    std::vector<std::string_view> seen;
    for (std::string_view const part : parts) {
      if (part.starts_with('!') != negative) {
        return refuse("require_auth", "stands with others that have no \"!\", or all but it have one; all or none must",
                      part);
      }
      auto const* const found =
          std::ranges::find(methods, part.substr(negative ? 1 : 0), &std::pair<std::string_view, bool*>::first);
      if (found == std::end(methods)) {
        return refuse("require_auth", "is unknown; use password, md5, scram-sha-256 or none, each with \"!\" or none",
                      part);
      }
      if (std::ranges::find(seen, found->first) != seen.end()) {
        return refuse("require_auth", "is there twice; remove one", part);
      }
      seen.push_back(found->first);
      if (found->second != nullptr) *found->second = !negative;
    }
    if (rules.cleartext || rules.md5 || rules.scram_sha_256 || rules.none) return true;
    return refuse("require_auth",
                  "leaves nothing that this library can do; allow password, md5, scram-sha-256 or none");
  }

  bool set_scram_keys() {
    for (auto const& [name, to] : {std::pair("scram_client_key", &out_.scram_client_key),
                                   std::pair("scram_server_key", &out_.scram_server_key)}) {
      if (of(name).empty()) continue;
      auto key = read_scram_key(of(name));
      if (!key) return refuse(name, "is not the base64 of 32 bytes");
      *to = *std::move(key);
    }
    return true;
  }

  bool set_server_settings() {
    auto wrong = client::set_server_settings(values_, around_, out_);
    return !wrong || fail(*std::move(wrong));
  }

  conninfo_values const& values_;
  surroundings const& around_;
  settings out_;
  conninfo_error error_;
};

}  // namespace

conninfo_result<settings> make_settings(conninfo_values const& values, surroundings const& around) {
  return settings_maker(values, around).run();
}

}  // namespace tusk::client
