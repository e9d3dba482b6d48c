// The server's own binary form of 10,000 random values a type, by its send functions: it is read as the value that its
// text is read as, and what our adapters write of that value is the same bytes.
#include <gtest/gtest.h>

#include <bit>
#include <bitset>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <tuple>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/binary_form.hpp"
#include "support/server.hpp"

namespace {

enum class mood { calm, glad };

struct inner {
  std::optional<int> id;
  std::string name;
  tusk::range<int> days;
  friend bool operator==(inner const&, inner const&) = default;
};

struct outer {
  std::int64_t number;
  std::vector<inner> many;
  std::vector<std::optional<double>> reals;
  std::optional<mood> feeling;
  friend bool operator==(outer const&, outer const&) = default;
};

}  // namespace

template <>
struct tusk::adapter<mood> : tusk::enum_adapter<"mood", "calm", "glad"> {};
template <>
struct tusk::adapter<inner> : tusk::composite<"inner_row"> {};
template <>
struct tusk::adapter<outer> : tusk::composite<"outer_row"> {};

namespace tusk {
namespace {

constexpr std::size_t values = 10'000;

// The same value; of floating point the same bits, or both not numbers.
template <class T>
bool same(T const& a, T const& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
  } else {
    return a == b;
  }
}

class binary_round_trip : public testing::Test {
 protected:
  void SetUp() override {
    conn_.exec(
        "SET TimeZone TO 'Asia/Kolkata'; SET search_path TO pg_temp;"
        "CREATE TYPE mood AS ENUM ('calm', 'glad');"
        "CREATE TYPE inner_row AS (id int, name text, days int4range);"
        "CREATE TYPE outer_row AS (number int8, many inner_row[], reals float8[], feeling mood);"
        "CREATE TYPE floatrange AS RANGE (subtype = float8)");
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return std::uniform_int_distribution<std::int64_t>(first, last)(random_);
  }
  // Of every length: the top bits of a random number are dropped.
  template <class T>
  T integer() {
    return static_cast<T>(static_cast<T>(random_()) >> below(8 * sizeof(T)));
  }

  template <class Make>
  auto several(Make const& make, std::vector<std::decay_t<decltype(make())>> first = {}) {
    while (first.size() < values) first.push_back(make());
    return first;
  }

  struct pair {
    std::string bytes;
    std::string text;
  };
  // Both forms of `type` that the server makes of these texts. format() takes the output function, as a row does.
  std::vector<pair> both_forms(std::string const& type, std::string const& send,
                               std::vector<std::string> const& texts) {
    std::vector<pair> made;
    constexpr std::size_t in_one = 1'000;
    for (std::size_t at = 0; at < texts.size(); at += in_one) {
      std::vector<std::string> const some(
          texts.begin() + static_cast<std::ptrdiff_t>(at),
          texts.begin() + static_cast<std::ptrdiff_t>(std::min(at + in_one, texts.size())));
      result const rows = conn_.query("SELECT encode(" + send + "(x::" + type + "), 'hex'), format('%s', x::" + type +
                                          ") FROM unnest($1::text[]) WITH ORDINALITY AS t(x, n) ORDER BY n",
                                      some);
      for (auto const& row : rows)
        made.push_back({test::bytes(row.template get<std::string_view>(0)), row.template get<std::string>(1)});
    }
    return made;
  }

  // Both forms are read as the same T.
  template <class T>
  void expect_same(oid type, std::vector<pair> const& forms) {
    ASSERT_TRUE(from_binary<T>::reads(type));
    for (pair const& each : forms) {
      auto const text = types::read_text<T>(each.text, type);
      auto const binary = from_binary<T>::parse(each.bytes, type);
      ASSERT_EQ(text.has_value(), binary.has_value()) << each.text << ' ' << test::readable(each.bytes);
      if (text) {
        ASSERT_TRUE(same(*text, *binary)) << each.text << ' ' << test::readable(each.bytes);
      } else {
        ASSERT_EQ(text.error().code, binary.error().code) << each.text;
      }
    }
  }

