// Rows that a cursor fetched: one that may be missing, some together, and the walk over those that are left.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <tusk/mapping.hpp>
#include <tusk/result.hpp>
#include <utility>
#include <vector>

namespace tusk {

namespace detail {
[[noreturn]] void throw_no_more_rows();

/// A row of a temporary: what would dangle does not compile.
class passing_row {
 public:
  explicit passing_row(owned_row&& row) noexcept : row_(std::move(row)) {}
  passing_row* operator->() noexcept { return this; }

  std::size_t size() const noexcept { return row_.size(); }
  template <class T, class Column>
  T get(Column const& column) const {
    require_lasting<T>();
    return row_.get<T>(column);
  }
  template <class Column>
  value at(Column const& column) const {
    return row_.at(column);
  }
  template <class Column>
  bool is_null(Column const& column) const {
    return row_.is_null(column);
  }
  template <class T>
  mapped<T> as() const {
    return row_.as<T>();
  }

 private:
  owned_row row_;
};

}  // namespace detail

/// Rows of one result that follow each other. It shares the result. A moved-from one is empty.
class row_block {
 public:
  row_block() = default;
  row_block(row_block const&) = default;
  row_block& operator=(row_block const&) = default;
  row_block(row_block&& other) noexcept
      : in_(std::move(other.in_)), first_(other.first_), count_(std::exchange(other.count_, 0)) {}
  row_block& operator=(row_block&& other) noexcept {
    if (this == &other) return *this;
    in_ = std::move(other.in_);
    first_ = other.first_;
    count_ = std::exchange(other.count_, 0);
    return *this;
  }
  /// Those from number `first` on; they must be there.
  row_block(result const& from, std::size_t first, std::size_t count) noexcept
      : in_(from.state_), first_(first), count_(count) {}

  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  /// Row `index` of them, which must be below size(); a view into the result.
  row operator[](std::size_t index) const& noexcept { return {*in_, in_->rows[first_ + index]}; }
  row operator[](std::size_t index) const&& = delete;
  /// The same, which owns its bytes.
  owned_row owned(std::size_t index) const& noexcept { return {in_, in_->rows[first_ + index]}; }
  owned_row owned(std::size_t index) && noexcept {
    auto const fields = in_->rows[first_ + index];
    count_ = 0;
    return {std::move(in_), fields};
  }
  /// All of them as values of one type (see row::as).
  template <class T>
  std::vector<detail::mapped<T>> as() const {
    std::vector<detail::mapped<T>> made;
    if (empty()) return made;
    detail::mapper<T> const map(*in_);
    made.reserve(count_);
    auto at = protocol::row_set::iterator(in_->rows, first_);
    for (std::size_t i = 0; i < count_; ++i, ++at) made.push_back(map(row(*in_, *at)));
    return made;
  }

 private:
  friend class fetched_row;
  template <class T>
  friend class row_reader;

  std::shared_ptr<detail::result_state const> in_;
  std::size_t first_ = 0, count_ = 0;
};

/// A row, or nothing where there were no more: as in a moved-from one. Looking into nothing throws programming_error.
class fetched_row {
 public:
  fetched_row() = default;
  explicit fetched_row(owned_row row) noexcept : row_(std::move(row)) {}
  /// The first row of a block; nothing if that is empty.
  explicit fetched_row(row_block&& block) noexcept {
    if (block.empty()) return;
    auto const fields = block.in_->rows[block.first_];
    block.count_ = 0;
    row_.emplace(std::move(block.in_), fields);
  }
  fetched_row(fetched_row const&) = default;
  fetched_row& operator=(fetched_row const&) = default;
  fetched_row(fetched_row&& other) noexcept : row_(std::exchange(other.row_, std::nullopt)) {}
  fetched_row& operator=(fetched_row&& other) noexcept {
    if (this != &other) row_ = std::exchange(other.row_, std::nullopt);
    return *this;
  }

  bool has_value() const noexcept { return row_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  owned_row const& operator*() const& { return *there(); }
  owned_row operator*() && {
    there();
    return *std::move(row_);
  }
  owned_row const* operator->() const& { return there(); }
  detail::passing_row operator->() && {
    there();
    return detail::passing_row(*std::move(row_));
  }

 private:
  owned_row const* there() const {
    if (!row_) detail::throw_no_more_rows();
    return &*row_;
  }
  std::optional<owned_row> row_;
};

/// Makes the first row of each block into a T; looks up names once a result.
template <class T>
class row_reader {
 public:
  detail::mapped<T> operator()(row_block const& block) {
    if (block.in_ != of_) {
      map_.emplace(*block.in_);
      of_ = block.in_;
    }
    return (*map_)(block[0]);
  }

 private:
  std::shared_ptr<detail::result_state const> of_;
  std::optional<detail::mapper<T>> map_;
};

template <>
class row_reader<owned_row> {
 public:
  owned_row operator()(row_block const& block) { return block.owned(0); }
};

/// The rows that a cursor still has, one fetch a row, each as a T.
template <class Cursor, class T>
class fetched_rows {
 public:
  explicit fetched_rows(Cursor& from) noexcept : from_(&from) {}

  class iterator {
   public:
    using value_type = decltype(std::declval<row_reader<T>&>()(std::declval<row_block const&>()));
    using reference = value_type;
    using pointer = void;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    /// Throws what a fetch throws, as ++ does.
    explicit iterator(Cursor& from) : from_(&from), block_(from.fetch_in_walk()) {}
    /// Throws what row::as throws.
    value_type operator*() const { return read_(block_); }
    iterator& operator++() {
      block_ = from_->fetch_in_walk();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(iterator const& at, std::default_sentinel_t) noexcept { return at.block_.empty(); }

   private:
    Cursor* from_;
    row_block block_;
    mutable row_reader<T> read_;
  };

  iterator begin() const { return iterator(*from_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  Cursor* from_;
};

}  // namespace tusk
