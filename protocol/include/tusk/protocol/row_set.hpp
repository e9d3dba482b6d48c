// The rows of a result, as they came: the bytes of their DataRow messages in chunks, and one offset a row.
//
// A large result is the very buffers that the socket was read into; a small one, or the rest of a large one, is copied
// into memory of exactly its size, so that one integer does not pin 64 KiB; a row of a few integers stands in the
// row_set itself. A message's structure was checked when it was received; reading a field afterwards is a walk that
// trusts it, without an allocation.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <tusk/protocol/frame_reader.hpp>
#include <utility>
#include <vector>

namespace tusk::protocol {

/// A field's bytes, or NULL: what std::optional<std::string_view> says, small enough for two registers.
struct field_bytes {
  char const* data = nullptr;
  std::int32_t size = -1;  ///< -1: NULL

  bool is_null() const noexcept { return size < 0; }
  /// The bytes; empty for NULL.
  std::string_view text() const noexcept { return {data, is_null() ? 0 : static_cast<std::size_t>(size)}; }
};

/// The fields of one DataRow. It remembers where it was, so that reading from left to right is one walk; who looks back
/// in a wide row has the places of its fields written down once. So reading takes linear time in any order. For that
/// reason one object belongs to one thread at a time, while any number of them may look at the same row.
class row_fields {
 public:
  row_fields() = default;
  /// `message` points to a whole DataRow of `count` fields whose structure was checked.
  row_fields(char const* message, std::uint16_t count) noexcept : message_(message), at_(message + 7), count_(count) {}
  // Each has places of its own.
  row_fields(row_fields const& other) noexcept
      : message_(other.message_), at_(other.at_), next_(other.next_), count_(other.count_) {}
  row_fields& operator=(row_fields const& other) noexcept {
    if (this == &other) return *this;
    delete[] std::exchange(places_, nullptr);
    message_ = other.message_;
    at_ = other.at_;
    next_ = other.next_;
    count_ = other.count_;
    return *this;
  }
  ~row_fields() { delete[] places_; }

  std::uint16_t size() const noexcept { return count_; }

  /// Whether field `i` is NULL, which must be below size(). Reading it afterwards is the next step of the walk.
  bool is_null(std::size_t i) const noexcept {
    if (i != next_) seek(i);
    return load_big_endian<std::int32_t>(at_) < 0;
  }

  /// Field `i`, which must be below size().
  field_bytes operator[](std::size_t i) const noexcept {
    if (i != next_) seek(i);
    auto const size = load_big_endian<std::int32_t>(at_);
    char const* const data = at_ + 4;
    ++next_;
    at_ = data;
    if (size < 0) [[unlikely]]
      return {};  // NULL
    at_ += size;
    return {data, size};
  }

  /// The text of field `i` if it has fewer than `limit` bytes: the one step of a loop over a row. Otherwise (and for
  /// NULL) a view of nothing, and operator[] tells.
  std::string_view text(std::size_t i, std::uint32_t limit) const noexcept {
    if (i != next_) seek(i);
    auto const size = load_big_endian<std::uint32_t>(at_);
    if (size >= limit) [[unlikely]]
      return {};
    char const* const data = at_ + 4;
    at_ = data + size;
    ++next_;
    return {data, size};
  }

  /// The whole DataRow message, from its type byte.
  std::string_view message() const noexcept {
    return {message_, std::size_t{1} + load_big_endian<std::uint32_t>(message_ + 1)};
  }

 private:
  struct found {
    char const* at;
    std::uint32_t* places;
  };
  void seek(std::size_t i) const noexcept {
    if (places_ != nullptr) {
      at_ = message_ + places_[i];
      next_ = i;
      return;
    }
    auto const there = look_up(i, next_, at_, message_, count_);
    at_ = there.at;
    places_ = there.places;
    next_ = i;
  }
  /// Field `i`, seen from field `next`. It takes no `this`, so that a row can live in registers.
  static found look_up(std::size_t i, std::size_t next, char const* at, char const* message,
                       std::uint16_t count) noexcept;

  char const* message_ = nullptr;
  mutable char const* at_ = nullptr;
  mutable std::size_t next_ = 0;
  mutable std::uint32_t* places_ = nullptr;  // of the fields, from the start of the message; null: not written down
  std::uint16_t count_ = 0;
};

/// See the top of this file. Immutable once made, and then readable from any thread. Movable.
class row_set {
 public:
  row_set() noexcept {}  // in_place_ counts for nothing as long as there is no row
  row_set(row_set&& other) noexcept { *this = std::move(other); }
  row_set& operator=(row_set&& other) noexcept {
    first_ = std::move(other.first_);
    more_ = std::move(other.more_);
    if (other.size_ == 1) std::memcpy(in_place_, other.in_place_, sizeof in_place_);
    size_ = std::exchange(other.size_, 0);
    columns_ = other.columns_;
    return *this;
  }

  std::size_t size() const noexcept { return size_; }
  std::uint16_t columns() const noexcept { return columns_; }
  /// Row `i`, which must be below size().
  row_fields operator[](std::size_t i) const noexcept {
    chunk const& in = chunk_of(i);
    return {base(in) + offsets(in)[i - in.first], columns_};
  }
  /// Bytes of memory that the rows take.
  std::size_t memory() const noexcept;

  /// Walks the rows in order, without a search a row; any step is allowed that stays among the rows, or ends behind the
  /// last.
  class iterator {
   public:
    using value_type = row_fields;
    using reference = row_fields;
    using pointer = void;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;  // as a row_fields is made when it is asked for

