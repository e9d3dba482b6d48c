// COPY: rows into and out of a table in bulk, as text, CSV or binary.
//
//   conn.copy_in("COPY item FROM STDIN", items);                        // a range of tuples, aggregates or params
//   auto in = conn.copy_in("COPY item (id, name) FROM STDIN (FORMAT binary)");
//   in.row(1, "it's"); in.row(2, std::nullopt); in.finish();            // left without finish(): nothing stands
//   conn.copy_in("COPY item FROM STDIN (FORMAT csv)", std::ifstream("items.csv"), {.progress = show});
//   for (std::string_view line : conn.copy_out("COPY item TO STDOUT")) ...
//   for (auto [id, name] : conn.copy_out("COPY item TO STDOUT (FORMAT binary)").rows<int, std::string>()) ...
//   conn.copy_out("COPY item TO STDOUT", std::ofstream("items.txt"));
//
// Data goes and comes in portions of some 64 KiB: when that much waits to be sent, or to be read, the other side waits.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tusk/connection_base.hpp>
#include <tusk/copy_decoder.hpp>
#include <tusk/copy_encoder.hpp>
#include <tusk/copy_format.hpp>
#include <tusk/pending.hpp>
#include <utility>
#include <vector>

namespace tusk {

namespace detail {
class copy_calls;
class copy_in_run;
class copy_out_run;
}  // namespace detail

/// A COPY FROM STDIN under way; made by copy_in(sql). It moves; one thread at a time.
///
/// While it is open nothing else begins on its connection: that is a programming_error. An error of the server ends it:
/// the next row(), write() or finish() throws it, with the line that the server names in where(). One that is left
/// without finish(), or that fails here, is given up: nothing of it stands. The destructor waits for that at most as
/// long as connect_options::guard_limit says, then closes the connection; a transaction that the COPY itself began is
/// rolled back.
class copy_in {
 public:
  /// For the connection's functions.
  copy_in(std::shared_ptr<detail::connection_state> on, std::shared_ptr<detail::copy_in_run> what,
          copy_options const& how);
  copy_in(copy_in&& other) noexcept;
  copy_in& operator=(copy_in&& other) noexcept;
  ~copy_in();

  /// A row of these values, as the statement says: text, CSV or binary. In binary a column has to be of the type that a
  /// value's adapter writes: int is int4, std::string is text. Mostly it is only gathered; on a blocking connection it
  /// waits where much waits to be sent already.
  ///
  /// Throws programming_error if the statement's options cannot be read with certainty (then {.format = ...} says how),
  /// or a value has no binary form; data_error for text that is not UTF-8 or has a NUL byte; what an adapter throws.
  /// Such a row is not sent, and the COPY goes on.
  template <class... Values>
  requires(sizeof...(Values) > 0) void row(Values const&... values) {
    encoder().row(values...);
    if (encoder_->size() >= portion) [[unlikely]]
      push();
  }
  /// A row of a tuple's elements, an aggregate's members, gathered params, or the one value.
  template <class Row>
  void add(Row const& from) {
    encoder().add(from);
    if (encoder_->size() >= portion) [[unlikely]]
      push();
  }
  /// Data as it is, however it is divided.
  void write(std::string_view bytes);
  /// Ends it: how many rows the server has taken. On an asynchronous connection see start_finish().
  std::uint64_t finish();
  /// Gives it up: nothing of it stands, and no error comes out. `why` is what the server's log says.
  void fail(std::string_view why);

  // ---- on an asynchronous connection, beside poll() ----

  /// Whether data may be given: poll() says ok then. What is given at other times is gathered, up to limits.queued.
  bool ready() const;
  /// Sends what is left. Give nothing more behind it; step the connection with poll() until it is ready.
  pending<std::uint64_t> start_finish();
  /// Whether it has ended: by start_finish(), or by an error, which the next call throws.
  bool ended() const;
  /// Throws what it has failed with, if it has.
  void check();
  /// Has it cancelled at the server; it ends soon, with query_canceled.
  void cancel();

  /// All rows of a range, and the end. What the range throws comes out, and nothing stands.
  template <std::ranges::input_range Rows>
  std::uint64_t finish_with(Rows&& rows) {
    try {
      (void)encoder();  // whether rows can be written is said also where there is none
      if constexpr (std::ranges::sized_range<Rows>) expect(static_cast<std::uint64_t>(std::ranges::size(rows)));
      for (auto&& each : rows) add(each);
      return finish();
    } catch (...) {
      give_up(std::current_exception());
      throw;
    }
  }
  /// All data of a stream, or of a function that fills the memory that it is given and says how much; 0: the end.
  std::uint64_t finish_with(std::istream& from);
  std::uint64_t finish_with(std::function<std::size_t(std::span<char>)> const& from);

