// The documentation's page of connection parameters is what its program prints.
#include "../../tools/docs/parameters.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace tusk::test {
namespace {

TEST(ParametersPage, IsWhatItsProgramPrints) {
  auto const path = std::filesystem::path(TUSK_SOURCE_DIR) / "tools/docs/parameters.md";
  std::ifstream file(path, std::ios::binary);
  std::string const page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(page, docs::parameters()) << "print it anew: build/dev/tools/docs/parameters > tools/docs/parameters.md";
}

TEST(ParametersPage, TellsOfEveryKeyword) {
  std::string const page = docs::parameters();
  for (client::conninfo_keyword const& each : client::conninfo_keywords) {
    EXPECT_NE(page.find("\n| `" + std::string(each.name) + "` | "), std::string::npos) << each.name;
    EXPECT_FALSE(each.description.empty() || each.since.empty()) << each.name;
  }
}

}  // namespace
}  // namespace tusk::test
