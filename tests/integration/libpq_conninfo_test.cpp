// Connection strings mean what they mean to libpq: verdict and values, for awkward strings and for random changes of
// them. Every intended difference stands in `differences`, with its reason. No name is looked up, nothing waits.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <conninfo.hpp>
#include <conninfo_settings.hpp>
#include <uri.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <random>

#include "support/libpq_oracle.hpp"
#include "support/server.hpp"

namespace tusk::client {
namespace {

using test::conninfo_map;
using test::libpq_oracle;

// --- What a text says, to us ----------------------------------------------------------------------------------------

/// The pairs of the text, the last one of each keyword; none if it is refused.
std::optional<conninfo_map> parse(std::string const& text) {
  auto const parsed = uri_prefix(text) != 0 ? parse_uri(text) : parse_conninfo(text);
  auto const* const pairs = std::get_if<std::vector<conninfo_pair>>(&parsed);
  if (pairs == nullptr) return std::nullopt;
  conninfo_map values;
  for (conninfo_pair const& pair : *pairs) {
    if (find_keyword(pair.keyword) == nullptr) return std::nullopt;
    if (pair.keyword == "requiressl")
      values["sslmode"] = pair.value.starts_with('1') ? "require" : "prefer";
    else
      values[pair.keyword] = pair.value;
  }
  return values;
}

std::string get(conninfo_map const& from, std::string_view keyword) {
  auto const found = from.find(keyword);
  return found == from.end() ? std::string() : found->second;
}
bool has(conninfo_map const& from, std::string_view keyword) { return from.contains(keyword); }

std::vector<std::string> elements(std::string const& list) {
  std::vector<std::string> parts;
  for (std::string_view const part : split_list(list)) parts.emplace_back(part);
  return parts;
}

bool is_literal(std::string const& text) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}
bool is_socket(std::string const& host) { return host.empty() || host.starts_with('/') || host.starts_with('@'); }

/// True if libpq would look up a name, which may take its time.
bool looks_up(conninfo_map const& values) {
  auto const hosts = elements(get(values, "host")), addresses = elements(get(values, "hostaddr"));
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    bool const has_address = i < addresses.size() && !addresses[i].empty();
    if (!has_address && !is_socket(hosts[i]) && !is_literal(hosts[i])) return true;
  }
  return false;
}

// --- What is different, and why ------------------------------------------------------------------------------------

struct difference {
  char const* reason;
  bool we_refuse;  ///< else it is libpq that does
  bool (*applies)(conninfo_map const& values, libpq_oracle const& libpq);
};

bool any_number_is_wrong(conninfo_map const& values) {
  for (char const* keyword : {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
                              "tcp_user_timeout", "connect_timeout"}) {
    if (has(values, keyword) && !read_integer(get(values, keyword))) return true;
  }
  return false;
}
bool is_one_of(std::string const& value, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, lower(value)) != words.end();
}
bool any_is(conninfo_map const& values, std::initializer_list<char const*> keywords,
            bool (*wanted)(std::string const&)) {
  return std::ranges::any_of(keywords,
                             [&](char const* each) { return has(values, each) && wanted(get(values, each)); });
}

