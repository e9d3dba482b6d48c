// The documentation's page of types, made from the adapters and parsers themselves: what each C++ type is sent as, and
// which types of the server it is read from.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/filesystem.hpp>
#include <tusk/types/format.hpp>
#include <tusk/types/read_any.hpp>
#include <tusk/types/set.hpp>
#include <tusk/types/wrappers.hpp>
#include <typeinfo>
#include <vector>

namespace tusk::docs {

inline constexpr oid last_built_in = 16'383;

/// The type of an argument, as the page names it.
template <class T>
std::string sent_as() {
  if constexpr (types::beyond_int8<T>) {
    return "`int8`, beyond it `numeric`";
  } else if constexpr (adaptable<T>) {
    argument_type const type = types::argument_type_of<T>();
    if (!type.name.empty()) return "`" + std::string(type.name) + "`";
    return type.oid == 0 ? "what the statement needs there" : "`" + std::string(type_name(type.oid)) + "`";
  } else {
    return "not sent";
  }
}

/// The types of the server that are read as T; of those that have an array type all but the arrays.
template <class T>
std::string read_from() {
  if constexpr (readable<T>) {
    if (from_text<T>::reads(oids::gtsvector)) return "any type";
    if (from_text<T>::reads(oids::gtsvector_array)) return "any array";
    std::string list;
    for (oid type = 1; type <= last_built_in; ++type) {
      if (type_name(type).empty() || !from_text<T>::reads(type)) continue;
      list += (list.empty() ? "`" : ", `") + std::string(type_name(type)) + "`";
    }
    return list.empty() ? "any type that was made in the database" : list;
  } else {
    return "not read";
  }
}

/// Whether a T is bound in the binary form.
template <class T>
std::string bound_in_binary() {
  if constexpr (binary_adaptable<T> && !requires { adapter<T>::type_name; })
    return types::prefers_binary<T> ? "by itself" : "if asked for";
  else
    return "never";
}

/// Which columns are asked for in the binary form where they are to be read as a T.
template <class T>
std::string read_in_binary() {
  std::string list;
  bool at_all = false;
  if constexpr (binary_readable<T>) {
    for (oid type = 1; type <= last_built_in; ++type) {
      if (type_name(type).empty() || !types::asks_for_binary<T>(type, format::binary)) continue;
      at_all = true;
      if (!types::asks_for_binary<T>(type, format::automatic)) continue;
      list += (list.empty() ? "by itself: `" : ", `") + std::string(type_name(type)) + "`";
    }
  }
  return !list.empty() ? list : at_all ? "if asked for" : "never";
}

/// What a value of that type holds, as the page names it: `long` is not the same everywhere.
inline std::string held_as(std::type_info const& type) {
  if (type == typeid(std::int64_t)) return "std::int64_t";
  if (type == typeid(range<std::int64_t>)) return "tusk::range<std::int64_t>";
  if (type == typeid(multirange<std::int64_t>)) return "tusk::multirange<std::int64_t>";
  return types::type_text(type);
}

class types_page {
 public:
  template <class T>
  void line(std::string_view name) {
    text_ += "| `" + std::string(name) + "` | " + sent_as<T>() + " | " + read_from<T>() + " | " + bound_in_binary<T>() +
             " | " + read_in_binary<T>() + " |\n";
  }
  void add(std::string_view text) { text_ += text; }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

/// A text that the type may have, so that the page can say what is read from it.
struct sample {
  oid type;
  std::string_view text;
};

// One a row of read_any's table, and a type that is text for it.
inline constexpr sample samples[] = {
    {oids::bool_, "t"},
    {oids::int2, "1"},
    {oids::int4, "1"},
    {oids::int8, "1"},
    {oids::oid, "1"},
    {oids::float4, "1.5"},
    {oids::float8, "1.5"},
    {oids::numeric, "1.5"},
    {oids::money, "$1.50"},
    {oids::text, "a"},
    {oids::bytea, "\\x61"},
    {oids::char_, "a"},
    {oids::date, "2020-02-29"},
    {oids::time, "12:00:00"},
    {oids::timetz, "12:00:00+00"},
    {oids::timestamp, "2020-02-29 12:00:00"},
    {oids::timestamptz, "2020-02-29 12:00:00+00"},
    {oids::interval, "1 day"},
    {oids::uuid, "00000000-0000-0000-0000-000000000000"},
    {oids::json, "1"},
    {oids::jsonb, "1"},
    {oids::xml, "<a/>"},
    {oids::inet, "1.2.3.4"},
    {oids::cidr, "1.2.3.0/24"},
    {oids::bit, "1"},
    {oids::varbit, "1"},
    {oids::int4range, "empty"},
    {oids::int8range, "empty"},
    {oids::numrange, "empty"},
    {oids::daterange, "empty"},
    {oids::tsrange, "empty"},
    {oids::tstzrange, "empty"},
    {oids::int4multirange, "{}"},
    {oids::int8multirange, "{}"},
    {oids::nummultirange, "{}"},
    {oids::datemultirange, "{}"},
    {oids::tsmultirange, "{}"},
    {oids::tstzmultirange, "{}"},
    {oids::point, "(1,2)"},
    {oids::line, "{1,2,3}"},
    {oids::lseg, "[(1,2),(3,4)]"},
    {oids::box, "(3,4),(1,2)"},
    {oids::path, "[(1,2)]"},
    {oids::polygon, "((1,2))"},
    {oids::circle, "<(1,2),3>"},
    {oids::macaddr, "08:00:2b:01:02:03"},
    {oids::macaddr8, "08:00:2b:01:02:03:04:05"},
    {oids::tsvector, "'a'"},
    {oids::tsquery, "'a'"},
    {oids::jsonpath, "$"},
    {oids::pg_lsn, "0/0"},
    {oids::pg_snapshot, "1:1:"},
    {oids::txid_snapshot, "1:1:"},
    {oids::xid, "1"},
    {oids::xid8, "1"},
    {oids::cid, "1"},
    {oids::tid, "(0,1)"},
    {oids::int4_array, "{}"},
    {oids::text_array, "{}"},
    {oids::regclass, "pg_class"},
    {oids::int2vector, "1 2"},
};

inline std::string types_text() {
  types_page page;
  page.add(
      "# Types\n\n"
      "Which C++ types go to the server as which of its types, and which of its types are read as what. A value is "
      "checked:\n"
      "a bigint that fits is a fine `int`, one that does not is a `data_error`. `std::optional<T>` is a T or NULL. "
      "What is not\n"
      "in the table is read as text, cast in the statement, or read by a parser or typecaster of your own.\n\n"
      "| C++ | sent as | read from | bound in binary | read in binary |\n|---|---|---|---|---|\n");
  page.line<bool>("bool");
  page.line<signed char>("signed char");
  page.line<std::int16_t>("std::int16_t");
  page.line<std::int32_t>("std::int32_t");
  page.line<std::int64_t>("std::int64_t");
  page.line<std::uint8_t>("std::uint8_t");
  page.line<std::uint16_t>("std::uint16_t");
  page.line<std::uint32_t>("std::uint32_t, tusk::oid");
  page.line<std::uint64_t>("std::uint64_t");
  page.line<float>("float");
  page.line<double>("double");
  page.line<std::string>("std::string");
  page.line<std::string_view>("std::string_view");
  page.line<char const*>("char const*");
  page.line<char>("char");
  page.line<std::vector<std::byte>>("std::vector<std::byte>");
  page.line<std::array<std::byte, 16>>("std::array<std::byte, N>");
  page.line<std::span<std::byte const>>("std::span<std::byte const>");
  page.line<binary>("tusk::binary");
#ifdef __SIZEOF_INT128__
  page.line<int128>("tusk::int128");
  page.line<uint128>("tusk::uint128");
#endif
  page.line<numeric>("tusk::numeric");
  page.line<money>("tusk::money");
  page.line<date>("tusk::date");
  page.line<std::chrono::year_month_day>("std::chrono::year_month_day");
  page.line<std::chrono::sys_days>("std::chrono::sys_days");
  page.line<std::chrono::local_days>("std::chrono::local_days");
  page.line<time>("tusk::time");
  page.line<time_tz>("tusk::time_tz");
  page.line<timestamp>("tusk::timestamp");
  page.line<std::chrono::local_time<std::chrono::microseconds>>("std::chrono::local_time<D>");
  page.line<timestamptz>("tusk::timestamptz");
  page.line<std::chrono::sys_time<std::chrono::microseconds>>("std::chrono::sys_time<D>");
  page.line<interval>("tusk::interval");
  page.line<std::chrono::microseconds>("std::chrono::duration<R, P>");
  page.line<uuid>("tusk::uuid");
  page.line<inet>("tusk::inet");
  page.line<cidr>("tusk::cidr");
  page.line<bits>("tusk::bits");
  page.line<std::bitset<8>>("std::bitset<N>");
  page.line<json>("tusk::json");
  page.line<xml>("tusk::xml");
  page.line<jsonpath>("tusk::jsonpath");
  page.line<tsvector>("tusk::tsvector");
  page.line<tsquery>("tusk::tsquery");
  page.line<macaddr>("tusk::macaddr");
  page.line<macaddr8>("tusk::macaddr8");
  page.line<geometry::point>("tusk::geometry::point");
  page.line<geometry::line>("tusk::geometry::line");
  page.line<geometry::lseg>("tusk::geometry::lseg");
  page.line<geometry::box>("tusk::geometry::box");
  page.line<geometry::path>("tusk::geometry::path");
  page.line<geometry::polygon>("tusk::geometry::polygon");
  page.line<geometry::circle>("tusk::geometry::circle");
  page.line<pg_lsn>("tusk::pg_lsn");
  page.line<xid>("tusk::xid");
  page.line<xid8>("tusk::xid8");
  page.line<cid>("tusk::cid");
  page.line<tid>("tusk::tid");
  page.line<pg_snapshot>("tusk::pg_snapshot");
  page.line<std::map<std::string, std::optional<std::string>>>("std::map<std::string, std::optional<std::string>>");
  page.line<std::filesystem::path>("std::filesystem::path");
  page.line<range<std::int32_t>>("tusk::range<std::int32_t>");
  page.line<range<std::int64_t>>("tusk::range<std::int64_t>");
  page.line<range<numeric>>("tusk::range<tusk::numeric>");
  page.line<range<date>>("tusk::range<tusk::date>");
  page.line<range<timestamp>>("tusk::range<tusk::timestamp>");
  page.line<range<timestamptz>>("tusk::range<tusk::timestamptz>");
  page.line<multirange<std::int32_t>>("tusk::multirange<std::int32_t>");
  page.line<multirange<std::int64_t>>("tusk::multirange<std::int64_t>");
  page.line<multirange<numeric>>("tusk::multirange<tusk::numeric>");
  page.line<multirange<date>>("tusk::multirange<tusk::date>");
  page.line<multirange<timestamp>>("tusk::multirange<tusk::timestamp>");
  page.line<multirange<timestamptz>>("tusk::multirange<tusk::timestamptz>");
  page.line<std::vector<std::int16_t>>("std::vector<std::int16_t>");
  page.line<std::vector<std::int32_t>>("std::vector<std::int32_t>");
  page.line<std::vector<std::string>>("std::vector<std::string>");
  page.line<array<double>>("tusk::array<double>");
  page.add(
      "\n`std::vector<T>`, nested ones, `std::array<T, N>`, `std::span<T>` (sent only) and `tusk::array<T>` are arrays "
      "of every T of "
      "the table, `tusk::range<T>` is a range. An aggregate with `tusk::composite<\"name\">` as its adapter is a row "
      "value of that "
      "type, an enum with `tusk::enum_adapter<\"name\", labels...>` an enum; `std::tuple` and `std::pair` are read "
      "from "
      "`record`.\n\n"
      "`tusk::multirange<T>` is a multirange of every T that a range is of. Ranges, multiranges and domains that were "
      "made in the database are read as what the program says they are; sent, the statement says their type. "
      "`std::set<T>` and `std::unordered_set<T>` are sent as arrays (`tusk/types/set.hpp`), `std::filesystem::path` is "
      "text "
      "(`tusk/types/filesystem.hpp`).\n\n"
      "`regclass`, `regtype` and their like show the name of an object, which a string has. As a `tusk::oid` they are "
      "read where their text is a number, because there is no object of that OID; a name is an error: cast it to oid "
      "in the statement. In the binary form each is its number. A `tusk::oid` and a string are sent where one is "
      "wanted. `refcursor` and `aclitem` are "
      "strings.\n");
  page.add(
      "\n## Text and binary\n\n"
      "Values travel as text, or in the server's binary format where that is faster: where the table says \"by "
      "itself\". An argument goes in binary only if its parameter has the type that the table's second column names: "
      "that is so where the statement is prepared with the arguments' types, as `query()` does; those of a "
      "`tusk::statement`, whose types the server infers, are text. A column comes in binary if it is known beforehand "
      "what it is read as "
      "(`query_rows<T...>`, `query_one<T...>`, `query_optional<T...>`, `query_value<T>`, `stream<T...>`), from the "
      "second run of the statement on, and never where a typecaster is registered for it, as that reads text. "
      "`connect_options::format` says otherwise: `tusk::format::text`, or `tusk::format::binary` for all that is not "
      "\"never\". The values are the same. A `BINARY` cursor's rows are read by their format.\n");
  page.add(
      "\n## Merged and bound\n\n"
      "A cursor merges arguments into the text (`%s`), a connection binds them (`$1`). Both mean the same: a literal "
      "has "
      "the type that "
      "binding gives, `0.5::pg_catalog.float4`, `2::pg_catalog.numeric`, `'2020-02-29'::pg_catalog.date`. What "
      "differs:\n\n"
      "* A merged integer of up to 64 bits is a bare constant, whose type the server takes from its size: 5 is an int4 "
      "whatever C++ type it had. So `repeat('x', %s)` finds its function, and `%s * 1000000000` may say \"integer out "
      "of "
      "range\" where a "
      "bound `std::int64_t` does not.\n"
      "* A merged double is a numeric constant: `round(%s)` of 2.5 is 3, where `round($1)` is 2, the even one.\n"
      "* A merged NULL has no type, whatever C++ type it had: a function that is overloaded is chosen as for `NULL`.\n"
      "* A merged array of strings without elements has no type of its own: `'{}'`. An array of strings is a `text[]` "
      "otherwise; for "
      "another type the statement says so, `%s::uuid[]`.\n"
      "* A double that is bound goes into a numeric column as a float8, which the server rounds to 15 digits; merged, "
      "or "
      "as a "
      "`tusk::numeric`, it keeps all. A numeric is read as a `double` or `float` to the nearest value.\n"
      "* Where the settings of a role or database have `extra_float_digits` at 0 or below, the server rounds every "
      "float4 and float8 that "
      "it sends, so that values do not come back as they went. `load_types()` puts a warning among the notices "
      "then.\n\n"
      "A `tusk::value` that was read from a column is sent as that column's type, NULL too (`money` as numeric, which "
      "an assignment or "
      "`$1::money` takes under any `lc_monetary`). Enums and composites are sent as their types once `load_types()` "
      "has "
      "found them; before, bound, the server infers their type.\n"
      "\n## Values whose type is known at run time\n\n"
      "`row.at(i)` gives a `tusk::value`. Without a typecaster for the column it holds:\n\n| type | holds "
      "|\n|---|---|\n");
  for (sample const& each : samples) {
    auto const read = tusk::types::read_any(each.text, each.type);
    page.add("| `" + std::string(type_name(each.type)) + "` | `" +
             (read ? held_as(read->type()) : read.error().code.message()) + "` |\n");
  }
  page.add("\nAn array holds a `tusk::array` of optional elements; every type that is not in this table is text.\n");
  return std::move(page).text();
}

}  // namespace tusk::docs
