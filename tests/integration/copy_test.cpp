// COPY on blocking connections: rows in and out in each format, what the server would write, and how it ends.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/copied_items.hpp"
#include "support/heap_bytes.hpp"
#include "support/server.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// Text with everything that COPY treats specially, and more.
std::string random_text(std::mt19937& random) {
  constexpr std::string_view parts[] = {"\\",
                                        "\t",
                                        "\n",
                                        "\r",
                                        "\b",
                                        "\f",
                                        "\v",
                                        "\x01",
                                        "\x1f",
                                        ",",
                                        ";",
                                        "\"",
                                        "'",
                                        "N",
                                        "\\N",
                                        "x",
                                        "\\.",
                                        " ",
                                        "ä",
                                        "€",
                                        "😀",
                                        "null",
                                        "0",
                                        "|",
                                        "a",
                                        "hello",
                                        "%",
                                        "\x7f",
                                        ".",
                                        "eight by",
                                        "plain text of more"};
  std::string made;
  for (auto left = random() % 6; left != 0; --left) made += parts[random() % std::size(parts)];
  return made;
}

struct way_of_writing {
  char const* name;
  char const* options;
};
void PrintTo(way_of_writing const& of, std::ostream* out) { *out << of.name; }

class copy_format_of : public testing::TestWithParam<way_of_writing> {};

TEST_P(copy_format_of, is_written_as_the_server_writes_it_and_read_again) {
  connection conn = with_table();
  std::mt19937 random(7);
  std::vector<item> items;
  for (int id = 0; id < 3000; ++id) {
    items.push_back({id, random_text(random)});
    if (random() % 10 == 0) items.back().name.reset();
  }
  std::string const options = GetParam().options;
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN " + options, items), items.size());
  EXPECT_EQ(rows_of(conn), items);

  std::string const out = "COPY (SELECT id, name FROM item ORDER BY id) TO STDOUT " + options;
  std::vector<item> read;
  for (auto const& each : conn.copy_out(out).rows<item>()) read.push_back(each);
  EXPECT_EQ(read, items);

  std::ostringstream sent;
  EXPECT_EQ(conn.copy_out(out, sent), items.size());
  detail::copy_encoder encoder(nullptr);
  auto format = copy_format::text();
  if (options.find("csv") != options.npos) format = copy_format::csv();
  if (options.find("binary") != options.npos) format = copy_format::binary();
  if (options.find("';'") != options.npos) format.delimiter = ';';
  if (options.find("'0'") != options.npos) format.null = "0";
  if (options.find("'NULL'") != options.npos) format.null = "NULL";
  if (options.find("'|'") != options.npos) format.quote = format.escape = '|';
  if (options.find("ESCAPE") != options.npos) format.escape = '\\';
  encoder.begin(format);
  for (item const& each : items) encoder.add(each);
  encoder.end();
  if (options.find("HEADER") == options.npos && options.find("'0'") == options.npos) {
    EXPECT_EQ(encoder.bytes(), sent.str());
  }
  conn.exec("TRUNCATE item");
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN " + options, std::istringstream(sent.str())), items.size());
  EXPECT_EQ(rows_of(conn), items);
}

INSTANTIATE_TEST_SUITE_P(, copy_format_of,
                         testing::Values(way_of_writing{"text", ""}, way_of_writing{"binary", "(FORMAT binary)"},
                                         way_of_writing{"old_binary", "WITH BINARY /* binary */"},
                                         way_of_writing{"csv", "(FORMAT csv)"},
                                         way_of_writing{"csv_with_a_header", "(FORMAT csv, HEADER)"},
                                         way_of_writing{"text_between_semicolons", "(DELIMITER ';')"},
                                         way_of_writing{"text_with_another_null", "(NULL 'NULL')"},
                                         way_of_writing{"csv_with_a_null_that_is_a_number", "(FORMAT csv, NULL '0')"},
                                         way_of_writing{"csv_with_another_quote", "(FORMAT csv, QUOTE '|')"},
                                         way_of_writing{"csv_with_an_escape", "(FORMAT csv, ESCAPE '\\')"},
                                         way_of_writing{"old_csv", "CSV DELIMITER ';' /* csv */"}),
                         [](auto const& row) { return std::string(row.param.name); });

