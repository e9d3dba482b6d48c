// The answers that the canned server plays: one recording a statement, made when it is first asked for.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench.hpp"

namespace canned {

using bench::int16, bench::int32, bench::message, bench::zero_ended;

struct column {
  char const* name;
  int type, size;
};

struct recording {
  std::string description, rows, tag;
  std::vector<int> parameters = {};  // their types
  bool copies = false;               // the rows come from the client; the tag stands behind them
  std::string const& (*rows_in)(std::string const& formats) =
      nullptr;  // in place of `rows`, where they have a binary form
};

/// Whether a column is asked for in binary. As in Bind: no formats are text for all, one is for all.
inline bool is_binary(std::string const& formats, std::size_t column) {
  return !formats.empty() && formats[formats.size() == 1 ? 0 : column] != 0;
}

/// A RowDescription of these formats.
inline std::string in_formats(std::string description, std::string const& formats) {
  std::size_t at = 7;
  for (std::size_t column = 0; at < description.size(); ++column) {
    at = description.find('\0', at) + 1 + 18;  // behind the name and all that describes the column
    description[at - 1] = is_binary(formats, column) ? 1 : 0;
  }
  return description;
}

inline std::string row_description(std::vector<column> const& columns) {
  std::string body = int16(static_cast<int>(columns.size()));
  for (column const& each : columns)
    body += zero_ended(each.name) + int32(0) + int16(0) + int32(each.type) + int16(each.size) + int32(-1) + int16(0);
  return message('T', body);
}

inline std::string data_row(std::vector<std::string> const& fields) {
  std::string body = int16(static_cast<int>(fields.size()));
  for (std::string const& each : fields) body += int32(static_cast<std::int64_t>(each.size())) + each;
  return message('D', body);
}

inline std::string complete(std::size_t rows) {
  return message('C', zero_ended(std::string("SELECT ").append(std::to_string(rows))));
}

inline recording series(int rows) {
  recording made{row_description({{"i", 23, 4}}), {}, complete(static_cast<std::size_t>(rows))};
  for (int i = 1; i <= rows; ++i) made.rows += data_row({std::to_string(i)});
  return made;
}

inline std::string const& rows_of_structs(std::string const& formats) {
  static std::map<std::string, std::string> made;
  auto const [found, is_new] = made.try_emplace(formats);
  std::string& rows = found->second;
  if (!is_new) return rows;
  auto const eight = [](std::uint64_t bits) {
    return int32(static_cast<std::int64_t>(bits >> 32)) + int32(static_cast<std::int64_t>(bits & 0xffff'ffff));
  };
  for (int i = 1; i <= 1000; ++i) {
    std::int64_t const number = i * std::int64_t{1000003};
    std::array<char, 32> value;
    auto const end = std::to_chars(value.data(), value.data() + value.size(), i / 7.0).ptr;
    rows += data_row(
        {is_binary(formats, 0) ? int32(i) : std::to_string(i),
         is_binary(formats, 1) ? eight(static_cast<std::uint64_t>(number)) : std::to_string(number),
         "article " + std::to_string(i),
         is_binary(formats, 3) ? eight(std::bit_cast<std::uint64_t>(i / 7.0)) : std::string(value.data(), end)});
  }
  return rows;
}

inline recording structs() {
  recording made{
      row_description({{"id", 23, 4}, {"number", 20, 8}, {"name", 25, -1}, {"value", 701, 8}}), {}, complete(1000)};
  made.rows_in = &rows_of_structs;
  return made;
}

inline recording arrays(char const* name, int type, std::string_view each) {
  recording made{row_description({{name, type, -1}}), {}, complete(1000)};
  for (int i = 1; i <= 1000; ++i) made.rows += data_row({std::string(each)});
  return made;
}

inline recording wide() {
  constexpr int columns = 100, rows = 100;
  recording made{row_description({columns, column{"i", 23, 4}}), {}, complete(rows)};
  for (int i = 1; i <= rows; ++i) made.rows += data_row({columns, std::to_string(i)});
  return made;
}

/// As in a new database: some base types, then a row type a catalogue and an array type for each of either.
inline recording pg_type() {
  constexpr int rows = 600;
  constexpr std::string_view words[] = {"stat",  "user",   "tables",      "index",      "view",  "foreign",
                                        "range", "column", "replication", "constraint", "role_", "progress"};
  recording made{row_description({{"typname", 19, 64},
                                  {"typnamespace", 26, 4},
                                  {"typowner", 26, 4},
                                  {"typlen", 21, 2},
                                  {"typbyval", 16, 1},
                                  {"typcategory", 18, 1},
                                  {"typispreferred", 16, 1},
                                  {"typisdefined", 16, 1},
                                  {"typdelim", 18, 1},
                                  {"typrelid", 26, 4},
                                  {"typelem", 26, 4},
                                  {"typarray", 26, 4}}),
                 {},
                 complete(rows)};
  for (int i = 0; i < rows; ++i) {
    bool const base = i<120, array = i % 2 == 1, information_schema = i> 460;
    std::string name(array ? "_" : "");
    if (!base && !information_schema) name.append("pg_");
    name.append(words[static_cast<std::size_t>(i / 2 % 12)]);
    if (!base) name.append(1, '_').append(words[static_cast<std::size_t>(i / 24 % 12)]);
    int const oid = base ? 16 + i * 30 : 9970 + i * 7;
    std::string const other = std::to_string(oid + (array ? -1 : 1));
    made.rows += data_row(
        {name, information_schema ? "13207" : "11", "10", base && !array ? "4" : "-1", base && !array ? "t" : "f",
         array  ? "A"
         : base ? "N"
                : "C",
         "f", "t", ",", base || array ? "0" : std::to_string(oid - 1), array ? other : "0", array ? "0" : other});
  }
  return made;
}

/// To oneself: they come when the statement's transaction has ended.
inline recording notifications() {
  recording made{row_description({{"count", 20, 8}}), data_row({"100"}), complete(1)};
  for (int i = 1; i <= 100; ++i)
    made.tag += message('A', int32(4711) + zero_ended("bench") + zero_ended("article " + std::to_string(i)));
  return made;
}

/// As RAISE NOTICE in a DO block makes them.
inline recording notices() {
  recording made;
  for (int i = 1; i <= 100; ++i) {
    std::string body;
    for (auto const& [field, value] : std::initializer_list<std::pair<char, std::string>>{
             {'S', "NOTICE"},
             {'V', "NOTICE"},
             {'C', "00000"},
             {'M', std::string("article ").append(std::to_string(i))},
             {'W', "PL/pgSQL function inline_code_block line 1 at RAISE"},
             {'F', "pl_exec.c"},
             {'L', "3923"},
             {'R', "exec_stmt_raise"}})
      body.append(1, field).append(zero_ended(value));
    made.tag += message('N', body + '\0');
  }
  made.tag += message('C', zero_ended("DO"));
  return made;
}

/// CopyInResponse for four columns.
inline std::string copy_in(bool binary) {
  std::string body(1, binary ? '\1' : '\0');
  body += int16(4);
  for (int i = 0; i < 4; ++i) body += int16(binary ? 1 : 0);
  return message('G', body);
}

inline recording const& recorded(std::string const& sql) {
  static std::map<std::string, recording> made;
  static recording const insert{message('n', ""), {}, message('C', zero_ended("INSERT 0 1")), {23, 20, 25, 701}};
  if (sql.starts_with("insert into article values")) return insert;
  auto found = made.find(sql);
  if (found != made.end()) return found->second;
  constexpr std::string_view numbers = "from generate_series(1, ";
  recording fresh;
  if (auto const at = sql.find(numbers); at != sql.npos && sql.starts_with("select i from"))
    fresh = series(std::atoi(sql.c_str() + at + numbers.size()));
  else if (sql.starts_with("select i as id"))
    fresh = structs();
  else if (sql.find("::int[]") != sql.npos)
    fresh = arrays("int4", 1007, bench::ten_ints);
  else if (sql.find("::text[]") != sql.npos)
    fresh = arrays("text", 1009, bench::five_texts);
  else if (sql.starts_with("select i, i, i"))
    fresh = wide();
  else if (sql.find("pg_type") != sql.npos)
    fresh = pg_type();
  else if (sql.find("pg_notify") != sql.npos)
    fresh = notifications();
  else if (sql.starts_with("do "))
    fresh = notices();
  else if (sql == "LISTEN \"bench\"")
    fresh.tag = message('C', zero_ended("LISTEN"));
  else if (sql.starts_with("create temp table"))
    fresh.tag = message('C', zero_ended("CREATE TABLE"));
  else if (sql == "select 20 + 22" || sql.starts_with("select 42 where"))
    fresh = {row_description({{"?column?", 23, 4}}), data_row({"42"}), complete(1)};
  else if (sql == "select 1+1")
    fresh = {row_description({{"?column?", 23, 4}}), data_row({"2"}), complete(1)};
  else if (sql == "select 1 as one, 2 as two")
    fresh = {row_description({{"one", 23, 4}, {"two", 23, 4}}), data_row({"1", "2"}), complete(1)};
  else if (sql == "insert into article (id, name) values ($1, $2)")
    fresh = {message('n', ""), {}, message('C', zero_ended("INSERT 0 1")), {23, 25}};
  else if (sql.starts_with("copy article from stdin"))
    fresh = {{}, copy_in(sql.ends_with("(format binary)")), message('C', zero_ended("COPY 1000")), {}, true};
  else if (sql == "select $1::int + 1")
    fresh = {row_description({{"?column?", 23, 4}}), data_row({"42"}), complete(1), {23}};
  else
    throw std::runtime_error("nothing is recorded for: " + sql);
  return made.emplace(sql, std::move(fresh)).first->second;
}

}  // namespace canned
