// SQL types as C++ types: a typecaster that is registered when the program runs, values whose type is known only then,
// and the types that were made in the database.
//
//   casting 'host=localhost dbname=test user=postgres'

#include <charconv>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string_view>
#include <tusk/tusk.hpp>

struct point {
  double x, y;
  friend bool operator==(point const&, point const&) = default;
  friend std::ostream& operator<<(std::ostream& out, point const& p) { return out << p.x << " by " << p.y; }
};

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "");

    auto const cast_point = [](std::optional<std::string_view> text,
                               tusk::cast_context const& context) -> std::optional<point> {
      if (!text) return std::nullopt;
      point p{};  // (10.2,20.3)
      char const* const end = text->data() + text->size();
      auto const x = std::from_chars(text->data() + 1, end, p.x);
      auto const y = x.ptr < end ? std::from_chars(x.ptr + 1, end, p.y) : x;
      if (x.ec != std::errc() || y.ec != std::errc() || y.ptr + 1 != end)
        throw tusk::data_error("column " + std::string(context.column) + " holds no point");
      return p;
    };

    tusk::cursor cur = conn.cursor();
    cur.execute("SELECT NULL::point");
    tusk::oid const point_oid = cur.description()[0].type_code;  // 600
    auto const POINT = tusk::new_type<point>({point_oid}, "POINT", cast_point);
    tusk::register_type(POINT);  // everywhere; or (POINT, conn), (POINT, cur)

    cur.execute("SELECT '(10.2,20.3)'::point AS place, NULL::point AS nowhere, 42 AS answer");
    auto const row = cur.fetchone();
    point const p = row->get<point>("place");
    std::cout << p << '\n';
    tusk::value const v = row->at("place");  // holds a point, because 600 is registered
    std::cout << v << ", " << row->at("nowhere") << ", " << row->at("answer") << '\n';
    if (v.get<point>() != p || !row->at("nowhere").is_null() || row->at("answer") != tusk::value(42)) return 1;

    conn.exec("CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100)");
    conn.load_types();  // enums, domains, composite types: one query, when asked for
    auto const shares = conn.query_value<std::vector<int>>("SELECT ARRAY[30, 70]::percent[]");
    std::cout << shares.size() << " shares, OID of the domain " << (conn.type_oid("percent") != 0 ? "known" : "unknown")
              << '\n';
    conn.rollback();
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
