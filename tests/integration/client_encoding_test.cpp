// client_encoding changed by SQL: no text that came in another encoding is taken for something else than it is,
// whatever it is the text of; ASCII passes. And what comes in binary format is not taken for text.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

class client_encoding : public testing::Test {
 protected:
  void set(char const* encoding) { conn_.exec(std::string("SET client_encoding TO '") + encoding + "'"); }
  connection conn_ = connect(dsn(way::unix_socket), {.autocommit = true});
};

TEST_F(client_encoding, ascii_passes_and_other_text_is_refused) {
  set("LATIN1");
  result const r = conn_.query("SELECT 'plain' AS a, chr(233) AS b");
  EXPECT_EQ(r[0].get<std::string_view>("a"), "plain");
  EXPECT_EQ(r[0].at("a").get<std::string>(), "plain");
  EXPECT_CONTAINS("client_encoding", thrown<data_error>([&] { (void)r[0].get<std::string>("b"); }).what());
  EXPECT_THROW((void)r[0].at("b"), data_error);
  EXPECT_FALSE(r[0].is_null("b"));
  result const arrays = conn_.query("SELECT ARRAY['plain'], ARRAY['plain', chr(233)]");
  EXPECT_EQ(arrays[0].get<std::vector<std::string>>(0), std::vector<std::string>{"plain"});
  EXPECT_THROW((void)arrays[0].get<std::vector<std::string>>(1), data_error);
  EXPECT_THROW((void)arrays[0].at(1), data_error);
  EXPECT_EQ(conn_.query_value<std::string>("SELECT $1", "plain"), "plain");
  EXPECT_THROW(conn_.query("SELECT 'é'"), data_error);
  EXPECT_THROW(conn_.query("SELECT $1", "é"), data_error);
  EXPECT_THROW(conn_.query("SELECT $1, $2", std::optional<int>(), "é"), data_error);
  set("UNICODE");
  EXPECT_EQ(conn_.query_value<std::string>("SELECT chr(233)"), "é") << "another name of UTF8";
}

TEST_F(client_encoding, a_columns_name_is_never_another_one) {
  conn_.exec("CREATE TEMP TABLE named (\"é\" int, \"Ã©\" int, plain int); INSERT INTO named VALUES (1, 2, 3)");
  auto const look = [](result const& r) {
    EXPECT_EQ(r[0].get<int>("plain"), 3);
    EXPECT_CONTAINS("client_encoding", thrown<programming_error>([&] { (void)r[0].get<int>("é"); }).what());
    for (auto const& each : r.columns()) EXPECT_EQ(protocol::find_invalid_utf8(each.name), std::string::npos);
  };
  set("LATIN1");
  for (int i = 0; i < 2; ++i) {
    look(conn_.query("SELECT * FROM named"));
    look(conn_.exec("SELECT * FROM named")[0]);
  }
}

TEST_F(client_encoding, names_are_read_again_once_it_is_set_back) {
  conn_.exec("CREATE TEMP TABLE named (\"é\" int); INSERT INTO named VALUES (1)");
  auto const value = [&] {
    EXPECT_EQ(conn_.query("SELECT * FROM named")[0].get<int>("é"), 1);
    EXPECT_EQ(conn_.exec("SELECT * FROM named")[0][0].get<int>("é"), 1);
  };
  set("LATIN1");
  result const known = conn_.query("SELECT * FROM named");
  EXPECT_EQ(known.columns()[0].name, replacement);
  conn_.exec("SELECT * FROM named");
  set("UTF8");
  value();
  set("LATIN1");
  EXPECT_EQ(conn_.query("SELECT * FROM named")[0].get<int>("é"), 1) << "its columns were read in time";
  set("UTF8");
  value();
}

// The bytes of "é" in UTF-8 are those of "Ã©" in LATIN1, and the rest of the description is the same.
TEST_F(client_encoding, a_name_of_the_script_before_is_not_another_names) {
  EXPECT_EQ(conn_.exec("SELECT 1 AS \"é\"")[0][0].get<int>("é"), 1);
  set("LATIN1");
  results const all = conn_.exec("SELECT 1 AS U&\"\\00C3\\00A9\"");
  EXPECT_EQ(all[0].columns()[0].name, replacement);
}

