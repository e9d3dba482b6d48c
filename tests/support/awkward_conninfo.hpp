// Awkward connection strings: tables by tables of odd pieces, and random changes of any of them.
#pragma once

#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "conninfo/keywords.hpp"

namespace tusk::test {

using client::conninfo_keyword;
using client::conninfo_keywords;

inline std::string in_quotes(std::string_view value) {
  std::string text = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

inline std::vector<std::string> const bases = {"host=127.0.0.1 port=1 user=u ", "host=/nowhere ",
                                               "hostaddr=127.0.0.1,::1 port=1 "};

inline std::vector<std::string> awkward_values() {
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
inline std::vector<std::string> awkward_pairs() {
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

inline std::vector<std::string> awkward_grammar() {
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

inline std::vector<std::string> awkward_uris() {
  std::vector<std::string> texts;
  for (char const* prefix : {"postgresql://", "postgres://", "postgresql:/", "POSTGRES://", " postgres://"}) {
    for (char const* user :
         {"", "u@", "u:p@", ":p@", "u:@", "@", "u%40:p%3A%2f@", "u:p:q@", "u@v@", "%@", "u%00@", " u :p@"}) {
      for (char const* hosts :
           {"", " ", "127.0.0.1", "[::1]:1", "127.0.0.1:1,[::1]:2", "%2Fnowhere:1", ",", ":", ":1", "[", "[]", "[::1",
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
inline std::string mutate(std::string text, std::mt19937_64& random) {
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

}  // namespace tusk::test
