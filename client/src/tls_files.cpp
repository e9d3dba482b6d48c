#include "tls_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::client {
namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;

/// Closes it at the end.
struct descriptor {
  int number;
  ~descriptor() {
    if (number >= 0) ::close(number);
  }
};

std::string system_error(int error) { return std::generic_category().message(error); }

/// The user's own file of that name, if there is one.
std::string default_file(std::string const& folder, char const* name) {
  struct stat status {};
  std::string path = folder + "/" + name;
  return !folder.empty() && ::stat(path.c_str(), &status) == 0 ? path : std::string();
}

file_stamp stamp_of(std::string const& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

bool others_may_use(struct stat const& status) {
  mode_t const forbidden = status.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  return (status.st_mode & forbidden) != 0;
}

}  // namespace

tls_files files_of(tls_settings const& how) {
  tls_files files;
  files.authorities = how.rootcert.empty() ? default_file(how.user_folder, "root.crt") : how.rootcert;
  files.crl = how.crl;
  files.crldir = how.crldir;
  if (how.crl.empty() && how.crldir.empty()) files.crl = default_file(how.user_folder, "root.crl");
  if (how.certmode == sslcertmode::disable) return files;
  files.certificate = how.cert.empty() ? default_file(how.user_folder, "postgresql.crt") : how.cert;
  if (files.certificate.empty()) return files;
  files.key = how.key.empty() ? default_file(how.user_folder, "postgresql.key") : how.key;
  return files;
}

std::vector<file_stamp> stamps_of(tls_files const& files) {
  bool const system = files.authorities == "system";
  return {stamp_of(system ? "" : files.authorities), stamp_of(files.certificate), stamp_of(files.key),
          stamp_of(files.crl), stamp_of(files.crldir)};
}

void refuse_file(std::string_view keyword, std::string const& path, std::string_view why, std::string_view expected) {
  throw operational_error(std::string(keyword) + "=" + path + " cannot be read: " + std::string(why) + "; it must be " +
                              std::string(expected),
                          true);
}

std::string read_file(std::string_view keyword, std::string const& path, std::string_view expected, secrecy wanted) {
  auto const refuse = [&](std::string_view why) { refuse_file(keyword, path, why, expected); };
  // Without O_NONBLOCK a FIFO would hold us until somebody writes to it.
  descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) refuse(system_error(errno));
  if (!S_ISREG(status.st_mode)) refuse("it is not a regular file");
  if (wanted == secrecy::secret && others_may_use(status))
    refuse("others than its owner may use it; chmod 0600 it, or 0640 if root owns it");

  if (static_cast<std::uintmax_t>(status.st_size) > largest_file) refuse("it is larger than 64 MiB");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t read = 0;
  while (read < bytes.size()) {
    auto const got = ::read(file.number, bytes.data() + read, bytes.size() - read);
    if (got < 0 && errno != EINTR) refuse(system_error(errno));
    if (got == 0) break;  // it was cut meanwhile
    read += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  bytes.resize(read);
  return bytes;
}

int open_key_log(std::string const& path) {
  descriptor file{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600)};
  struct stat status {};
  std::string why;
  if (file.number < 0 || ::fstat(file.number, &status) != 0)
    why = system_error(errno);
  else if (!S_ISREG(status.st_mode))
    why = "it is not a regular file";
  if (!why.empty())
    throw operational_error("sslkeylogfile=" + path + " cannot be written: " + why +
                                "; name a regular file that may be appended to, or remove sslkeylogfile",
                            true);
  return std::exchange(file.number, -1);
}

}  // namespace tusk::client
