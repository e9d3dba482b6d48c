// The documentation's page of types is what its program prints, and that is what the parsers say.
#include "../../tools/docs/types.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace tusk::test {
namespace {

#ifdef __SIZEOF_INT128__  // the page is that of machines that have it
TEST(types_page, is_what_its_program_prints) {
  auto const path = std::filesystem::path(TUSK_SOURCE_DIR) / "tools/docs/types.md";
  std::ifstream file(path, std::ios::binary);
  std::string const page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(page, docs::types_text()) << "print it anew: build/dev/tools/docs/types > tools/docs/types.md";
}
#endif

TEST(types_page, has_a_sample_that_each_type_reads) {
  for (docs::sample const& each : docs::samples)
    EXPECT_TRUE(types::read_any(each.text, each.type)) << type_name(each.type);
}

}  // namespace
}  // namespace tusk::test
