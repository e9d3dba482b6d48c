// The tree of errors: which class a server's error becomes, what it carries, and what is shown of it.
#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace tusk {
namespace {

using namespace std::string_view_literals;

static_assert(std::is_nothrow_copy_constructible_v<error> && std::is_nothrow_copy_constructible_v<query_canceled>);
static_assert(std::is_base_of_v<std::runtime_error, error> && std::is_base_of_v<error, interface_error>);
static_assert(!std::is_base_of_v<database_error, interface_error>);
static_assert(std::is_base_of_v<operational_error, query_canceled>);
static_assert(std::is_base_of_v<operational_error, transaction_rollback>);

diagnostics make(std::string_view sqlstate, std::string_view message = "m") {
  diagnostics fields;
  fields.severity = "ERROR";
  fields.sqlstate = sqlstate;
  fields.message = message;
  return fields;
}

template <class Use>
void with_server_error(diagnostics fields, std::string_view query, Use use) {
  try {
    types::throw_server_error(std::move(fields), query);
  } catch (error const& e) {
    use(e);
  }
}

struct class_row {
  std::string_view sqlstate;
  std::type_info const* type;
};

class_row const class_rows[] = {
    {"08006", &typeid(operational_error)},
    {"0A000", &typeid(not_supported_error)},
    {"20000", &typeid(programming_error)},
    {"21000", &typeid(programming_error)},
    {"22012", &typeid(data_error)},
    {"23505", &typeid(integrity_error)},
    {"24000", &typeid(internal_error)},
    {"25P02", &typeid(internal_error)},
    {"26000", &typeid(operational_error)},
    {"27000", &typeid(operational_error)},
    {"28P01", &typeid(operational_error)},
    {"2BP01", &typeid(internal_error)},
    {"2D000", &typeid(internal_error)},
    {"2F005", &typeid(internal_error)},
    {"34000", &typeid(operational_error)},
    {"38001", &typeid(internal_error)},
    {"39P01", &typeid(internal_error)},
    {"3B001", &typeid(internal_error)},
    {"3D000", &typeid(programming_error)},
    {"3F000", &typeid(programming_error)},
    {"40001", &typeid(transaction_rollback)},
    {"40P01", &typeid(transaction_rollback)},
    {"40002", &typeid(transaction_rollback)},
    {"42P01", &typeid(programming_error)},
    {"44000", &typeid(programming_error)},
    {"53300", &typeid(operational_error)},
    {"54001", &typeid(operational_error)},
    {"55P03", &typeid(operational_error)},
    {"56000", &typeid(operational_error)},
    {"57014", &typeid(query_canceled)},
    {"57P01", &typeid(operational_error)},
    {"58030", &typeid(operational_error)},
    {"F0000", &typeid(internal_error)},
    {"HV00R", &typeid(operational_error)},
    {"P0001", &typeid(internal_error)},
    {"XX000", &typeid(internal_error)},
    {"00000", &typeid(database_error)},
    {"03000", &typeid(database_error)},
    {"ZZZZZ", &typeid(database_error)},
    {"0B000", &typeid(database_error)},
    {"", &typeid(database_error)},
    {"garbage", &typeid(database_error)},
    {"2350", &typeid(database_error)},
    {"42p01", &typeid(database_error)},
};

TEST(error, class_follows_the_sqlstate) {
  for (class_row const& r : class_rows) {
    with_server_error(make(r.sqlstate), "", [&](error const& e) {
      EXPECT_EQ(typeid(e), *r.type) << r.sqlstate << ' ' << typeid(e).name();
      EXPECT_EQ(e.is_retryable(), r.sqlstate == "40001" || r.sqlstate == "40P01" || r.sqlstate == "26000");
      EXPECT_FALSE(e.is_fatal());
      EXPECT_NE(dynamic_cast<database_error const*>(&e), nullptr);
    });
  }
}

// The statement is prepared again when it is used next; any other 0A000 would come again.
TEST(error, of_a_stale_plan_is_retryable) {
  for (auto const& [code, routine, expected] :
       {std::tuple("26000", "FetchPreparedStatement", true), std::tuple("0A000", "RevalidateCachedQuery", true),
        std::tuple("0A000", "exec_stmt_raise", false), std::tuple("0A000", "", false),
        std::tuple("42804", "RevalidateCachedQuery", false)}) {
    diagnostics fields = make(code);
    fields.routine = routine;
    with_server_error(fields, "", [&](error const& e) { EXPECT_EQ(e.is_retryable(), expected) << code << routine; });
  }
}

TEST(error, is_fatal_if_the_server_closes_or_the_caller_says_so) {
  struct row {
    std::string_view severity;
    std::string_view localized;
    bool said;
    bool fatal;
  };
  constexpr row rows[] = {
      {"ERROR", "ERROR", false, false}, {"FATAL", "FATAL", false, true},  {"PANIC", "PANIK", false, true},
      {"", "FATAL", false, true},       {"ERROR", "FATAL", false, false}, {"ERROR", "", true, true},
      {"", "", false, false},
  };
  for (row const& r : rows) {
    auto fields = make("57P01");
    fields.severity = r.severity;
    fields.severity_localized = r.localized;
    try {
      std::rethrow_exception(types::make_server_error(fields, "", r.said));
    } catch (error const& e) {
      EXPECT_EQ(e.is_fatal(), r.fatal) << r.severity << '/' << r.localized;
    }
  }
}

TEST(error, carries_every_field_of_the_server) {
  diagnostics fields;
  constexpr std::string_view letters = "VSCMDHPpqWstcdnFLR";
  for (char letter : letters) fields.set(letter, std::string("value of ") + letter);
  fields.set('M', "a second one");  // doubled: the first stays
  fields.set('?', "unknown");
  EXPECT_EQ(fields.severity, "value of V");
  EXPECT_EQ(fields.severity_localized, "value of S");
  EXPECT_EQ(fields.position, "value of P");
  EXPECT_EQ(fields.internal_position, "value of p");
  EXPECT_EQ(fields.file, "value of F");
  EXPECT_EQ(fields.line, "value of L");
  EXPECT_EQ(fields.routine, "value of R");
  fields.sqlstate = "23505";
  fields.position = "17";
  with_server_error(fields, "", [](error const& e) {
    EXPECT_EQ(e.severity(), "value of V");
    EXPECT_EQ(e.sqlstate(), "23505"_sqlstate);
    EXPECT_EQ(e.condition(), condition::unique_violation);
    EXPECT_EQ(e.message(), "value of M");
    EXPECT_EQ(e.detail(), "value of D");
    EXPECT_EQ(e.hint(), "value of H");
    EXPECT_EQ(e.position(), 17u);
    EXPECT_EQ(e.internal_position(), 0u);  // "value of p" is no number
    EXPECT_EQ(e.internal_query(), "value of q");
    EXPECT_EQ(e.where(), "value of W");
    EXPECT_EQ(e.schema(), "value of s");
    EXPECT_EQ(e.table(), "value of t");
    EXPECT_EQ(e.column(), "value of c");
    EXPECT_EQ(e.data_type(), "value of d");
    EXPECT_EQ(e.constraint(), "value of n");
    EXPECT_EQ(e.diagnostics().routine, "value of R");
    EXPECT_FALSE(e.code());
  });
}

TEST(error, of_our_own_has_no_server_text) {
  interface_error const e("connection already closed");
  EXPECT_STREQ(e.what(), "connection already closed");
  EXPECT_EQ(e.message(), "");
  EXPECT_TRUE(e.sqlstate().empty());
  EXPECT_EQ(e.condition(), condition::none);
  EXPECT_EQ(e.position(), 0u);
  EXPECT_FALSE(e.is_fatal());
  EXPECT_FALSE(e.is_retryable());
  EXPECT_FALSE(e.code());
}

TEST(error, of_our_own_may_have_a_code) {
  data_error const e("column 1: too large", types::errc::out_of_range, true);
  EXPECT_EQ(e.code(), types::errc::out_of_range);
  EXPECT_TRUE(e.is_fatal());
  EXPECT_STREQ(e.what(), "column 1: too large");
}

TEST(error, copies_keep_the_fields_alive) {
  std::exception_ptr kept;
  with_server_error(make("42P01", "gone?"), "", [&](error const& e) {
    error const copy = e;
    kept = std::make_exception_ptr(copy);
  });
  try {
    std::rethrow_exception(kept);
  } catch (error const& e) {
    EXPECT_EQ(e.message(), "gone?");
    EXPECT_EQ(e.condition(), condition::undefined_table);
  }
}

TEST(error, position_is_a_whole_number) {
  struct row {
    std::string_view text;
    std::size_t value;
  };
  for (row const& r : {row{"1", 1}, row{"123", 123}, row{"", 0}, row{"-1", 0}, row{"12x", 0}, row{" 1", 0},
                       row{"99999999999999999999999", 0}}) {
    auto fields = make("42601");
    fields.position = r.text;
    with_server_error(fields, "select", [&](error const& e) { EXPECT_EQ(e.position(), r.value) << r.text; });
  }
}

// ---- what() ---------------------------------------------------------------------------------------------------------

TEST(what, shows_message_and_code) {
  EXPECT_EQ(types::describe(make("42P01", "relation \"x\" does not exist")),
            "ERROR:  relation \"x\" does not exist (42P01)");
}

TEST(what, shows_what_is_there) {
  EXPECT_EQ(types::describe({}), "ERROR:  the server sent no message");
  diagnostics fields = make("23505", "m");
  fields.severity_localized = "FEHLER";
  fields.detail = "d";
  fields.hint = "h";
  fields.where = "w1\nw2";
  fields.internal_query = "select y";
  fields.internal_position = "8";
  EXPECT_EQ(types::describe(fields),
            "FEHLER:  m (23505)\nDETAIL:  d\nHINT:  h\nINTERNAL QUERY, LINE 1: select y\n"
            "                               ^\nCONTEXT:  w1\nw2");
}

struct caret_row {
  std::string_view name;
  std::string_view query;
  std::string_view position;
  std::string_view shown;
};

std::string const many(100, 'a');
std::string const long_line = many + "X" + many;
std::string const long_shown =
    "\nLINE 1: ..." + std::string(60, 'a') + "X" + std::string(39, 'a') + "...\n" + std::string(71, ' ') + "^";

caret_row const caret_rows[] = {
    {"one_line", "SELECT * FROM x", "15", "\nLINE 1: SELECT * FROM x\n                      ^"},
    {"first_character", "x", "1", "\nLINE 1: x\n        ^"},
    {"past_the_end", "SELECT", "7", "\nLINE 1: SELECT\n              ^"},
    {"second_line", "SELECT *\nFROM x\nWHERE y", "15", "\nLINE 2: FROM x\n             ^"},
    {"windows_line_ends", "SELECT\r\n  x\r\n", "11", "\nLINE 2:   x\n          ^"},
    {"at_a_newline", "a\nb", "2", "\nLINE 1: a\n         ^"},
    {"tab_takes_one_column", "\tx", "2", "\nLINE 1:  x\n         ^"},
    {"characters_not_bytes", "äöü x", "5", "\nLINE 1: äöü x\n            ^"},
    {"wide_characters_take_two", "敏捷 x", "4", "\nLINE 1: 敏捷 x\n             ^"},
    {"combining_takes_none", "e\xcc\x81 x", "4", "\nLINE 1: e\xcc\x81 x\n          ^"},
    {"long_line_is_cut", long_line, "101", long_shown},
    {"controls_are_not_shown", "\x1b[2Jx", "5", "\nLINE 1: ?[2Jx\n            ^"},
    {"zero", "SELECT", "0", ""},
    {"beyond", "SELECT", "8", ""},
    {"no_number", "SELECT", "x", ""},
    {"no_query", "", "2", ""},
};

TEST(what, points_at_the_position) {
  for (caret_row const& r : caret_rows) {
    auto fields = make("42601", "m");
    fields.position = r.position;
    EXPECT_EQ(types::describe(fields, r.query), "ERROR:  m (42601)" + std::string(r.shown)) << r.name;
  }
}

TEST(what, survives_any_position_in_any_bytes) {
  std::string const query = "\xff\x80x\n\xe2\x82\n\n\x80\x80\x80y\xf0\x9f\r\n";
  auto fields = make("42601");
  for (int position = 0; position < 30; ++position) {
    fields.position = std::to_string(position);
    EXPECT_NE(types::describe(fields, query), "");
  }
}

TEST(what, cannot_play_tricks_on_a_terminal) {
  struct row {
    std::string_view raw;
    std::string_view shown;
  };
  constexpr row rows[] = {
      {"tab\tand\nnewline", "tab\tand\nnewline"},
      {"\x1b[31mred\a\r\b"sv, "?[31mred???"},
      {"nul\0del\x7f"sv, "nul?del?"},
      {"c1: \xc2\x9b"sv, "c1: ?"},
      {"raw c1: \x9b!"sv, "raw c1: ?!"},
      {"cut \xe2\x82"sv, "cut ??"},
      {"reordered \xe2\x80\xae \xe2\x81\xa6"sv, "reordered ? ?"},
      {"Größe 敏 \xf0\x9f\x90\x98"sv, "Größe 敏 \xf0\x9f\x90\x98"},
      {"%s %n {}", "%s %n {}"},
  };
  for (row const& r : rows) {
    auto fields = make("", r.raw);
    with_server_error(fields, "", [&](error const& e) {
      EXPECT_EQ(e.what(), "ERROR:  " + std::string(r.shown));
      EXPECT_EQ(e.message(), r.raw);  // raw
    });
    EXPECT_EQ(types::describe(make(r.raw, "m")), "ERROR:  m (" + std::string(r.shown) + ")");
  }
}

TEST(excerpt, shows_what_stands_around_a_position) {
  EXPECT_EQ(types::excerpt("", 0), "''");
  EXPECT_EQ(types::excerpt("short", 3), "'short'");
  EXPECT_EQ(types::excerpt("short", 99), "'short'");
  std::string const digits = "0123456789";
  std::string const text = digits + digits + digits + digits + digits + digits;
  EXPECT_EQ(types::excerpt(text, 0), "'" + text.substr(0, 40) + "'...");
  EXPECT_EQ(types::excerpt(text, 30), "...'" + text.substr(14, 40) + "'...");
  EXPECT_EQ(types::excerpt(text, 60), "...'" + text.substr(44) + "'");
}

TEST(excerpt, cuts_no_character_and_shows_no_trick) {
  EXPECT_EQ(types::excerpt("a\x1b[31m\xc2\x9b", 0), "'a?[31m?'");
  std::string umlauts;
  for (int i = 0; i < 30; ++i) umlauts += "\u00e4";
  for (std::size_t at = 0; at <= umlauts.size(); ++at) {
    EXPECT_EQ(types::excerpt(umlauts, at).find('?'), std::string::npos) << at;
    EXPECT_EQ(types::excerpt("x" + umlauts, at).find('?'), std::string::npos) << at;
  }
  EXPECT_LE(types::excerpt(std::string(100, '\x80'), 50).size(), 48u);
}

}  // namespace
}  // namespace tusk
