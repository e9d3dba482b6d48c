// Connection strings mean what they mean to libpq: verdict and values, for awkward strings and for random changes of
// them. Every intended difference stands in `differences`, with its reason. No name is looked up, nothing waits.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include "conninfo/conninfo.hpp"
#include "conninfo/make_settings.hpp"
#include "conninfo/uri.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <random>

#include "support/awkward_conninfo.hpp"
#include "support/effort.hpp"
#include "support/libpq_oracle.hpp"
#include "support/server.hpp"

namespace tusk::client {
namespace {

using test::conninfo_map;
using test::get;
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
/// True if one of several hosts has a port, an address or a socket that is impossible.
bool any_element_is_wrong(conninfo_map const& values) {
  auto const one_of_several = [](std::string const& list, auto const& wrong) {
    auto const parts = elements(list);
    return parts.size() > 1 &&
           std::ranges::any_of(parts, [&](auto const& each) { return !each.empty() && wrong(each); });
  };
  return one_of_several(get(values, "hostaddr"), [](std::string const& each) { return !is_literal(each); }) ||
         one_of_several(get(values, "host"),
                        [](std::string const& each) { return is_socket(each) && each.size() > 90; }) ||
         one_of_several(get(values, "port"), [](std::string const& each) {
           int const port = read_integer(each).value_or(0);
           return port < 1 || port > 65535;
         });
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
     [](conninfo_map const& values, libpq_oracle const&) { return any_element_is_wrong(values); }},
    {"no resolver takes such a name, and looking for it would show a piece of a password", true,
     [](conninfo_map const& values, libpq_oracle const&) {
       return std::ranges::any_of(elements(get(values, "host")), [](std::string const& host) {
         return !is_socket(host) && host.find_first_of(" \t\n\v\f\r=@/") != host.npos;
       });
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
       constexpr std::array<std::string_view, 4> served = {"password", "md5", "scram-sha-256", "none"};
       return !list.empty() && std::ranges::all_of(served, [&](std::string_view method) {
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
    if (has(*ours, "service") && !get(*ours, "service").empty()) return;  // see libpq_files_test.cpp
    if (!looks_up(*ours)) compare_settings(text, *ours);
  }

  /// The same with variables of the environment, named by their keywords.
  void compare_with(test::clean_environment& environment, conninfo_map const& given, std::string const& text) {
    conninfo_map values = given;
    auto const in_text = parse(text);
    if (in_text) {
      for (auto const& [keyword, value] : *in_text) values[keyword] = value;
    }
    if (!in_text || has(values, "service") || looks_up(values)) return;
    for (auto const& [keyword, value] : given) environment.change(find_keyword(keyword)->environment, value);
    compare_settings(text, values);
    for (auto const& [keyword, value] : given) environment.change(find_keyword(keyword)->environment, std::nullopt);
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

// --- The tests ------------------------------------------------------------------------------------------------------

// Under a sanitizer, which is what the fuzz targets are for, only a part of the table.
constexpr int mutations = test::effort_divisor == 1 ? 10'000 : 0;

void compare_all(libpq_oracle const& libpq) {
  test::clean_environment environment;
  comparison all(libpq);
  std::vector<std::string> texts;
  for (auto const& make : {test::awkward_pairs, test::awkward_grammar, test::awkward_uris}) {
    auto more = make();
    texts.insert(texts.end(), more.begin(), more.end());
  }
  for (std::size_t i = 0; i < texts.size(); i += test::effort_divisor) {
    all.compare(texts[i]);
    if (::testing::Test::HasFailure()) return;
  }
  std::mt19937_64 random(20260);
  for (int i = 0; i < mutations; ++i) {
    all.compare(test::mutate(texts[random() % texts.size()], random));
    if (::testing::Test::HasFailure()) return;
  }
  auto const values = test::awkward_values();
  std::size_t const before = all.accepted;
  for (int i = 0; i < mutations && !::testing::Test::HasFailure(); ++i) {
    conninfo_map given;
    for (auto count = 1 + random() % 3; count != 0; --count) {
      conninfo_keyword const& keyword = conninfo_keywords[random() % std::size(conninfo_keywords)];
      if (keyword.environment != nullptr && libpq.knows(keyword.name)) {
        given[std::string(keyword.name)] = values[random() % values.size()];
      }
    }
    conninfo_keyword const& other = conninfo_keywords[random() % std::size(conninfo_keywords)];
    bool const alone = random() % 2 == 0 || !libpq.knows(other.name);
    std::string const& value = values[random() % values.size()];
    all.compare_with(environment, given,
                     test::bases[random() % test::bases.size()] +
                         (alone ? std::string() : std::string(other.name) + '=' + test::in_quotes(value)));
  }
  if (mutations != 0) {
    EXPECT_GT(all.accepted, before + 1000U);
    all.expect_all_used();
  }
  EXPECT_GT(all.accepted, 1000U);
  std::cout << "libpq " << libpq.version() << ": " << all.parsed << " parsed, " << all.resolved << " resolved, "
            << all.accepted << " accepted by both, " << all.different << " different by intention\n";
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
  libpq_oracle const libpq(test::exported("TUSK_LIBPQ18"));
  ASSERT_EQ(libpq.version() / 10000, 18);
  compare_table(libpq);
  compare_all(libpq);
}

TEST(LibpqConninfo, AgreesWithTheMachinesOwn) {
  auto const libpq = test::machines_libpq();
  if (!libpq) GTEST_SKIP() << "the machine has no libpq.so.5";
  compare_table(*libpq);
  compare_all(*libpq);
}

}  // namespace
}  // namespace tusk::client

/// The OpenSSL that comes with the other libpq keeps something for ever; what is ours is looked at as always.
extern "C" char const*
__lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier): the sanitizer's name for it
extern "C" char const* __lsan_default_suppressions() { return "leak:libcrypto.so.1.1"; }