  // They are also written as the server writes them.
  template <class T>
  void expect_same_bytes(oid type, std::vector<pair> const& forms) {
    for (pair const& each : forms) {
      auto const value = types::read_text<T>(each.text, type);
      ASSERT_TRUE(value) << each.text;
      ASSERT_EQ(test::readable(test::binary_bytes_of(*value)), test::readable(each.bytes)) << each.text;
    }
  }

  template <class T>
  std::vector<std::string> texts_of(std::vector<T> const& all) {
    std::vector<std::string> made;
    for (T const& each : all) made.push_back(*types::text_of(each));
    return made;
  }

  template <class T>
  std::vector<pair> check(std::string const& type, std::string const& send, std::vector<T> const& all) {
    oid const number = type_of_name(type);
    auto forms = both_forms(type, send, texts_of(all));
    expect_same<T>(number, forms);
    expect_same_bytes<T>(number, forms);
    return forms;
  }

  connection conn_ = test::open();
  std::mt19937_64 random_{1};
};

TEST_F(binary_round_trip, numbers) {
  using limits = std::numeric_limits<std::int64_t>;
  check("bool", "boolsend", std::vector<bool>{true, false});
  check("int2", "int2send", several([&] { return integer<std::int16_t>(); }, {-32768, 32767, 0}));
  check("int4", "int4send", several([&] { return integer<std::int32_t>(); }, {INT32_MIN, INT32_MAX, 0}));
  auto const longs =
      check("int8", "int8send", several([&] { return integer<std::int64_t>(); }, {limits::min(), limits::max(), 0}));
  for (oid const type : {oids::int8}) {
    expect_same<int>(type, longs);
    expect_same<std::uint64_t>(type, longs);
    expect_same<double>(type, longs);
    expect_same<float>(type, longs);
    expect_same<int128>(type, longs);
    expect_same<numeric>(type, longs);
  }
  auto const oids = both_forms("oid", "oidsend", texts_of(several([&] { return integer<std::uint32_t>(); })));
  expect_same<std::uint32_t>(oids::oid, oids);
  expect_same<int>(oids::oid, oids);
  check("float4", "float4send", several([&] { return std::bit_cast<float>(static_cast<std::uint32_t>(random_())); }));
  check("float8", "float8send", several([&] { return std::bit_cast<double>(random_()); }));
  expect_same<double>(oids::float4, both_forms("float4", "float4send", {"0.1", "NaN", "-Infinity", "1e-45"}));
}

TEST_F(binary_round_trip, numerics) {
  auto const any = [&] {
    std::string digits = std::to_string(random_());
    for (std::uint64_t more = below(4) == 0 ? below(60) : 0; more > 0; --more)
      digits += static_cast<char>('0' + below(10));
    digits.resize(1 + below(digits.size()));
    if (below(3) == 0) digits += std::string(below(12), '0');
    return numeric((below(2) == 0 ? "-" : "") + digits + "e" + std::to_string(between(-40, 20)));
  };
  auto const forms =
      check("numeric", "numeric_send",
            several(any, {numeric("0"), numeric("0.000"), numeric("NaN"), numeric("1e131071"), numeric("-1e131071"),
                          numeric("1e-16383"), numeric("9999"), numeric("10000"), numeric("0.0001"), numeric("0.00010"),
                          numeric(std::string(131'072, '9') + "." + std::string(16'383, '9'))}));
  expect_same<double>(oids::numeric, forms);
  expect_same<float>(oids::numeric, forms);
  expect_same<int>(oids::numeric, forms);
  expect_same<std::int64_t>(oids::numeric, forms);
  expect_same<std::uint64_t>(oids::numeric, forms);
  expect_same<int128>(oids::numeric, forms);
  expect_same<uint128>(oids::numeric, forms);
  auto const others = both_forms("numeric", "numeric_send",
                                 {"Infinity", "-Infinity", "NaN", "5.00", "18446744073709551615",
                                  "18446744073709551616", "-1", "9223372036854775808", "-9223372036854775808", "0.5",
                                  "1e400", "1e-400", "-1e-400", "170141183460469231731687303715884105727"});
  expect_same<numeric>(oids::numeric, others);
  expect_same<double>(oids::numeric, others);
  expect_same<float>(oids::numeric, others);
  expect_same<std::int64_t>(oids::numeric, others);
  expect_same<std::uint64_t>(oids::numeric, others);
  expect_same<int128>(oids::numeric, others);
  expect_same<money>(
      oids::money, both_forms("money", "cash_send", texts_of(several([&] { return money(integer<std::int64_t>()); }))));
  auto const wide = several([&] { return static_cast<int128>(integer<std::int64_t>()) * integer<std::int64_t>(); });
  auto const wide_forms = both_forms("numeric", "numeric_send", texts_of(wide));
  expect_same<int128>(oids::numeric, wide_forms);
  expect_same_bytes<int128>(oids::numeric, wide_forms);
}

TEST_F(binary_round_trip, dates_and_times) {
  using namespace std::chrono;
  auto const dates = check(
      "date", "date_send",
      several(
          [&] {
            return date::from_days_since_2000(static_cast<std::int32_t>(between(date::first_day, date::last_day)));
          },
          {date::infinity(), date::minus_infinity(), date(), date::from_days_since_2000(date::first_day),
           date::from_days_since_2000(date::last_day)}));
  expect_same<year_month_day>(oids::date, dates);
  expect_same<sys_days>(oids::date, dates);
  auto const microseconds_of_day = [&] { return microseconds(between(0, types::microseconds_per_day)); };
  check("time", "time_send", several([&] { return tusk::time(microseconds_of_day()); }, {tusk::time(hours(24))}));
  check("timetz", "timetz_send",
        several([&] { return time_tz(tusk::time(microseconds_of_day()), seconds(between(-57'599, 57'599))); }));
  auto const stamps = [&]<class Stamp>(Stamp) {
    return several(
        [&] {
          return Stamp::from_microseconds_since_2000(below(2) == 0
                                                         ? between(Stamp::first_microsecond, Stamp::last_microsecond)
                                                         : integer<std::int64_t>() / 64);
        },
        {Stamp::infinity(), Stamp::minus_infinity(), Stamp::from_microseconds_since_2000(Stamp::first_microsecond),
         Stamp::from_microseconds_since_2000(Stamp::last_microsecond)});
  };
  auto const local = check("timestamp", "timestamp_send", stamps(timestamp()));
  expect_same<local_seconds>(oids::timestamp, local);
  conn_.exec("SET TimeZone TO 'UTC'");  // elsewhere the last ones are in a year that no text has
  auto const zoned = check("timestamptz", "timestamptz_send", stamps(timestamptz()));
  expect_same<sys_time<nanoseconds>>(oids::timestamptz, zoned);
  auto const spans =
      check("interval", "interval_send", several([&] {
              return interval{integer<std::int32_t>() / 2, integer<std::int32_t>() / 2, integer<std::int64_t>() / 2};
            }));
  expect_same<microseconds>(oids::interval, spans);
}

TEST_F(binary_round_trip, small_types) {
  check("uuid", "uuid_send", several([&] {
          uuid::bytes_type bytes;
          for (auto& each : bytes) each = static_cast<std::byte>(random_());
          return uuid(bytes);
        }));
  check("bytea", "byteasend", several([&] {
          std::vector<std::byte> bytes(below(40));
          for (auto& each : bytes) each = static_cast<std::byte>(random_());
          return bytes;
        }));
  auto const octets = [&]<std::size_t Size>(std::array<std::byte, Size> made) {
    for (auto& each : made) each = static_cast<std::byte>(random_());
    return made;
  };
  check("inet", "inet_send", several([&] {
          return below(2) == 0 ? inet(octets(ipv4_octets()), static_cast<unsigned>(below(33)))
                               : inet(octets(ipv6_octets()), static_cast<unsigned>(below(129)));
        }));
  auto const networks =
      both_forms("cidr", "cidr_send", {"10.0.0.0/8", "::/0", "0.0.0.0/0", "1.2.3.4/32", "2001:db8::/32", "::1/128"});
  expect_same<cidr>(oids::cidr, networks);
  expect_same_bytes<cidr>(oids::cidr, networks);
  expect_same<inet>(oids::cidr, networks);
  auto const any_bits = several([&] {
    std::string text(below(70), '0');
    for (char& each : text) each = below(2) == 0 ? '0' : '1';
    return bits(text);
  });
  check("varbit", "varbit_send", any_bits);
  expect_same<std::bitset<3>>(oids::bit, both_forms("bit(3)", "bit_send", {"101", "000", "111"}));
}

TEST_F(binary_round_trip, text) {
  std::vector<std::string> const texts = {"", "a", "'\"\\", "é 日", "{\"a\": [1, 2]}", std::string(3'000, 'x')};
  expect_same<std::string>(oids::text, both_forms("text", "textsend", texts));
  expect_same<std::string>(oids::varchar, both_forms("varchar", "varcharsend", texts));
  expect_same<std::string>(oids::bpchar, both_forms("bpchar", "bpcharsend", {"a ", "b"}));
  expect_same<std::string>(oids::name, both_forms("name", "namesend", texts));
  std::vector<std::string> const documents = {"{}", "[1, 2.50, \"é\"]", "null", "{\"b\":1,  \"a\":2}"};
  for (char const* type : {"json", "jsonb"}) {
    auto const forms = both_forms(type, std::string(type) + "_send", documents);
    expect_same<std::string>(type_of_name(type), forms);
    expect_same<json>(type_of_name(type), forms);
  }
  expect_same_bytes<json>(oids::jsonb, both_forms("jsonb", "jsonb_send", documents));
  expect_same<std::string>(oids::jsonpath, both_forms("jsonpath", "jsonpath_send", {"$.a[*] ? (@ > 1)", "strict $"}));
  expect_same<xml>(oids::xml, both_forms("xml", "xml_send", {"<a/>", "<?xml version=\"1.0\"?><b>é</b>", "text"}));
  auto const bytes = both_forms("\"char\"", "charsend", {"", "a", "\\200", "\\377"});
  expect_same<std::string>(oids::char_, bytes);
  expect_same<char>(oids::char_, bytes);
  expect_same_bytes<char>(oids::char_, bytes);
}

TEST_F(binary_round_trip, arrays) {
  auto const elements = [&](auto const& make) {
    return several([&] {
      std::vector<std::optional<std::decay_t<decltype(make())>>> made(below(6));
      for (auto& each : made) {
        if (below(4) != 0) each = make();
      }
      return made;
    });
  };
  auto const integers = check("int4[]", "array_send", elements([&] { return integer<std::int32_t>(); }));
  expect_same<std::vector<int>>(oids::int4_array, integers);
  expect_same<array<std::optional<std::int64_t>>>(oids::int4_array, integers);
  check("float8[]", "array_send", elements([&] { return static_cast<double>(integer<std::int32_t>()) / 64; }));
  check("bool[]", "array_send", elements([&] { return below(2) == 0; }));
  auto const bounds = both_forms("int4[]", "array_send",
                                 {"{}", "[0:1]={1,2}", "[-2:-1][5:6]={{1,NULL},{3,4}}", "{{{1}},{{2}}}", "{NULL}"});
  expect_same<array<std::optional<int>>>(oids::int4_array, bounds);
  expect_same_bytes<array<std::optional<int>>>(oids::int4_array, bounds);
  expect_same<std::vector<std::vector<std::optional<int>>>>(oids::int4_array, bounds);
  expect_same<std::vector<std::optional<std::string>>>(
      oids::text_array, both_forms("text[]", "array_send", {"{a,\"b,c\",NULL,\"\",\"NULL\"}", "{}"}));
}

TEST_F(binary_round_trip, ranges) {
  auto const ranges = several([&]() -> std::string {
    if (below(10) == 0) return "empty";
    std::int64_t const lower = integer<std::int32_t>() / 4;
    std::string text = below(2) == 0 ? "[" : "(";
    if (below(5) != 0) text += std::to_string(lower);
    text += ',';
    if (below(5) != 0) text += std::to_string(lower + static_cast<std::int64_t>(below(100)));
    return text + (below(2) == 0 ? "]" : ")");
  });
  auto const integers = both_forms("int4range", "range_send", ranges);
  expect_same<range<int>>(oids::int4range, integers);
  expect_same_bytes<range<int>>(oids::int4range, integers);
  expect_same<range<std::int64_t>>(oids::int8range, both_forms("int8range", "range_send", ranges));
  expect_same<range<numeric>>(oids::numrange, both_forms("numrange", "range_send", ranges));
  expect_same<range<timestamp>>(oids::tsrange, both_forms("tsrange", "range_send", {"[2000-01-01,infinity]", "(,)"}));
  std::vector<std::string> several_ranges{"{}"};
  for (std::size_t i = 2; i < ranges.size(); ++i)
    several_ranges.push_back("{" + ranges[i - 2] + "," + ranges[i - 1] + "," + ranges[i] + "}");
  for (std::string& each : several_ranges)
    while (each.find("empty") != each.npos) each.replace(each.find("empty"), 5, "[0,1)");
  auto const multiranges = both_forms("nummultirange", "multirange_send", several_ranges);
  expect_same<multirange<numeric>>(oids::nummultirange, multiranges);
  expect_same_bytes<multirange<numeric>>(oids::nummultirange, multiranges);
  oid const made = test::value<std::uint32_t>(conn_, "SELECT 'floatrange'::regtype::oid");
  expect_same<range<double>>(made, both_forms("floatrange", "range_send", ranges));
}

TEST_F(binary_round_trip, row_values_in_arrays_in_row_values) {
  auto const rows = several([&] {
    outer made{integer<std::int64_t>(), {}, {}, std::nullopt};
    for (std::uint64_t i = below(4); i > 0; --i) {
      std::optional<int> id;
      if (below(3) != 0) id = integer<std::int32_t>();
      int const lower = integer<std::int32_t>() / 4;
      made.many.push_back({id, below(2) == 0 ? "a \"b\", (c)" : "", {lower, lower + 5}});
    }
    for (std::uint64_t i = below(4); i > 0; --i)
      made.reals.push_back(below(3) == 0 ? std::nullopt : std::optional(static_cast<double>(integer<int>())));
    if (below(2) == 0) made.feeling = mood::glad;
    return std::vector<outer>(below(3), made);
  });
  std::vector<std::string> texts;
  for (auto const& each : rows) texts.push_back(*types::text_of(each));
  oid const type = test::value<std::uint32_t>(conn_, "SELECT 'outer_row[]'::regtype::oid");
  auto const forms = both_forms("outer_row[]", "array_send", texts);
  expect_same<std::vector<outer>>(type, forms);
  for (std::size_t i = 0; i < rows.size(); ++i)
    ASSERT_EQ(*from_binary<std::vector<outer>>::parse(forms[i].bytes, type), rows[i]) << texts[i];
  expect_same<mood>(test::value<std::uint32_t>(conn_, "SELECT 'mood'::regtype::oid"),
                    both_forms("mood", "enum_send", {"calm", "glad"}));
}

}  // namespace
}  // namespace tusk
