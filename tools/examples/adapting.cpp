// C++ types as arguments: three ways to say how a type is written, each for binding ($1) and merging (%s) alike.
//
//   adapting 'host=localhost dbname=test user=postgres'

#include <cstdio>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

// 1. A function that is registered when the program runs, and gives SQL (merged only) or another value.
struct point {
  double x, y;
};
template <>
struct tusk::adapter<point> : tusk::registered {};

// 2. An adapter that is known when compiling: the type's OID and its text.
struct circle {
  double x, y, radius;
};
template <>
struct tusk::adapter<circle> {
  static constexpr tusk::oid oid = tusk::oids::circle;
  static void text(circle const& c, tusk::text_writer& out) {
    out << "<(" << c.x << ',' << c.y << ")," << c.radius << '>';
  }
};

// 3. A line for what the database has too: an enum by its labels, a composite type by its members in order.
enum class color { red, green, blue };
template <>
struct tusk::adapter<color> : tusk::enum_adapter<"color", "red", "green", "blue"> {};

struct part {
  int id;
  std::string name;
  color paint;
};
template <>
struct tusk::adapter<part> : tusk::composite<"part"> {};

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "");
    conn.exec(
        "CREATE TYPE color AS ENUM ('red', 'green', 'blue'); CREATE TYPE part AS (id int, name text, paint "
        "color);"
        "CREATE TABLE shape (apoint point, acircle circle, apart part, sizes int[])");

    tusk::register_adapter<point>([](point const& p) {
      return tusk::as_is("'(" + tusk::adapt(p.x).getquoted() + ", " + tusk::adapt(p.y).getquoted() + ")'");
    });
    tusk::cursor cur = conn.cursor();
    cur.execute("INSERT INTO shape (apoint) VALUES (%s)", point{-1.23, 4.56});
    std::printf("%s\n", std::string(cur.query()).c_str());

    part const wheel{1, "wheel, \"front\"", color::green};
    conn.query("INSERT INTO shape (acircle, apart, sizes) VALUES ($1, $2, $3)", circle{0, 0, 2}, wheel,
               std::vector<int>{16, 17});
    std::printf("%s\n", conn.mogrify("SELECT %(part)s, %(sizes)s", tusk::named("part", wheel),
                                     tusk::named("sizes", std::vector<int>{16, 17}))
                            .c_str());

    auto const [read, sizes] = conn.query_one<std::tuple<part, std::vector<int>>>(
        "SELECT apart, sizes FROM shape WHERE (apart).paint = $1", color::green);
    std::printf("%d: %s, %zu sizes\n", read.id, read.name.c_str(), sizes.size());

    // A statement put together from parts: names are quoted as names, values as values.
    namespace sql = tusk::sql;
    auto const statement = sql::sql("SELECT count(*) FROM {} WHERE {} = ANY({})")
                               .format(sql::identifier("shape"), sql::identifier("sizes"),
                                       sql::literal(std::vector<std::vector<int>>{{16, 17}, {18, 19}}));
    std::printf("%s\n", statement.as_string().c_str());
    conn.rollback();
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
