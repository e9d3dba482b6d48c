// libpq as a witness: connections made by it.
#pragma once

#include <string>

#include "support/libpq.hpp"

namespace tusk::test {

/// A connection of the newest libpq's.
class libpq_session {
 public:
  explicit libpq_session(std::string const& dsn) : session_(call<void*>("PQconnectdb", dsn.c_str())) {}
  libpq_session(libpq_session const&) = delete;
  libpq_session& operator=(libpq_session const&) = delete;
  ~libpq_session() { call<void>("PQfinish", session_); }

  static int version() { return libpq::newest().version(); }
  bool is_open() const { return call<int>("PQstatus", session_) == 0; }
  bool by_tls() const { return call<int>("PQsslInUse", session_) == 1; }
  std::string error() const { return call<char const*>("PQerrorMessage", session_); }

 private:
  template <class Result, class... Args>
  static Result call(char const* name, Args... args) {
    return libpq::newest().call<Result>(name, args...);
  }

  void* session_;
};

}  // namespace tusk::test
