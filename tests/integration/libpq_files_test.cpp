// Password files and service files mean what they mean to libpq: random ones, built from the pieces that matter.
#include <gtest/gtest.h>
#include "conninfo/conninfo.hpp"
#include "conninfo/make_settings.hpp"

#include <algorithm>
#include <random>

#include "support/effort.hpp"
#include "support/libpq_oracle.hpp"
#include "support/server.hpp"

namespace tusk::client {
namespace {

using test::get;
using test::libpq_oracle;

std::string random_text(std::vector<std::string> const& pieces, std::size_t most, std::mt19937_64& random) {
  std::string text;
  for (std::size_t count = random() % most; count != 0; --count) text += pieces[random() % pieces.size()];
  return text;
}

/// The password that each finds for a host in random password files.
void compare_passfiles(libpq_oracle const& libpq) {
  std::size_t found = 0;
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
  for (int i = 0; i < static_cast<int>(test::effort(2000)); ++i) {
    std::string const text = random_text(pieces, 30, random);
    environment.home().write(".pgpass", text);
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
  EXPECT_GT(found, test::effort(500));
}

/// What each finds in random service files.
void compare_service_files(libpq_oracle const& libpq) {
  std::size_t found = 0;
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
  for (int i = 0; i < static_cast<int>(test::effort(3000)); ++i) {
    std::string const text = random_text(pieces, 12, random), other = random_text(pieces, 6, random);
    environment.home().write(".pg_service.conf", text);
    std::string const system = environment.home().write("pg_service.conf", other);
    environment.change("PGSERVICEFILE", i % 3 == 0 ? test::variable_value(system) : std::nullopt);
    environment.change("PGSERVICE", i % 2 == 0 ? test::variable_value("s") : std::nullopt);
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
  EXPECT_GT(found, test::effort(500));
}

TEST(LibpqFiles, PasswordsAsInVersion18) { compare_passfiles(libpq_oracle(test::exported("TUSK_LIBPQ18"))); }
TEST(LibpqFiles, ServicesAsInVersion18) { compare_service_files(libpq_oracle(test::exported("TUSK_LIBPQ18"))); }

TEST(LibpqFiles, AsTheMachinesOwn) {
  auto const libpq = test::machines_libpq();
  if (!libpq) GTEST_SKIP() << "the machine has no libpq.so.5";
  compare_passfiles(*libpq);
  compare_service_files(*libpq);
}

}  // namespace
}  // namespace tusk::client
