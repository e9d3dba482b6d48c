// A folder for the files of one test.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace tusk::test {

/// A folder that only its owner can read, removed with all that is in it.
class temporary_folder {
 public:
  temporary_folder() : path_((std::filesystem::temp_directory_path() / "tusk-test.XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string const& path() const noexcept { return path_; }
  std::string path(std::string_view name) const { return path_ + '/' + std::string(name); }
  /// Writes a file, by default one that only its owner may read (keys, password files), and returns its path.
  std::string write(std::string_view name, std::string_view bytes, mode_t mode = 0600) const {
    std::string const file = path(name);
    if (!(std::ofstream(file, std::ios::binary) << bytes).flush() || ::chmod(file.c_str(), mode) != 0)
      throw std::runtime_error("cannot write " + file);
    return file;
  }

 private:
  std::string path_;
};

}  // namespace tusk::test
