// OpenSSL's configuration file, which every process reads that uses OpenSSL: whatever stands in it, our TLS is the
// same.
//
// Each file also asks for algorithms that there are none of, before all else, and its defaults are never empty (OpenSSL
// drops such a file): so what reads it into a library context can make no TLS at all, and each row can fail.
//
// A process of its own connects, with OPENSSL_CONF naming the file, to a scripted server in this one.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "hostile/refused.hpp"
#include "support/scram_peer.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

struct configuration {
  char const* name;
  std::string_view defaults;       // the lines of system_default
  std::string_view modules = {};   // further lines of the section that names modules
  std::string_view sections = {};  // further sections
};
void PrintTo(configuration const& each, std::ostream* out) { *out << each.name; }

std::vector<configuration> const configurations{
    {"nothing_but_algorithms", "MinProtocol = TLSv1.2"},
    {"minimum_above_all", "MinProtocol = TLSv1.3\nMaxProtocol = TLSv1.2"},
    {"maximum_below_ours", "MaxProtocol = TLSv1.1"},
    {"no_protocol", "Protocol = -ALL"},
    {"suites_that_nobody_has", "Ciphersuites = TLS_AES_128_CCM_8_SHA256\nCipherString = PSK"},
    {"ciphers_without_authentication", "CipherString = aNULL:eNULL:@SECLEVEL=0"},
    {"security_level_5", "CipherString = DEFAULT:@SECLEVEL=5"},
    {"groups_that_nobody_has", "Groups = secp224r1"},
    {"signatures_that_do_not_fit", "SignatureAlgorithms = ed448\nClientSignatureAlgorithms = ed448"},
    {"verification", "VerifyMode = Peer"},
    {"options", "Options = UnsafeLegacyRenegotiation,Compression,EmptyFragments,-MiddleboxCompat,-SessionTicket"},
    {"an_engine_that_is_not_there", "MinProtocol = TLSv1.2", "config_diagnostics = 1\nengines = engines",
     "[engines]\nours = ours\n[ours]\nengine_id = ours\ndynamic_path = /no/such/engine.so\ninit = 1\n"},
    {"a_provider_that_is_not_there", "MinProtocol = TLSv1.2", "config_diagnostics = 1\nproviders = providers",
     "[providers]\nours = ours\n[ours]\nmodule = /no/such/provider.so\nactivate = 1\n"},
    {"no_default_provider", "MinProtocol = TLSv1.2", "providers = providers",
     "[providers]\nnull = null\n[null]\nactivate = 1\n"},
};

/// What a process of its own says of a connection; "" if it could not be started.
std::string told_by_child(std::string const& configuration_file, std::string const& dsn) {
  std::string const command = "OPENSSL_CONF='" + configuration_file + "' '" TUSK_CONNECT_ONCE "' '" + dsn + "' 2>&1";
  std::FILE* const child = ::popen(command.c_str(), "r");
  if (child == nullptr) return "";
  std::string told;
  for (int c = std::fgetc(child); c != EOF; c = std::fgetc(child)) told += static_cast<char>(c);
  ::pclose(child);
  return told;
}

class openssl_configuration : public testing::TestWithParam<configuration> {};

TEST_P(openssl_configuration, changes_nothing) {
  certificate const& ca = authority(key_kind::ecdsa);
  certificate const own({.issuer = &ca, .key_of = &ca});
  temporary_folder const files;
  auto const& of = GetParam();
  std::string const configuration =
      files.write("openssl.cnf",
                  "openssl_conf = all\n[all]\nalg_section = algorithms\nssl_conf = ssl\n" + std::string(of.modules) +
                      "\n[algorithms]\ndefault_properties = fips=yes\n[ssl]\nsystem_default = defaults\n[defaults]\n" +
                      std::string(of.defaults) + "\n" + std::string(of.sections));
  scripted_server server([&](peer& client) {
    tls_peer secure(client, own);
    if (!secure.begin()) return;
    play_scram(secure, {.offer_plus = true, .end_point = own.end_point()});
    secure.stay_silent();
  });
  std::string const wanted = "TLSv1.3 TLS_AES_256_GCM_SHA384 scram-sha-256-plus\n";
  std::string const root = " connect_timeout=20 sslrootcert=" + files.write("ca.crt", ca.pem());
  EXPECT_EQ(told_by_child(configuration, server.dsn("sslmode=verify-full" + root)), wanted);
  EXPECT_EQ(told_by_child(configuration, server.dsn("sslmode=require connect_timeout=20")), wanted);
  EXPECT_EQ(told_by_child(configuration, server.dsn("sslmode=verify-full ssl_max_protocol_version=TLSv1.2" + root)),
            "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 scram-sha-256-plus\n");
}

INSTANTIATE_TEST_SUITE_P(each, openssl_configuration, testing::ValuesIn(configurations), named);

}  // namespace
}  // namespace tusk::test
