// libpq as an oracle: what it makes of a connection string, in an environment that holds nothing else.
#pragma once

#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "support/libpq.hpp"
#include "support/server.hpp"
#include "support/temporary_folder.hpp"
#include "support/variables.hpp"

namespace tusk::test {

using conninfo_map = std::map<std::string, std::string, std::less<>>;

/// One library of libpq.
class libpq_oracle {
 public:
  /// Throws if it cannot be loaded.
  explicit libpq_oracle(std::string const& path) : library_(path) {
    for (auto const& [name, value] : take(call<option*>("PQconndefaults"))) keywords_.insert(name);
  }

  int version() const { return library_.version(); }
  bool knows(std::string_view keyword) const { return keyword == "requiressl" || keywords_.contains(keyword); }
  std::set<std::string, std::less<>> const& keywords() const { return keywords_; }

  /// PQconninfoParse: what the text gives; none if it is refused.
  std::optional<conninfo_map> parse(std::string const& text) const {
    char* error = nullptr;
    option* const options = call<option*>("PQconninfoParse", text.c_str(), &error);
    if (error != nullptr) call<void>("PQfreemem", static_cast<void*>(error));
    if (options == nullptr) return std::nullopt;
    return take(options);
  }

  /// What PQconnectStart made of a text.
  struct attempt {
    bool accepted;  ///< it went on to a host
    std::string error;
    conninfo_map values;
    std::string port, password;  ///< of the last host that was tried
  };
  attempt connect(std::string const& text) const {
    void* const connection = call<void*>("PQconnectStart", text.c_str());
    attempt made{};
    made.error = call<char*>("PQerrorMessage", connection);
    bool const bad = call<int>("PQstatus", connection) == 1;
    made.accepted = !bad || made.error.starts_with("connection to server");
    made.values = take(call<option*>("PQconninfo", connection));
    if (char const* const port = call<char*>("PQport", connection)) made.port = port;
    if (char const* const password = call<char*>("PQpass", connection)) made.password = password;
    call<void>("PQfinish", connection);
    return made;
  }

 private:
  struct option {
    char *keyword, *variable, *compiled, *value, *label, *shown;
    int size;
  };

  template <class Result, class... Arguments>
  Result call(char const* name, Arguments... arguments) const {
    return library_.call<Result>(name, arguments...);
  }

  conninfo_map take(option* options) const {
    conninfo_map values;
    for (option* each = options; each != nullptr && each->keyword != nullptr; ++each) {
      bool const wanted = each->value != nullptr || keywords_.empty();
      if (wanted) values[each->keyword] = each->value == nullptr ? "" : each->value;
    }
    if (options != nullptr) call<void>("PQconninfoFree", options);
    return values;
  }

  libpq library_;
  std::set<std::string, std::less<>> keywords_;
};

/// The libpq that the loader finds, if there is one.
inline std::unique_ptr<libpq_oracle> machines_libpq() {
  try {
    return std::make_unique<libpq_oracle>(libpq::machines_own);
  } catch (std::runtime_error const&) {
    return nullptr;
  }
}

/// A value, or an empty text.
inline std::string get(conninfo_map const& from, std::string_view keyword) {
  auto const found = from.find(keyword);
  return found == from.end() ? std::string() : found->second;
}

/// An environment without variables of libpq, and a home that is empty; the old one comes back at the end.
class clean_environment {
 public:
  clean_environment() {
    std::set<std::string> names;
    for (char** each = environ; *each != nullptr; ++each) {
      std::string_view const line = *each;
      if (line.starts_with("PG")) names.emplace(line.substr(0, line.find('=')));
    }
    for (std::string const& each : names) change(each, std::nullopt);
    change("HOME", home_.path());
    change("PGSYSCONFDIR", home_.path());
  }
  clean_environment(clean_environment const&) = delete;
  clean_environment& operator=(clean_environment const&) = delete;
  ~clean_environment() {
    for (auto const& [name, value] : before_) set_variable(name, value);
  }

  void change(std::string const& name, variable_value const& value) {
    before_.try_emplace(name, get_variable(name));
    set_variable(name, value);
  }
  temporary_folder const& home() const noexcept { return home_; }

 private:
  temporary_folder home_;
  std::map<std::string, variable_value> before_;
};

}  // namespace tusk::test
