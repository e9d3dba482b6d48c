// A cursor: runs statements whose arguments are merged into their text, and walks over the rows they gave.
//
//   cur.execute("SELECT id, name FROM item WHERE id > %s", 10);
//   for (auto [id, name] : cur.rows<int, std::string>()) ...
//
//   execute, executemany, execute_values, callproc ─► do_execute ─► the connection's engine ─► did_execute
//   fetchone, fetchmany, fetchall, iteration ─► do_fetch
//
// The three hooks are virtual: a subclass sees every statement, every end and every fetch. A cursor stays where it was
// made; it holds what it needs of its connection, so either may go first.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/connection.hpp>
#include <tusk/elements.hpp>
#include <tusk/fetched.hpp>
#include <tusk/mapping.hpp>
#include <tusk/outcome.hpp>
#include <tusk/result.hpp>
#include <tusk/results.hpp>
#include <tusk/types/merge.hpp>
#include <tusk/types/params.hpp>
#include <tusk/types/sql.hpp>
#include <tusk/within.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tusk {

namespace detail {
class gathering;
class statement_batch;

/// What execute_values<T...> gives: nothing without types.
template <class... T>
struct values_given {
  using type = std::vector<mapped<row_of<T...>>>;
};
template <>
struct values_given<> {
  using type = void;
};
}  // namespace detail

/// One column of a cursor's rows, as the DB-API describes it. Source: PEP 249, and the protocol's RowDescription.
struct described_column {
  std::string name;
  oid type_code = 0;
  std::optional<std::int32_t> display_size = {};  ///< always empty: the server does not tell
  std::int16_t internal_size = 0;                 ///< bytes of a value at the server; negative: of varying length
  std::optional<std::int32_t> precision = {};     ///< of a numeric that was declared with one: all its digits
  std::optional<std::int32_t> scale = {};         ///< ... and those behind the point
  std::optional<bool> null_ok = {};               ///< always empty: the server does not tell
  oid table_oid = 0;                              ///< of the table it comes from; 0: none
  std::int16_t table_column = 0;                  ///< its number there, from 1; 0: none
};

/// What `scroll` counts from.
enum class scroll_mode { relative, absolute };

/// How execute_values makes its pages.
struct values_options {
  std::size_t page_size = 100;         ///< rows of a statement, at most; it has fewer where they are long (1 MiB)
  std::string_view row_template = {};  ///< a row, with %s or %(name)s: "(%s, %s::int, now())"; empty: "(%s, %s, ...)"
};

/// How cursor::copy_from and copy_to write a table.
struct copied_table {
  std::string_view sep = "\t";            ///< between columns
  std::string_view null = "\\N";          ///< what stands for NULL
  std::vector<std::string> columns = {};  ///< none: all
};

/// See the top of this file.
///
/// Different threads may use different cursors of one blocking connection; one cursor belongs to one thread at a time.
/// On an asynchronous connection execute, executemany, execute_values and callproc only start: step with the
/// connection's poll() until it says ok; errors come out there.
class cursor {
 public:
  /// Throws interface_error if the connection is closed, operational_error if it is still connecting.
  explicit cursor(tusk::connection& conn);
  cursor(cursor const&) = delete;
  cursor& operator=(cursor const&) = delete;
  /// A statement under way goes on; its results are dropped.
  virtual ~cursor();

  // ---- statements ----

  /// Runs a statement, or several, with literals of the arguments in place of %s or %(name)s (see merge.hpp). Without
  /// arguments the text goes as it is. The last statement's rows are the current ones; results() has those of all.
  ///
  /// Throws what connection::exec throws; programming_error for placeholders that do not match the arguments, or if an
  /// asynchronous statement is under way.
  template <class... Args>
  void execute(std::string_view statement, Args const&... args) {
    run(statement, params::of(adapters(), args...));
  }
  template <class... Args>
  void execute(sql::composed const& statement, Args const&... args) {
    run(statement, params::of(adapters(), args...));
  }