TEST_F(client_encoding, a_script_that_sets_it_back_gives_no_wrong_text) {
  results const all = conn_.exec(
      "SELECT 'plain' AS a; SET client_encoding TO 'LATIN1'; SELECT chr(233) AS \"é\", 'plain' AS a; RESET "
      "client_encoding; SELECT chr(233)");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0][0].get<std::string_view>(0), "plain");
  EXPECT_THROW((void)all[2][0].get<std::string_view>(0), data_error);
  EXPECT_THROW((void)all[2][0].at(0), data_error);
  EXPECT_EQ(all[2][0].get<std::string>("a"), "plain");
  EXPECT_THROW((void)all[2][0].get<std::string>("é"), programming_error);
  EXPECT_EQ(all[4][0].get<std::string>(0), "é");
}

TEST_F(client_encoding, an_error_keeps_its_code_and_says_why_its_text_is_not_whole) {
  set("LATIN1");
  auto const e = thrown<programming_error>([&] { conn_.exec("DO $$ BEGIN EXECUTE 'SELECT ' || chr(233); END $$"); });
  EXPECT_EQ(e.condition(), condition::undefined_column);
  EXPECT_CONTAINS("client_encoding", e.what());
  EXPECT_CONTAINS(replacement, e.message());
  EXPECT_LACKS("\xe9", e.message());
  EXPECT_EQ(protocol::find_invalid_utf8(e.what()), std::string::npos);
  EXPECT_LACKS("client_encoding", thrown<data_error>([&] { conn_.exec("SELECT 1/0"); }).what());
  // Within one script the change is not told before the error.
  set("UTF8");
  auto const in_script = thrown<programming_error>(
      [&] { conn_.exec("SET client_encoding TO 'LATIN1'; DO $$ BEGIN EXECUTE 'SELECT ' || chr(233); END $$"); });
  EXPECT_EQ(protocol::find_invalid_utf8(in_script.message()), std::string::npos);
}

TEST_F(client_encoding, a_notice_is_utf8_whatever_came) {
  set("LATIN1");
  std::string heard;
  conn_.on_notice([&](diagnostics const& notice) { heard = notice.message; });
  conn_.exec("DO $$ BEGIN RAISE NOTICE 'caf%', chr(233); END $$");
  EXPECT_EQ(heard, "caf" + std::string(replacement));
  auto const notices = conn_.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].message, heard);
}

TEST_F(client_encoding, a_notification_that_cannot_be_read_is_dropped_and_told_of) {
  int handled = 0;
  conn_.on_notify("handled", [&](notify const&) { ++handled; });
  conn_.exec("LISTEN handled; LISTEN queued; SET client_encoding TO 'LATIN1'");
  conn_.exec(
      "SELECT pg_notify(c, p) FROM (VALUES ('handled', chr(233)), ('queued', chr(233)), ('queued', 'plain')) "
      "AS v(c, p)");
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(conn_.notifies.size(), 1U);
  EXPECT_EQ(conn_.notifies.pop()->payload, "plain");
  EXPECT_EQ(conn_.notifies.dropped(), 2U);
  auto const notices = conn_.take_notices();
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_CONTAINS("client_encoding", notices[0].message);
  EXPECT_CONTAINS("handled", notices[0].message);
}

// The server tells of it at the unit's end only.
TEST(client_encoding_in_a_unit, text_behind_its_change_in_a_unit_is_refused) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true});
  for (char const* change : {"SET client_encoding TO LATIN1", "SET NAMES 'LATIN1'", "RESET ALL"}) {
    bool const is_set = std::string_view(change) != "RESET ALL";
    tusk::pipeline p = conn.pipeline();
    auto before = p.query("SELECT chr(233)");
    p.query(change);
    auto behind = p.query("SELECT chr(233) AS c"), plain = p.query("SELECT 'plain'::text");
    p.sync().get();
    EXPECT_EQ(before.get()[0].get<std::string>(0), "\u00e9");
    result const got = behind.get();
    EXPECT_CONTAINS("client_encoding", thrown<data_error>([&] { (void)got[0].get<std::string>(0); }).what());
    EXPECT_CONTAINS("client_encoding", thrown<data_error>([&] { (void)got[0].get<std::string_view>(0); }).what());
    EXPECT_EQ(plain.get()[0].get<std::string>(0), "plain");
    if (is_set) conn.exec("SET client_encoding TO UTF8");
    EXPECT_EQ(conn.query("SELECT chr(233)")[0].get<std::string>(0), "\u00e9");
  }
  tusk::pipeline p = conn.pipeline();  // another setting is none of its business
  p.query("SET work_mem TO '5MB'");
  auto behind = p.query("SELECT chr(233)");
  p.sync().get();
  EXPECT_EQ(behind.get()[0].get<std::string>(0), "\u00e9");
}

