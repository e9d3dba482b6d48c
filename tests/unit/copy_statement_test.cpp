// What the text of a COPY says of its data, and what is not certain.
#include "operations/copy_statement.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "support/exact_buffer.hpp"

namespace tusk::detail {
namespace {

struct sample {
  char const* sql;
  char const* read;  ///< the format, what differs from its defaults, or "unclear"
  bool standard_strings = true;
  friend std::ostream& operator<<(std::ostream& out, sample const& row) { return out << row.sql; }
};

std::string text_of(copy_statement const& read) {
  if (!read.is_copy) return "no copy";
  if (!read.is_certain) return "unclear";
  copy_format const& is = read.format;
  bool const csv = is.kind == copy_kind::csv;
  std::string text = csv ? "csv" : is.kind == copy_kind::binary ? "binary" : "text";
  copy_format const usual = csv ? copy_format::csv() : copy_format();
  if (is.delimiter != usual.delimiter) text += std::string(" delimiter ") + is.delimiter;
  if (is.null != usual.null) text += " null " + is.null;
  if (is.quote != usual.quote) text += std::string(" quote ") + is.quote;
  if (is.escape != is.quote) text += std::string(" escape ") + is.escape;
  if (is.header) text += read.matches_header ? " match" : " header";
  if (!read.is_utf8) text += " encoding";
  return text;
}

class copy_statements : public testing::TestWithParam<sample> {};

TEST_P(copy_statements, are_read) {
  test::exact_buffer const sql(GetParam().sql);
  EXPECT_EQ(text_of(read_copy_statement(sql.view(), GetParam().standard_strings)), GetParam().read);
}

INSTANTIATE_TEST_SUITE_P(
    , copy_statements,
    testing::Values(
        sample{"COPY t FROM STDIN", "text"}, sample{"copy t to stdout;", "text"},
        sample{"; COPY t FROM STDIN ; ;", "text"}, sample{"COPY s.t (a, \"b)\"\"\") FROM STDIN", "text"},
        sample{"COPY \"FROM\".\"x\" FROM STDIN", "text"},
        sample{"COPY (SELECT ')' FROM (SELECT $x$)$x$) y) TO STDOUT", "text"},
        sample{"/* a */ COPY -- b\n t /* /* c */ */ FROM STDIN", "text"},
        sample{"COPY t FROM STDIN WITH (FORMAT csv)", "csv"}, sample{"COPY t FROM STDIN (FORMAT 'csv')", "csv"},
        sample{"COPY t FROM STDIN (FORMAT \"csv\")", "csv"}, sample{"COPY t FROM STDIN (format TEXT)", "text"},
        sample{"COPY t FROM STDIN (FORMAT BINARY)", "binary"}, sample{"COPY BINARY t FROM STDIN", "binary"},
        sample{"COPY t TO STDOUT WITH BINARY", "binary"}, sample{"COPY t TO STDOUT BINARY", "binary"},
        sample{"COPY t FROM STDIN (DELIMITER ';', NULL 'x''y')", "text delimiter ; null x'y"},
        sample{"COPY t FROM STDIN (DELIMITER E'\\t', NULL E'\\\\N')", "text"},
        sample{"COPY t FROM STDIN (NULL '\\N')", "text"}, sample{"COPY t FROM STDIN (NULL $$-$$)", "text null -"},
        sample{"COPY t FROM STDIN (FORMAT csv, QUOTE '''')", "csv quote '"},
        sample{"COPY t FROM STDIN (FORMAT csv, QUOTE '|', ESCAPE '\\')", "csv quote | escape \\"},
        sample{"COPY t FROM STDIN (FORMAT csv, HEADER)", "csv header"},
        sample{"COPY t FROM STDIN (FORMAT csv, HEADER 'On')", "csv header"},
        sample{"COPY t FROM STDIN (HEADER 1, FORMAT csv)", "csv header"},
        sample{"COPY t FROM STDIN (FORMAT csv, HEADER false)", "csv"},
        sample{"COPY t FROM STDIN (FORMAT csv, HEADER MATCH)", "csv match"},
        sample{"COPY t FROM STDIN (ENCODING 'latin1')", "text encoding"},
        sample{"COPY t FROM STDIN (ENCODING 'utf-8')", "text"},
        sample{"COPY t FROM STDIN (FREEZE, FORCE_NULL (a, b), FORMAT csv, ON_ERROR ignore)", "csv"},
        sample{"COPY t TO STDOUT (FORMAT csv, FORCE_QUOTE *)", "csv"},
        sample{"COPY t FROM STDIN WITH CSV HEADER QUOTE AS '|' ESCAPE 'e' NULL AS 'n'",
               "csv null n quote | escape e header"},
        sample{"COPY t FROM STDIN CSV FORCE NOT NULL a, b DELIMITER ';'", "csv delimiter ;"},
        sample{"COPY t TO STDOUT CSV FORCE QUOTE * ENCODING 'latin1'", "csv encoding"},
        sample{"COPY t FROM STDIN USING DELIMITERS ';' WITH NULL AS ''", "text delimiter ; null "},
        sample{"COPY t FROM STDIN (FORMAT csv) WHERE a > 1 AND b = ';'", "csv"}, sample{"COPY t FROM STDOUT", "text"},
        sample{"SELECT 1", "no copy"}, sample{"", "no copy"}, sample{"-- COPY\n", "no copy"}, sample{"COPY", "unclear"},
        sample{"COPY t FROM '/file'", "unclear"}, sample{"COPY t FROM PROGRAM 'x'", "unclear"},
        sample{"COPY binary FROM STDIN", "unclear"}, sample{"COPY t FROM STDIN; SELECT 1", "unclear"},
        sample{"COPY t FROM STDIN (FORMAT csv", "unclear"}, sample{"COPY t FROM STDIN (FORMAT parquet)", "unclear"},
        sample{"COPY t FROM STDIN (DEFAULT 'd')", "unclear"}, sample{"COPY t FROM STDIN (DELIMITER 'ab')", "unclear"},
        sample{"COPY t FROM STDIN (DELIMITER '')", "unclear"},
        sample{"COPY t FROM STDIN (DELIMITER ';', DELIMITER ',')", "unclear"},
        sample{"COPY t FROM STDIN (DELIMITER U&'\\003b')", "unclear"},
        sample{"COPY t FROM STDIN (DELIMITER E'\\x3b')", "unclear"},
        sample{"COPY t FROM STDIN (NULL 'a'\n'b')", "unclear"}, sample{"COPY (SELECT 'a'\n'b') TO STDOUT", "text"},
        sample{"COPY t FROM STDIN (NULL '\\N')", "unclear", false},
        sample{"COPY t FROM STDIN (NULL 'x')", "text null x", false},
        sample{"COPY t FROM STDIN (HEADER maybe)", "unclear"}, sample{"COPY t FROM STDIN NONSENSE", "unclear"},
        sample{"COPY t FROM STDIN (FORMAT csv, FORMAT text)", "unclear"}, sample{"COPY t FROM STDIN /* (", "unclear"},
        sample{"COPY t FROM STDIN (NULL 'x", "unclear"}, sample{"COPY t FROM STDIN (NULL $a$x$b$)", "unclear"}));

}  // namespace
}  // namespace tusk::detail