TEST(copy, takes_whatever_is_a_row) {
  connection conn = with_table();
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN", std::vector<std::tuple<int, char const*>>{{1, "it's"}}), 1U);
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN (FORMAT binary)", std::map<int, std::string>{{2, "b"}, {3, ""}}), 2U);
  std::vector<params> gathered(1);
  gathered[0].add(4).add(std::nullopt);
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN (FORMAT csv)", gathered), 1U);
  EXPECT_EQ(conn.copy_in("COPY item (id) FROM STDIN", std::vector<int>{5, 6}), 2U);
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN", std::vector<item>()), 0U);
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN (FORMAT binary)", std::vector<item>()), 0U);
  int calls = 0;
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN",
                         [&](std::span<char> into) {
                           std::string_view const line = ++calls == 3 ? "" : calls == 1 ? "7\tse" : "ven\n";
                           std::copy(line.begin(), line.end(), into.begin());
                           return line.size();
                         }),
            1U);
  auto in = conn.copy_in("COPY item FROM STDIN");
  in.row(8, "a\tb");
  in.write("9\t\\N\n");
  in.row(10, std::optional<std::string>("\\N"));
  in.add(item{11, "x"});
  EXPECT_EQ(in.finish(), 4U);
  EXPECT_EQ(rows_of(conn), (std::vector<item>{{1, "it's"},
                                              {2, "b"},
                                              {3, ""},
                                              {4, {}},
                                              {5, {}},
                                              {6, {}},
                                              {7, "seven"},
                                              {8, "a\tb"},
                                              {9, {}},
                                              {10, "\\N"},
                                              {11, "x"}}));
  auto empty = conn.copy_in("COPY item FROM STDIN (FORMAT binary)");
  EXPECT_EQ(empty.finish(), 0U);
  EXPECT_THROW(empty.finish(), programming_error);
  EXPECT_THROW(empty.row(1), programming_error);
  EXPECT_THROW(empty.write("x"), programming_error);
}

TEST(copy, a_value_that_would_end_the_data_is_quoted) {
  connection conn = with_table();
  std::vector<std::string> const names{"\\.", "", "x"};
  EXPECT_EQ(conn.copy_in("COPY item (name) FROM STDIN (FORMAT csv)", names), 3U);
  EXPECT_EQ(conn.query("SELECT name FROM item").as<std::string>(), names);
  detail::copy_encoder encoder(nullptr);
  encoder.begin(copy_format::csv());
  encoder.row(names[0]);
  EXPECT_EQ(encoder.bytes(), "\"\\.\"\n");
}

