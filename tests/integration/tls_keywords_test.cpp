// The keywords of TLS, through the connection string, on a real server: client certificates and their keys, revocation
// lists, versions, names, the user's own files. libpq 18 is asked the same, and agrees on who is let in.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/libpq_session.hpp"
#include "support/server.hpp"
#include "support/server_settings.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"
#include "support/variables.hpp"

namespace tusk::test {
namespace {

/// What becomes of a connection string: `said` is a part of the error, empty where it connects.
struct row {
  char const* name;
  char const* role;
  std::string_view more;  // "%" is the folder of certificates
  std::string_view said;
  std::string_view version = {};  // of TLS; empty: any
  bool ask_libpq = true;          // it would ask the terminal for a key's password
};

std::string with_folder(std::string_view text) {
  std::string const folder = std::filesystem::path(certificate_file("ca.crt")).parent_path();
  std::string filled;
  for (char const c : text) filled += c == '%' ? folder : std::string(1, c);
  return filled;
}

/// Whether libpq is let in is asked where it knows every keyword.
void expect_libpq_agrees(std::string const& text, bool open) {
  if (libpq_session::version() < 180'000) return;
  libpq_session const witness(text);
  EXPECT_EQ(witness.is_open(), open) << witness.error();
}

void expect(row const& of, std::string const& text) {
  SCOPED_TRACE(of.name);
  if (of.ask_libpq) expect_libpq_agrees(text, of.said.empty());
  if (!of.said.empty()) {
    auto const refused = thrown<operational_error>([&] { connect(text); });
    EXPECT_CONTAINS(of.said, refused.what());
    EXPECT_LACKS("sesame", refused.what());
    return;
  }
  try {
    connection conn = connect(text);
    EXPECT_NE(conn.info().tls_version, "");
    if (!of.version.empty()) {
      EXPECT_EQ(conn.info().tls_version, of.version);
    }
    if (std::string_view(of.role) == "auth_cert") {
      EXPECT_EQ(value<std::string>(conn, "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
                "/CN=auth_cert");
    }
  } catch (tusk::error const& refused) {
    ADD_FAILURE() << refused.what();
  }
}

// ---- client certificates ----

constexpr std::string_view needed = "connection requires a valid client certificate";
constexpr row clients[] = {
    {"pem", "auth_cert", "sslcert=%/client-good.crt sslkey=%/client-good.key", ""},
    {"der", "auth_cert", "sslcert=%/client-good.crt sslkey=%/client-der.key", ""},
    {"encrypted", "auth_cert", "sslcert=%/client-good.crt sslkey=%/client-encrypted.key sslpassword=secret", ""},
    {"wrong_password", "auth_cert", "sslcert=%/client-good.crt sslkey=%/client-encrypted.key sslpassword=open_sesame",
     "cannot be decrypted; check sslpassword"},
    {"no_password", "auth_cert", "sslcert=%/client-good.crt sslkey=%/client-encrypted.key",
     "is encrypted; set sslpassword", "", false},
    {"readable_by_all", "auth_cert", "sslcert=%/client-good.crt sslkey=%/readable.key", "chmod 0600"},
    {"no_such_certificate", "auth_cert", "sslcert=%/nothing.crt sslkey=%/client-good.key",
     "nothing.crt cannot be read: No such file"},
    {"no_such_key", "auth_cert", "sslcert=%/client-good.crt sslkey=%/nothing.key",
     "nothing.key cannot be read: No such file"},
    {"foreign_key", "auth_cert", "sslcert=%/client-good.crt sslkey=%/server-rsa.key", "is not the key of sslcert="},
    {"no_certificate_in_it", "auth_cert", "sslcert=%/client-good.key sslkey=%/client-good.key", "sslcert="},
    {"none", "auth_cert", "", needed},
    {"revoked", "auth_cert", "sslcert=%/client-revoked.crt sslkey=%/client-revoked.key",
     "the server refuses our client certificate"},
    {"of_another_authority", "auth_cert", "sslcert=%/client-other.crt sslkey=%/client-other.key",
     "the server refuses our client certificate"},
    {"not_sent", "auth_cert", "sslcertmode=disable sslcert=%/client-good.crt sslkey=%/client-good.key", needed},
    {"not_even_read", "auth_trust", "sslcertmode=disable sslcert=%/nothing.crt sslkey=%/nothing.key", ""},
    {"required", "auth_trust", "sslcertmode=require sslcert=%/client-good.crt sslkey=%/client-good.key", ""},
    {"required_and_not_given", "auth_trust", "sslcertmode=require", "sslcertmode=require needs a client certificate"},
    {"required_without_tls", "auth_trust",
     "sslmode=disable sslcertmode=require sslcert=%/client-good.crt sslkey=%/client-good.key",
     "it did not ask for a client certificate"},
};

TEST(tls_keywords, show_a_client_certificate) {
  server_settings const checked{{"ssl_ca_file", certificate_file("ca.crt")},
                                {"ssl_crl_file", certificate_file("ca.crl")}};
  std::string const readable = with_folder("%/readable.key");
  std::filesystem::copy_file(with_folder("%/client-good.key"), readable,
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_EQ(::chmod(readable.c_str(), 0644), 0);
  for (row const& each : clients) expect(each, dsn(way::tls_verify_full, each.role, with_folder(each.more)));
}

// ---- the server's certificate ----

struct shown {
  char const* certificate;
  std::vector<row> rows;
};

std::vector<shown> servers() {
  constexpr char const* trust = "auth_trust";
  return {
      {"revoked",
       {{"without_list", trust, "sslrootcert=%/ca.crt", ""},
        {"list", trust, "sslrootcert=%/ca.crt sslcrl=%/ca.crl", "certificate revoked; it must be replaced"},
        {"folder", trust, "sslrootcert=%/ca.crt sslcrldir=%/lists", "certificate revoked; it must be replaced"},
        {"list_in_require", trust, "sslmode=require sslrootcert=%/ca.crt sslcrl=%/ca.crl", "certificate revoked"}}},
      {"good",
       {{"list", trust, "sslrootcert=%/ca.crt sslcrl=%/ca.crl", ""},
        {"folder", trust, "sslrootcert=%/ca.crt sslcrldir=%/lists", ""},
        {"sni", trust, "sslrootcert=%/ca.crt sslsni=1", ""},
        {"no_sni", trust, "sslrootcert=%/ca.crt sslsni=0", ""},
        {"newest", trust, "sslrootcert=%/ca.crt ssl_min_protocol_version=TLSv1.3", "", "TLSv1.3"},
        {"older", trust, "sslrootcert=%/ca.crt ssl_max_protocol_version=TLSv1.2", "", "TLSv1.2"}}},
      {"wildcard",
       {{"fits", trust, "sslrootcert=%/ca.crt host=db.example.org hostaddr=127.0.0.1", ""},
        {"case_does_not_count", trust, "sslrootcert=%/ca.crt host=DB.Example.ORG hostaddr=127.0.0.1", ""},
        {"not_the_domain", trust, "sslrootcert=%/ca.crt host=example.org hostaddr=127.0.0.1", "it is for"},
        {"not_two_labels", trust, "sslrootcert=%/ca.crt host=a.b.example.org hostaddr=127.0.0.1", "it is for"},
        {"not_the_address", trust, "sslrootcert=%/ca.crt host=127.0.0.1", "it is for"}}},
  };
}

TEST(tls_keywords, judge_the_server) {
  std::string const lists = with_folder("%/lists");
  std::string const made = "mkdir -p '" + lists + "' && cp '" + certificate_file("ca.crl") + "' '" + lists +
                           "/list.pem' && openssl rehash '" + lists + "'";
  ASSERT_EQ(std::system(made.c_str()), 0);
  for (shown const& server : servers()) {
    SCOPED_TRACE(server.certificate);
    auto const now = showing(server.certificate);
    for (row const& each : server.rows) expect(each, dsn(way::tls_verify_full, each.role, with_folder(each.more)));
  }
}

TEST(tls_keywords, versions_that_do_not_meet) {
  server_settings const old{{"ssl_max_protocol_version", "TLSv1.2"}};
  row const apart{"apart", "auth_trust", "", "check ssl_min_protocol_version and ssl_max_protocol_version"};
  expect(apart, dsn(way::tls_verify_full, apart.role, "ssl_min_protocol_version=TLSv1.3"));
  auto const reversed = thrown<programming_error>([&] {
    connect(
        dsn(way::tls_verify_full, "auth_trust", "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2"));
  });
  EXPECT_CONTAINS("ssl_m", reversed.what());
}

// ---- files of the user's own ----

TEST(tls_keywords, the_users_own_files_are_found_by_home) {
  server_settings const checked{{"ssl_ca_file", certificate_file("ca.crt")}};
  temporary_folder const home;
  std::filesystem::create_directory(home.path(".postgresql"));
  auto const put = [&](char const* from, char const* name) {
    std::string const to = home.path(std::string(".postgresql/") + name);
    std::filesystem::copy_file(certificate_file(from), to);
    ASSERT_EQ(::chmod(to.c_str(), 0600), 0);
  };
  variable const own("HOME", home.path());
  std::string const text = dsn(way::tls_verify_full, "auth_cert", "sslrootcert=''");
  row const needs{"needs_an_authority", "auth_cert", "", "need the certificate authority"};
  expect(needs, text);
  {
    auto const good = showing("good");
    put("ca.crt", "root.crt");
    expect({"needs_a_certificate", "auth_cert", "", needed}, text);
    put("client-good.crt", "postgresql.crt");
    expect({"needs_a_key", "auth_cert", "", "has no private key; set sslkey"}, text);
    put("client-good.key", "postgresql.key");
    expect({"has_all", "auth_cert", "", ""}, text);
  }
  auto const revoked = showing("revoked");
  expect({"knows_no_list", "auth_cert", "", ""}, text);
  put("ca.crl", "root.crl");
  expect({"knows_a_list", "auth_cert", "", "certificate revoked"}, text);
}

// ---- the log of keys ----

TEST(tls_keywords, keys_are_logged_for_debugging) {
  temporary_folder const files;
  std::string const path = files.path("keys");
  for (int sessions = 1; sessions <= 2; ++sessions) {
    connect(dsn(way::tls_verify_full, "auth_scram", "sslkeylogfile=" + path)).exec("SELECT 1");
    std::ifstream file(path);
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    int count = 0;
    for (auto at = text.find("CLIENT_TRAFFIC_SECRET_0 "); at != text.npos;
         at = text.find("CLIENT_TRAFFIC_SECRET_0 ", at + 1))
      ++count;
    EXPECT_EQ(count, sessions) << text;
  }
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  auto const refused = thrown<operational_error>(
      [&] { connect(dsn(way::tls_verify_full, "auth_scram", "sslkeylogfile=" + files.path())); });
  EXPECT_CONTAINS("sslkeylogfile=", refused.what());
}

}  // namespace
}  // namespace tusk::test
