// SQLSTATEs as values, and conditions as their names.
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tusk/types/condition.hpp>
#include <tusk/types/sqlstate.hpp>

namespace tusk {
namespace {

static_assert("42P01"_sqlstate == sqlstate_of(condition::undefined_table));
static_assert("00000"_sqlstate != sqlstate{});
static_assert("00000"_sqlstate < "01000"_sqlstate && "40P01"_sqlstate < "42000"_sqlstate);
static_assert("9ZZZZ"_sqlstate < "A0000"_sqlstate && "XX000"_sqlstate > "P0004"_sqlstate);
static_assert(sqlstate{}.empty() && !"00000"_sqlstate.empty());
static_assert(condition_of(sqlstate{}) == condition::none);
static_assert(condition_of("23505"_sqlstate) == condition::unique_violation);

TEST(sqlstate, parses_exactly_five_digits_and_capital_letters) {
  for (std::string_view good : {"00000", "42P01", "ZZZZZ", "XX000", "0Z002", "99999", "A1B2C"}) {
    auto const code = sqlstate::parse(good);
    ASSERT_TRUE(code) << good;
    EXPECT_EQ(code->str(), good);
    EXPECT_EQ(sqlstate::from_packed(code->packed()), *code);
  }
  using namespace std::string_view_literals;
  for (std::string_view bad :
       {""sv, "4"sv, "42P0"sv, "42P011"sv, "42p01"sv, "42P0 "sv, " 42P0"sv, "42-01"sv, "4\0P01"sv, "42P0\xc3"sv}) {
    EXPECT_FALSE(sqlstate::parse(bad)) << bad;
  }
}

TEST(sqlstate, knows_its_class) {
  EXPECT_TRUE("23505"_sqlstate.in_class("23"));
  EXPECT_FALSE("23505"_sqlstate.in_class("22"));
  EXPECT_FALSE("23505"_sqlstate.in_class("2"));
  EXPECT_FALSE("23505"_sqlstate.in_class("235"));
  EXPECT_FALSE("00000"_sqlstate.in_class("0"));
  EXPECT_TRUE("00000"_sqlstate.in_class("00"));
  EXPECT_FALSE(sqlstate{}.in_class(""));
  EXPECT_FALSE(sqlstate{}.in_class("00"));
}

TEST(sqlstate, empty_has_no_text) { EXPECT_EQ(sqlstate{}.str(), ""); }

TEST(condition, has_its_sqlstate_and_its_name) {
  struct row {
    condition value;
    std::string_view sqlstate;
    std::string_view name;
  };
  constexpr row rows[] = {
      {condition::successful_completion, "00000", "successful_completion"},
      {condition::unique_violation, "23505", "unique_violation"},
      {condition::serialization_failure, "40001", "serialization_failure"},
      {condition::query_canceled, "57014", "query_canceled"},
      {condition::fdw_error, "HV000", "fdw_error"},
      {condition::index_corrupted, "XX002", "index_corrupted"},
      {condition::none, "", ""},
      // names that PostgreSQL uses twice
      {condition::string_data_right_truncation, "22001", "string_data_right_truncation"},
      {condition::warning_string_data_right_truncation, "01004", "string_data_right_truncation"},
      {condition::null_value_not_allowed, "22004", "null_value_not_allowed"},
      {condition::external_routine_invocation_null_value_not_allowed, "39004", "null_value_not_allowed"},
      {condition::sql_routine_modifying_sql_data_not_permitted, "2F002", "modifying_sql_data_not_permitted"},
      {condition::external_routine_modifying_sql_data_not_permitted, "38002", "modifying_sql_data_not_permitted"},
      {condition::sql_routine_prohibited_sql_statement_attempted, "2F003", "prohibited_sql_statement_attempted"},
      {condition::external_routine_prohibited_sql_statement_attempted, "38003", "prohibited_sql_statement_attempted"},
      {condition::sql_routine_reading_sql_data_not_permitted, "2F004", "reading_sql_data_not_permitted"},
      {condition::external_routine_reading_sql_data_not_permitted, "38004", "reading_sql_data_not_permitted"},
  };
  for (row const& r : rows) {
    EXPECT_EQ(sqlstate_of(r.value).str(), r.sqlstate);
    EXPECT_EQ(name(r.value), r.name);
  }
}

TEST(condition, a_code_without_a_name_is_one_too) {
  condition const unknown = condition_of("ZX123"_sqlstate);
  EXPECT_EQ(name(unknown), "");
  EXPECT_EQ(sqlstate_of(unknown).str(), "ZX123");
  EXPECT_NE(unknown, condition::none);
}

TEST(condition, there_are_as_many_as_postgresql_has) {
  constexpr std::string_view characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view inner = "0123456789CP";  // all that PostgreSQL uses in third and fourth place
  std::set<std::string> classes;
  int named = 0;
  auto const count = [&](std::string const& code) {
    if (name(static_cast<condition>(types::try_pack_sqlstate(code))).empty()) return;
    ++named;
    classes.insert(code.substr(0, 2));
  };
  for (char a : characters) {
    for (char b : characters) {
      for (char c : inner) {
        for (char d : inner) {
          for (char e : characters) count({a, b, c, d, e});
        }
      }
    }
  }
  EXPECT_EQ(named, 262);
  EXPECT_EQ(classes.size(), 43u);
}

}  // namespace
}  // namespace tusk
