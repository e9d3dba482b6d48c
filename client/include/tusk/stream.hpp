// The rows of a statement while it runs, in constant memory.
//
//   for (auto const& row : conn.stream("SELECT * FROM huge WHERE id > $1", 5)) use(row.get<int>("id"));
//   for (auto [id, name] : conn.stream<int, std::string>("SELECT id, name FROM huge")) ...
//   while (auto chunk = rows.next_chunk()) ...    // on an asynchronous connection: poll(), then take_chunk()
//
// Rows come in chunks, each a result; while one waits to be read the server waits.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <tusk/fwd.hpp>
#include <tusk/mapping.hpp>
#include <tusk/result.hpp>
#include <tusk/within.hpp>
#include <utility>

namespace tusk {

/// What becomes of the statement of a stream that is left before its end.
enum class on_leave : std::uint8_t {
  /// Outside of a transaction, and in one that the stream itself has begun: cancel, and roll that one back; so a
  /// streamed INSERT .. RETURNING that is left early does not stand. In another transaction: drain, and cancel only if
  /// that takes longer than connect_options::guard_limit.
  automatic,
  cancel,  ///< at the server; inside a transaction that has then failed
  drain,   ///< its rows are received and dropped; with a fetch_size those that were asked for
};

/// How a statement is streamed.
struct stream_options {
  tusk::on_leave on_leave = tusk::on_leave::automatic;
  /// Of the whole life of the stream: the time that is spent between rows counts.
  std::optional<within> limit = {};
  /// How many rows the server is asked for at a time; it makes the next ones when these were taken, and no more when
  /// the stream is left. 0: all, of which it makes as many as fit between it and whoever reads. Each portion is a round
  /// trip, so this is for rows that cost the server much, or that are to be seen as late as possible.
  std::uint32_t fetch_size = 0;
};

namespace detail {

class connection_state;
class stream_run;

/// A stream whatever its rows are made into.
class row_stream {
 public:
  row_stream(std::shared_ptr<connection_state> on, std::shared_ptr<stream_run> what, on_leave then) noexcept;
  row_stream(row_stream&& other) noexcept;
  row_stream& operator=(row_stream&& other) noexcept;
  ~row_stream();

  std::optional<result> next_chunk();
  std::optional<result> take_chunk();
  bool ended() const;
  /// Has the statement cancelled.
  void cancel();
  /// Gives back the chunk before.
  void recycle(result&& chunk) noexcept;

 private:
  connection_state& state() const;
  void leave() noexcept;
  void end_early();

  std::shared_ptr<connection_state> state_;
  std::shared_ptr<stream_run> what_;
  on_leave then_;
};

template <class... T>
struct streamed {
  using rows = mapped_rows<row_of<T...>>;
  static rows of(result const& chunk) { return chunk.rows<T...>(); }
};
template <>
struct streamed<> {
  using rows = result;
  static rows const& of(result const& chunk) noexcept { return chunk; }
};

}  // namespace detail

/// See the top of this file. `T...`: as in result::rows; none: each row as a tusk::row. It moves, but not while it is
/// walked; one thread at a time.
///
/// A row, and every view into it, lives until the next step. While a stream is open nothing else begins on its
/// connection: that is a programming_error. It is open until its last row has come, or it is destroyed. It can be
/// walked once. Walking throws what the statement fails with, behind the rows that came before that.
///
/// One that is left early ends its statement, see on_leave. The destructor waits for that at most as long as
/// connect_options::guard_limit says, then closes the connection; on an asynchronous connection poll() goes on with it.
template <class... T>
class stream {
  using made = detail::streamed<T...>;
  using rows_type = typename made::rows;
  using row_iterator = decltype(std::declval<rows_type const&>().begin());

 public:
  /// For the connection's functions.
  explicit stream(detail::row_stream&& from) noexcept : from_(std::move(from)) {}

  /// Rows that have come, or the first that do; empty at the end. They stay as long as the result. For a blocking
  /// connection; on an asynchronous one this is a programming_error.
  std::optional<result> next_chunk() { return from_.next_chunk(); }
  /// The same without waiting: empty also if none is there. To be called when poll() has said ok, until it is empty,
  /// and so on until ended(): behind the last chunk it throws what the statement has failed with.
  std::optional<result> take_chunk() { return from_.take_chunk(); }
  /// For faces that walk by themselves.
  detail::row_stream take_source() && noexcept { return std::move(from_); }
  /// Whether all chunks were taken, and an error thrown. Throws programming_error if it was moved from.
  bool ended() const { return from_.ended(); }

  class iterator {
   public:
    using value_type = std::remove_cvref_t<decltype(*std::declval<row_iterator const&>())>;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    explicit iterator(stream* of) noexcept : of_(of) {}
    decltype(auto) operator*() const { return *of_->at_; }
    iterator& operator++() {
      if (++of_->at_ == of_->end_) [[unlikely]]
        of_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return !of_->rows_; }

   private:
    stream* of_ = nullptr;
  };
  /// Waits for the first row.
  iterator begin() {
    if (!rows_) advance();
    return iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void advance() {
    rows_.reset();
    if (chunk_) from_.recycle(std::move(*chunk_));
    chunk_.reset();
    chunk_ = from_.next_chunk();
    if (!chunk_) return;
    rows_.emplace(made::of(*chunk_));
    at_ = std::as_const(*rows_).begin();
    end_ = std::as_const(*rows_).end();
  }

  detail::row_stream from_;
  std::optional<result> chunk_;
  std::optional<rows_type> rows_;  // of that
  row_iterator at_{}, end_{};
};

}  // namespace tusk