// clang-format off
difference const differences[] = {
    {"numbers are checked at once, not when a socket is made or a wait begins", true,
     [](conninfo_map const& values, libpq_oracle const&) { return any_number_is_wrong(values); }},
    {"every element of a list is checked at once, not when its turn comes", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return (get(values, "host") + get(values, "hostaddr")).find(',') != std::string::npos;
     }},
    {"no resolver takes such a name, and looking for it would show a piece of a password", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return get(values, "host").find_first_of(" \t\n\v\f\r=@/") != std::string::npos;
     }},
    {"text is UTF-8 here", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return !is_one_of(get(values, "client_encoding"), {"", "utf8", "utf-8", "auto"});
     }},
    {"what is not served is refused by name, not ignored", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return std::ranges::any_of(values, [](auto const& each) {
         conninfo_keyword const& keyword = *find_keyword(each.first);
         return keyword.how == serving::never && !is_harmless(keyword, each.second);
       });
     }},
    {"a switch is 0 or 1, or it is a typing error", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return has(values, "sslsni") && !is_one_of(get(values, "sslsni"), {"0", "1"});
     }},
    {"what the server would refuse in `replication` is refused here", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return !is_one_of(get(values, "replication"), {"", "0", "1", "true", "off", "database"});
     }},
    {"TLS before 1.2 is not spoken", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return is_one_of(get(values, "ssl_max_protocol_version"), {"tlsv1", "tlsv1.1"});
     }},
    {"a list that leaves no method that is served ends in an error anyway", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       std::string const list = get(values, "require_auth");
       return !list.empty() && std::ranges::all_of(std::array{"password", "md5", "scram-sha-256", "none"}, [&](std::string_view method) {
         return list.starts_with('!') == (list.find(method) != list.npos);
       });
     }},
    {"a key is base64 as base64 is written", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return any_is(values, {"scram_client_key", "scram_server_key"}, [](auto const& key) { return key.size() >= 44; });
     }},
    {"a key that is empty is none; the mask is one, so that masked texts can be read", false,
     [](conninfo_map const& values, libpq_oracle const&) {
       return any_is(values, {"scram_client_key", "scram_server_key"},
                     [](auto const& key) { return key.empty() || key == mask; });
     }},
    {"empty asks for nothing", false,
     [](conninfo_map const& values, libpq_oracle const&) {
       return any_is(values, {"gssencmode", "service"}, [](std::string const& value) { return value.empty(); });
     }},
    {"version 15 has no sslrootcert=system", true,
     [](conninfo_map const& values, libpq_oracle const& libpq) {
       return libpq.version() < 160000 && get(values, "sslrootcert") == "system";
     }},
};
// clang-format on

// --- Comparing ------------------------------------------------------------------------------------------------------

/// Compares texts with one libpq, and counts.
class comparison {
 public:
  explicit comparison(libpq_oracle const& libpq) : libpq_(libpq), used_(std::size(differences)) {}

  void compare(std::string const& text) {
    if (text.find('\0') != text.npos) return;
    auto const ours = parse(text);
    if (ours && !std::ranges::all_of(*ours, [&](auto const& each) { return libpq_.knows(each.first); })) return;
    if (is_spaced_uri(text)) return;
    ++parsed;
    auto const theirs = libpq_.parse(text);
    ASSERT_EQ(ours.has_value(), theirs.has_value()) << text;
    if (!ours) return;
    ASSERT_EQ(*ours, *theirs) << text;
    if (has(*ours, "service") && !get(*ours, "service").empty()) return;  // see service_files
    if (!looks_up(*ours)) compare_settings(text, *ours);
  }

  /// Each row of the table was needed.
  void expect_all_used() const {
    for (std::size_t i = 0; i < used_.size(); ++i) {
      bool const of_old = std::string_view(differences[i].reason).starts_with("version 15");
      if (of_old != (libpq_.version() < 160000)) continue;
      EXPECT_GT(used_[i], 0U) << "not needed: " << differences[i].reason;
    }
  }

  std::size_t parsed = 0, resolved = 0, accepted = 0, different = 0;

 private:
  /// Before 17 libpq took unencoded spaces.
  bool is_spaced_uri(std::string const& text) const {
    return libpq_.version() < 170000 && uri_prefix(text) != 0 && text.find(' ') != text.npos;
  }

  void compare_settings(std::string const& text, conninfo_map const& values) {
    ++resolved;
    auto const ours = resolve(text);
    auto const theirs = libpq_.connect(text);
    auto const* const made = std::get_if<settings>(&ours);
    if ((made != nullptr) != theirs.accepted) {
      ++different;
      for (std::size_t i = 0; i < used_.size(); ++i) {
        if (differences[i].we_refuse != theirs.accepted || !differences[i].applies(values, libpq_)) continue;
        ++used_[i];
        return;
      }
      std::string const what = made == nullptr ? std::get<conninfo_error>(ours).message : masked(*made);
      FAIL() << text << "\nhere: " << what << "\nlibpq: " << (theirs.accepted ? "accepted" : theirs.error);
    }
    if (made == nullptr) return;
    ++accepted;
    compare_values(text, *made, theirs);
  }