    iterator() = default;
    iterator(row_set const& rows, std::size_t index) noexcept : rows_(&rows) { enter(index); }
    row_fields operator*() const noexcept { return {base_ + *at_, rows_->columns_}; }
    row_fields operator[](difference_type n) const noexcept { return *(*this + n); }
    iterator& operator++() noexcept {
      if (++at_ == end_) enter(next_);
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator before = *this;
      ++*this;
      return before;
    }
    iterator& operator--() noexcept { return *this += -1; }
    iterator operator--(int) noexcept {
      iterator before = *this;
      --*this;
      return before;
    }
    iterator& operator+=(difference_type n) noexcept {
      if (n >= 0 && n < end_ - at_)
        at_ += n;
      else
        enter(static_cast<std::size_t>(index() + n));
      return *this;
    }
    iterator& operator-=(difference_type n) noexcept { return *this += -n; }
    friend iterator operator+(iterator at, difference_type n) noexcept { return at += n; }
    friend iterator operator+(difference_type n, iterator at) noexcept { return at += n; }
    friend iterator operator-(iterator at, difference_type n) noexcept { return at -= n; }
    friend difference_type operator-(iterator const& a, iterator const& b) noexcept { return a.index() - b.index(); }
    friend bool operator==(iterator const& a, iterator const& b) noexcept { return a.at_ == b.at_; }
    friend auto operator<=>(iterator const& a, iterator const& b) noexcept { return a.index() <=> b.index(); }

   private:
    void enter(std::size_t index) noexcept;
    difference_type index() const noexcept { return static_cast<difference_type>(next_) - (end_ - at_); }
    row_set const* rows_ = nullptr;
    char const* base_ = nullptr;
    std::uint32_t const *at_ = nullptr, *end_ = nullptr;  // of the offsets of a chunk; null at the end
    std::size_t next_ = 0;                                // number of the first row of the next chunk
  };
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size_}; }

 private:
  friend class row_collector;
  struct chunk {
    buffer_memory memory;                          // null: in_place_
    std::unique_ptr<std::uint32_t[]> own_offsets;  // null: the offsets stand before the rows
    std::size_t first = 0;                         // number of its first row
    std::uint32_t rows = 0, bytes = 0;
    bool is_buffer = false;  // the memory is a whole buffer of a reader, of its usual size
  };
  char const* base(chunk const& of) const noexcept { return of.memory ? of.memory.get() : in_place_; }
  std::uint32_t const* offsets(chunk const& of) const noexcept {
    return of.own_offsets ? of.own_offsets.get() : reinterpret_cast<std::uint32_t const*>(base(of));
  }
  chunk const& chunk_of(std::size_t row) const noexcept { return row < first_.rows ? first_ : find_chunk(row); }
  chunk const& find_chunk(std::size_t row) const noexcept;
  chunk& add(std::size_t rows, std::size_t bytes);
  void place(std::string_view row, std::uint16_t columns) noexcept;

  alignas(std::uint32_t) char in_place_[64];  // one small row and its offset
  chunk first_;                               // most results have no other
  std::vector<chunk> more_;                   // in order of their rows
  std::size_t size_ = 0;
  std::uint16_t columns_ = 0;
};

/// Gathers rows out of a frame_reader into a row_set.
class row_collector {
 public:
  /// Rows of `columns` fields follow. Rows that nobody took are dropped.
  void begin(frame_reader& reader, std::uint16_t columns) noexcept {
    if (gathered_ != 0 || rows_.size_ != 0) [[unlikely]]
      reset(reader);
    rows_.columns_ = columns;
  }
  std::uint16_t columns() const noexcept { return rows_.columns_; }

  /// Takes all rows that are whole.
  [[gnu::always_inline]] void collect(frame_reader& reader) {
    std::uint32_t* to = offsets_.data() + gathered_;
    std::uint32_t* room = offsets_.data() + offsets_.size();
    reader.take_rows(rows_.columns_, [&](std::uint32_t offset) {
      if (to == room) [[unlikely]]
        more_room(to, room);
      *to++ = offset;
    });
    gathered_ = static_cast<std::size_t>(to - offsets_.data());
    reader.hold(gathered_ != 0);
  }
  /// How many bytes the rows so far take, with what came between them.
  std::uint64_t bytes(frame_reader const& reader) const noexcept {
    return bytes_ + (gathered_ != 0 ? reader.position() - offsets_[0] : 0);
  }
  /// Takes the buffer that is full of rows; to be called before `prepare` whenever reader.full().
  void take_buffer(frame_reader& reader);
  /// Hands the rows so far to `into`, which must be empty; the collector is empty afterwards. If they are not the
  /// `last` ones of their statement, the next ones may be collected at once.
  void finish(frame_reader& reader, row_set& into, bool last = true);
  /// Gives the reader back the buffers that rows were in, as far as it can use them.
  static void recycle(frame_reader& reader, row_set&& rows) noexcept;
  /// Drops what was gathered, and the memory kept for gathering.
  void reset(frame_reader& reader) noexcept;
  /// Returns memory that an idle connection does not need.
  void shrink() noexcept;

 private:
  void pack(row_set& into, frame_reader const& reader);
  void more_room(std::uint32_t*& to, std::uint32_t*& room);

  row_set rows_;
  std::vector<std::uint32_t> offsets_;  // the first `gathered_` are those of the rows in the reader's present buffer
  std::size_t gathered_ = 0;
  std::uint64_t bytes_ = 0;  // of the rows in buffers that were taken away
};

}  // namespace tusk::protocol
