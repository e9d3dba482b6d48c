// A connection string from somebody who is not trusted opens no file and calls no other host, if it may hold only what
// the program allows (pgjdbc CVE-2022-21724, CVE-2022-26520).
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>

#include "hostile/refused.hpp"
#include "support/certificate.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_peer.hpp"
#include "support/variables.hpp"

namespace tusk::test {
namespace {

/// Sees who opens or makes a file in a folder.
class watch {
 public:
  explicit watch(std::string const& folder) : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (descriptor_ < 0 || ::inotify_add_watch(descriptor_, folder.c_str(), IN_OPEN | IN_CREATE) < 0)
      throw std::runtime_error("the folder cannot be watched");
  }
  watch(watch const&) = delete;
  watch& operator=(watch const&) = delete;
  ~watch() { ::close(descriptor_); }
  /// Whether anything was opened since the last question.
  bool saw_something() const {
    alignas(inotify_event) char events[4096];
    bool seen = false;
    while (::read(descriptor_, events, sizeof events) > 0) seen = true;
    return seen;
  }

 private:
  int descriptor_;
};

struct effect {
  char const* keyword;
  std::string_view value;  // "%" is the folder
  std::string_view beside = {};
};
void PrintTo(effect const& each, std::ostream* out) { *out << each.keyword; }

constexpr effect effects[] = {
    {"passfile", "%/file"},
    {"service", "ours"},
    {"sslrootcert", "%/file"},
    {"sslcert", "%/file"},
    {"sslkey", "%/file", "sslcert=%/own"},
    {"sslcrl", "%/file"},
    {"sslkeylogfile", "%/fresh"},
};

class side_effect : public testing::TestWithParam<effect> {};

TEST_P(side_effect, is_not_to_be_had_by_a_connection_string) {
  auto const& of = GetParam();
  certificate const own;
  temporary_folder const files, other;
  files.write("file", "nothing of use\n");
  variable const services("PGSERVICEFILE", files.write("services", "[ours]\napplication_name=x\n"));
  scripted_server server([&](peer& client) {
    tls_peer secure(client, own);
    if (!secure.begin()) return;
    secure.receive_startup();
    secure.send(welcome());
    secure.stay_silent();
  });
  auto const with_folder = [&](std::string_view value) {
    std::string text;
    for (char const c : value) text += c == '%' ? files.path() : std::string(1, c);
    return text;
  };
  std::string const asked = std::string(of.keyword) + "=" + with_folder(of.value);
  std::string const base =
      "host=127.0.0.1 port=" + server.port() + " user=u dbname=d sslmode=require connect_timeout=20 ";
  std::string const uri = "postgresql://u@127.0.0.1:" + server.port() + "/d?sslmode=require&" + asked;
  connect_options cautious;
  cautious.allowed_keywords = {"host", "port", "user", "dbname", "sslmode", "connect_timeout"};

  watch const folder(files.path());
  auto const expect_refused = [&](auto&& call) {
    auto const error = thrown<programming_error>(call);
    EXPECT_CONTAINS("the keyword \"" + std::string(of.keyword) + "\" is not allowed here", error.what());
    EXPECT_FALSE(folder.saw_something());
  };
  expect_refused([&] { connect(base + asked, cautious); });
  expect_refused([&] { connect(uri, cautious); });
  connect_options nested = cautious;
  nested.parameters = {{"dbname", base + asked}};
  expect_refused([&] { connect("", nested); });
  EXPECT_EQ(server.clients(), 0);

  // The same without the list, as a witness of the witness.
  std::string beside;
  if (!of.beside.empty()) {
    files.write("own", own.pem());
    beside = ' ' + with_folder(of.beside);
    (void)folder.saw_something();
  }
  try {
    connect(base + asked + beside);
  } catch (operational_error const& unusable) {
    EXPECT_CONTAINS(of.keyword, unusable.what());
  }
  EXPECT_TRUE(folder.saw_something());
}

INSTANTIATE_TEST_SUITE_P(each, side_effect, testing::ValuesIn(effects),
                         [](auto const& of) { return std::string(of.param.keyword); });

TEST(side_effect_of_a_host, is_not_to_be_had_where_hosts_are_not_allowed) {
  scripted_server trusted([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    client.stay_silent();
  });
  scripted_server other([](peer& client) { client.stay_silent(); });
  connect_options cautious;
  cautious.allowed_keywords = {"dbname", "user", "password"};
  cautious.parameters = {{"host", "127.0.0.1"}, {"port", trusted.port()}, {"sslmode", "disable"}};
  for (std::string const asked :
       {"host=127.0.0.1", "hostaddr=127.0.0.1", "host=@abstract", "port=1,2", "options='-c x=y'", "requiressl=0"}) {
    auto const error = thrown<programming_error>([&] { connect("user=u " + asked, cautious); });
    EXPECT_CONTAINS("is not allowed here", error.what());
  }
  auto const uri =
      thrown<programming_error>([&] { connect("postgresql://u@127.0.0.1:" + other.port() + "/d", cautious); });
  EXPECT_CONTAINS("is not allowed here", uri.what());
  EXPECT_EQ(trusted.clients(), 0);
  EXPECT_EQ(connect("user=u dbname=d password=p", cautious).info().user, "u");
  EXPECT_EQ(other.clients(), 0);
}

}  // namespace
}  // namespace tusk::test