  void compare_values(std::string const& text, settings const& made, libpq_oracle::attempt const& theirs) {
    SCOPED_TRACE(text);
    auto const& values = theirs.values;
    EXPECT_EQ(made.user, get(values, "user"));
    EXPECT_EQ(made.dbname, get(values, "dbname"));
    EXPECT_EQ(made.hosts.back().password, theirs.password);
    bool const system_of_old = libpq_.version() < 160000 && made.tls.rootcert == "system";
    if (!system_of_old) {
      EXPECT_EQ(name_of(sslmodes, made.tls.mode), get(values, "sslmode"));
    }
    compare_hosts(made, values);
    std::pair<char const*, std::string> const texts[] = {
        {"sslrootcert", made.tls.rootcert},     {"sslcert", made.tls.cert},       {"sslkey", made.tls.key},
        {"sslpassword", made.tls.keypassword},  {"sslcrl", made.tls.crl},         {"sslcrldir", made.tls.crldir},
        {"sslkeylogfile", made.tls.keylogfile}, {"requirepeer", made.requirepeer}};
    for (auto const& [keyword, value] : texts) EXPECT_EQ(value, get(values, keyword)) << keyword;
    std::pair<char const*, std::string_view> const names[] = {
        {"sslnegotiation", name_of(sslnegotiations, made.tls.negotiation)},
        {"sslcertmode", name_of(sslcertmodes, made.tls.certmode)},
        {"sslsni", name_of(switches, made.tls.sni)},
        {"target_session_attrs", name_of(session_kinds, made.target)},
        {"load_balance_hosts", name_of(load_balances, made.load_balance)},
        {"channel_binding", name_of(channel_bindings, made.authentication.channel_binding)}};
    for (auto const& [keyword, value] : names) {
      std::string const theirs_is = get(values, keyword);
      if (!theirs_is.empty()) {
        EXPECT_EQ(value, theirs_is) << keyword;
      }
    }
  }

  void compare_hosts(settings const& made, conninfo_map const& values) {
    auto const hosts = elements(get(values, "host")), addresses = elements(get(values, "hostaddr"));
    auto const ports = elements(get(values, "port"));
    ASSERT_EQ(made.hosts.size(), std::max(hosts.size(), addresses.size()));
    for (std::size_t i = 0; i < made.hosts.size(); ++i) {
      std::string const name = i < hosts.size() ? hosts[i] : "", address = i < addresses.size() ? addresses[i] : "";
      std::string const& port = ports[ports.size() == 1 ? 0 : i];
      EXPECT_EQ(made.hosts[i].address, address);
      EXPECT_EQ(made.hosts[i].name, name.empty() && address.empty() ? default_host(process_surroundings()) : name);
      EXPECT_EQ(made.hosts[i].port, read_integer(port.empty() ? "5432" : port));
    }
  }

  libpq_oracle const& libpq_;
  std::vector<std::size_t> used_;
};

// --- Texts ----------------------------------------------------------------------------------------------------------

