// The files of TLS: which are taken, what is wrong with them, and when they are read again.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/thrown.hpp"
#include "support/tls_pair.hpp"
#include "tls_context.hpp"

namespace tusk::test {
namespace {

using client::sslcertmode;
using client::sslmode;
using client::tls_settings;

struct papers {
  identity authority = make_certificate({.common_name = "an authority", .authority = true}, make_key());
  identity client = make_certificate({.common_name = "somebody"}, make_key(), &authority);
  key_ptr other_key = make_key();
  throw_away_folder folder;
  std::string root = folder.write("ca.crt", pem(authority.certificate));
  std::string cert = folder.write("client.crt", pem(client.certificate));
  std::string key = folder.write("client.key", pem(client.key));
  std::string locked = folder.write("locked.key", pem(client.key, "open sesame"));
};
papers const& the() {
  static papers const made;
  return made;
}
std::string file(char const* name, std::string_view bytes, mode_t mode = 0600) {
  return the().folder.write(name, bytes, mode);
}
std::string fifo(char const* name) {
  std::string const path = the().folder.path(name);
  good(::mkfifo(path.c_str(), 0600) == 0 || errno == EEXIST, "no FIFO");
  return path;
}

struct wish {
  char const* name;
  std::string said;  // a part of the error; empty: it is good
  std::function<void(tls_settings&)> how;
};
void PrintTo(wish const& each, std::ostream* out) { *out << each.name; }

std::vector<wish> authorities() {
  auto const root = [](sslmode mode, std::string const& path) {
    return [=](tls_settings& how) {
      how.mode = mode;
      how.rootcert = path;
    };
  };
  auto const crl = [](std::string const& path) { return [=](tls_settings& how) { how.crl = path; }; };
  std::string const none = the().folder.path("none");
  std::string const empty = file("empty", ""),
                    garbage = file("garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  std::string const list = file("ca.crl", revocation_list(the().authority, {}));
  char const* const needed = "set sslrootcert to its PEM file, or to system";
  return {
      {"root", "", root(sslmode::verify_full, the().root)},
      {"no_root_verify_ca", needed, root(sslmode::verify_ca, "")},
      {"no_root_verify_full", needed, root(sslmode::verify_full, "")},
      {"no_root_require", "", root(sslmode::require, "")},
      {"root_missing",
       "sslrootcert=" + none + " cannot be read: No such file or directory; it must be a readable PEM file",
       root(sslmode::verify_full, none)},
      {"root_missing_prefer", "cannot be read: No such file", root(sslmode::prefer, none)},
      {"root_folder", "it is not a regular file", root(sslmode::verify_ca, the().folder.path())},
      {"root_fifo", "it is not a regular file", root(sslmode::verify_ca, fifo("fifo"))},
      {"root_device", "it is not a regular file", root(sslmode::verify_ca, "/dev/zero")},
      {"root_empty", "there is none in it", root(sslmode::verify_ca, empty)},
      {"root_is_a_key", "there is none in it", root(sslmode::verify_ca, the().key)},
      {"root_is_a_locked_key", "",
       root(sslmode::verify_ca, file("mixed", pem(the().client.key, "x") + pem(the().authority.certificate)))},
      {"root_is_a_list", "there is none in it", root(sslmode::verify_ca, list)},
      {"root_garbage", "cannot be read: ", root(sslmode::verify_ca, garbage)},
      {"root_garbage_after_good", "cannot be read: ",
       root(sslmode::verify_ca, file("half", pem(the().authority.certificate) +
                                                 "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))},
      {"root_too_large", "it is larger than 64 MiB",
       [](tls_settings& how) {
         how.rootcert = file("large", "");
         good(::truncate(how.rootcert.c_str(), (64 << 20) + 1) == 0, "no large file");
       }},
      {"crl", "", crl(list)},
      {"crl_missing",
       "sslcrl=" + none +
           " cannot be read: No such file or directory; it must be a PEM file of certificate revocation lists",
       crl(none)},
      {"crl_empty", "there is none in it", crl(empty)},
      {"crl_is_a_certificate", "there is none in it", crl(the().root)},
      {"crl_fifo", "it is not a regular file", crl(fifo("fifo"))},
      {"crldir", "", [](tls_settings& how) { how.crldir = the().folder.path(); }},
      {"crldir_missing", "there is no such folder; it must be a folder of certificate revocation lists",
       [=](tls_settings& how) { how.crldir = none; }},
      {"crldir_is_a_file", "there is no such folder", [=](tls_settings& how) { how.crldir = list; }},
      {"sslrootcert_of_no_home", "", [](tls_settings& how) { how.user_folder = "/no/such/home"; }},
  };
}

std::vector<wish> identities() {
  auto const both = [](std::string const& cert, std::string const& key, std::string const& password = "") {
    return [=](tls_settings& how) {
      how.cert = cert;
      how.key = key;
      how.keypassword = password;
    };
  };
  auto const home = [](bool key, sslcertmode mode) {
    return [=](tls_settings& how) {
      static throw_away_folder const with_key, without_key;
      throw_away_folder const& mine = key ? with_key : without_key;
      mine.write("postgresql.crt", pem(the().client.certificate));
      if (key) mine.write("postgresql.key", pem(the().client.key));
      how.user_folder = mine.path();
      how.certmode = mode;
    };
  };
  std::string const none = the().folder.path("none"), cert = the().cert;
  return {
      {"pem", "", both(cert, the().key)},
      {"chain", "",
       both(file("chain.crt", pem(the().client.certificate) + pem(the().authority.certificate)), the().key)},
      {"der", "", both(cert, file("der.key", der(the().client.key)))},
      {"locked", "", both(cert, the().locked, "open sesame")},
      {"locked_der", "",
       both(cert, file("locked_der.key", encrypted_der(the().client.key, "open sesame")), "open sesame")},
      {"locked_without_password", "sslkey=" + the().locked + " is encrypted; set sslpassword to its password",
       both(cert, the().locked)},
      {"locked_wrong_password", " cannot be decrypted; check sslpassword", both(cert, the().locked, "shut sesame")},
      {"locked_der_wrong_password", " cannot be decrypted; check sslpassword",
       both(cert, the().folder.path("locked_der.key"), "shut sesame")},
      {"locked_password_too_long", " cannot be decrypted; check sslpassword",
       both(cert, the().locked, std::string(5000, 'x'))},
      {"password_not_needed", "", both(cert, the().key, "open sesame")},
      {"cert_missing", "sslcert=" + none + " cannot be read: No such file", both(none, the().key)},
      {"cert_empty", "sslcert=", both(file("empty.crt", ""), the().key)},
      {"cert_garbage", "it must be a PEM file: the client's certificate",
       both(file("garbage.crt", "hello"), the().key)},
      {"cert_garbage_in_chain", "sslcert=",
       both(file("bad_chain.crt",
                 pem(the().client.certificate) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            the().key)},
      {"cert_fifo", "it is not a regular file", both(fifo("fifo"), the().key)},
      {"key_not_given", "sslcert=" + cert + " has no private key; set sslkey to its file", both(cert, "")},
      {"key_missing", "sslkey=" + none + " cannot be read: No such file", both(cert, none)},
      {"key_garbage", "it must be the private key of sslcert, PEM or DER", both(cert, file("garbage.key", "hello"))},
      {"key_garbage_pem", "it must be the private key of sslcert, PEM or DER",
       both(cert, file("garbage_pem.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))},
      {"key_empty", "sslkey=", both(cert, file("empty.key", ""))},
      {"key_is_a_certificate", "sslkey=", both(cert, file("cert.key", pem(the().client.certificate)))},
      {"key_of_another", " is not the key of sslcert=" + cert, both(cert, file("other.key", pem(the().other_key)))},
      {"key_of_another_kind", " is not the key of sslcert=" + cert,
       both(cert, file("kind.key", pem(make_key(key_type::ed25519))))},
      {"key_fifo", "it is not a regular file", both(cert, fifo("fifo"))},
      {"key_for_all", "others than its owner may use it; chmod 0600 it",
       both(cert, file("all.key", pem(the().client.key), 0644))},
      {"key_for_others", "others than its owner may use it",
       both(cert, file("others.key", pem(the().client.key), 0604))},
      {"key_group_writes", "others than its owner may use it",
       both(cert, file("writes.key", pem(the().client.key), 0660))},
      {"key_group_of_root", ::geteuid() == 0 ? "" : "others than its owner",
       both(cert, file("group.key", pem(the().client.key), 0640))},
      {"key_of_owner_alone", "", both(cert, file("alone.key", pem(the().client.key), 0400))},
      {"home", "", home(true, sslcertmode::allow)},
      {"home_required", "", home(true, sslcertmode::require)},
      {"home_without_key", " has no private key", home(false, sslcertmode::allow)},
      {"home_without_key_disabled", "", home(false, sslcertmode::disable)},
      {"required_none", "sslcertmode=require needs a client certificate; set sslcert and sslkey",
       [](tls_settings& how) { how.certmode = sslcertmode::require; }},
      {"disabled_missing", "",
       [=](tls_settings& how) {
         how.cert = how.key = none;
         how.certmode = sslcertmode::disable;
       }},
  };
}

class tls_files : public testing::TestWithParam<wish> {};

void log_nothing(SSL const*, char const*) {}

tls_settings by(std::function<void(tls_settings&)> const& change) {
  tls_settings how;
  how.mode = sslmode::require;
  change(how);
  return how;
}

TEST_P(tls_files, are_good_or_say_why_not) {
  tls_settings const how = by(GetParam().how);
  if (GetParam().said.empty()) {
    EXPECT_NE(client::shared_context(how, log_nothing), nullptr);
    return;
  }
  auto const error = thrown<operational_error>([&] { client::shared_context(how, log_nothing); });
  EXPECT_CONTAINS(GetParam().said, error.what());
  EXPECT_LACKS("sesame", error.what());
  EXPECT_TRUE(error.is_fatal());
  EXPECT_EQ(ERR_peek_error(), 0U);
}

auto const name_of = [](auto const& of) { return std::string(of.param.name); };
INSTANTIATE_TEST_SUITE_P(authorities, tls_files, testing::ValuesIn(authorities()), name_of);
INSTANTIATE_TEST_SUITE_P(identities, tls_files, testing::ValuesIn(identities()), name_of);

// ---- one context for equal settings ----

TEST(tls_context_test, is_shared_by_equal_settings_only) {
  tls_settings const how = by([](tls_settings& it) { it.rootcert = the().root; });
  auto const context = client::shared_context(how, log_nothing);
  EXPECT_EQ(client::shared_context(how, log_nothing), context);
  std::vector<std::function<void(tls_settings&)>> const changes = {
      [](tls_settings& it) { it.mode = sslmode::verify_ca; },
      [](tls_settings& it) { it.rootcert = the().cert; },
      [](tls_settings& it) { it.minimum = client::tls_version::tls1_3; },
      [](tls_settings& it) { it.maximum = client::tls_version::tls1_2; },
      [](tls_settings& it) { it.crldir = the().folder.path(); },
      [](tls_settings& it) { it.keylogfile = "x"; },
      [](tls_settings& it) {
        it.cert = the().cert;
        it.key = the().key;
      },
  };
  for (auto const& change : changes) {
    tls_settings other = how;
    change(other);
    EXPECT_NE(client::shared_context(other, log_nothing), context);
  }
}

TEST(tls_context_test, a_password_is_no_key_to_the_context_of_another) {
  auto const with = [](char const* password) {
    return by([&](tls_settings& it) {
      it.cert = the().cert;
      it.key = the().locked;
      it.keypassword = password;
    });
  };
  auto const context = client::shared_context(with("open sesame"), log_nothing);
  thrown<operational_error>([&] { client::shared_context(with("shut sesame"), log_nothing); });
  EXPECT_EQ(client::shared_context(with("open sesame"), log_nothing), context);
}

TEST(tls_context_test, a_file_that_changed_is_read_again) {
  identity const other = make_certificate({.common_name = "another authority", .authority = true}, make_key());
  identity const server = make_certificate({}, make_key(), &other);
  throw_away_folder const folder;
  tls_settings how;
  how.mode = sslmode::verify_full;
  how.rootcert = folder.write("ca.crt", pem(the().authority.certificate));
  tls_pair before(how, {"localhost", "", 0, ""}, {server});
  EXPECT_CONTAINS("certificate was refused", before.shake_hands());
  folder.write("new.crt", pem(other.certificate));
  std::filesystem::rename(folder.path("new.crt"), how.rootcert);
  tls_pair after(how, {"localhost", "", 0, ""}, {server});
  EXPECT_EQ(after.shake_hands(), "");
}

// ---- the key log ----

tls_settings logging_to(std::string const& path) {
  return by([&](tls_settings& it) { it.keylogfile = path; });
}
std::string contents(std::string const& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(tls_key_log_test, holds_the_secrets_of_each_session) {
  throw_away_folder const folder;
  std::string const path = folder.path("keys");
  for (int const version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    std::string const had = contents(path);
    tls_pair pair(logging_to(path), {"localhost", "", 0, ""},
                  {.own = the().client, .minimum = version, .maximum = version});
    ASSERT_EQ(pair.shake_hands(), "");
    std::string const now = contents(path);
    EXPECT_EQ(now.substr(0, had.size()), had);
    std::string_view const lines = version == TLS1_3_VERSION ? "SERVER_TRAFFIC_SECRET_0 " : "CLIENT_RANDOM ";
    EXPECT_CONTAINS(lines, now.substr(had.size()));
    EXPECT_EQ(now.back(), '\n');
  }
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(tls_key_log_test, that_cannot_be_kept_is_an_error) {
  for (auto const& [path, said] : std::vector<std::pair<std::string, std::string_view>>{
           {"/no/such/folder/keys", "cannot be written: No such file or directory; name a regular file"},
           {the().folder.path(), "cannot be written: Is a directory"},
           {fifo("fifo"), "cannot be written: "},
           {"/dev/null", "it is not a regular file"}}) {
    auto const error = thrown<operational_error>([&] {
      tls_pair(logging_to(path), {"localhost", "", 0, ""}, {the().client});
    });
    EXPECT_CONTAINS("sslkeylogfile=" + path, error.what());
    EXPECT_CONTAINS(said, error.what());
  }
}

TEST(tls_settings_test, verify_full_needs_a_name) {
  tls_settings const how = by([](tls_settings& it) {
    it.mode = sslmode::verify_full;
    it.rootcert = the().root;
  });
  auto const error = thrown<operational_error>([&] { tls_pair(how, {"", "127.0.0.1", 5432, ""}, {the().client}); });
  EXPECT_CONTAINS("sslmode=verify-full needs the name", error.what());
  EXPECT_CONTAINS("give host beside hostaddr", error.what());
}

}  // namespace
}  // namespace tusk::test
