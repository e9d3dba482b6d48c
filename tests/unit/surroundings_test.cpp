// The real surroundings: files of every kind, none of which may hold the caller.
#include "conninfo/surroundings.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace tusk::client {
namespace {

using test::temporary_folder;

TEST(Surroundings, ReadFiles) {
  temporary_folder const in;
  auto const read = process_surroundings().read_file;
  std::string const text = std::string("a\0b\n", 4);
  std::string const plain = in.write("plain", text, 0640);
  bool const root = ::geteuid() == 0;
  EXPECT_EQ(read(plain.c_str()), (file_reading{file_reading::outcome::read, text, 0640, "", root}));
  ::symlink("plain", in.path("link").c_str());
  EXPECT_EQ(read(in.path("link").c_str()).text, text);
  EXPECT_EQ(read(in.write("empty", "").c_str()).came, file_reading::outcome::read);
  EXPECT_EQ(read(in.path("missing").c_str()).came, file_reading::outcome::missing);
  EXPECT_EQ(read(in.path("plain/below").c_str()).came, file_reading::outcome::missing);
  // Its size is 0, says the system.
  EXPECT_TRUE(read("/proc/self/stat").text.starts_with(std::to_string(::getpid()) + ' '));
}

TEST(Surroundings, ReadNothingElse) {
  temporary_folder const in;
  auto const read = process_surroundings().read_file;
  ASSERT_EQ(::mkfifo(in.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(read(in.path("pipe").c_str()).came, file_reading::outcome::not_plain);  // and does not wait for a writer
  EXPECT_EQ(read("/dev/null").came, file_reading::outcome::not_plain);
  EXPECT_EQ(read("/").came, file_reading::outcome::not_plain);
  ::symlink("loop", in.path("loop").c_str());
  file_reading const loop = read(in.path("loop").c_str());
  EXPECT_EQ(loop.came, file_reading::outcome::failed);
  EXPECT_FALSE(loop.reason.empty());
}

TEST(Surroundings, ReadUpToOneMebibyte) {
  temporary_folder const in;
  auto const read = process_surroundings().read_file;
  EXPECT_EQ(read(in.write("largest", std::string(max_file_size, 'a')).c_str()).text.size(), max_file_size);
  EXPECT_EQ(read(in.write("larger", std::string(max_file_size + 1, 'a')).c_str()),
            (file_reading{file_reading::outcome::too_large, "", 0}));
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