std::string in_quotes(std::string_view value) {
  std::string text = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

std::vector<std::string> const bases = {"host=127.0.0.1 port=1 user=u ", "host=/nowhere ",
                                        "hostaddr=127.0.0.1,::1 port=1 "};

std::vector<std::string> awkward_values() {
  return {"",
          " ",
          "0",
          "1",
          "-1",
          "+1",
          "+-1",
          " 2 ",
          "2x",
          "99999999999",
          "true",
          "off",
          "disable",
          "allow",
          "prefer",
          "require",
          "verify-ca",
          "verify-full",
          "REQUIRE",
          "system",
          "any",
          "read-write",
          "read-only",
          "primary",
          "standby",
          "prefer-standby",
          "random",
          "postgres",
          "direct",
          "3.0",
          "3.1",
          "3.2",
          "latest",
          "TLSv1",
          "tlsv1.1",
          "TLSv1.2",
          "TLSv1.3",
          "TLSv2",
          "UTF8",
          "latin1",
          "auto",
          "database",
          "gss",
          "password",
          "md5,password",
          "md5,md5",
          "!md5",
          "!md5,password",
          "md5,!password",
          "!md5,!none",
          "none,none",
          "!none,!none",
          "md5,",
          "oauth",
          "!password,!md5,!scram-sha-256,!none",
          "127.0.0.1",
          "::1",
          "127.0.0.1,",
          ",",
          "/x,/y",
          "5432,",
          "1,2",
          "65535",
          "65536",
          "a'b\\c",
          "a b",
          "\xc3\xa9",
          "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
          "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDF=",
          "MDEyMw==",
          "***",
          std::string(200, '/')};
}

/// Every keyword with every awkward value, and pairs of keywords that know of each other.
std::vector<std::string> awkward_pairs() {
  std::vector<std::string> texts;
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    for (std::string const& value : awkward_values()) {
      for (std::string const& base : bases) texts.push_back(base + std::string(keyword.name) + '=' + in_quotes(value));
    }
  }
  std::pair<char const*, char const*> const related[] = {{"sslmode", "sslnegotiation"},
                                                         {"sslrootcert", "sslmode"},
                                                         {"host", "hostaddr"},
                                                         {"host", "port"},
                                                         {"hostaddr", "port"},
                                                         {"min_protocol_version", "max_protocol_version"},
                                                         {"sslmode", "requiressl"},
                                                         {"requiressl", "sslmode"},
                                                         {"ssl_min_protocol_version", "ssl_max_protocol_version"},
                                                         {"requiressl", "sslrootcert"},
                                                         {"require_auth", "channel_binding"}};
  for (auto const& [one, other] : related) {
    for (std::string const& a : awkward_values()) {
      for (std::string const& b : awkward_values()) {
        texts.push_back("port=1 " + std::string(one) + '=' + in_quotes(a) + ' ' + other + '=' + in_quotes(b));
      }
    }
  }
  return texts;
}

std::vector<std::string> awkward_grammar() {
  std::vector<std::string> texts;
  for (char const* before : {"", " ", "port=1 ", "port=1", "port='1'", "port= ", "user=\\", "=1 "}) {
    for (char const* keyword : {"host", "HOST", "", "ho st", "nonsense", "'host'", "host\\"}) {
      for (char const* equals : {"=", " = ", "", "==", "\t=\n", " "}) {
        for (char const* value :
             {"", "/x", "'", "''", "'/x'", "'/x\\'", "\\/x\\ y", "\\", "'/x'y", "/x y=1", "' /x '"}) {
          texts.push_back(std::string(before) + keyword + equals + value);
        }
      }
    }
  }
  return texts;
}

std::vector<std::string> awkward_uris() {
  std::vector<std::string> texts;
  for (char const* prefix : {"postgresql://", "postgres://", "postgresql:/", "POSTGRES://", " postgres://"}) {
    for (char const* user :
         {"", "u@", "u:p@", ":p@", "u:@", "@", "u%40:p%3A%2f@", "u:p:q@", "u@v@", "%@", "u%00@", " u :p@"}) {
      for (char const* hosts :
           {"", "127.0.0.1", "[::1]:1", "127.0.0.1:1,[::1]:2", "%2Fnowhere:1", ",", ":", ":1", "[", "[]", "[::1",
            "[::1]x", "127.0.0.1,:1", "127.0.0.1:", "127.0.0.1:a", "%2", " 127.0.0.1 ", "127.0.0.1:1:2"}) {
        for (char const* rest : {"",
                                 "/",
                                 "/d",
                                 "/d%20e",
                                 "/d e",
                                 "/d/e",
                                 "?",
                                 "/?",
                                 "?dbname=x",
                                 "/d?sslmode=disable&",
                                 "/?ssl=true",
                                 "/?ssl=false",
                                 "/?ssl",
                                 "/?a=b",
                                 "/?user==",
                                 "/?&",
                                 "/?user=%41&port=2",
                                 "/? user = b ",
                                 "/?%75ser=b",
                                 "/?user=b&user=c",
                                 "/?host=/x",
                                 "/?options=-c%20a%3Db",
                                 "/d?x=a@b"}) {
          texts.push_back(std::string(prefix) + user + hosts + rest);
        }
      }
    }
  }
  return texts;
}

