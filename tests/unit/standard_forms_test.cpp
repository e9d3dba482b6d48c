// Types of the standard library that have headers of their own: sets as arrays, paths as text.
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/filesystem.hpp>
#include <tusk/types/params.hpp>
#include <tusk/types/set.hpp>
#include <unordered_set>
#include <vector>

#include "support/thrown.hpp"

namespace tusk {
namespace {

using types::errc;
using types::text_of;
namespace fs = std::filesystem;

TEST(set, is_sent_as_an_array) {
  EXPECT_EQ(text_of(std::set<int>{3, 1, 2, 1}), "{1,2,3}");
  EXPECT_EQ(text_of(std::set<int>()), "{}");
  EXPECT_EQ((text_of(std::set<int, std::greater<>>{1, 2})), "{2,1}");
  EXPECT_EQ(text_of(std::set<std::string>{"b c", "a", ""}), R"({"",a,"b c"})");
  EXPECT_EQ(text_of(std::unordered_set<std::string>{"a"}), "{a}");
  EXPECT_EQ((text_of(std::vector<std::set<int>>{{1, 2}, {3, 4}})), "{{1,2},{3,4}}");
  EXPECT_EQ(types::argument_type_of<std::set<std::int64_t>>().oid, oids::int8_array);
  EXPECT_EQ(types::argument_type_of<std::unordered_set<std::string>>().oid, oids::text_array);
  EXPECT_EQ(types::literal_of(std::set<int>{1}, nullptr), "('{1}'::pg_catalog.int4[])");
  EXPECT_EQ(test::thrown<data_error>([] {
              text_of(std::vector<std::set<int>>{{1, 2}, {3}});
            }).code(),
            errc::ragged_array);
  static_assert(!readable<std::set<int>>);
}

TEST(filesystem_path, is_text) {
  EXPECT_EQ(text_of(fs::path("/a b/ü")), "/a b/ü");
  EXPECT_EQ(types::argument_type_of<fs::path>().oid, 0U);
  EXPECT_EQ(*from_text<fs::path>::parse("/a/b"), fs::path("/a") / "b");
  EXPECT_TRUE(from_text<fs::path>::reads(oids::text) && from_text<fs::path>::reads(100'000));
  EXPECT_FALSE(from_text<fs::path>::reads(oids::int4));
  EXPECT_EQ(text_of(std::vector<fs::path>{"a b", "c"}), R"({"a b",c})");
  EXPECT_EQ(types::literal_of(fs::path("it's"), nullptr), "'it''s'");
  EXPECT_EQ(test::thrown<data_error>([] { text_of(fs::path("\xff")); }).code(), errc::invalid_utf8);
}

}  // namespace
}  // namespace tusk
