// DECLARE, FETCH, MOVE and CLOSE: a cursor at the server is these statements, and the rows that have been fetched.
#include <tusk/server_cursor.hpp>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "calls.hpp"
#include "server_name.hpp"
#include "session_status.hpp"

namespace tusk {
namespace {

/// The server's grammar takes no larger count. Source: FETCH in gram.y, SignedIconst.
constexpr auto max_step = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());

}  // namespace

/// From where the cursor at the server stands to where this one is to be.
struct server_cursor::move {
  std::string statement;
  std::size_t from = 0, to = 0;
};

server_cursor::server_cursor(tusk::connection& conn, server_cursor_options options)
    : cursor(conn), options_(std::move(options)) {
  detail::require_server_name("a cursor", options_.name);
  quoted_ = sql::identifier(options_.name).as_string();
}

server_cursor::~server_cursor() { server_cursor::close(); }

server_cursor connection::cursor(server_cursor_options const& options) { return {*this, options}; }

// ---- its life ----

/// One that is not held goes with its transaction, and nobody tells: the catalogue knows.
bool server_cursor::is_at_server(within const* limit) {
  if (!declared_ || (!options_.withhold && detail::is_idle(*state_))) return false;
  constexpr std::string_view named =
      "SELECT 1 FROM pg_catalog.pg_cursors WHERE name OPERATOR(pg_catalog.=) $1::pg_catalog.text";
  return !detail::query(*state_, named, params::of(adapters(), options_.name), limit).empty();
}

/// A statement about it can work.
void server_cursor::require_transaction() const {
  if (options_.withhold || !detail::is_idle(*state_)) return;
  throw programming_error("the transaction of cursor " + quoted_ +
                          " has ended, and its rows with it: execute it again, or declare it with withhold");
}

void server_cursor::require_asynchronous(char const* instead) const {
  if (!state_->options.async)
    throw programming_error(std::string("this is for asynchronous connections; on a blocking one use ") + instead);
}

void server_cursor::do_execute(std::string_view statement, params const& args) {
  if (gathering_ != nullptr)
    throw programming_error("executemany and execute_values run a statement more than once, and cursor " + quoted_ +
                            " is at the server");
  if (declared_ && state_->options.async)
    throw programming_error("cursor " + quoted_ +
                            " has been executed already; close it at the server, and make another");
  if (!options_.withhold && !detail::will_be_in_transaction(*state_))
    throw programming_error("cursor " + quoted_ +
                            " lives in a transaction, and statements commit by themselves here: " +
                            "begin one, or declare it with withhold");
  std::string text = is_at_server(limit_) ? "CLOSE " + quoted_ + "; " : "";
  declared_ = false;
  text += "DECLARE " + quoted_;
  if (options_.scrollable) text += *options_.scrollable ? " SCROLL" : " NO SCROLL";
  text += options_.withhold ? " CURSOR WITH HOLD FOR " : " CURSOR FOR ";
  text += args.empty() ? std::string(statement) : merge(statement, args);
  text += "\n; FETCH FORWARD 0 FROM " + quoted_;  // gives the columns; the statement may end in a comment
  cursor::do_execute(text, params::none());
  declared_ = true;
  described_.reset();
}

void server_cursor::close() noexcept {
  if (declared_ && !closed() && !state_->options.async) {
    declared_ = false;
    try {
      within const limit(state_->options.guard_limit);
      declared_ = detail::is_quiet(*state_);
      if (options_.withhold && detail::is_idle(*state_) ? declared_ : declared_ && is_at_server(&limit))
        detail::run_now(*state_, "close", "CLOSE " + quoted_, &limit);
    } catch (...) {
      // Nothing can be done: the session, or the transaction, ends it.
    }
  }
  declared_ = false;
  cursor::close();
}

// ---- fetching ----

std::string server_cursor::fetch_text(std::size_t count) const {
  return "FETCH FORWARD " + (count > max_step ? "ALL" : std::to_string(count)) + " FROM " + quoted_;
}

void server_cursor::take_fetched(tusk::results&& rows, std::size_t before) {
  if (!described_) described_ = results_.back();
  results_ = std::move(rows);
  rows_before_ = before;
  position_ = 0;
}

