// libpq, loaded while a test runs: nothing here is linked to it, and several versions fit into one program.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace tusk::test {

class libpq {
 public:
  /// A file, or a name that the loader looks for, such as machines_own. Throws if it cannot be loaded.
  explicit libpq(std::string const& path) : library_(open(path)) {
    if (library_ == nullptr) throw std::runtime_error(std::string("no libpq: ") + ::dlerror());
  }
  libpq(libpq const&) = delete;
  libpq& operator=(libpq const&) = delete;
  ~libpq() { ::dlclose(library_); }

  static constexpr char const* machines_own = "libpq.so.5";
  /// Version 18, if TUSK_LIBPQ18 says where it is, as it does under tools/pgserver; else the machine's own.
  static libpq const& newest() {
    char const* const path = std::getenv("TUSK_LIBPQ18");
    static libpq const loaded(path != nullptr && *path != '\0' ? path : machines_own);
    return loaded;
  }

  template <class Function>
  Function* find(char const* name) const {
    void* const function = ::dlsym(library_, name);
    if (function == nullptr) throw std::runtime_error(std::string("libpq has no ") + name);
    return reinterpret_cast<Function*>(function);
  }
  template <class Result, class... Arguments>
  Result call(char const* name, Arguments... arguments) const {
    return find<Result(Arguments...)>(name)(arguments...);
  }
  int version() const { return call<int>("PQlibVersion"); }

 private:
  static void* open(std::string const& path) {
    // Whoever asks for a name gets what is loaded by that name, from whatever file: so the machine's own comes first.
    static void* const own = ::dlopen(machines_own, RTLD_NOW | RTLD_LOCAL);
    return path == machines_own && own == nullptr ? nullptr : ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }

  void* library_;
};

}  // namespace tusk::test