/// The text with a few random changes.
std::string mutate(std::string text, std::mt19937_64& random) {
  constexpr std::string_view bytes = " '\\=%:/?&@[],*!#01aAfuzZ\t\n\xc3\xff.-_";
  constexpr std::string_view words[] = {
      "host=", "port=1", "postgres://", "%41", "sslmode=", "user=", "''", "127.0.0.1", "require"};
  for (auto changes = 1 + random() % 3; changes != 0; --changes) {
    std::size_t const at = text.empty() ? 0 : random() % text.size();
    switch (random() % 5) {
      case 0: text.insert(at, 1, bytes[random() % bytes.size()]); break;
      case 1: text.erase(at, 1 + random() % 3); break;
      case 2: text.insert(at, words[random() % std::size(words)]); break;
      case 3:
        if (!text.empty()) text[at] = bytes[random() % bytes.size()];
        break;
      default: text.insert(at, text.substr(random() % (text.size() + 1), random() % 8)); break;
    }
  }
  return text;
}

// --- Files ----------------------------------------------------------------------------------------------------------

std::string random_text(std::vector<std::string> const& pieces, std::size_t most, std::mt19937_64& random) {
  std::string text;
  for (std::size_t count = random() % most; count != 0; --count) text += pieces[random() % pieces.size()];
  return text;
}

/// The password that each finds for a host in random password files. Counts those that are there.
void compare_passfiles(libpq_oracle const& libpq, std::size_t& found) {
  test::clean_environment const environment;
  std::string const hosts[] = {"host=127.0.0.1 port=1 user=u dbname=d",
                               "hostaddr=::1 port=2 user=u",
                               "host=::1 hostaddr=127.0.0.1 port=1 user='u:v' dbname='a\\\\'",
                               "host=/nowhere port=1 user=u dbname=d",
                               "host=127.0.0.1,::1 port=1,2 user=u dbname=d",
                               "host=127.0.0.1 port=1 user=u password=own"};
  std::vector<std::string> const pieces = {"127.0.0.1",  "::1",
                                           "\\:\\:1",    "*",
                                           "*",          "*:*:*:*:",
                                           "localhost",  ":",
                                           ":",          ":",
                                           "1:",         "2",
                                           "u",          "d",
                                           "u\\:v",      "a\\\\",
                                           "\\",         "#",
                                           "\n",         "\n",
                                           "\r\n",       "secret",
                                           " ",          "127.0.0.1:1:d:u:",
                                           "::1:2:u:u:", "/nowhere:1:d:u:",
                                           "x"};
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string const text = random_text(pieces, 30, random);
    environment.write(".pgpass", text);
    for (std::string const& host : hosts) {
      auto const made = std::get<settings>(resolve(host)).hosts;
      auto const theirs = libpq.connect(host);
      auto const which =
          std::ranges::find(made, theirs.port, [](auto const& each) { return std::to_string(each.port); });
      ASSERT_NE(which, made.end());
      EXPECT_EQ(which->password, theirs.password) << host << "\n" << text;
      found += theirs.password.empty() ? 0 : 1;
    }
  }
}

