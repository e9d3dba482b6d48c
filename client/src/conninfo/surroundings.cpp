#include "conninfo/surroundings.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace tusk::client {
namespace {

/// A field of the user's entry in the system's list.
std::optional<std::string> of_user(char* passwd::*field) {
  passwd record{};
  passwd* found = nullptr;
  std::vector<char> buffer(std::size_t{1} << 16);
  int const fault = ::getpwuid_r(::geteuid(), &record, buffer.data(), buffer.size(), &found);
  if (fault != 0 || found == nullptr || found->*field == nullptr) return std::nullopt;
  return std::string(found->*field);
}

}  // namespace

surroundings process_surroundings() {
  surroundings real;
  real.environment = [](char const* name) -> std::optional<std::string> {
    char const* const value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  real.user_name = [] { return of_user(&passwd::pw_name); };
  real.home_directory = [] { return of_user(&passwd::pw_dir); };
  real.is_directory = [](char const* path) {
    struct stat status {};
    return ::stat(path, &status) == 0 && S_ISDIR(status.st_mode);
  };
  real.read_file = [](char const* path) { return read_plain_file(path, max_file_size); };
  return real;
}

}  // namespace tusk::client
