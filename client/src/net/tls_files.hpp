// The files of TLS: which ones the settings mean, whether they have changed, and what they hold.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "conninfo/settings.hpp"

namespace tusk::client {

/// The files that the settings name, or those of user_folder that exist. Empty: none.
struct tls_files {
  std::string authorities;  ///< or `system`
  std::string certificate, key;
  std::string crl, crldir;

  friend bool operator==(tls_files const&, tls_files const&) = default;
};

tls_files files_of(tls_settings const& how);

/// What tells a file from another one, and from itself after a change.
struct file_stamp {
  dev_t device = 0;
  ino_t number = 0;
  off_t size = 0;
  time_t seconds = 0;
  long nanoseconds = 0;

  friend bool operator==(file_stamp const&, file_stamp const&) = default;
};

/// One for each of the files, for the folder crldir and for each list in it; all zero where there is nothing.
std::vector<file_stamp> stamps_of(tls_files const& files);

/// Whether others than the owner may read a file.
enum class secrecy { open, secret };

/// The file's bytes, at most 64 MiB. Throws operational_error that names the keyword, the file, and what it must be:
/// `keyword=path cannot be read: why; expected`. A secret one must be closed to group and others; root's may be read by
/// its group.
std::string read_file(std::string_view keyword, std::string const& path, std::string_view expected,
                      secrecy wanted = secrecy::open);

/// That error.
[[noreturn]] void refuse_file(std::string_view keyword, std::string const& path, std::string_view why,
                              std::string_view expected);

/// Opens the file that TLS secrets are appended to, made with mode 0600 if it is not there. The caller closes the
/// descriptor. Throws operational_error.
int open_key_log(std::string const& path);

}  // namespace tusk::client
