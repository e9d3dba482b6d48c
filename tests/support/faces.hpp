// The ways in which an operation is waited for, one list of them, so that one test can go through all.
//
//   for (face const& by : all_faces()) {
//     auto const on = open(by, dsn(way::tcp));
//     EXPECT_EQ(on->value<int>("SELECT $1::int", 7), 7);
//   }
//
// blocking, a wait callback, poll(), and where Asio is found its handlers and its coroutines. What one of them gives or
// throws all of them do. They are in faces.cpp, which is compiled once for all programs: Asio takes long.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/stepping.hpp"

namespace tusk::test {

/// One connection, and how its operations are waited for. All throw as the blocking one does; `limit`: null for none.
class player {
 public:
  player() = default;
  player(player const&) = delete;
  player& operator=(player const&) = delete;
  virtual ~player() = default;

  /// Connects; statements commit by themselves. The wait callback of the options is that of the face which has one.
  /// `meanwhile` is called once while it connects, where somebody has the
  /// connection then: by every face but the blocking one.
  virtual void open(std::string const& dsn, connect_options options = {}, std::function<void()> meanwhile = {}) = 0;
  virtual connection& conn() = 0;
  virtual bool closed() { return conn().closed(); }
  /// Whether the connection's own calls wait; else they start, and wait() has to follow.
  virtual bool blocks() const { return false; }

  virtual results exec_within(within const* limit, std::string const& script) = 0;
  virtual result query_within(within const* limit, std::string const& sql, params const& args) = 0;
  virtual void execute_within(within const* limit, cursor& on, std::string const& sql, params const& args) = 0;
  /// Runs a statement as a stream, and gives each row to `each` when it comes, until that says false: then the stream
  /// is left, and its end waited for.
  virtual void stream_by(std::uint32_t fetch_size, std::string const& sql,
                         std::function<bool(row const&)> const& each) = 0;
  /// Runs a COPY FROM STDIN of rows (int, text), for each of which `next` says the number, up to a negative one: then
  /// it is finished; or left, after -2. Gives how many rows the server has taken.
  virtual std::uint64_t copy_in_within(within const* limit, std::string const& sql,
                                       std::function<int()> const& next) = 0;
  /// Runs a COPY TO STDOUT, and gives each row's bytes to `each` when it comes, until that says false: then it is left.
  virtual void copy_out_within(within const* limit, std::string const& sql,
                               std::function<bool(std::string_view)> const& each) = 0;
  /// Waits for what was started on conn(), or on one of its cursors.
  virtual void wait() = 0;
  /// Begins an operation and returns; inside of a handler, too. `done` is given what it throws, or null; it may be
  /// called before this returns.
  virtual void begin(std::string const& script, std::function<void(std::exception_ptr)> done) = 0;
  /// Runs a script that takes a while, and calls `meanwhile` when it is under way: on whatever thread may do so then.
  virtual results exec_while(std::string const& script, std::function<void()> meanwhile) = 0;
  /// Has what is under way cancelled, and does not wait for its end.
  virtual void cancel() = 0;
  /// Moves the connection to another object and leaves the one that was moved from; and back.
  virtual void move_away() = 0;
  virtual void move_back() = 0;

  results exec(std::string const& script) { return exec_within(nullptr, script); }
  results exec(within const& limit, std::string const& script) { return exec_within(&limit, script); }
  void stream(std::string const& sql, std::function<bool(row const&)> const& each) { stream_by(0, sql, each); }
  template <class... Args>
  result query(std::string const& sql, Args const&... args) {
    return query_within(nullptr, sql, params::of(nullptr, args...));
  }
  template <class... Args>
  result query(within const& limit, std::string const& sql, Args const&... args) {
    return query_within(&limit, sql, params::of(nullptr, args...));
  }
  std::uint64_t copy_in(std::string const& sql, std::function<int()> const& next) {
    return copy_in_within(nullptr, sql, next);
  }
  void copy_out(std::string const& sql, std::function<bool(std::string_view)> const& each) {
    copy_out_within(nullptr, sql, each);
  }
  /// The first field of the only row.
  template <class T, class... Args>
  T value(std::string const& sql, Args const&... args) {
    return query(sql, args...)[0].template get<T>(0);
  }
};

inline copy_options copied_within(within const* limit) {
  copy_options how;
  if (limit != nullptr) how.limit = *limit;
  return how;
}
/// The text of such a row.
inline constexpr char copied_text[] = "some text that takes its place";
/// The rows of a chunk, up to the first for which `each` says false; whether there was none.
inline bool each_row(copy_chunk const& chunk, std::function<bool(std::string_view)> const& each) {
  for (std::size_t i = 0; i < chunk.size(); ++i)
    if (!each(chunk[i])) return false;
  return true;
}

struct face {
  char const* name;
  std::unique_ptr<player> (*make)();
  friend bool operator==(face const& a, face const& b) { return a.make == b.make; }
};
/// Every face there is.
std::vector<face> const& all_faces();
face const& face_named(std::string_view name);

inline std::string name(face const& of) { return of.name; }
inline void PrintTo(face const& of, std::ostream* out) { *out << of.name; }

/// An open connection whose operations are waited for like that.
inline std::unique_ptr<player> open(face const& by, std::string const& dsn, connect_options options = {}) {
  auto made = by.make();
  made->open(dsn, std::move(options));
  return made;
}

}  // namespace tusk::test
