// What a statement gave: its rows as they came from the wire, its columns, its command tag.
//
// A result shares what it holds: copies are cheap, and it outlives its connection. It is immutable, and may be read
// from any thread. A row is a view into its result; a row taken from a temporary result (`conn.query(...)[0]`) owns its
// bytes instead, and what would dangle does not compile.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string_view>
#include <tusk/protocol/row_set.hpp>
#include <tusk/row.hpp>
#include <utility>
#include <vector>

namespace tusk {

namespace detail {
class sql_operation;
}

/// See the top of this file. A random-access range of rows.
class result {
 public:
  /// A result without rows, columns or a command: a moved-from one is such a result, too.
  result() noexcept : state_(detail::no_state()) {}
  explicit result(std::shared_ptr<detail::result_state const> state) noexcept : state_(std::move(state)) {}
  result(result const&) = default;
  result& operator=(result const&) = default;
  result(result&& other) noexcept : state_(std::exchange(other.state_, detail::no_state())) {}
  result& operator=(result&& other) noexcept {
    if (this != &other) state_ = std::exchange(other.state_, detail::no_state());
    return *this;
  }

  /// The number of rows.
  std::size_t size() const noexcept { return state_->rows.size(); }
  bool empty() const noexcept { return size() == 0; }

  /// The columns, in order; empty for a statement that gives no rows. Valid as long as the result.
  std::span<column_info const> columns() const& noexcept { return *state_->columns->infos; }
  std::span<column_info const> columns() const&& = delete;
  /// A handle for the column of that name (the first one), so that no row searches for it.
  /// Throws programming_error that lists the names if there is none.
  column_handle column(std::string_view name) const { return {detail::find_column(*state_, name)}; }

  /// The server's command tag, such as "INSERT 0 5"; valid as long as the result.
  std::string_view command_tag() const& noexcept { return state_->tag; }
  std::string_view command_tag() const&& = delete;
  /// How many rows the statement touched or gave, as the server counts; 0 where it does not count.
  std::uint64_t affected_rows() const noexcept;

  /// Row `index`, from 0. Throws programming_error if there is none.
  row operator[](std::size_t index) const& { return {*state_, fields(index)}; }
  owned_row operator[](std::size_t index) && {
    auto const found = fields(index);
    return {std::exchange(state_, detail::no_state()), found};
  }
  owned_row operator[](std::size_t) const&& = delete;

  /// The rows as tuples of these types, or as values of the one type (see row::as), made as they are walked:
  /// `for (auto [id, name] : r.rows<int, std::string>())`. Throws programming_error if the columns do not go together
  /// with the types.
  template <class T, class... More>
  auto rows() const;
  /// All rows as values of one type (see row::as).
  template <class T>
  std::vector<detail::mapped<T>> as() const&;
  template <class T>
  std::vector<detail::mapped<T>> as() &&;
  /// The only row (see row::as). Throws data_error if there are more or none.
  template <class T>
  detail::mapped<T> one() const&;
  template <class T>
  detail::mapped<T> one() &&;

  class iterator {
   public:
    using value_type = row;
    using reference = row;
    using pointer = void;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;  // as a row is made when it is asked for

    iterator() = default;
    iterator(detail::result_state const& in, protocol::row_set::iterator at) noexcept : in_(&in), at_(at) {}
    row operator*() const noexcept { return {*in_, *at_}; }
    row operator[](difference_type n) const noexcept { return *(*this + n); }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    iterator operator++(int) noexcept { return {*in_, at_++}; }
    iterator& operator--() noexcept { return *this -= 1; }
    iterator operator--(int) noexcept { return {*in_, at_--}; }
    iterator& operator+=(difference_type n) noexcept {
      at_ += n;
      return *this;
    }
    iterator& operator-=(difference_type n) noexcept { return *this += -n; }
    friend iterator operator+(iterator at, difference_type n) noexcept { return at += n; }
    friend iterator operator+(difference_type n, iterator at) noexcept { return at += n; }
    friend iterator operator-(iterator at, difference_type n) noexcept { return at -= n; }
    friend difference_type operator-(iterator const& a, iterator const& b) noexcept { return a.at_ - b.at_; }
    friend bool operator==(iterator const& a, iterator const& b) noexcept { return a.at_ == b.at_; }
    friend auto operator<=>(iterator const& a, iterator const& b) noexcept { return a.at_ <=> b.at_; }

   private:
    detail::result_state const* in_ = nullptr;
    protocol::row_set::iterator at_;
  };
  iterator begin() const& noexcept { return {*state_, state_->rows.begin()}; }
  iterator end() const& noexcept { return {*state_, state_->rows.end()}; }
  iterator begin() const&& = delete;
  iterator end() const&& = delete;

 private:
  protocol::row_fields fields(std::size_t index) const {
    if (index >= size()) [[unlikely]]
      detail::throw_no_row(*state_, index);
    return state_->rows[index];
  }

  friend class row_block;
  friend class cursor;
  friend class detail::sql_operation;
  std::shared_ptr<detail::result_state const> state_;
};

}  // namespace tusk
