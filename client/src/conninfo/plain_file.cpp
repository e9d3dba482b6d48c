#include "conninfo/plain_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace tusk::client {
namespace {

/// Closes it at the end.
struct descriptor {
  int number;
  ~descriptor() {
    if (number >= 0) ::close(number);
  }
};

file_reading failure(int error) {
  bool const missing = error == ENOENT || error == ENOTDIR;
  return {missing ? file_reading::outcome::missing : file_reading::outcome::failed,
          {},
          0,
          std::generic_category().message(error)};
}

}  // namespace

file_reading read_plain_file(char const* path, std::size_t limit) {
  // O_NONBLOCK: opening a pipe that nobody writes to would wait.
  descriptor const file{::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) return failure(errno);
  if (!S_ISREG(status.st_mode)) return {file_reading::outcome::not_plain, {}, 0};
  if (static_cast<std::uintmax_t>(status.st_size) > limit) return {file_reading::outcome::too_large, {}, 0};

  // Room for one byte more shows whether it has grown meanwhile, or has a size that the system does not tell (/proc).
  std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
  for (std::size_t size = 0;;) {
    ssize_t const count = ::read(file.number, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(errno);
    if (count == 0) {
      text.resize(size);
      return {file_reading::outcome::read, std::move(text), status.st_mode & 07777U, {}, status.st_uid == 0};
    }
    size += static_cast<std::size_t>(count);
    if (size > limit) return {file_reading::outcome::too_large, {}, 0};
    if (size == text.size()) text.resize(std::min(2 * size + 4096, limit + 1));
  }
}

}  // namespace tusk::client
