// What is looked up outside of a connection string: environment, operating system's user, files. A test replaces it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "conninfo/plain_file.hpp"

namespace tusk::client {

/// No password or service file is longer: a longer one is not read.
inline constexpr std::size_t max_file_size = std::size_t{1} << 20;

/// See the top of this file. All must be set.
struct surroundings {
  std::function<std::optional<std::string>(char const* name)> environment;  ///< set but empty counts as set
  std::function<std::optional<std::string>()> user_name;                    ///< none: the user has no name
  std::function<std::optional<std::string>()> home_directory;  ///< the user's by the system's list, without HOME
  std::function<bool(char const* path)> is_directory;
  std::function<file_reading(char const* path)> read_file;  ///< never waits, whatever the path leads to
};

/// The real ones: getenv, getpwuid_r for the effective user, stat, open. Must not run while another thread calls
/// setenv.
surroundings process_surroundings();

}  // namespace tusk::client
