// The code on the pages of recipes is that of the programs which are run.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string content(char const* name) {
  std::ifstream file(std::string(TUSK_SOURCE_DIR "/tools/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// How many blocks of code a page has; each has to stand in the program.
int blocks_of(char const* page_name, char const* program_name) {
  std::string const page = content(page_name);
  std::string const program = content(program_name);
  std::string const opening = "```cpp\n";
  int blocks = 0;
  for (std::size_t at = page.find(opening); at != std::string::npos; at = page.find(opening, at)) {
    at += opening.size();
    std::size_t const end = page.find("```", at);
    if (end == std::string::npos) return -1;
    std::string const block = page.substr(at, end - at);
    EXPECT_NE(program.find(block), std::string::npos) << "not in tools/" << program_name << ":\n" << block;
    at = end;
    ++blocks;
  }
  return blocks;
}

TEST(recipes_page, each_block_stands_in_its_program) {
  EXPECT_GE(blocks_of("docs/recipes.md", "examples/recipes.cpp"), 7);
  EXPECT_GE(blocks_of("docs/bulk_load.md", "examples/bulk_load.cpp"), 4);
}

}  // namespace
