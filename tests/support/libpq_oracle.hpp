// libpq as an oracle: loaded while a test runs, so that nothing here is linked to it, and several versions fit into one
// program. Tests find "libpq.so.5" by the loader's own means, and version 18 at TUSK_LIBPQ18, which tools/pgserver
// sets.
#pragma once

#include <dlfcn.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tusk::test {

using conninfo_map = std::map<std::string, std::string, std::less<>>;

/// One library of libpq.
class libpq_oracle {
 public:
  /// Throws if it cannot be loaded.
  explicit libpq_oracle(char const* path) : library_(::dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error(::dlerror());
    for (auto const& [name, value] : take(call<option*>("PQconndefaults"))) keywords_.insert(name);
  }
  libpq_oracle(libpq_oracle const&) = delete;
  libpq_oracle& operator=(libpq_oracle const&) = delete;
  ~libpq_oracle() { ::dlclose(library_); }

  int version() const { return call<int>("PQlibVersion"); }
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
    void* const function = ::dlsym(library_, name);
    if (function == nullptr) throw std::runtime_error(std::string("libpq has no ") + name);
    return reinterpret_cast<Result (*)(Arguments...)>(function)(arguments...);
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

  void* library_;
  std::set<std::string, std::less<>> keywords_;
};

/// The libpq that the loader finds, if there is one.
inline std::unique_ptr<libpq_oracle> machines_libpq() {
  try {
    return std::make_unique<libpq_oracle>("libpq.so.5");
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
    char name[] = "/tmp/tusk-home-XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
    home_ = name;
    std::set<std::string> names;
    for (char** each = environ; *each != nullptr; ++each) {
      std::string_view const line = *each;
      if (line.starts_with("PG")) names.emplace(line.substr(0, line.find('=')));
    }
    for (std::string const& each : names) change(each, nullptr);
    change("HOME", home_.c_str());
    change("PGSYSCONFDIR", home_.c_str());
  }
  clean_environment(clean_environment const&) = delete;
  clean_environment& operator=(clean_environment const&) = delete;
  ~clean_environment() {
    for (auto const& [name, value] : before_) set(name, value ? value->c_str() : nullptr);
    std::error_code ignored;
    std::filesystem::remove_all(home_, ignored);
  }

  void change(std::string const& name, char const* value) {
    char const* const old = ::getenv(name.c_str());
    before_.try_emplace(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
    set(name, value);
  }
  std::string const& home() const { return home_; }
  /// Writes a file of the home, with 0600.
  std::string write(std::string const& name, std::string_view text) const {
    std::string const path = home_ + '/' + name;
    std::ofstream(path, std::ios::binary) << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }

 private:
  static void set(std::string const& name, char const* value) {
    if (value == nullptr)
      ::unsetenv(name.c_str());
    else
      ::setenv(name.c_str(), value, 1);
  }

  std::string home_;
  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace tusk::test
