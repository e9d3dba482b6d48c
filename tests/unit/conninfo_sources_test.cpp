// Where settings come from: options in code, the text, service files, the environment; password files; and the keywords
// that a text may hold.
#include <gtest/gtest.h>

#include <set>

#include "support/machine.hpp"

namespace tusk::client {
namespace {

using options = std::vector<conninfo_option>;
using test::error_of;
using test::machine;
using test::machine_files;
using test::outcome_of;
using test::variables;
using outcome = file_reading::outcome;

settings made_of(conninfo_result<settings> result) {
  if (auto const* error = std::get_if<conninfo_error>(&result)) throw std::runtime_error(error->message);
  return std::get<settings>(std::move(result));
}

constexpr char const* own_service = "/home/os_user/.pg_service.conf";
constexpr char const* own_passfile = "/home/os_user/.pgpass";

TEST(ConninfoSources, StandInOrder) {
  struct row_type {
    char const* name;
    char const* text;
    options in_code;
    variables environment;
    machine_files files;
    char const* expected;
  };
  // clang-format off
  row_type const rows[] = {
      {"code, text, service, environment, default", "service=s dbname=text user=text", {{"user", "code"}},
       {{"PGHOST", "env"}, {"PGUSER", "env"}, {"PGDATABASE", "env"}, {"PGAPPNAME", "env"}},
       {{own_service, {"[s]\nuser=file\ndbname=file\nhost=file\n"}}},
       "host=file port=5432 dbname=text user=code sslmode=prefer application_name=env"},
      {"service by the environment", "user=u", {}, {{"PGSERVICE", "s"}}, {{own_service, {"[s]\nhost=file"}}},
       "host=file port=5432 dbname=u user=u sslmode=prefer"},
      {"service in code", "user=u", {{"service", "s"}}, {{"PGSERVICE", "t"}}, {{own_service, {"[s]\nhost=file"}}},
       "host=file port=5432 dbname=u user=u sslmode=prefer"},
      {"empty in the text hides the service of the environment", "host=h user=u service=''", {}, {{"PGSERVICE", "s"}}, {},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"empty in the text hides the service's value", "service=s host=h user=u dbname=''", {}, {},
       {{own_service, {"[s]\ndbname=file"}}}, "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"the first of doubles in a service", "service=s user=u", {}, {}, {{own_service, {"[s]\nhost=a\nhost=b"}}},
       "host=a port=5432 dbname=u user=u sslmode=prefer"},
      {"PGSERVICEFILE", "service=s user=u", {}, {{"PGSERVICEFILE", "/f"}},
       {{"/f", {"[s]\nhost=f"}}, {own_service, {"[s]\nhost=own"}}}, "host=f port=5432 dbname=u user=u sslmode=prefer"},
      {"PGSYSCONFDIR, as the other has no such service", "service=s user=u",
       {}, {{"PGSERVICEFILE", "/f"}, {"PGSYSCONFDIR", "/etc/x"}},
       {{"/f", {"[t]\n"}}, {"/etc/x/pg_service.conf", {"[s]\nhost=x"}}}, "host=x port=5432 dbname=u user=u sslmode=prefer"},
      {"the system's own folder", "service=s user=u", {}, {}, {{"/etc/postgresql-common/pg_service.conf", {"[s]\nhost=x"}}},
       "host=x port=5432 dbname=u user=u sslmode=prefer"},
      {"HOME", "service=s user=u", {}, {{"HOME", "/h"}},
       {{"/h/.pg_service.conf", {"[s]\nhost=h"}}, {own_service, {"[s]\nhost=own"}}},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"a default of the service raises no mode", "service=s user=u", {}, {{"PGREQUIRESSL", "1"}},
       {{own_service, {"[s]\nhost=h\nsslmode=disable"}}}, "host=h port=5432 dbname=u user=u sslmode=disable"},
      {"an option dbname is a string", "host=t user=t", {{"user", "a"}, {"dbname", "user=b port=2"}, {"port", "3"}}, {},
       {}, "host=t port=3 dbname=b user=b sslmode=prefer"},
      {"an option dbname is a URI", "host=t user=t", {{"dbname", "postgres://b@h/d"}}, {}, {},
       "host=h port=5432 dbname=d user=b sslmode=prefer"},
      {"only the first dbname is a string", "user=t host=h", {{"dbname", "port=2"}, {"dbname", "user=c"}}, {}, {},
       "host=h port=2 dbname=user=c user=t sslmode=prefer"},
      {"a dbname in the text is none", "user=t host=h dbname='port=2'", {}, {}, {},
       "host=h port=5432 dbname=port=2 user=t sslmode=prefer"},
      {"requiressl", "user=t host=h sslmode=disable requiressl=1", {}, {}, {}, "host=h port=5432 dbname=t user=t sslmode=require"},
      {"requiressl, not", "user=t host=h sslmode=disable requiressl=0", {}, {}, {}, "host=h port=5432 dbname=t user=t sslmode=prefer"},
      {"requiressl in code", "user=t host=h", {{"requiressl", "1"}}, {}, {}, "host=h port=5432 dbname=t user=t sslmode=require"},
  };
  // clang-format on
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(outcome_of(resolve(row.text, row.in_code, machine(row.environment, row.files))), row.expected);
  }
}

TEST(ConninfoSources, RefusesServices) {
  struct row_type {
    char const* name;
    char const* text;
    variables environment;
    machine_files files;
    std::vector<char const*> says;
  };
  row_type const rows[] = {
      {"nowhere",
       "service=s",
       {},
       {},
       {"no service \"s\" is defined", own_service, "/etc/postgresql-common/pg_service.conf"}},
      {"nowhere, environment", "", {{"PGSERVICE", "s"}}, {}, {"(environment variable PGSERVICE)"}},
      {"no file", "service=s", {{"PGSERVICEFILE", "/f"}}, {}, {"\"/f\" does not exist", "PGSERVICEFILE"}},
      {"no plain file",
       "service=s",
       {{"PGSERVICEFILE", "/f"}},
       {{"/f", {"", 0, outcome::not_plain}}},
       {"not a plain file"}},
      {"too large", "service=s", {}, {{own_service, {"", 0, outcome::too_large}}}, {"longer than 1 MiB"}},
      {"unreadable", "service=s", {}, {{own_service, {"", 0, outcome::failed}}}, {"cannot be read: Permission denied"}},
      {"wrong line", "service=s", {}, {{own_service, {"[s]\nx"}}}, {own_service, "is wrong in line 2: no \"=\""}},
      {"wrong value",
       "service=s",
       {},
       {{own_service, {"[s]\nport=x"}}},
       {"port \"x\" is not a number", own_service, "line 2"}},
      {"a name that no section has", "service='a]b'", {}, {}, {"is no name of a service", "offset 8"}},
  };
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.name);
    auto const result = resolve(row.text, {}, machine(row.environment, row.files));
    ASSERT_TRUE(std::holds_alternative<conninfo_error>(result));
    for (char const* part : row.says) EXPECT_NE(error_of(result).find(part), std::string::npos) << error_of(result);
  }
}

