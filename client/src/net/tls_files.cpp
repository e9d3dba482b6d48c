#include "net/tls_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <tusk/types/error.hpp>
#include <utility>

#include "conninfo/plain_file.hpp"

namespace tusk::client {
namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;

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

/// The lists in a folder, by the names that OpenSSL looks for: 0123abcd.r0. The folder's own stamp stays what it is
/// when one of them is written to.
void add_lists(std::vector<file_stamp>& stamps, std::string const& folder) {
  auto const close = [](DIR* it) { ::closedir(it); };
  std::unique_ptr<DIR, decltype(close)> const open(folder.empty() ? nullptr : ::opendir(folder.c_str()), close);
  while (dirent const* const entry = open ? ::readdir(open.get()) : nullptr) {
    std::string const name = entry->d_name;
    if (name.size() > 10 && name.compare(8, 2, ".r") == 0) stamps.push_back(stamp_of(folder + '/' + name));
  }
}

bool others_may_use(file_reading const& file) {
  unsigned const forbidden = file.of_root ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  return (file.mode & forbidden) != 0;
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
  std::vector<file_stamp> stamps = {stamp_of(system ? "" : files.authorities), stamp_of(files.certificate),
                                    stamp_of(files.key), stamp_of(files.crl), stamp_of(files.crldir)};
  add_lists(stamps, files.crldir);
  return stamps;
}

void refuse_file(std::string_view keyword, std::string const& path, std::string_view why, std::string_view expected) {
  throw operational_error(std::string(keyword) + "=" + path + " cannot be read: " + std::string(why) + "; it must be " +
                              std::string(expected),
                          true);
}

std::string read_file(std::string_view keyword, std::string const& path, std::string_view expected, secrecy wanted) {
  file_reading file = read_plain_file(path.c_str(), largest_file);
  std::string_view why;
  switch (file.came) {
    case file_reading::outcome::read: break;
    case file_reading::outcome::not_plain: why = "it is not a regular file"; break;
    case file_reading::outcome::too_large: why = "it is larger than 64 MiB"; break;
    case file_reading::outcome::missing:
    case file_reading::outcome::failed: why = file.reason; break;
  }
  if (why.empty() && wanted == secrecy::secret && others_may_use(file))
    why = "others than its owner may use it; chmod 0600 it, or 0640 if root owns it";
  if (!why.empty()) refuse_file(keyword, path, why, expected);
  return std::move(file.text);
}

int open_key_log(std::string const& path) {
  int const file =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, S_IRUSR | S_IWUSR);
  struct stat status {};
  bool const opened = file >= 0 && ::fstat(file, &status) == 0;
  if (opened && S_ISREG(status.st_mode)) return file;
  std::string const why = opened ? "it is not a regular file" : std::generic_category().message(errno);
  if (file >= 0) ::close(file);
  throw operational_error("sslkeylogfile=" + path + " cannot be written: " + why +
                              "; name a regular file that may be appended to, or remove sslkeylogfile",
                          true);
}

}  // namespace tusk::client
