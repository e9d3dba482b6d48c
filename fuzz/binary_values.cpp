// The binary form of every type, from any bytes.
//
// Input: a name of a type (see `checks`) and a line break, then the form, as text or, behind a quote, in the readable
// form of support/bytes.hpp.
//
// Checked: what is refused is refused at a position within it, with a code of ours; what is read has a text that is
// read as the same value, and where its adapter writes a binary form that is read as the same value, too, and is the
// same bytes where the type has only one form of a value.
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/types/builtin.hpp>
#include <tusk/types/read_any.hpp>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

enum class color { red, green };

struct tree {
  int value = 0;
  std::vector<tree> children;
  friend bool operator==(tree const&, tree const&) = default;
};

}  // namespace

template <>
struct tusk::adapter<color> : tusk::enum_adapter<"color", "red", "green"> {};
template <>
struct tusk::adapter<tree> : tusk::composite<"tree"> {};

namespace {

using tusk::oid;
namespace oids = tusk::oids;

constexpr oid made = 16'384;  // of a type that was made in its database

template <class T>
bool same(T const& a, T const& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else {
    if (a == b) return true;
    if constexpr (tusk::types::geometric<T>) return *tusk::types::text_of(a) == *tusk::types::text_of(b);  // NaN
    return false;
  }
}

// Not money: it is sent as a numeric.
template <class T>
void check_text(T const& value, oid type) {
  if constexpr (tusk::adaptable<T> && !std::same_as<T, tusk::money>) {
    auto const text = tusk::types::text_of(value);
    auto const again = tusk::types::read_text<T>(*text, type);
    FUZZ_CHECK(again && same(*again, value));
  }
}

template <class T>
std::string written(T const& value) {
  tusk::types::text_buffer buffer;
  tusk::binary_writer out(buffer);
  tusk::adapter<T>::binary(value, out);
  return {buffer.data(), buffer.size()};
}

template <class T, oid Type>
void check(std::string_view bytes) {
  FUZZ_CHECK(tusk::from_binary<T>::reads(Type) && tusk::from_text<T>::reads(Type));
  auto const value = tusk::from_binary<T>::parse(bytes, Type);
  if (!value) {
    FUZZ_CHECK(value.error().position <= bytes.size());
    FUZZ_CHECK(value.error().code.category() == tusk::types::types_category());
    return;
  }
  constexpr std::size_t shallow = 400;  // the text of a tree is twice as long for each level
  if (!std::same_as<T, tree> || bytes.size() < shallow) check_text(*value, Type);
  if constexpr (tusk::binary_adaptable<T> && !std::same_as<T, tusk::money>) {
    std::string const form = written(*value);
    oid const sent = tusk::types::has_fixed_type<T>() ? tusk::types::argument_type_of<T>().oid : Type;
    auto const again = tusk::from_binary<T>::parse(form, sent);
    FUZZ_CHECK(again && same(*again, *value));
    FUZZ_CHECK(written(*again) == form);
  }
}

void check_any(std::string_view bytes) {
  for (oid type = 1; type < 7'000; ++type) {
    if (tusk::type_name(type).empty()) continue;
    auto const value = tusk::types::read_any_binary(bytes, type);
    if (!value) FUZZ_CHECK(value.error().position <= bytes.size());
  }
}

struct named {
  std::string_view name;
  void (*check)(std::string_view);
};

constexpr named checks[] = {
    {"any", &check_any},
    {"bool", &check<bool, oids::bool_>},
    {"int2", &check<std::int16_t, oids::int2>},
    {"int4", &check<int, oids::int4>},
    {"int8", &check<std::int64_t, oids::int8>},
    {"oid", &check<std::uint32_t, oids::oid>},
    {"float4", &check<float, oids::float4>},
    {"float8", &check<double, oids::float8>},
    {"int2 of int8", &check<std::int16_t, oids::int8>},
    {"float4 of int8", &check<float, oids::int8>},
    {"float8 of int8", &check<double, oids::int8>},
    {"float8 of float4", &check<double, oids::float4>},
    {"numeric", &check<tusk::numeric, oids::numeric>},
    {"int4 of numeric", &check<int, oids::numeric>},
    {"uint8 of numeric", &check<std::uint64_t, oids::numeric>},
    {"int128 of numeric", &check<tusk::int128, oids::numeric>},
    {"float8 of numeric", &check<double, oids::numeric>},
    {"float4 of numeric", &check<float, oids::numeric>},
    {"money", &check<tusk::money, oids::money>},
    {"char", &check<char, oids::char_>},
    {"string of char", &check<std::string_view, oids::char_>},
    {"bytea", &check<std::vector<std::byte>, oids::bytea>},
    {"date", &check<tusk::date, oids::date>},
    {"ymd", &check<std::chrono::year_month_day, oids::date>},
    {"time", &check<tusk::time, oids::time>},
    {"timetz", &check<tusk::time_tz, oids::timetz>},
    {"timestamp", &check<tusk::timestamp, oids::timestamp>},
    {"timestamptz", &check<tusk::timestamptz, oids::timestamptz>},
    {"sys_seconds", &check<std::chrono::sys_seconds, oids::timestamptz>},
    {"interval", &check<tusk::interval, oids::interval>},
    {"duration", &check<std::chrono::microseconds, oids::interval>},
    {"uuid", &check<tusk::uuid, oids::uuid>},
    {"inet", &check<tusk::inet, oids::inet>},
    {"cidr", &check<tusk::cidr, oids::cidr>},
    {"varbit", &check<tusk::bits, oids::varbit>},
    {"int4[]", &check<std::vector<int>, oids::int4_array>},
    {"int4[][]", &check<std::vector<std::vector<int>>, oids::int4_array>},
    {"array of int4", &check<tusk::array<std::optional<int>>, oids::int4_array>},
    {"array of numeric", &check<tusk::array<std::optional<tusk::numeric>>, oids::numeric_array>},
    {"bool[]", &check<std::vector<bool>, oids::bool_array>},
    {"int4range", &check<tusk::range<int>, oids::int4range>},
    {"numrange[]", &check<std::vector<tusk::range<tusk::numeric>>, oids::numrange_array>},
    {"int4range[]", &check<std::vector<tusk::range<int>>, oids::int4range_array>},
    {"int4multirange", &check<tusk::multirange<int>, oids::int4multirange>},
    {"nummultirange", &check<tusk::multirange<tusk::numeric>, oids::nummultirange>},
    {"point", &check<tusk::geometry::point, oids::point>},
    {"line", &check<tusk::geometry::line, oids::line>},
    {"lseg", &check<tusk::geometry::lseg, oids::lseg>},
    {"box", &check<tusk::geometry::box, oids::box>},
    {"path", &check<tusk::geometry::path, oids::path>},
    {"polygon", &check<tusk::geometry::polygon, oids::polygon>},
    {"circle", &check<tusk::geometry::circle, oids::circle>},
    {"macaddr", &check<tusk::macaddr, oids::macaddr>},
    {"macaddr8", &check<tusk::macaddr8, oids::macaddr8>},
    {"jsonpath", &check<tusk::jsonpath, oids::jsonpath>},
    {"tsvector", &check<tusk::tsvector, oids::tsvector>},
    {"tsquery", &check<tusk::tsquery, oids::tsquery>},
    {"pg_lsn", &check<tusk::pg_lsn, oids::pg_lsn>},
    {"pg_snapshot", &check<tusk::pg_snapshot, oids::pg_snapshot>},
    {"xid", &check<tusk::xid, oids::xid>},
    {"xid8", &check<tusk::xid8, oids::xid8>},
    {"cid", &check<tusk::cid, oids::cid>},
    {"tid", &check<tusk::tid, oids::tid>},
    {"regclass", &check<oid, oids::regclass>},
    {"hstore", &check<std::map<std::string, std::optional<std::string>>, made>},
    {"color", &check<color, made>},
    {"color[]", &check<std::vector<color>, made>},
    {"record", &check<std::tuple<int, std::optional<std::string>, std::vector<int>>, oids::record>},
    {"tree", &check<tree, made>},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const input = tusk::test::fuzz_text(data, size);
  std::size_t const line = input.find('\n');
  if (line == input.npos) return 0;
  std::string const bytes = tusk::test::fuzz_input(data + line + 1, size - line - 1);
  std::vector<char> const exact(bytes.begin(), bytes.end());
  for (named const& each : checks) {
    if (each.name == input.substr(0, line)) each.check({exact.data(), exact.size()});
  }
  return 0;
}
