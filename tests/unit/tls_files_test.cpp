// The files of TLS: which are taken, what is wrong with them, and when they are read again.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <tusk/types/error.hpp>
#include <vector>

#include "net/tls_context.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"
#include "support/tls_pair.hpp"

namespace tusk::test {
namespace {

using client::sslcertmode;
using client::sslmode;
using client::tls_settings;

/// All the files, in one folder.
struct papers {
  certificate ca{{.subject = "an authority", .authority = true}};
  certificate client{{.subject = "somebody", .issuer = &ca}};
  temporary_folder folder;

  papers() {
    std::string const root = ca.pem(), cert = client.pem(), key = client.key_pem();
    std::string const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::string const secret = "open sesame";
    struct file {
      char const* name;
      std::string bytes;
      mode_t mode = 0600;
    };
    for (auto const& [name, bytes, mode] : std::vector<file>{
             {"empty", ""},
             {"hello", "hello"},
             {"broken.crt", broken},
             {"ca.crt", root, 0644},
             {"ca.crl", revocation_list(ca, {}), 0644},
             {"half.crt", root + broken},
             {"mixed.crt", client.key_pem("x") + root},
             {"large", ""},
             {"client.crt", cert},
             {"chain.crt", cert + root},
             {"bad_chain.crt", cert + broken},
             {"client.key", key},
             {"der.key", client.key_der()},
             {"locked.key", client.key_pem(secret)},
             {"locked_der.key", client.key_der(secret)},
             {"broken.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
             {"other.key", certificate().key_pem()},
             {"kind.key", certificate({.key = key_kind::ed25519}).key_pem()},
             {"all.key", key, 0644},
             {"others.key", key, 0604},
             {"writes.key", key, 0660},
             {"group.key", key, 0640},
             {"alone.key", key, 0400},
         })
      folder.write(name, bytes, mode);
    good(::truncate(folder.path("large").c_str(), (64 << 20) + 1) == 0, "a large file");
    good(::mkfifo(folder.path("fifo").c_str(), 0600) == 0, "a FIFO");
    for (char const* home : {"home", "keyless"}) std::filesystem::create_directory(folder.path(home));
    for (char const* to : {"home/postgresql.crt", "keyless/postgresql.crt"}) folder.write(to, cert);
    folder.write("home/postgresql.key", key);
  }
};
papers const& the() {
  static papers const made;
  return made;
}
/// A file of the folder; what is empty or begins with a slash stays.
std::string path(std::string_view name) {
  return name.empty() || name.starts_with('/') ? std::string(name) : the().folder.path(name);
}

struct wish {
  char const* name;
  std::string_view said;  // a part of the error, @ for the folder; empty: it is good
  std::function<void(tls_settings&)> how;
};
void PrintTo(wish const& each, std::ostream* out) { *out << each.name; }

std::vector<wish> authorities() {
  auto const root = [](sslmode mode, std::string_view name) {
    return [=](tls_settings& how) {
      how.mode = mode;
      how.rootcert = path(name);
    };
  };
  auto const crl = [](std::string_view name) { return [=](tls_settings& how) { how.crl = path(name); }; };
  auto const crldir = [](std::string_view name) { return [=](tls_settings& how) { how.crldir = path(name); }; };
  using enum sslmode;
  char const* const needed = "set sslrootcert to its PEM file, or to system";
  char const* const irregular = "it is not a regular file";
  char const* const nothing = "there is none in it";
  return {
      {"root", "", root(verify_full, "ca.crt")},
      {"no_root_verify_ca", needed, root(verify_ca, "")},
      {"no_root_verify_full", needed, root(verify_full, "")},
      {"no_root_require", "", root(require, "")},
      {"root_missing", "sslrootcert=@/none cannot be read: No such file or directory; it must be a readable PEM file",
       root(verify_full, "none")},
      {"root_missing_prefer", "cannot be read: No such file", root(prefer, "none")},
      {"root_folder", irregular, root(verify_ca, "home")},
      {"root_fifo", irregular, root(verify_ca, "fifo")},
      {"root_device", irregular, root(verify_ca, "/dev/zero")},
      {"root_empty", nothing, root(verify_ca, "empty")},
      {"root_is_a_key", nothing, root(verify_ca, "client.key")},
      {"root_beside_a_locked_key", "", root(verify_ca, "mixed.crt")},
      {"root_is_a_list", nothing, root(verify_ca, "ca.crl")},
      {"root_broken", "sslrootcert=@/broken.crt cannot be read: ", root(verify_ca, "broken.crt")},
      {"root_broken_after_good", "sslrootcert=@/half.crt cannot be read: ", root(verify_ca, "half.crt")},
      {"root_too_large", "it is larger than 64 MiB", root(verify_ca, "large")},
      {"crl", "", crl("ca.crl")},
      {"crl_missing",
       "sslcrl=@/none cannot be read: No such file or directory; it must be a PEM file of certificate revocation lists",
       crl("none")},
      {"crl_empty", nothing, crl("empty")},
      {"crl_is_a_certificate", nothing, crl("ca.crt")},
      {"crl_fifo", irregular, crl("fifo")},
      {"crldir", "", crldir("home")},
      {"crldir_missing",
       "sslcrldir=@/none cannot be read: there is no such folder; it must be a folder of certificate revocation lists",
       crldir("none")},
      {"crldir_is_a_file", "there is no such folder", crldir("ca.crl")},
      {"no_home", "", [](tls_settings& how) { how.user_folder = "/no/such/home"; }},
  };
}

std::vector<wish> identities() {
  auto const both = [](std::string_view cert, std::string_view key, std::string const& password = "") {
    return [=](tls_settings& how) {
      how.cert = path(cert);
      how.key = path(key);
      how.keypassword = password;
    };
  };
  auto const home = [](std::string_view folder, sslcertmode mode) {
    return [=](tls_settings& how) {
      how.user_folder = path(folder);
      how.certmode = mode;
    };
  };
  using enum sslcertmode;
  std::string_view const cert = "client.crt", key = "client.key", locked = "locked.key";
  char const* const irregular = "it is not a regular file";
  char const* const undecrypted = " cannot be decrypted; check sslpassword";
  char const* const open = "others than its owner may use it; chmod 0600 it, or 0640 if root owns it";
  char const* const no_key = "; it must be the private key of sslcert, PEM or DER";
  char const* const not_its = " is not the key of sslcert=@/client.crt";
  return {
      {"pem", "", both(cert, key)},
      {"chain", "", both("chain.crt", key)},
      {"der", "", both(cert, "der.key")},
      {"locked", "", both(cert, locked, "open sesame")},
      {"locked_der", "", both(cert, "locked_der.key", "open sesame")},
      {"locked_without_password", "sslkey=@/locked.key is encrypted; set sslpassword to its password",
       both(cert, locked)},
      {"locked_der_without_password", "sslkey=@/locked_der.key is encrypted", both(cert, "locked_der.key")},
      {"locked_wrong_password", undecrypted, both(cert, locked, "shut sesame")},
      {"locked_der_wrong_password", undecrypted, both(cert, "locked_der.key", "shut sesame")},
      {"locked_password_too_long", undecrypted, both(cert, locked, std::string(5000, 'x'))},
      {"password_not_needed", "", both(cert, key, "open sesame")},
      {"cert_missing", "sslcert=@/none cannot be read: No such file", both("none", key)},
      {"cert_empty", "sslcert=@/empty cannot be read: ", both("empty", key)},
      {"cert_garbage", "; it must be a PEM file: the client's certificate", both("hello", key)},
      {"cert_broken_chain", "sslcert=@/bad_chain.crt cannot be read: ", both("bad_chain.crt", key)},
      {"cert_fifo", irregular, both("fifo", key)},
      {"key_not_given", "sslcert=@/client.crt has no private key; set sslkey to its file", both(cert, "")},
      {"key_missing", "sslkey=@/none cannot be read: No such file", both(cert, "none")},
      {"key_garbage", no_key, both(cert, "hello")},
      {"key_broken", no_key, both(cert, "broken.key")},
      {"key_empty", no_key, both(cert, "empty")},
      {"key_is_a_certificate", no_key, both(cert, cert)},
      {"key_of_another", not_its, both(cert, "other.key")},
      {"key_of_another_kind", not_its, both(cert, "kind.key")},
      {"key_fifo", irregular, both(cert, "fifo")},
      {"key_for_all", open, both(cert, "all.key")},
      {"key_for_others", open, both(cert, "others.key")},
      {"key_group_writes", open, both(cert, "writes.key")},
      {"key_group_of_root", ::geteuid() == 0 ? "" : open, both(cert, "group.key")},
      {"key_of_owner_alone", "", both(cert, "alone.key")},
      {"home", "", home("home", allow)},
      {"home_required", "", home("home", require)},
      {"home_without_key", "sslcert=@/keyless/postgresql.crt has no private key", home("keyless", allow)},
      {"home_without_key_disabled", "", home("keyless", disable)},
      {"required_none", "sslcertmode=require needs a client certificate; set sslcert and sslkey", home("", require)},
      {"disabled_missing", "",
       [](tls_settings& how) {
         how.cert = how.key = path("none");
         how.certmode = disable;
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
  std::string said(GetParam().said);
  if (auto const at = said.find('@'); at != said.npos) said.replace(at, 1, the().folder.path());
  EXPECT_CONTAINS(said, error.what());
  EXPECT_LACKS("sesame", error.what());
  EXPECT_TRUE(error.is_fatal());
  EXPECT_EQ(ERR_peek_error(), 0U);
}

auto const name_of = [](auto const& of) { return std::string(of.param.name); };
INSTANTIATE_TEST_SUITE_P(authorities, tls_files, testing::ValuesIn(authorities()), name_of);
INSTANTIATE_TEST_SUITE_P(identities, tls_files, testing::ValuesIn(identities()), name_of);

// ---- one context for equal settings ----

TEST(tls_context_test, is_shared_by_equal_settings_only) {
  tls_settings const how = by([](tls_settings& it) { it.rootcert = path("ca.crt"); });
  auto const context = client::shared_context(how, log_nothing);
  EXPECT_EQ(client::shared_context(how, log_nothing), context);
  std::vector<std::function<void(tls_settings&)>> const changes = {
      [](tls_settings& it) { it.mode = sslmode::verify_ca; },
      [](tls_settings& it) { it.rootcert = path("client.crt"); },
      [](tls_settings& it) { it.minimum = client::tls_version::tls1_3; },
      [](tls_settings& it) { it.maximum = client::tls_version::tls1_2; },
      [](tls_settings& it) { it.crldir = the().folder.path(); },
      [](tls_settings& it) { it.keylogfile = "x"; },
      [](tls_settings& it) {
        it.cert = path("client.crt");
        it.key = path("client.key");
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
      it.cert = path("client.crt");
      it.key = path("locked.key");
      it.keypassword = password;
    });
  };
  auto const context = client::shared_context(with("open sesame"), log_nothing);
  thrown<operational_error>([&] { client::shared_context(with("shut sesame"), log_nothing); });
  EXPECT_EQ(client::shared_context(with("open sesame"), log_nothing), context);
}

TEST(tls_context_test, a_file_that_changed_is_read_again) {
  certificate const other({.subject = "another authority", .authority = true});
  certificate const server({.issuer = &other});
  temporary_folder const folder;
  tls_settings how;
  how.mode = sslmode::verify_full;
  how.rootcert = folder.write("ca.crt", the().ca.pem());
  tls_pair before(how, {"localhost", "", 0, ""}, {server});
  EXPECT_CONTAINS("certificate was refused", before.shake_hands());
  folder.write("new.crt", other.pem());
  std::filesystem::rename(folder.path("new.crt"), how.rootcert);
  tls_pair after(how, {"localhost", "", 0, ""}, {server});
  EXPECT_EQ(after.shake_hands(), "");
}

// The folder of such a list stays what it is, and was all that was looked at.
TEST(mended, a_revocation_list_overwritten_in_its_folder_is_read_again) {
  certificate const server({.issuer = &the().ca});
  temporary_folder const lists;
  tls_settings const how = by([&](tls_settings& it) {
    it.rootcert = path("ca.crt");
    it.crldir = lists.path();
  });
  lists.write(list_name(the().ca), revocation_list(the().ca, {}));
  tls_pair before(how, {"localhost", "", 0, ""}, {server});
  ASSERT_EQ(before.shake_hands(), "");
  lists.write(list_name(the().ca), revocation_list(the().ca, {server}));
  tls_pair after(how, {"localhost", "", 0, ""}, {server});
  EXPECT_CONTAINS("certificate revoked", after.shake_hands());
}

// ---- the key log ----

tls_settings logging_to(std::string const& file) {
  return by([&](tls_settings& it) { it.keylogfile = file; });
}
std::string contents(std::string const& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(tls_key_log_test, holds_the_secrets_of_each_session) {
  temporary_folder const folder;
  std::string const file = folder.path("keys");
  for (int const version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    std::string const had = contents(file);
    tls_pair pair(logging_to(file), {"localhost", "", 0, ""},
                  {.own = the().client, .minimum = version, .maximum = version});
    ASSERT_EQ(pair.shake_hands(), "");
    std::string const now = contents(file);
    EXPECT_EQ(now.substr(0, had.size()), had);
    std::string_view const lines = version == TLS1_3_VERSION ? "SERVER_TRAFFIC_SECRET_0 " : "CLIENT_RANDOM ";
    EXPECT_CONTAINS(lines, now.substr(had.size()));
    EXPECT_EQ(now.back(), '\n');
  }
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(tls_key_log_test, that_cannot_be_kept_is_an_error) {
  for (auto const& [path, said] : std::vector<std::pair<std::string, std::string_view>>{
           {"/no/such/folder/keys", "cannot be written: No such file or directory; name a regular file"},
           {the().folder.path(), "cannot be written: Is a directory"},
           {path("fifo"), "cannot be written: "},
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
    it.rootcert = path("ca.crt");
  });
  auto const error = thrown<operational_error>([&] { tls_pair(how, {"", "127.0.0.1", 5432, ""}, {the().client}); });
  EXPECT_CONTAINS("sslmode=verify-full needs the name", error.what());
  EXPECT_CONTAINS("give host beside hostaddr", error.what());
}

}  // namespace
}  // namespace tusk::test