  /// The same within a limit, see within.hpp; so do executemany, execute_values and callproc.
  template <class... Args>
  void execute(within const& limit, std::string_view statement, Args const&... args) {
    run(statement, params::of(adapters(), args...), &limit);
  }
  template <class... Args>
  void execute(within const& limit, sql::composed const& statement, Args const&... args) {
    run(statement, params::of(adapters(), args...), &limit);
  }

  /// Runs a statement once for each element of a range: params, a tuple or pair of arguments, an aggregate without an
  /// adapter (its members are the arguments), or the one argument. They
  /// travel without waiting for each other, up to the first error. In autocommit mode all of them are one transaction.
  /// rowcount() is the sum then; results() has those that gave rows, and the last. One command an element.
  template <std::ranges::input_range Sets>
  void executemany(std::string_view statement, Sets&& sets) {
    detail::elements_of<std::remove_reference_t<Sets>> elements(sets, adapters());
    run_many(statement, elements, nullptr);
  }
  template <std::ranges::input_range Sets>
  void executemany(within const& limit, std::string_view statement, Sets&& sets) {
    detail::elements_of<std::remove_reference_t<Sets>> elements(sets, adapters());
    run_many(statement, elements, &limit);
  }

  /// Runs a statement for many rows at once: the only %s in it (%% is a percent sign) becomes a list of rows, `(1,
  /// 'a'), (2, 'b')`, one for each element of a range, which may be all that executemany takes.
  ///
  ///     cur.execute_values("INSERT INTO item (id, name) VALUES %s", items);
  ///     auto ids = cur.execute_values<int>("INSERT INTO item (name) VALUES %s RETURNING id", names);
  ///
  /// With types it gives the rows that the statement gave, each as row::as of the type, or of a tuple of several, gives
  /// it; without, nothing. The rows are sent in pages, statements of options.page_size rows, which travel without
  /// waiting for each other, up to the first error; in autocommit mode all of them are one transaction. rowcount() is
  /// the sum then, and the rows to fetch are those of all pages; results() has a result for each page. No element:
  /// nothing is sent.
  ///
  /// Throws what executemany throws; programming_error for another number of %s; with types if the statement has run
  /// but gives no rows, or at once on an asynchronous connection: start it without, and fetch when poll() says ok.
  template <class... T, std::ranges::input_range Rows>
  typename detail::values_given<T...>::type execute_values(std::string_view statement, Rows&& rows,
                                                           values_options const& options = {}) {
    return values_of<T...>(statement, rows, options, nullptr);
  }
  template <class... T, std::ranges::input_range Rows>
  typename detail::values_given<T...>::type execute_values(within const& limit, std::string_view statement, Rows&& rows,
                                                           values_options const& options = {}) {
    return values_of<T...>(statement, rows, options, &limit);
  }

  /// Calls a function: "SELECT * FROM name(...)". The name is one identifier, as it is stored;
  /// sql::identifier("schema", "name") says more. Arguments given by name (tusk::named) are passed by name.
  template <class... Args>
  void callproc(std::string_view name, Args const&... args) {
    call(sql::identifier(name), params::of(adapters(), args...));
  }
  template <class... Args>
  void callproc(sql::composed const& name, Args const&... args) {
    call(name, params::of(adapters(), args...));
  }
  template <class... Args>
  void callproc(within const& limit, std::string_view name, Args const&... args) {
    call(sql::identifier(name), params::of(adapters(), args...), &limit);
  }
  template <class... Args>
  void callproc(within const& limit, sql::composed const& name, Args const&... args) {
    call(name, params::of(adapters(), args...), &limit);
  }

  /// COPY FROM STDIN out of a stream, and COPY TO STDOUT into one, as psycopg has them; rowcount() is how many rows
  /// went. Of a std::iostream the statement says which. For blocking connections. Throws as connection::copy_in,
  /// copy_out.
  void copy_expert(std::string_view statement, std::istream& from, copy_options const& how = {});
  void copy_expert(std::string_view statement, std::ostream& to, copy_options const& how = {});
  void copy_expert(std::string_view statement, std::iostream& file, copy_options const& how = {});
  /// The same of a table, in the text format. Its name is one identifier, as it is stored.
  void copy_from(std::istream& from, std::string_view table, copied_table const& how = {});
  void copy_to(std::ostream& to, std::string_view table, copied_table const& how = {});

