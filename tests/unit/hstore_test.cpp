// hstore as a map: pairs, NULL, quoting, what is refused and where.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>

#include "support/array_text.hpp"
#include "support/text_format.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using test::parse;
using types::errc;
using types::text_of;
using map = std::map<std::string, std::optional<std::string>>;
using strings = std::map<std::string, std::string>;

TEST(hstore, is_a_type_of_the_database) {
  EXPECT_EQ(types::argument_type_of<map>().name, "hstore");
  EXPECT_EQ(types::argument_type_of<strings>().name, "hstore");
  EXPECT_TRUE(from_text<map>::reads(100'000) && from_text<strings>::reads(100'000));
  EXPECT_EQ(test::read_types<map>(), "");
  EXPECT_EQ(types::literal_of(strings{{"a", "it's"}}, nullptr), R"(('"a"=>"it''s"'::hstore))");
}

TEST(hstore, is_pairs) {
  test::expect_values<map>({
      {"", {}},
      {R"("a"=>"1")", {{"a", "1"}}},
      {R"("a"=>NULL, "b"=>"NULL", "c"=>"")", {{"a", {}}, {"b", "NULL"}, {"c", ""}}},
      {R"(""=>" ")", {{"", " "}}},
      {R"("a\"b"=>"\\, =>", "é"=>"{}")", {{"a\"b", "\\, =>"}, {"é", "{}"}}},
      {R"("b"=>"1", "a"=>"2")", {{"a", "2"}, {"b", "1"}}, R"("a"=>"2", "b"=>"1")"},
  });
  EXPECT_EQ(*parse<strings>(R"("a"=>"1", "b"=>"2")"), (strings{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(text_of(strings{{"a", "1"}}), R"("a"=>"1")");
  EXPECT_EQ(text_of(std::vector<map>{{{"a", "1"}}}), R"({"\"a\"=>\"1\""})");
}

TEST(hstore, malformed) {
  test::expect_failures<map>({
      {"a", errc::malformed_hstore, 0},
      {"a=>1", errc::malformed_hstore, 0},  // what the server reads and does not write
      {R"("a")", errc::malformed_hstore, 3},
      {R"("a)", errc::malformed_hstore, 2},
      {R"("a\)", errc::malformed_hstore, 3},
      {R"("a"=)", errc::malformed_hstore, 4},
      {R"("a""1")", errc::malformed_hstore, 3},
      {R"("a"="1")", errc::malformed_hstore, 4},
      {R"("a">"1")", errc::malformed_hstore, 3},
      {R"("a"=>)", errc::malformed_hstore, 5},
      {R"("a"=>1)", errc::malformed_hstore, 5},
      {R"("a"=>null)", errc::malformed_hstore, 5},
      {R"("a"=>NULLs)", errc::malformed_hstore, 9},
      {R"("a"=>"1)", errc::malformed_hstore, 7},
      {R"("a" =>"1")", errc::malformed_hstore, 3},
      {R"("a"=>"1" )", errc::malformed_hstore, 8},
      {R"("a"=>"1",)", errc::malformed_hstore, 9},
      {R"("a"=>"1", )", errc::malformed_hstore, 10},
      {R"("a"=>"1","b"=>"2")", errc::malformed_hstore, 9},
      {R"("a"=>"1", "a"=>"2")", errc::malformed_hstore, 11},  // a key is there once
      {R"("a"=>"1"x)", errc::malformed_hstore, 8},
  });
  test::expect_failures<strings>({{R"("b"=>"1", "a"=>NULL)", errc::null_element, 15}});
}

TEST(hstore, invalid_text_is_never_passed_on) {
  EXPECT_EQ(test::thrown<data_error>([] { text_of(map{{"\xff", {}}}); }).code(), errc::invalid_utf8);
  EXPECT_EQ(test::thrown<data_error>([] { text_of(strings{{"a", std::string("\0", 1)}}); }).code(), errc::embedded_nul);
}

}  // namespace
}  // namespace tusk
