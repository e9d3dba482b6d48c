// Sessions of real clients with real servers, as tools/record-session wrote them down.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <tusk/protocol/wire.hpp>
#include <vector>

#include "support/bytes.hpp"

namespace tusk::test {

struct recorded_message {
  bool from_server = false;
  char type = '\0';  ///< NUL: there was none
  std::string body;

  /// The message as it was sent.
  std::string bytes() const {
    std::string result(type == '\0' ? 4 : 5, type);
    protocol::store_big_endian(result.data() + result.size() - 4, static_cast<std::uint32_t>(body.size() + 4));
    return result + body;
  }
};

struct recorded_connection {
  std::string command;
  std::vector<recorded_message> messages;

  /// All that one of the two sent.
  std::string stream(bool from_server) const {
    std::string result;
    for (auto const& each : messages) {
      if (each.from_server == from_server) result += each.bytes();
    }
    return result;
  }
};

struct recording {
  std::string name;  ///< the server's version and what it shows
  std::vector<recorded_connection> connections;

  friend std::ostream& operator<<(std::ostream& out, recording const& it) { return out << it.name; }
};

inline recording read_recording(std::filesystem::path const& path) {
  recording result{"v" + path.parent_path().filename().string() + "_" + path.stem().string(), {}};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("= ")) {
      result.connections.push_back({line.substr(2), {}});
    } else if (line.starts_with("> ") || line.starts_with("< ")) {
      char const type = line.at(2) == '-' ? '\0' : line[2];
      auto const body = line.size() < 4 ? std::string() : line.substr(3);
      result.connections.at(result.connections.size() - 1).messages.push_back({line[0] == '<', type, bytes(body)});
    } else if (!line.starts_with("#")) {
      throw std::runtime_error(path.string() + " has a line that is none of a recording: " + line);
    }
  }
  return result;
}

/// All of them; none if the folder is not found.
inline std::vector<recording> recordings() {
  std::vector<recording> result;
  auto const folder = std::filesystem::path(TUSK_SOURCE_DIR) / "tests/support/recordings";
  if (!std::filesystem::is_directory(folder)) return result;
  for (auto const& each : std::filesystem::recursive_directory_iterator(folder))
    if (each.path().extension() == ".txt") result.push_back(read_recording(each.path()));
  std::sort(result.begin(), result.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
  return result;
}

}  // namespace tusk::test
