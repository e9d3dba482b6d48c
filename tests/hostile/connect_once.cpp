// Connects and tells what came of it, in a process whose environment a test has chosen.
//
//   connect_once DSN      "TLSv1.3 TLS_AES_256_GCM_SHA384 scram-sha-256-plus", or the error; status 1 then
#include <cstdio>
#include <exception>
#include <tusk/tusk.hpp>

int main(int count, char** arguments) {
  try {
    tusk::connection const conn = tusk::connect(count > 1 ? arguments[1] : "");
    auto const told = conn.info();
    std::printf("%s %s %s\n", told.tls_version.c_str(), told.tls_cipher.c_str(), told.authentication.c_str());
  } catch (std::exception const& e) {
    std::printf("%s\n", e.what());
    return 1;
  }
}
