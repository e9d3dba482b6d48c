// Two-phase commit: names, both phases on one connection and on another, what is refused when, what failed.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

// ---- names ----

TEST(tpc_xid, has_the_text_that_psycopg_gives) {
  EXPECT_EQ(tpc_xid(42, "gtrid", "bqual").as_text(), "42_Z3RyaWQ=_YnF1YWw=");
  EXPECT_EQ(tpc_xid(0, "", "").as_text(), "0__");
  EXPECT_EQ(tpc_xid(2147483647, "ab", "abc").as_text(), "2147483647_YWI=_YWJj");
}

TEST(tpc_xid, comes_back_from_its_text) {
  std::string const printable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`";
  for (std::size_t size = 0; size <= 64; ++size) {
    tpc_xid const id(7, printable.substr(0, size), printable.substr(printable.size() - size));
    EXPECT_EQ(tpc_xid::from_text(id.as_text()), id);
  }
}

TEST(tpc_xid, of_another_text_is_that_text) {
  for (std::string const text :
       {"x", "a_b_c", "1_YQ==", "1_YQ==_YQ==_", "01_YQ==_YQ==", "-1_YQ==_YQ==", "99999999999_YQ==_YQ==", "1_YR==_YQ==",
        "1_YQ=_YQ==", "1_Y===_YQ==", "1_====_YQ==", "1_CQ==_YQ==", "1_YQ==_Y Q=", " 1_YQ==_YQ==", "_YQ==_YQ=="}) {
    tpc_xid const id = tpc_xid::from_text(text);
    EXPECT_FALSE(id.format_id) << text;
    EXPECT_EQ(id.gtrid, text);
    EXPECT_EQ(id.as_text(), text);
  }
}

TEST(tpc_xid, that_cannot_be_is_refused) {
  EXPECT_THROW(tpc_xid(-1, "a", "b"), programming_error);
  EXPECT_THROW(tpc_xid(1, std::string(65, 'a'), "b"), programming_error);
  EXPECT_THROW(tpc_xid(1, "a", std::string(65, 'b')), programming_error);
  EXPECT_THROW(tpc_xid(1, "\n", "b"), programming_error);
  EXPECT_THROW(tpc_xid(1, "a", "\x7f"), programming_error);
  EXPECT_THROW(tpc_xid::from_text(""), programming_error);
  EXPECT_THROW(tpc_xid::from_text(std::string(200, 'x')), programming_error);
  EXPECT_THROW(tpc_xid::from_text(std::string_view("a\0b", 3)), programming_error);
  EXPECT_EQ(tpc_xid::from_text(std::string(199, 'x')).gtrid.size(), 199u);
}

// ---- transactions ----

class two_phase : public testing::Test {
 protected:
  two_phase() {
    other_.exec("DROP TABLE IF EXISTS two_phase_item; CREATE TABLE two_phase_item (id int)");
    clear();
  }
  ~two_phase() override {
    conn_.close();
    clear();
    other_.exec("DROP TABLE two_phase_item");
  }
  void clear() {
    for (auto const& each : other_.tpc_recover())
      if (each.database == "tusk") other_.tpc_rollback(each.xid);
  }
  bool is_waiting() {
    auto const all = other_.tpc_recover();
    return std::any_of(all.begin(), all.end(), [&](auto const& each) { return each.xid == id_; });
  }
  int count() { return value<int>(other_, "SELECT count(*)::int FROM two_phase_item"); }
  void insert() { conn_.query("INSERT INTO two_phase_item VALUES (1)"); }

  connection other_ = open();
  connection conn_ = connect(dsn(way::unix_socket));
  tpc_xid const id_{42, "it's \\ global", "branch"};
};

TEST_F(two_phase, is_prepared_and_committed) {
  conn_.tpc_begin(id_);
  insert();
  conn_.tpc_prepare();
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_TRUE(is_waiting());
  EXPECT_EQ(count(), 0);
  conn_.tpc_commit();
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(count(), 1);
  conn_.query("SELECT 1");  // it is over: all is as before
  conn_.commit();
  EXPECT_THROW(conn_.tpc_commit(), programming_error);
}

TEST_F(two_phase, is_prepared_and_rolled_back) {
  conn_.tpc_begin(id_);
  insert();
  conn_.tpc_prepare();
  conn_.tpc_rollback();
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(count(), 0);
}

TEST_F(two_phase, without_the_first_phase_it_ends_like_any_other) {
  conn_.tpc_begin(id_);
  insert();
  conn_.tpc_commit();
  EXPECT_EQ(count(), 1);
  conn_.tpc_begin(id_);
  insert();
  conn_.tpc_rollback();
  EXPECT_EQ(count(), 1);
  conn_.tpc_begin(id_);
  conn_.tpc_commit();  // nothing was done in it
  conn_.tpc_begin(id_);
  insert();
  EXPECT_THROW(conn_.exec("SELECT 1/0"), data_error);
  EXPECT_EQ(thrown<internal_error>([&] { conn_.tpc_commit(); }).sqlstate().str(), "25P02");
  EXPECT_EQ(count(), 1);
  conn_.exec("SELECT 1");
  conn_.commit();
}

TEST_F(two_phase, with_nothing_in_it_can_be_prepared) {
  conn_.tpc_begin(id_);
  conn_.tpc_prepare();
  EXPECT_TRUE(is_waiting());
  conn_.tpc_commit();
  EXPECT_FALSE(is_waiting());
}

TEST_F(two_phase, outlives_its_connection_and_is_found) {
  conn_.tpc_begin(id_);
  insert();
  conn_.tpc_prepare();
  conn_.close();
  auto const all = other_.tpc_recover();
  auto const found = std::find_if(all.begin(), all.end(), [&](auto const& each) { return each.xid == id_; });
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->owner, "tusk");
  EXPECT_EQ(found->database, "tusk");
  other_.tpc_commit(found->xid);
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(thrown<programming_error>([&] { other_.tpc_commit(id_); }).sqlstate().str(), "42704");
  EXPECT_EQ(thrown<programming_error>([&] { other_.tpc_rollback(id_); }).sqlstate().str(), "42704");
}

TEST_F(two_phase, of_another_program_with_any_name_is_ended) {
  std::string const name = "it's \\ 100% \xc3\xa4 \"";
  insert();
  conn_.exec(conn_.mogrify("PREPARE TRANSACTION %s", name));
  auto const all = other_.tpc_recover();
  auto const found = std::find_if(all.begin(), all.end(), [&](auto const& each) { return each.xid.gtrid == name; });
  ASSERT_NE(found, all.end());
  EXPECT_FALSE(found->xid.format_id);
  other_.tpc_commit(found->xid);
  EXPECT_EQ(count(), 1);
  conn_.tpc_begin(found->xid);
  insert();
  conn_.tpc_prepare();
  conn_.tpc_rollback();
  EXPECT_EQ(count(), 1);
}

TEST_F(two_phase, recovering_begins_no_transaction) {
  conn_.tpc_recover();
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
}

TEST_F(two_phase, owns_its_transaction) {
  conn_.tpc_begin(id_);
  insert();
  for (auto const& call :
       std::vector<std::function<void()>>{[&] { conn_.commit(); }, [&] { conn_.rollback(); }, [&] { conn_.reset(); },
                                          [&] { conn_.set_autocommit(true); }, [&] { conn_.tpc_begin(id_); },
                                          [&] { conn_.tpc_commit(id_); }, [&] { conn_.tpc_rollback(id_); }})
    EXPECT_CONTAINS("during a two-phase transaction", thrown<programming_error>(call).what());
  {
    transaction part(conn_);  // a savepoint in it
    insert();
    EXPECT_CONTAINS("guard", thrown<programming_error>([&] { conn_.tpc_prepare(); }).what());
    EXPECT_CONTAINS("guard", thrown<programming_error>([&] { conn_.tpc_commit(); }).what());
  }
  conn_.tpc_prepare();
  EXPECT_CONTAINS("used once", thrown<programming_error>([&] { conn_.tpc_prepare(); }).what());
  conn_.query("SELECT 1");
  EXPECT_CONTAINS("inside another transaction", thrown<programming_error>([&] { conn_.tpc_commit(); }).what());
  conn_.exec("ROLLBACK");
  conn_.tpc_commit();
  EXPECT_EQ(count(), 1);
}

TEST_F(two_phase, is_begun_only_where_it_can_be) {
  EXPECT_CONTAINS("by themselves", thrown<programming_error>([&] { other_.tpc_begin(id_); }).what());
  conn_.query("SELECT 1");
  EXPECT_CONTAINS("inside a transaction", thrown<programming_error>([&] { conn_.tpc_begin(id_); }).what());
  EXPECT_CONTAINS("inside another transaction", thrown<programming_error>([&] { conn_.tpc_commit(id_); }).what());
  conn_.rollback();
  EXPECT_CONTAINS("needs tpc_begin()", thrown<programming_error>([&] { conn_.tpc_prepare(); }).what());
  EXPECT_CONTAINS("needs tpc_begin()", thrown<programming_error>([&] { conn_.tpc_rollback(); }).what());
  {
    transaction const tx(conn_);
    EXPECT_CONTAINS("guard", thrown<programming_error>([&] { conn_.tpc_begin(id_); }).what());
  }
  connection async = connect(dsn(way::unix_socket), {.async = true});
  for (auto const& call : std::vector<std::function<void()>>{
           [&] { async.tpc_begin(id_); }, [&] { async.tpc_prepare(); }, [&] { async.tpc_commit(); },
           [&] { async.tpc_rollback(id_); }, [&] { async.tpc_recover(); }})
    EXPECT_CONTAINS("cannot be used in asynchronous mode", thrown<programming_error>(call).what());
  conn_.close();
  EXPECT_THROW(conn_.tpc_begin(id_), interface_error);
}

TEST_F(two_phase, that_failed_is_not_prepared) {
  conn_.tpc_begin(id_);
  insert();
  EXPECT_THROW(conn_.exec("SELECT 1/0"), data_error);
  EXPECT_EQ(thrown<internal_error>([&] { conn_.tpc_prepare(); }).sqlstate().str(), "25P02");
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_FALSE(is_waiting());
  EXPECT_THROW(conn_.tpc_commit(), programming_error) << "it is over";
  conn_.query("SELECT 1");
  conn_.commit();
}

TEST_F(two_phase, whose_name_is_taken_is_rolled_back) {
  conn_.tpc_begin(id_);
  insert();
  conn_.tpc_prepare();
  connection third = connect(dsn(way::unix_socket));
  third.tpc_begin(id_);
  third.query("INSERT INTO two_phase_item VALUES (2)");
  EXPECT_EQ(thrown<programming_error>([&] { third.tpc_prepare(); }).sqlstate().str(), "42710");
  EXPECT_EQ(third.transaction_status(), transaction_status::idle);
  third.query("SELECT 1");
  third.commit();
  conn_.tpc_commit();
  EXPECT_EQ(count(), 1);
}

TEST_F(two_phase, whose_second_phase_fails_can_be_tried_again) {
  conn_.tpc_begin(id_);
  insert();
  conn_.tpc_prepare();
  other_.tpc_rollback(id_);
  EXPECT_EQ(thrown<programming_error>([&] { conn_.tpc_commit(); }).sqlstate().str(), "42704");
  conn_.exec("SELECT 1");
  conn_.exec("ROLLBACK");
  EXPECT_EQ(thrown<programming_error>([&] { conn_.tpc_commit(); }).sqlstate().str(), "42704");
}

}  // namespace
}  // namespace tusk::test
