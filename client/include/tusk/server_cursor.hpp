// A cursor at the server: the rows of a statement stay there, and are fetched as they are wanted.
//
//   auto big = conn.cursor({.name = "big"});
//   big.execute("SELECT id, name FROM huge WHERE id > %s", 5);
//   for (auto [id, name] : big.rows<int, std::string>()) ...          // itersize rows a round trip
//
//   execute ─► do_execute ─► DECLARE "big" CURSOR FOR SELECT ...
//   fetchone, fetchmany, fetchall, a walk ─► do_fetch ─► FETCH FORWARD n FROM "big", if those that were fetched are
//   used up
//
// It is a tusk::cursor in all other ways, with the same hooks. A stream (stream.hpp) reads a large result with fewer
// round trips, but holds its connection until it ends; beside a server cursor other statements may run, it can go back,
// and UPDATE ... WHERE CURRENT OF "big" changes the row that was fetched last (by fetchone(): a walk reads ahead).
//
// Source: PostgreSQL's documentation, DECLARE, FETCH, MOVE and CLOSE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tusk/cursor.hpp>

namespace tusk {

/// What kind of cursor is declared.
struct server_cursor_options {
  std::string name = {};                ///< as it is: it is quoted; at most 63 bytes
  std::optional<bool> scrollable = {};  ///< whether it can go back; nothing: if its plan can do that at no cost
  bool withhold = false;                ///< it outlives its transaction; the server keeps a copy of its rows then
};

/// See the top of this file. Thread rule and what is thrown: as cursor, and where something else is said.
///
/// Without `withhold` it lives as long as its transaction. Where statements commit by themselves, as on every
/// asynchronous connection, it needs a transaction that was begun by hand, or execute is a programming_error; so is a
/// fetch when the transaction has ended; in another transaction the server says so, an operational_error (34000).
class server_cursor : public cursor {
 public:
  /// Sends nothing. Throws what cursor's constructor throws; programming_error for a name that is empty, too long, or
  /// has a NUL byte.
  server_cursor(tusk::connection& conn, server_cursor_options options);
  /// As close().
  ~server_cursor() override;

  /// How many rows a walk (rows(), `for (auto const& row : cur)`) fetches at a time; 0 counts as 1.
  std::size_t itersize = 2000;

  std::string const& name() const noexcept { return options_.name; }
  bool withhold() const noexcept { return options_.withhold; }

  /// Moves among the rows, as cursor::scroll; over those that were fetched without a round trip. If there is no such
  /// row it throws programming_error, and is at its end then. Back is an error of the server's (55000), which fails the
  /// transaction, where it is not scrollable, but for rows that were fetched. A step is at most 2^31 - 1 rows. On an
  /// asynchronous connection use start_scroll().
  void scroll(std::int64_t value, scroll_mode mode = scroll_mode::relative) override;

  using cursor::fetch;
  /// The same within a limit; see within.hpp.
  row_block fetch(within const& limit, std::size_t count);

  /// For asynchronous connections, whose fetches give what has come, and nothing at its end: start to get the next
  /// rows, or to move. When poll() says ok they can be fetched; none: there are no more.
  ///
  ///     big.start_fetch(2000);   ... poll() until ok ...   for (auto const& row : big.fetchall()) ...
  ///
  /// Rows that were not fetched before are dropped, and counted as fetched. Throws what execute throws.
  void start_fetch(std::size_t count);
  void start_fetch(within const& limit, std::size_t count);
  void start_scroll(std::int64_t value, scroll_mode mode = scroll_mode::relative);

  /// Drops the rows, at the server too, for which it waits at most connect_options::guard_limit; an error is swallowed.
  /// In a failed transaction, and while something is under way, nothing is sent: with `withhold` the server keeps it
  /// until the session ends. On an asynchronous connection nothing is sent either: `CLOSE "big"` does it.
  void close() noexcept override;

  /// These run a statement more than once.
  template <class... Args>
  void executemany(Args const&...) = delete;
  template <class... T, class... Args>
  void execute_values(Args const&...) = delete;

 protected:
  /// Sends DECLARE, and what tells the columns. Executing again closes the cursor that is there; on an asynchronous
  /// connection, where that cannot be known, it is a programming_error.
  void do_execute(std::string_view statement, params const& args) override;
  row_block do_fetch(std::size_t count) override;

 private:
  struct move;
  bool is_at_server(within const* limit);
  void require_transaction() const;
  void require_asynchronous(char const* instead) const;
  std::size_t end_of_fetched() const { return rows_before_ + current().size(); }
  std::string fetch_text(std::size_t count) const;
  void fetch_more(std::size_t count);
  void start(std::string const& statement, within const* limit, std::function<void(tusk::results&&)> take);
  void start_fetch_of(within const* limit, std::size_t count);
  void take_fetched(tusk::results&& rows, std::size_t before);
  std::optional<move> move_to(std::int64_t value, scroll_mode mode);
  void take_moved(tusk::results const& told, move const& how);

  server_cursor_options options_;
  std::string quoted_;
  bool declared_ = false;            // by execute, and not closed since; it may have gone with its transaction
  std::optional<result> described_;  // no rows, but their columns
};

}  // namespace tusk
