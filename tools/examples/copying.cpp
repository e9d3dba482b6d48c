// COPY: many rows into a table and out of it, as values, as lines, and from and to files.
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

struct item {
  int id;
  std::optional<std::string> name;
};

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "", {.autocommit = true});
    conn.exec("CREATE TEMPORARY TABLE item (id int, name text)");

    // A range of tuples, aggregates or params. The statement says how it travels: text, CSV or binary.
    std::vector<item> const items{{1, "it's"}, {2, std::nullopt}, {3, "a\ttab"}};
    std::printf("%llu rows\n", static_cast<unsigned long long>(conn.copy_in("COPY item FROM STDIN", items)));

    // Row by row. Left without finish(), as by an exception, nothing of it stands.
    tusk::copy_in in = conn.copy_in("COPY item (id, name) FROM STDIN (FORMAT binary)");
    for (int id = 4; id <= 1000; ++id) in.row(id, "item " + std::to_string(id));
    in.finish();

    for (std::string_view line : conn.copy_out("COPY (SELECT * FROM item WHERE id < 4) TO STDOUT"))
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    long sum = 0;
    for (auto [id, name] : conn.copy_out("COPY item TO STDOUT (FORMAT binary)").rows<int, std::optional<std::string>>())
      sum += id + (name ? 1 : 0);
    std::printf("sum %ld\n", sum);

    // Streams, as of files, and how far it is.
    std::stringstream file;
    conn.copy_out("COPY item TO STDOUT (FORMAT csv)", static_cast<std::ostream&>(file));
    auto const show = [](tusk::copy_progress const& now) {
      std::printf("%llu of %llu bytes\n", static_cast<unsigned long long>(now.bytes),
                  static_cast<unsigned long long>(now.total.value_or(0)));
    };
    conn.copy_in("COPY item FROM STDIN (FORMAT csv)", static_cast<std::istream&>(file), {.progress = show});

    // An error names the line.
    try {
      conn.copy_in("COPY item FROM STDIN", std::vector<std::tuple<std::string, int>>{{"1", 1}, {"two", 2}});
    } catch (tusk::data_error const& e) {
      std::printf("%s\n", e.where().c_str());  // COPY item, line 2, column id: "two"
    }
    return 0;
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
