// Settings back into a connection string: the other direction of conninfo_settings.cpp.

#include <algorithm>

#include "conninfo/conninfo.hpp"
#include "conninfo/make_settings.hpp"

namespace tusk::client {
namespace {

/// Writes the pairs that are not at their default.
class text_writer {
 public:
  void always(std::string_view keyword, std::string_view value) {
    if (!text_.empty()) text_ += ' ';
    text_.append(keyword) += '=';
    bool const quoted =
        value.empty() || std::ranges::any_of(value, [](char c) { return is_space(c) || c == '\'' || c == '\\'; });
    if (quoted) text_ += '\'';
    for (char c : value) {
      if (c == '\'' || c == '\\') text_ += '\\';
      text_ += c;
    }
    if (quoted) text_ += '\'';
  }
  void add(std::string_view keyword, std::string_view value) {
    if (!value.empty() && value != find_keyword(keyword)->default_value) always(keyword, value);
  }
  void add(std::string_view keyword, int value) { add(keyword, std::to_string(value)); }
  void add_secret(std::string_view keyword, std::string_view value) {
    if (!value.empty()) always(keyword, mask);
  }
  /// One for each host, or none at all.
  template <class Part>
  void add_list(std::string_view keyword, std::vector<host_settings> const& hosts, Part const& part) {
    std::string list;
    bool empty = true;
    for (host_settings const& each : hosts) {
      if (&each != &hosts.front()) list += ',';
      list += part(each);
      empty = empty && part(each).empty();
    }
    if (!empty) always(keyword, list);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_hosts(text_writer& out, settings const& from) {
  auto const& hosts = from.hosts;
  out.add_list("host", hosts, [](host_settings const& each) { return each.name; });
  out.add_list("hostaddr", hosts, [](host_settings const& each) { return each.address; });
  bool const one_port = std::ranges::all_of(hosts, [&](auto const& each) { return each.port == hosts.front().port; });
  if (one_port)
    out.always("port", std::to_string(hosts.front().port));
  else
    out.add_list("port", hosts, [](host_settings const& each) { return std::to_string(each.port); });
}

std::string rules_text(protocol::authentication_rules const& rules) {
  std::string text;
  for (auto const& [name, allowed] : {std::pair("password", rules.cleartext), std::pair("md5", rules.md5),
                                      std::pair("scram-sha-256", rules.scram_sha_256), std::pair("none", rules.none)}) {
    if (!allowed) text += (text.empty() ? "!" : ",!") + std::string(name);
  }
  return text;
}

void add_tls(text_writer& out, tls_settings const& tls) {
  out.always("sslmode", name_of(sslmodes, tls.mode));
  out.add("sslnegotiation", name_of(sslnegotiations, tls.negotiation));
  out.add("sslrootcert", tls.rootcert);
  out.add("sslcert", tls.cert);
  out.add("sslkey", tls.key);
  out.add_secret("sslpassword", tls.keypassword);
  out.add("sslcertmode", name_of(sslcertmodes, tls.certmode));
  out.add("sslcrl", tls.crl);
  out.add("sslcrldir", tls.crldir);
  out.add("sslsni", name_of(switches, tls.sni));
  if (tls.minimum == tls_version::tls1_3) out.add("ssl_min_protocol_version", "TLSv1.3");
  if (tls.maximum != tls_version::any) {
    out.add("ssl_max_protocol_version", tls.maximum == tls_version::tls1_3 ? "TLSv1.3" : "TLSv1.2");
  }
  out.add("sslkeylogfile", tls.keylogfile);
}

void add_tcp(text_writer& out, tcp_settings const& tcp) {
  out.add("keepalives", name_of(switches, tcp.keepalives));
  out.add("keepalives_idle", tcp.idle);
  out.add("keepalives_interval", tcp.interval);
  out.add("keepalives_count", tcp.count);
  out.add("tcp_user_timeout", tcp.user_timeout);
}

}  // namespace

std::string masked(settings const& from) {
  text_writer out;
  add_hosts(out, from);
  out.always("dbname", from.dbname);
  out.always("user", from.user);
  if (from.passfile.empty())
    out.add_secret("password", from.hosts.front().password);
  else
    out.always("passfile", from.passfile);
  out.add("require_auth", rules_text(from.authentication));
  out.add("channel_binding", name_of(channel_bindings, from.authentication.channel_binding));
  out.add_secret("scram_client_key", from.scram_client_key);
  out.add_secret("scram_server_key", from.scram_server_key);
  add_tls(out, from.tls);
  out.add("requirepeer", from.requirepeer);
  if (from.connect_timeout) out.always("connect_timeout", std::to_string(from.connect_timeout->count()));
  out.add("target_session_attrs", name_of(session_kinds, from.target));
  out.add("load_balance_hosts", name_of(load_balances, from.load_balance));
  add_tcp(out, from.tcp);
  out.add("min_protocol_version", name_of(protocol_versions, from.min_protocol));
  if (from.max_protocol != settings().max_protocol) {
    out.add("max_protocol_version", name_of(protocol_versions, from.max_protocol));
  }
  for (std::string_view const keyword : {"replication", "application_name", "options"}) {
    auto const found = std::ranges::find(from.server_settings, keyword, &std::pair<std::string, std::string>::first);
    if (found != from.server_settings.end()) out.add(keyword, found->second);
  }
  return out.take();
}

}  // namespace tusk::client
