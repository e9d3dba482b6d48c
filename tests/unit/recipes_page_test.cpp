// The code on the page of recipes is that of the program which is run.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string content(char const* name) {
  std::ifstream file(std::string(TUSK_SOURCE_DIR "/tools/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(recipes_page, each_block_stands_in_its_program) {
  std::string const page = content("docs/recipes.md");
  std::string const program = content("examples/recipes.cpp");
  std::string const opening = "```cpp\n";
  int blocks = 0;
  for (std::size_t at = page.find(opening); at != std::string::npos; at = page.find(opening, at)) {
    at += opening.size();
    std::size_t const end = page.find("```", at);
    ASSERT_NE(end, std::string::npos);
    std::string const block = page.substr(at, end - at);
    EXPECT_NE(program.find(block), std::string::npos) << "not in tools/examples/recipes.cpp:\n" << block;
    at = end;
    ++blocks;
  }
  EXPECT_GE(blocks, 7);
}

}  // namespace