  /// What execute would send: see connection::mogrify.
  template <class... Args>
  std::string mogrify(std::string_view statement, Args const&... args) const {
    return merge(statement, params::of(adapters(), args...));
  }
  template <class... Args>
  std::string mogrify(sql::composed const& statement, Args const&... args) const {
    return merge(statement, params::of(adapters(), args...));
  }

  // ---- rows; these throw programming_error "no results to fetch" if the last statement gave none ----

  /// The next row; empty at the end. It owns its bytes.
  fetched_row fetchone() { return fetched_row(fetch(1)); }
  /// The next row as row::as<T> gives it; nothing at the end.
  template <class T>
  std::optional<detail::mapped<T>> fetchone() {
    detail::require_owning<T>();
    row_block const next = fetch(1);
    if (next.empty()) return {};
    return next[0].template as<T>();
  }
  /// The next rows, up to `count`.
  std::vector<owned_row> fetchmany(std::size_t count);
  std::vector<owned_row> fetchmany() { return fetchmany(arraysize); }
  template <class T>
  std::vector<detail::mapped<T>> fetchmany(std::size_t count) {
    detail::require_owning<T>();
    auto made = fetch(count).template as<T>();
    while (made.size() < count && may_give_more()) {
      auto more = fetch(count - made.size()).template as<T>();
      if (more.empty()) break;
      std::move(more.begin(), more.end(), std::back_inserter(made));
    }
    return made;
  }
  /// The rows that are left.
  std::vector<owned_row> fetchall() { return fetchmany(all_rows); }
  template <class T>
  std::vector<detail::mapped<T>> fetchall() {
    return fetchmany<T>(all_rows);
  }

  /// The rows that are left, as tuples of these types or as values of the one type, fetched as they are walked. A view
  /// in one is valid until the next step.
  template <class T, class... More>
  auto rows() {
    if constexpr (sizeof...(More) == 0)
      return fetched_rows<cursor, T>(*this);
    else
      return fetched_rows<cursor, std::tuple<T, More...>>(*this);
  }
  /// The rows that are left; `for (auto const& row : cur)`.
  fetched_rows<cursor, owned_row>::iterator begin() { return rows<owned_row>().begin(); }
  std::default_sentinel_t end() const noexcept { return {}; }

  /// The next rows, up to `count`, as they are. All other ways to fetch are built on it.
  row_block fetch(std::size_t count) { return do_fetch(count); }
  /// The next row, of a walk over those that are left: a server_cursor then fetches more than it gives.
  row_block fetch_in_walk();

  /// Moves among the rows; the next fetch gives the row it went to. Throws programming_error if there is no such row
  /// (behind the last one is a place to be), and stays.
  virtual void scroll(std::int64_t value, scroll_mode mode = scroll_mode::relative);

  /// How many rows fetchmany() gives.
  std::size_t arraysize = 1;

  // ---- about the last statement ----

  /// Number of the next row, from 0; empty if there are no rows to fetch.
  std::optional<std::size_t> rownumber() const noexcept;
  /// Rows it gave or touched; -1 where the server does not count, or before the first statement.
  std::int64_t rowcount() const noexcept;
  /// Its columns; empty if it gave no rows.
  std::vector<described_column> description() const;
  /// The server's command tag, such as "INSERT 0 5"; valid until the next statement.
  std::string_view statusmessage() const noexcept;
  /// What was sent last, arguments and all; valid until the next statement.
  std::string_view query() const noexcept { return query_; }
  /// The results of all statements that were sent together, in order. Throws programming_error while an asynchronous
  /// statement is under way.
  tusk::results const& results() const;

  // ---- about the cursor ----

