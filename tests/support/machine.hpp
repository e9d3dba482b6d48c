// A machine for connection strings: an environment and files of the test's own, a user "os_user" with the home
// /home/os_user, and a socket directory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
#include "conninfo/conninfo.hpp"

namespace tusk::test {

using variables = std::map<std::string, std::string, std::less<>>;

/// A file of such a machine.
struct machine_file {
  std::string text;
  unsigned mode = 0600;
  client::file_reading::outcome came = client::file_reading::outcome::read;
};
using machine_files = std::map<std::string, machine_file, std::less<>>;

/// `opened`, if given, gets the path of every file that is read.
inline client::surroundings machine(variables environment = {}, machine_files files = {},
                                    std::shared_ptr<std::vector<std::string>> opened = nullptr) {
  client::surroundings around;
  around.environment = [environment = std::move(environment)](char const* name) -> std::optional<std::string> {
    auto const found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  around.user_name = [] { return std::optional<std::string>("os_user"); };
  around.home_directory = [] { return std::optional<std::string>("/home/os_user"); };
  around.is_directory = [](char const*) { return true; };
  around.read_file = [files = std::move(files), opened = std::move(opened)](char const* path) {
    if (opened) opened->push_back(path);
    auto const found = files.find(path);
    if (found == files.end()) return client::file_reading();
    auto const& [text, mode, came] = found->second;
    bool const failed = came == client::file_reading::outcome::failed;
    return client::file_reading{came, text, mode, failed ? "Permission denied" : ""};
  };
  return around;
}

inline std::string error_of(client::conninfo_result<client::settings> const& result) {
  auto const* const error = std::get_if<client::conninfo_error>(&result);
  return error == nullptr ? "no error: " + masked(std::get<client::settings>(result)) : error->message;
}

inline std::string outcome_of(client::conninfo_result<client::settings> const& result) {
  auto const* const made = std::get_if<client::settings>(&result);
  return made == nullptr ? "error: " + std::get<client::conninfo_error>(result).message : masked(*made);
}

}  // namespace tusk::test