void server_cursor::fetch_more(std::size_t count) {
  require_transaction();
  std::vector<result> fetched;
  detail::exec(*state_, fetch_text(count), casters_, fetched, limit_);
  take_fetched(std::move(fetched), end_of_fetched());
}

row_block server_cursor::do_fetch(std::size_t count) {
  bool const was_here = position_ != current().size();
  if (!was_here && count != 0 && !state_->options.async) fetch_more(walks_ ? std::max(count, itersize) : count);
  row_block given = cursor::do_fetch(count);
  goes_on_ = was_here && given.size() < count && !state_->options.async;
  return given;
}

row_block server_cursor::fetch(within const& limit, std::size_t count) {
  struct limited {
    server_cursor& by;
    ~limited() { by.limit_ = nullptr; }
  } const during{*this};
  limit_ = &limit;
  return cursor::fetch(count);
}

// ---- moving ----

/// Nothing: it is there already.
std::optional<server_cursor::move> server_cursor::move_to(std::int64_t value, scroll_mode mode) {
  std::size_t const end = end_of_fetched();
  auto const from = static_cast<std::int64_t>(mode == scroll_mode::relative ? row_number() : 0);
  if (value < -from)
    throw programming_error("scroll destination out of bounds: it is before the first row; the next row is number " +
                            std::to_string(row_number()));
  std::size_t const to = static_cast<std::size_t>(from) + static_cast<std::size_t>(value);
  if (to >= rows_before_ && to <= end) {
    position_ = to - rows_before_;
    return {};
  }
  require_transaction();
  std::size_t const step = to > end ? to - end : to;
  if (step > max_step) throw programming_error("a cursor at the server moves by at most 2147483647 rows at a time");
  // From behind the last row a step back is another one, so what is before is gone to by its number.
  return move{(to > end ? "MOVE FORWARD " : "MOVE ABSOLUTE ") + std::to_string(step) + " FROM " + quoted_, end, to};
}

void server_cursor::take_moved(tusk::results const& told, move const& how) {
  std::size_t const moved = detail::counted_rows(told.back().command_tag()).value_or(0);
  bool const forward = how.to > how.from;
  if (!described_) described_ = results_.back();
  results_ = tusk::results(result(*described_));
  position_ = 0;
  rows_before_ = forward ? how.from + moved : how.to;
  if (rows_before_ != how.to)
    throw programming_error("scroll destination out of bounds: there are " + std::to_string(rows_before_) + " row(s)");
}

void server_cursor::scroll(std::int64_t value, scroll_mode mode) {
  state_->require.blocking("scroll");
  auto const how = move_to(value, mode);
  if (!how) return;
  std::vector<result> told;
  detail::exec(*state_, how->statement, casters_, told, nullptr);
  take_moved(std::move(told), *how);
}

// ---- on asynchronous connections ----

void server_cursor::start(std::string const& statement, within const* limit,
                          std::function<void(tusk::results&&)> take) {
  require_startable();
  state_->on_end.add(this, detail::start_exec(*state_, statement, casters_, limit).what(),
                     [this, take = std::move(take)](detail::sql_operation& of) {
                       if (!of.error()) take(detail::take_results(*state_, of));
                     });
}

void server_cursor::start_fetch_of(within const* limit, std::size_t count) {
  require_asynchronous("fetch()");
  std::size_t const before = end_of_fetched();
  require_transaction();
  start(fetch_text(count), limit, [this, before](tusk::results&& rows) { take_fetched(std::move(rows), before); });
}
void server_cursor::start_fetch(std::size_t count) { start_fetch_of(nullptr, count); }
void server_cursor::start_fetch(within const& limit, std::size_t count) { start_fetch_of(&limit, count); }

void server_cursor::start_scroll(std::int64_t value, scroll_mode mode) {
  require_asynchronous("scroll()");
  if (auto how = move_to(value, mode))
    start(how->statement, nullptr, [this, how = *how](tusk::results&& told) { take_moved(told, how); });
}

}  // namespace tusk