// ---- binary format ----

TEST(binary_cursor, its_values_are_read_by_their_format) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec(
      "DECLARE c BINARY SCROLL CURSOR FOR SELECT 12593::int2 AS n, '\\x00ff'::bytea AS b, NULL::int AS nothing, 'text' "
      "AS "
      "t, 1.5::float8 AS d");
  auto const look = [&](result const& r) {
    ASSERT_EQ(r.size(), 1U);
    EXPECT_TRUE(r.columns()[0].is_binary);
    EXPECT_EQ(r[0].get<int>("n"), 12593);
    EXPECT_EQ(r[0].at("n").get<std::int32_t>(), 12593);
    EXPECT_EQ(r[0].get<std::vector<std::byte>>("b"), (std::vector{std::byte{0}, std::byte{0xff}}));
    EXPECT_EQ(r[0].get<std::string>("t"), "text");
    EXPECT_EQ(r[0].get<std::string_view>("t"), "text");
    EXPECT_EQ(r[0].get<std::optional<int>>("nothing"), std::nullopt);
    EXPECT_EQ(r[0].get<double>("d"), 1.5);
    EXPECT_EQ((r[0].as<std::tuple<int, std::vector<std::byte>, std::optional<int>, std::string, double>>()),
              std::tuple(12593, std::vector{std::byte{0}, std::byte{0xff}}, std::optional<int>(), "text", 1.5));
    EXPECT_FALSE(r[0].is_null("n"));
    EXPECT_TRUE(r[0].is_null("nothing"));
    EXPECT_TRUE(r[0].at("nothing").is_null());
    auto const refused = [](auto const& read) {
      EXPECT_CONTAINS("declare the cursor without BINARY", thrown<not_supported_error>(read).what());
    };
    refused([&] { (void)r[0].get<std::string>("n"); });
    refused([&] { (void)r[0].get<std::string_view>("n"); });
    refused([&] { (void)r[0].get<std::string_view>("b"); });
    refused([&] { (void)r[0].get<uuid>("n"); });
    EXPECT_CONTAINS("std::optional", thrown<data_error>([&] { (void)r[0].get<int>("nothing"); }).what());
  };
  for (int i = 0; i < 2; ++i) look(conn.exec("FETCH FIRST FROM c")[0]);  // the second time the columns are known
  auto const scrolling = [](connection& on) { on.exec("MOVE ABSOLUTE 0 FROM c"); };
  scrolling(conn);
  cursor cur = conn.cursor();
  cur.execute("FETCH NEXT FROM c");
  look(cur.results()[0]);
  scrolling(conn);
  result const asked = conn.query("FETCH NEXT FROM c");
  EXPECT_FALSE(asked.columns()[0].is_binary) << "here the format is asked for";
  scrolling(conn);
  register_type(new_type<int>({oids::int2}, "SMALL", [](auto, cast_context const&) { return std::optional(1); }), conn);
  result const by_caster = conn.exec("FETCH NEXT FROM c")[0];
  EXPECT_CONTAINS("binary", thrown<not_supported_error>([&] { (void)by_caster[0].get<int>("n"); }).what());
  EXPECT_CONTAINS("typecaster", thrown<not_supported_error>([&] { (void)by_caster[0].at("n"); }).what());
}

TEST(binary_cursor, its_text_is_looked_at_while_client_encoding_is_another_one) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("DECLARE c BINARY SCROLL CURSOR FOR SELECT 'caf\u00e9'::text AS t, 233::int2 AS n, 'plain'::name AS s");
  conn.exec("SET client_encoding TO LATIN1");
  result const r = conn.exec("FETCH FIRST FROM c")[0];
  EXPECT_CONTAINS("client_encoding", thrown<data_error>([&] { (void)r[0].get<std::string>("t"); }).what());
  EXPECT_CONTAINS("client_encoding", thrown<data_error>([&] { (void)r[0].get<std::string_view>("t"); }).what());
  EXPECT_EQ(r[0].get<int>("n"), 233);
  EXPECT_EQ(r[0].get<std::string>("s"), "plain");
}

}  // namespace
}  // namespace tusk::test