 private:
  static constexpr std::size_t portion = std::size_t{32} << 10;

  /// Throws if there is nothing to give to, or typed rows cannot be written.
  detail::copy_encoder& encoder() {
    if (encoder_ == nullptr || !encoder_->has_begun()) [[unlikely]]
      begin_rows();
    return *encoder_;
  }
  detail::connection_state& state() const;
  friend class detail::copy_calls;
  void await_begin();
  void begin_rows();
  void push();
  void expect(std::uint64_t total) noexcept { total_ = total; }
  void tell_progress();
  void throw_if_ended();
  void require_blocking(char const* instead) const;
  void give_up(std::exception_ptr why) noexcept;
  void leave(std::string_view why) noexcept;

  std::shared_ptr<detail::connection_state> state_;
  std::shared_ptr<detail::copy_in_run> what_;
  detail::copy_encoder* encoder_ = nullptr;  // of that
  std::function<void(copy_progress const&)> progress_;
  std::optional<std::uint64_t> total_;
};

/// Rows of a COPY TO STDOUT that came together, as the server writes them. A value.
class copy_chunk {
 public:
  /// All of it; lives as long as this.
  std::string_view bytes() const noexcept { return bytes_; }
  /// How many rows, the header's line and what else stands around the rows among them.
  std::size_t size() const noexcept { return ends_.size(); }
  /// One of them, with the end of its line; lives as long as this.
  std::string_view operator[](std::size_t index) const noexcept {
    std::size_t const begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }
  /// For the connection.
  void append(std::string_view row) {
    bytes_ += row;
    ends_.push_back(bytes_.size());
  }
  void clear() noexcept {
    bytes_.clear();
    ends_.clear();
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

template <class... T>
class copy_rows;

/// A COPY TO STDOUT under way; made by copy_out(sql). It moves, but not while it is walked; one thread at a time.
///
/// Walked it gives lines without their end (in CSV a value may have line ends in it): views that live until the next
/// step. While it is open nothing else begins on its connection. It is walked once; the walk throws what the statement
/// fails with, behind what came before. One that is left early ends as a tusk::stream does.
class copy_out {
 public:
  /// For the connection's functions.
  copy_out(std::shared_ptr<detail::connection_state> on, std::shared_ptr<detail::copy_out_run> what,
           copy_options const& how);
  copy_out(copy_out&& other) noexcept;
  copy_out& operator=(copy_out&& other) noexcept;
  ~copy_out();

  /// The rows as values: tuples, an aggregate by the order of its members, or the one column. See copy_decoder.hpp for
  /// what the columns are taken for. Throws programming_error where copy_in::row would.
  template <class... T>
  requires(sizeof...(T) > 0) copy_rows<T...> rows() && {
    return copy_rows<T...>(std::move(*this));
  }
  /// Writes all data to a stream, which throws operational_error if it fails; or gives it to a function. Gives how many
  /// rows the server has sent.
  std::uint64_t finish_with(std::ostream& to);
  std::uint64_t finish_with(std::function<void(std::string_view)> const& to);

  /// What has come, or what comes first; empty at the end. For a blocking connection.
  std::optional<copy_chunk> next_chunk();
  /// The same without waiting: empty also if nothing is there. To be called when poll() has said ok, until it is empty,
  /// and so on until ended(): behind the last chunk it throws what the statement has failed with.
  std::optional<copy_chunk> take_chunk();
  /// Whether all was taken, and an error thrown.
  bool ended() const;
  /// How many rows the server has sent, once it has ended.
  std::uint64_t count() const;
  /// Has it cancelled at the server.
  void cancel();

  class iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    explicit iterator(copy_out* of) noexcept : of_(of) {}
    std::string_view operator*() const noexcept {
      std::string_view const line = of_->row();
      return line.substr(0, line.size() - (line.ends_with('\n') ? 1 : 0));
    }
    iterator& operator++() {
      of_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return !of_->chunk_; }

   private:
    copy_out* of_ = nullptr;
  };
  /// Waits for the first row.
  iterator begin() {
    if (!chunk_) advance();
    return iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  template <class... T>
  friend class copy_rows;

  detail::connection_state& state() const;
  std::string_view row() const noexcept { return (*chunk_)[at_]; }
  void advance() {
    if (chunk_ && ++at_ < chunk_->size()) return;
    at_ = 0;
    chunk_ = next_chunk();
  }
  detail::copy_decoder decoder() const;
  void tell_progress();
  void leave() noexcept;

  std::shared_ptr<detail::connection_state> state_;
  std::shared_ptr<detail::copy_out_run> what_;
  std::optional<copy_chunk> chunk_;  // that is walked
  std::size_t at_ = 0;
  on_leave then_ = on_leave::automatic;
  std::function<void(copy_progress const&)> progress_;
};

/// The rows of a COPY TO STDOUT as values. It is walked once, and may not move meanwhile; views live until the next
/// step. Walking throws what copy_out throws, and data_error for what cannot be read as these types.
template <class... T>
class copy_rows {
 public:
  explicit copy_rows(copy_out&& from) : from_(std::move(from)), decoder_(from_.decoder()) {}

  class iterator {
   public:
    using value_type = detail::row_of<T...>;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    explicit iterator(copy_rows* of) noexcept : of_(of) {}
    value_type operator*() const { return of_->decoder_.template as<value_type>(); }
    iterator& operator++() {
      of_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return of_->has_ended_; }

   private:
    copy_rows* of_ = nullptr;
  };
  iterator begin() {
    advance();
    return iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void advance() {
    while (!decoder_.next()) {
      from_.advance();
      if (!from_.chunk_) {
        has_ended_ = true;
        return;
      }
      decoder_.take(from_.row());
    }
  }

  copy_out from_;
  detail::copy_decoder decoder_;
  bool has_ended_ = false;
};

namespace detail {

template <class T>
concept copy_filler = std::is_invocable_r_v<std::size_t, T&, std::span<char>>;

/// COPY, as a connection has it. No statement of it passes through do_execute. Throws what query throws; also
/// programming_error for a statement that is no COPY of that direction over the connection.
class copy_calls : public connection_base {
 public:
  /// Begins a COPY FROM STDIN; see tusk::copy_in.
  tusk::copy_in copy_in(std::string_view sql, copy_options const& how = {});
  tusk::copy_in copy_in(within const& limit, std::string_view sql) { return copy_in(sql, {.limit = limit}); }
  /// All of it at once: a range of tuples, aggregates, params or single values; a stream; a function that fills memory
  /// (see copy_in::finish_with). Gives how many rows the server has taken.
  template <std::ranges::input_range Rows>
  requires(!copy_filler<Rows>) std::uint64_t copy_in(std::string_view sql, Rows&& rows, copy_options const& how = {}) {
    return copy_in(sql, how).finish_with(rows);
  }
  std::uint64_t copy_in(std::string_view sql, std::istream& from, copy_options const& how = {}) {
    return copy_in(sql, how).finish_with(from);
  }
  std::uint64_t copy_in(std::string_view sql, std::istream&& from, copy_options const& how = {}) {
    return copy_in(sql, how).finish_with(from);
  }
  template <copy_filler Source>
  std::uint64_t copy_in(std::string_view sql, Source&& from, copy_options const& how = {}) {
    return copy_in(sql, how).finish_with(std::function<std::size_t(std::span<char>)>(std::ref(from)));
  }

  /// Begins a COPY TO STDOUT; see tusk::copy_out.
  tusk::copy_out copy_out(std::string_view sql, copy_options const& how = {});
  tusk::copy_out copy_out(within const& limit, std::string_view sql) { return copy_out(sql, {.limit = limit}); }
  /// All of it at once: into a stream, or to a function, a row or more a call. Gives how many rows the server has sent.
  std::uint64_t copy_out(std::string_view sql, std::ostream& to, copy_options const& how = {}) {
    return copy_out(sql, how).finish_with(to);
  }
  std::uint64_t copy_out(std::string_view sql, std::ostream&& to, copy_options const& how = {}) {
    return copy_out(sql, how).finish_with(to);
  }
  template <std::invocable<std::string_view> Sink>
  std::uint64_t copy_out(std::string_view sql, Sink&& to, copy_options const& how = {}) {
    return copy_out(sql, how).finish_with(std::function<void(std::string_view)>(std::ref(to)));
  }

  /// The same where poll() does the rest: on asynchronous connections.
  tusk::copy_in start_copy_in(std::string_view sql, copy_options const& how = {});
  tusk::copy_out start_copy_out(std::string_view sql, copy_options const& how = {});

 protected:
  using connection_base::connection_base;
};

}  // namespace detail
}  // namespace tusk