// --- Password files
// ---------------------------------------------------------------------------------------------------

TEST(ConninfoSources, FindPasswordsForEachHost) {
  struct row_type {
    char const* name;
    char const* text;
    char const* file;
    std::vector<std::string> passwords;
  };
  row_type const rows[] = {
      {"each its own", "host=a,b,c user=u", "a:*:*:*:1\nb:*:*:*:2\n", {"1", "2", ""}},
      {"by port", "host=a,a port=1,2 user=u", "a:2:*:*:2\n", {"", "2"}},
      {"by address",
       "hostaddr=::1,127.0.0.1 host=,b user=u",
       "127.0.0.1:*:*:*:x\n\\:\\:1:*:*:*:1\nb:*:*:*:2",
       {"1", "2"}},
      {"the default is localhost", "user=u", "localhost:5432:u:u:1", {"1"}},
      {"the default, written out", "host=/var/run/postgresql user=u", "localhost:5432:u:u:1", {"1"}},
      {"another socket is itself", "host=/tmp user=u", "localhost:*:*:*:1\n/tmp:*:*:*:2", {"2"}},
      {"a given one is for all", "host=a,b user=u password=p", "*:*:*:*:1", {"p", "p"}},
      {"an empty one is none", "host=a user=u password=''", "*:*:*:*:1", {"1"}},
      {"an empty one that is found is the end", "host=a user=u", "a:*:*:*:\n*:*:*:*:1", {""}},
  };
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.name);
    settings const made = made_of(resolve(row.text, {}, machine({}, {{own_passfile, {row.file}}})));
    std::vector<std::string> passwords;
    for (host_settings const& each : made.hosts) passwords.push_back(each.password);
    EXPECT_EQ(passwords, row.passwords);
    EXPECT_TRUE(made.warnings.empty());
  }
}