  /// The connection. Throws interface_error if it is gone.
  tusk::connection& connection() const;
  /// Whether close() was called, or the connection is closed.
  bool closed() const noexcept;
  /// Drops the rows; everything that runs or fetches is an interface_error from then on.
  virtual void close() noexcept;

 protected:
  static constexpr std::size_t all_rows = static_cast<std::size_t>(-1);

  /// Sends a statement, and waits for its end on a blocking connection. Every statement passes here; in executemany
  /// once for each set of arguments, before the first is sent. The arguments are those given, not merged yet; those of
  /// execute_values, whose pages pass here, stand in the statement.
  virtual void do_execute(std::string_view statement, params const& args);
  /// Told of every end, also one that comes later in poll(), before the error comes out or execute returns. An error
  /// that it throws comes out instead. Does nothing here.
  virtual void did_execute(outcome const& ended);
  /// Takes the next rows, up to `count`. Every fetch passes here, that of one row in iteration too.
  virtual row_block do_fetch(std::size_t count);

 private:
  friend class server_cursor;
  friend void register_type(typecaster const& caster, cursor& cur);

  template <class... T, class Rows>
  typename detail::values_given<T...>::type values_of(std::string_view statement, Rows& rows,
                                                      values_options const& options, within const* limit) {
    if constexpr (sizeof...(T) != 0) require_blocking();
    detail::elements_of<Rows> elements(rows, adapters());
    run_values(statement, elements, options, limit);
    if constexpr (sizeof...(T) != 0) {
      if (!has_values()) return {};
      return fetchall<detail::row_of<T...>>();
    }
  }
  adapter_registry const* adapters() const noexcept;
  void run(std::string_view statement, params const& args, within const* limit = nullptr);
  void run(sql::composed const& statement, params const& args, within const* limit = nullptr) {
    run(args.empty() ? statement.as_string() : sql::as_template(statement), args, limit);
  }
  void run_many(std::string_view statement, detail::element_source& elements, within const* limit);
  void run_values(std::string_view statement, detail::element_source& rows, values_options const& options,
                  within const* limit);
  template <class Gather>
  void run_batch(detail::gathering& into, std::string_view statement, bool paged, within const* limit,
                 Gather const& gather);
  void gather(detail::gathering& into, std::string_view statement, params const& args);
  void require_blocking() const;
  bool has_values() const;
  void call(sql::composed const& name, params const& args, within const* limit = nullptr);
  void require_startable() const;
  void clear() noexcept;
  void ended(std::exception_ptr error);
  void take_from(detail::sql_operation& of);
  void batch_ended(std::size_t completed, std::uint64_t rows, std::exception_ptr error);
  result const& current() const;
  bool has_next_page() const noexcept { return is_paged_ && page_ + 1 < results_.size(); }
  bool may_give_more() const noexcept { return goes_on_ || has_next_page(); }
  std::size_t row_number() const noexcept { return rows_before_ + position_; }
  void require_open() const;

  std::shared_ptr<detail::connection_state> state_;
  tusk::results results_;
  std::size_t position_ = 0;             // of the next row
  bool is_paged_ = false;                // the rows of all results follow each other: execute_values
  std::size_t page_ = 0;                 // the result that the next row is of, then
  std::size_t rows_before_ = 0;          // in the results before that
  bool goes_on_ = false;                 // do_fetch may give more, though it gave less than it was asked for
  bool walks_ = false;                   // it is asked by fetch_in_walk
  std::optional<std::int64_t> counted_;  // by executemany and execute_values
  std::string query_;
  detail::gathering* gathering_ = nullptr;                // where do_execute puts statements instead of sending them
  std::shared_ptr<detail::statement_batch const> batch_;  // what was sent so, until it has ended
  std::shared_ptr<types::caster_map const> casters_;
  within const* limit_ = nullptr;  // of the statement that do_execute is to send
  bool closed_ = false;
  std::chrono::steady_clock::time_point since_;
};

/// Registers a typecaster for the results of one cursor's next statements; it comes before those of the connection.
void register_type(typecaster const& caster, cursor& cur);

}  // namespace tusk