TEST(copy, gives_lines_chunks_and_values) {
  connection conn = open();
  std::vector<std::string> lines;
  for (std::string_view line : conn.copy_out("COPY (SELECT g, 'x' FROM generate_series(1, 3) g) TO STDOUT"))
    lines.emplace_back(line);
  EXPECT_EQ(lines, (std::vector<std::string>{"1\tx", "2\tx", "3\tx"}));
  int next = 1;
  for (auto [id, name] :
       conn.copy_out("COPY (SELECT g, 'n' || g FROM generate_series(1, 50000) g) TO STDOUT").rows<int, std::string>()) {
    ASSERT_EQ(id, next);
    ASSERT_EQ(name, "n" + std::to_string(next++));
  }
  EXPECT_EQ(next, 50'001);
  std::int64_t sum = 0;
  for (long each :
       conn.copy_out("COPY (SELECT g::int8 FROM generate_series(1, 1000) g) TO STDOUT (FORMAT binary)").rows<long>())
    sum += each;
  EXPECT_EQ(sum, 500'500);
  for (auto [when, many, view] :
       conn.copy_out("COPY (SELECT '2020-02-29'::date, '{1,2}'::int[], 'view') TO STDOUT (FORMAT csv)")
           .rows<date, std::vector<int>, std::string_view>()) {
    EXPECT_EQ(when, date(std::chrono::year(2020) / 2 / 29));
    EXPECT_EQ(many, (std::vector<int>{1, 2}));
    EXPECT_EQ(view, "view");
  }
  std::size_t bytes = 0;
  auto out = conn.copy_out("COPY (SELECT g FROM generate_series(1, 100000) g) TO STDOUT");
  while (auto const chunk = out.next_chunk()) bytes += chunk->bytes().size();
  EXPECT_EQ(bytes, 588'895U);
  EXPECT_TRUE(out.ended());
  EXPECT_EQ(out.count(), 100'000U);
  std::size_t called = 0;
  EXPECT_EQ(conn.copy_out("COPY (SELECT g FROM generate_series(1, 100000) g) TO STDOUT",
                          [&](std::string_view part) { called += part.size(); }),
            100'000U);
  EXPECT_EQ(called, bytes);
  for (std::string_view line : conn.copy_out("COPY (SELECT 1 WHERE false) TO STDOUT")) FAIL() << line;
}

TEST(copy, goes_from_a_file_to_a_file_and_tells_how_far_it_is) {
  connection conn = with_table();
  temporary_folder folder;
  std::string const from = folder.path() + "/from", to = folder.path() + "/to";
  {
    std::ofstream file(from);
    for (int i = 0; i < 100'000; ++i) file << i << ",some text of item " << i << '\n';
  }
  std::vector<copy_progress> told;
  auto const show = [&](copy_progress const& now) { told.push_back(now); };
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN (FORMAT csv)", std::ifstream(from), {.progress = show}), 100'000U);
  ASSERT_GT(told.size(), 10U);
  EXPECT_EQ(told.back().total, told.back().bytes);
  EXPECT_LE(told[0].bytes, 200'000U);
  told.clear();
  EXPECT_EQ(conn.copy_out("COPY (SELECT * FROM item ORDER BY id) TO STDOUT (FORMAT csv)", std::ofstream(to),
                          {.progress = show}),
            100'000U);
  EXPECT_EQ(told.back().rows, 100'000U);
  std::ostringstream a, b;
  a << std::ifstream(from).rdbuf();
  b << std::ifstream(to).rdbuf();
  EXPECT_EQ(a.str(), b.str());
  EXPECT_EQ(told.back().bytes, a.str().size());
  told.clear();
  conn.copy_in("COPY item (id) FROM STDIN", std::vector<int>{1, 2, 3}, {.progress = show});
  EXPECT_EQ(told.back().rows, 3U);
  EXPECT_EQ(told.back().total, 3U);

  EXPECT_CONTAINS("cannot be read", thrown<operational_error>([&] {
                                      conn.copy_in("COPY item FROM STDIN", std::ifstream(folder.path() + "/none"));
                                    }).what());
  EXPECT_CONTAINS("cannot be written", thrown<operational_error>([&] {
                                         conn.copy_out("COPY item TO STDOUT", std::ofstream(folder.path()));
                                       }).what());
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(copy, needs_no_memory_for_much_data) {
  connection conn = open();
  conn.exec("CREATE TEMPORARY TABLE item (id int, name text)");
  conn.exec("CREATE FUNCTION pg_temp.none() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
  conn.exec("CREATE TRIGGER none BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION pg_temp.none()");
  std::string const text(1000, 'x');
  heap_watch watch;
  auto in = conn.copy_in("COPY item FROM STDIN");
  std::size_t most = 0;
  for (int i = 0; i < 50'000; ++i) {
    in.row(i, text);
    most = std::max(most, watch.growth());
  }
  in.finish();
  std::string big(std::size_t{20} << 20, 'x');
  for (std::size_t i = 999; i < big.size(); i += 1000) big[i] = '\n';
  big.back() = '\n';
  auto raw = conn.copy_in("COPY item (name) FROM STDIN");
  raw.write(big);
  raw.finish();
  for (std::string_view line :
       conn.copy_out("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 50000)) TO STDOUT")) {
    ASSERT_EQ(line.size(), 1000U);
    most = std::max(most, watch.growth() - std::min(watch.growth(), big.size() + 100));
  }
  EXPECT_LT(most, 1'500'000U);
}

TEST(copy, begins_a_transaction_by_itself) {
  connection conn = connect(dsn(way::unix_socket)), other = open();
  other.exec("DROP TABLE IF EXISTS copied; CREATE TABLE copied (id int)");
  auto const count = [&] { return value<int>(other, "SELECT count(*)::int FROM copied"); };
  EXPECT_EQ(conn.copy_in("COPY copied FROM STDIN", std::vector<int>{1, 2}), 2U);
  EXPECT_EQ(count(), 0);
  conn.commit();
  EXPECT_EQ(count(), 2);
  conn.copy_in("COPY copied FROM STDIN", std::vector<int>{3});
  conn.rollback();
  EXPECT_EQ(count(), 2);
  { auto left = conn.copy_in("COPY copied FROM STDIN"); }
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  for (auto line : conn.copy_out("COPY (SELECT generate_series(1, 10000000)) TO STDOUT")) {
    EXPECT_EQ(line, "1");
    break;
  }
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_THROW(conn.copy_in("COPY nothing FROM STDIN"), programming_error);
  EXPECT_EQ(conn.transaction_status(), transaction_status::failed);
  conn.rollback();
  {
    transaction guard(conn);
    conn.copy_in("COPY copied FROM STDIN (FORMAT binary)", std::vector<int>{4});
    guard.commit();
  }
  EXPECT_EQ(count(), 3);
  other.exec("DROP TABLE copied");
}

TEST(copy, works_with_a_wait_callback_and_over_tls) {
  int calls = 0;
  connection conn = with_table(way::tls_verify_full, {.wait_callback = [&](connection& on) {
                                 ++calls;
                                 wait_select(on);
                               }});
  std::vector<item> items;
  for (int i = 0; i < 20'000; ++i) items.push_back({i, "some text"});
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN", items), 20'000U);
  std::size_t count = 0;
  for (auto const& each : conn.copy_out("COPY item TO STDOUT (FORMAT binary)").rows<item>())
    EXPECT_EQ(each, items[count++]);
  EXPECT_EQ(count, items.size());
  EXPECT_GT(calls, 3);
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN", std::istringstream("x")), data_error);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(copy, of_a_cursor_is_that_of_psycopg) {
  connection conn = with_table();
  cursor cur = conn.cursor();
  std::istringstream from("1|a\n2|-\n");
  cur.copy_from(from, "item", {.sep = "|", .null = "-"});
  EXPECT_EQ(cur.rowcount(), 2);
  EXPECT_EQ(rows_of(conn), (std::vector<item>{{1, "a"}, {2, {}}}));
  std::ostringstream to;
  cur.copy_to(to, "item", {.columns = {"name", "id"}});
  EXPECT_EQ(to.str(), "a\t1\n\\N\t2\n");
  std::stringstream both;
  cur.copy_expert("COPY item TO STDOUT (FORMAT csv)", both);
  EXPECT_EQ(both.str(), "1,a\n2,\n");
  cur.copy_expert("COPY item FROM STDIN (FORMAT csv)", both);
  EXPECT_EQ(cur.rowcount(), 2);
  EXPECT_EQ(rows_of(conn).size(), 4U);
  EXPECT_THROW(cur.copy_from(from, "no \"such\" table"), programming_error);
  EXPECT_CONTAINS("\"no \"\"such\"\" table\"", cur.query());
  EXPECT_THROW(cur.copy_expert("COPY item FROM PROGRAM 'x'", both), programming_error);
  EXPECT_THROW(cur.copy_expert("SELECT 1", to), programming_error);
}

}  // namespace
}  // namespace tusk::test
