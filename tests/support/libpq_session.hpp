// libpq as a witness: connections made by it, the library being found when the test runs.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace tusk::test {

/// A connection of libpq's, found by name when the test runs.
class libpq_session {
 public:
  explicit libpq_session(std::string const& dsn) : session_(call<void*>("PQconnectdb", dsn.c_str())) {}
  libpq_session(libpq_session const&) = delete;
  libpq_session& operator=(libpq_session const&) = delete;
  ~libpq_session() { call<void>("PQfinish", session_); }

  static int version() { return call<int>("PQlibVersion"); }
  bool is_open() const { return call<int>("PQstatus", session_) == 0; }
  bool by_tls() const { return call<int>("PQsslInUse", session_) == 1; }
  std::string error() const { return call<char const*>("PQerrorMessage", session_); }

 private:
  template <class Result, class... Args>
  static Result call(char const* name, Args... args) {
    static void* const library = [] {
      char const* const path = std::getenv("TUSK_LIBPQ18");
      return dlopen(path != nullptr && *path != '\0' ? path : "libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    }();
    void* const at = library == nullptr ? nullptr : dlsym(library, name);
    if (at == nullptr) throw std::runtime_error(std::string("no libpq: ") + dlerror());
    return reinterpret_cast<Result (*)(Args...)>(at)(args...);
  }

  void* session_;
};

}  // namespace tusk::test
