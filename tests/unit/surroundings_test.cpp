// The real surroundings: files of every kind, none of which may hold the caller.
#include "surroundings.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace tusk::client {
namespace {

class folder {
 public:
  folder() {
    char name[] = "/tmp/tusk-files-XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~folder() { std::filesystem::remove_all(path_); }
  std::string operator/(char const* name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

TEST(Surroundings, ReadFiles) {
  folder const in;
  auto const read = process_surroundings().read_file;
  std::string const text = std::string("a\0b\n", 4);
  std::ofstream(in / "plain", std::ios::binary) << text;
  ::chmod((in / "plain").c_str(), 0640);
  EXPECT_EQ(read((in / "plain").c_str()), (file_reading{file_reading::outcome::read, text, 0640}));
  ::symlink("plain", (in / "link").c_str());
  EXPECT_EQ(read((in / "link").c_str()).text, text);
  std::ofstream(in / "empty") << "";
  EXPECT_EQ(read((in / "empty").c_str()).came, file_reading::outcome::read);
  EXPECT_EQ(read((in / "missing").c_str()), file_reading());
  EXPECT_EQ(read((in / "plain/below").c_str()), file_reading());
}

TEST(Surroundings, ReadNothingElse) {
  folder const in;
  auto const read = process_surroundings().read_file;
  ASSERT_EQ(::mkfifo((in / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read((in / "pipe").c_str()).came, file_reading::outcome::not_plain);  // and does not wait for a writer
  EXPECT_EQ(read("/dev/null").came, file_reading::outcome::not_plain);
  EXPECT_EQ(read("/").came, file_reading::outcome::not_plain);
  ::symlink("loop", (in / "loop").c_str());
  file_reading const loop = read((in / "loop").c_str());
  EXPECT_EQ(loop.came, file_reading::outcome::failed);
  EXPECT_FALSE(loop.reason.empty());
}

TEST(Surroundings, ReadUpToOneMebibyte) {
  folder const in;
  auto const read = process_surroundings().read_file;
  std::ofstream(in / "largest", std::ios::binary) << std::string(max_file_size, 'a');
  EXPECT_EQ(read((in / "largest").c_str()).text.size(), max_file_size);
  std::ofstream(in / "larger", std::ios::binary) << std::string(max_file_size + 1, 'a');
  EXPECT_EQ(read((in / "larger").c_str()), (file_reading{file_reading::outcome::too_large, "", 0}));
}

TEST(Surroundings, LookAtTheProcess) {
  surroundings const real = process_surroundings();
  EXPECT_TRUE(real.is_directory("/"));
  EXPECT_FALSE(real.is_directory("/dev/null"));
  EXPECT_FALSE(real.is_directory("/no such directory"));
  EXPECT_EQ(real.environment("TUSK_NO_SUCH_VARIABLE"), std::nullopt);
  EXPECT_NE(real.environment("PATH"), std::nullopt);
  auto const name = real.user_name();
  EXPECT_TRUE(!name || !name->empty());
  auto const home = real.home_directory();
  EXPECT_TRUE(!home || !home->empty());
}

}  // namespace
}  // namespace tusk::client