/// What each finds in random service files. Counts those that both take.
void compare_service_files(libpq_oracle const& libpq, std::size_t& found) {
  test::clean_environment environment;
  std::string const long_line(1000, 'x');
  std::vector<std::string> const pieces = {"[s]\n",
                                           "[s]\n",
                                           "[s] x\n",
                                           " [s]\t\r\n",
                                           "[t]\n",
                                           "[s",
                                           "[]\n",
                                           "user=a\n",
                                           "user=b\n",
                                           "dbname=d\n",
                                           "user = c\n",
                                           "user= e \n",
                                           "# user=f\n",
                                           "\n",
                                           "  application_name=g\n",
                                           "nonsense=1\n",
                                           "user\n",
                                           "=\n",
                                           "service=t\n",
                                           "requiressl=1\n",
                                           "port=1\n",
                                           "dbname=" + long_line + "x1234567890123\n",
                                           "dbname=" + long_line + "x12345678901234\n",
                                           "dbname=" + long_line + "x12345678901234",
                                           "sslmode=require",
                                           "sslmode=nonsense\n",
                                           "\r\n",
                                           "connect_timeout=1\n",
                                           "user=h\\'\n"};
  std::mt19937_64 random(8);
  for (int i = 0; i < 3000; ++i) {
    std::string const text = random_text(pieces, 12, random), other = random_text(pieces, 6, random);
    environment.write(".pg_service.conf", text);
    std::string const system = environment.write("pg_service.conf", other);
    environment.change("PGSERVICEFILE", i % 3 == 0 ? system.c_str() : nullptr);
    environment.change("PGSERVICE", i % 2 == 0 ? "s" : nullptr);
    std::string const asked = i % 2 == 0 ? "host=127.0.0.1 port=1" : "host=127.0.0.1 port=1 service=s dbname=own";
    auto const ours = resolve(asked);
    auto const theirs = libpq.connect(asked);
    auto const* const made = std::get_if<settings>(&ours);
    EXPECT_EQ(made != nullptr, theirs.accepted)
        << theirs.error << (made == nullptr ? std::get<conninfo_error>(ours).message : "") << "\n"
        << text << "\n---\n"
        << other;
    if (made == nullptr || !theirs.accepted) continue;
    ++found;
    EXPECT_EQ(made->user, get(theirs.values, "user")) << text;
    EXPECT_EQ(made->dbname, get(theirs.values, "dbname")) << text;
    EXPECT_EQ(name_of(sslmodes, made->tls.mode), get(theirs.values, "sslmode")) << text;
  }
}

// --- The tests ------------------------------------------------------------------------------------------------------

void compare_all(libpq_oracle const& libpq) {
  test::clean_environment const environment;
  comparison all(libpq);
  std::vector<std::string> texts;
  for (auto const& make : {awkward_pairs, awkward_grammar, awkward_uris}) {
    auto more = make();
    texts.insert(texts.end(), more.begin(), more.end());
  }
  for (std::string const& text : texts) {
    all.compare(text);
    if (::testing::Test::HasFailure()) return;
  }
  std::mt19937_64 random(20260);
  for (int i = 0; i < 10000; ++i) {
    all.compare(mutate(texts[random() % texts.size()], random));
    if (::testing::Test::HasFailure()) return;
  }
  all.expect_all_used();
  std::size_t passwords = 0, services = 0;
  compare_passfiles(libpq, passwords);
  compare_service_files(libpq, services);
  EXPECT_GT(passwords, 500U);
  EXPECT_GT(services, 500U);
  EXPECT_GT(all.accepted, 1000U);
  std::cout << "libpq " << libpq.version() << ": " << all.parsed << " parsed, " << all.resolved << " resolved, "
            << all.accepted << " accepted by both, " << all.different << " different by intention; " << passwords
            << " passwords and " << services << " services found in files\n";
}

/// The keyword table names the same keywords, and its `since` is right as far as this version can tell.
void compare_table(libpq_oracle const& libpq) {
  std::set<std::string, std::less<>> ours;
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    ours.emplace(keyword.name);
    int since = 0;  // "9.1" and "before 9" are older than any version that is tried
    std::from_chars(keyword.since.data(), keyword.since.data() + keyword.since.size(), since);
    EXPECT_EQ(libpq.knows(keyword.name), since <= libpq.version() / 10000) << keyword.name;
  }
  for (std::string const& each : libpq.keywords())
    EXPECT_TRUE(ours.contains(each) || libpq.version() >= 190000) << each;
}

TEST(LibpqConninfo, AgreesWithVersion18) {
  libpq_oracle const libpq(test::exported("TUSK_LIBPQ18").c_str());
  ASSERT_EQ(libpq.version() / 10000, 18);
  compare_table(libpq);
  compare_all(libpq);
}

TEST(LibpqConninfo, AgreesWithTheMachinesOwn) {
  std::optional<libpq_oracle> libpq;
  try {
    libpq.emplace("libpq.so.5");
  } catch (std::runtime_error const& e) {
    GTEST_SKIP() << e.what();
  }
  compare_table(*libpq);
  compare_all(*libpq);
}

}  // namespace
}  // namespace tusk::client