TEST(ConninfoSources, ShowWhichPasswordFile) {
  machine_files const files = {{own_passfile, {"a:*:*:*:secret"}}, {"/p", {"b:*:*:*:secret"}}};
  std::pair<char const*, char const*> const rows[] = {
      {"host=a user=u", "host=a port=5432 dbname=u user=u passfile=/home/os_user/.pgpass sslmode=prefer"},
      {"host=x user=u", "host=x port=5432 dbname=u user=u sslmode=prefer"},
      {"host=b user=u passfile=/p", "host=b port=5432 dbname=u user=u passfile=/p sslmode=prefer"},
      {"host=x user=u passfile=/p", "host=x port=5432 dbname=u user=u passfile=/p sslmode=prefer"},
      {"host=b user=u passfile=/p password=q", "host=b port=5432 dbname=u user=u password=*** sslmode=prefer"},
  };
  for (auto const& [text, expected] : rows) {
    settings const made = made_of(resolve(text, {}, machine({}, files)));
    EXPECT_EQ(masked(made), expected);
    if (made.passfile.empty()) continue;
    EXPECT_EQ(made_of(resolve(masked(made), {}, machine({}, files))), made);
  }
}

TEST(ConninfoSources, WarnOfPasswordFiles) {
  struct row_type {
    char const* name;
    char const* text;
    machine_files files;
    char const* says;  // nullptr: nothing
  };
  std::string const line = "*:*:*:*:secret";
  row_type const rows[] = {
      {"missing", "", {}, nullptr},
      {"missing, named", "passfile=/p", {}, "\"/p\" is ignored: it does not exist"},
      {"open to the group", "", {{own_passfile, {line, 0640}}}, "permissions must be 0600 or less"},
      {"open to others", "", {{own_passfile, {line, 0604}}}, "is open to its group or to others"},
      {"executable by others", "", {{own_passfile, {line, 0601}}}, "is open to its group or to others"},
      {"not plain", "", {{own_passfile, {line, 0600, outcome::not_plain}}}, "is not a plain file"},
      {"too large", "", {{own_passfile, {line, 0600, outcome::too_large}}}, "is longer than 1 MiB"},
      {"unreadable", "", {{own_passfile, {line, 0600, outcome::failed}}}, "cannot be read: Permission denied"},
      {"too long a password",
       "host=a",
       {{own_passfile, {"*:*:*:*:" + std::string(65535, 'a')}}},
       "for \"a\" in the password file \"/home/os_user/.pgpass\" is ignored"},
  };
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.name);
    settings const made = made_of(resolve(row.text, {}, machine({}, row.files)));
    EXPECT_EQ(made.hosts.front().password, "");
    ASSERT_EQ(made.warnings.size(), row.says == nullptr ? 0U : 1U);
    if (row.says != nullptr) {
      EXPECT_NE(made.warnings.front().find(row.says), std::string::npos) << made.warnings.front();
    }
    EXPECT_EQ(made.passfile_problem, row.says == nullptr ? "" : made.warnings.front());
  }
}

// --- Allowed keywords
// -------------------------------------------------------------------------------------------------

