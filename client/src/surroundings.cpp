#include "surroundings.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>
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

file_reading failure(int error) {
  if (error == ENOENT || error == ENOTDIR) return {};
  return {file_reading::outcome::failed, {}, 0, std::generic_category().message(error)};
}

file_reading read_all(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return failure(errno);
  if (!S_ISREG(status.st_mode)) return {file_reading::outcome::not_plain, {}, 0};
  file_reading result{file_reading::outcome::read, {}, status.st_mode & 07777U};
  char chunk[4096];
  for (;;) {
    ssize_t const count = ::read(descriptor, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(errno);
    if (count == 0) return result;
    result.text.append(chunk, static_cast<std::size_t>(count));
    if (result.text.size() > max_file_size) return {file_reading::outcome::too_large, {}, 0};
  }
}

file_reading read_file(char const* path) {
  // O_NONBLOCK: opening a pipe that nobody writes to would wait.
  int const descriptor = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return failure(errno);
  try {
    file_reading result = read_all(descriptor);
    ::close(descriptor);
    return result;
  } catch (...) {
    ::close(descriptor);
    throw;
  }
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
  real.read_file = read_file;
  return real;
}

}  // namespace tusk::client