TEST(ConninfoSources, OpenNoFileForTextsOfOthers) {
  conninfo_allowed const allowed{{"dbname", "user", "password", "application_name"}};
  std::string const hostile[] = {"passfile=/f password=p",
                                 "service=s password=p",
                                 "sslcert=/f password=p",
                                 "sslkey=/f password=p",
                                 "sslrootcert=/f",
                                 "sslcrl=/f password=p",
                                 "sslcrldir=/f password=p",
                                 "sslkeylogfile=/f password=p",
                                 "host=/f password=p",
                                 "hostaddr=::1 password=p",
                                 "port=1 password=p",
                                 "requirepeer=x password=p",
                                 "sslmode=disable",
                                 "requiressl=0",
                                 "require_auth=none",
                                 "options='-c a=b' password=p",
                                 "user=u passfile=/f",
                                 "postgres://u:p@h/d",
                                 "postgres://u:p@/d?service=s",
                                 "postgres:///?passfile=/f",
                                 "postgres://:1/",
                                 "postgres:///d?sslkeylogfile=/f",
                                 "postgres:///d?ssl=true"};
  for (std::string const& text : hostile) {
    for (bool const in_option : {false, true}) {
      auto const opened = std::make_shared<std::vector<std::string>>();
      options const in_code = in_option ? options{{"dbname", text}} : options{};
      auto const result = resolve(in_option ? "" : text, in_code, machine({}, {}, opened), allowed);
      EXPECT_NE(error_of(result).find("is not allowed here: allowed_keywords does not name it"), std::string::npos)
          << text << "\n"
          << error_of(result);
      EXPECT_TRUE(opened->empty()) << opened->front();
    }
  }
  for (char const* text : {"user=u password=p", "postgres://u:p@/d?application_name=a"}) {
    auto const opened = std::make_shared<std::vector<std::string>>();
    EXPECT_EQ(outcome_of(resolve(text, {}, machine({}, {}, opened), allowed)).substr(0, 7), "host=/v") << text;
    EXPECT_TRUE(opened->empty()) << opened->front();
  }
}

TEST(ConninfoSources, AllowOnlyConcernsTexts) {
  conninfo_allowed const allowed{{"user"}};
  machine_files const files = {{own_service, {"[s]\nport=7"}}};
  EXPECT_EQ(outcome_of(resolve("user=u", options{{"host", "code"}},
                               machine({{"PGSERVICE", "s"}, {"PGDATABASE", "env"}}, files), allowed)),
            "host=code port=7 dbname=env user=u sslmode=prefer");
  auto const named = error_of(resolve("user=u host=h", {}, machine(), allowed));
  EXPECT_NE(named.find("the keyword \"host\" is not allowed here"), std::string::npos) << named;
  EXPECT_NE(named.find("byte offset 7"), std::string::npos) << named;
  auto const unknown = error_of(resolve("", {}, machine(), conninfo_allowed{{"usr"}}));
  EXPECT_EQ(unknown, "allowed_keywords names an unknown keyword \"usr\" (did you mean \"user\"?)");
  EXPECT_EQ(error_of(resolve("", {}, machine(), conninfo_allowed{std::vector<std::string>()})).substr(0, 9),
            "no error:");
  EXPECT_EQ(error_of(resolve("requiressl=1", {}, machine(), conninfo_allowed{{"sslmode"}})).substr(0, 9), "no error:");
}

TEST(ConninfoSources, ShowNoSecretOfAnOption) {
  char const* const rows[] = {"password=hunter2 port=x", "postgres://u:hunter2@h:x/d", "password='hunter2",
                              "x=hunter2"};
  for (char const* text : rows) {
    auto const result = resolve("", options{{"dbname", text}}, machine());
    ASSERT_TRUE(std::holds_alternative<conninfo_error>(result)) << text;
    EXPECT_EQ(error_of(result).find("hunter2"), std::string::npos) << error_of(result);
    EXPECT_NE(error_of(result).find("in the option dbname, given in code"), std::string::npos) << error_of(result);
    EXPECT_EQ(std::get<conninfo_error>(result).position, not_in_text);
  }
}

}  // namespace
}  // namespace tusk::client
