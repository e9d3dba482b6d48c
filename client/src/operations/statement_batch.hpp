// Statements that travel together, and which elements of a range they were made of.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::detail {

/// The elements of a range that a statement was made of.
struct element_span {
  std::size_t first, count;  ///< counted from 0
  /// Where the part of the first one begins in the text, and where that of each ends; empty: not known.
  std::span<std::size_t const> bounds = {};
};

/// The texts stand one behind the other in a few blocks of memory. Once it is complete a batch is shared by the
/// operation that sends it and the cursor that tells of it afterwards: there may be a lot of text.
class statement_batch {
 public:
  /// `called`: what the user called, for errors.
  explicit statement_batch(char const* called) noexcept : called_(called) {}

  /// `checked`: it is valid UTF-8 without NUL bytes, and no COPY.
  void add(std::string_view text, element_span const& from, bool checked = false);

  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  std::string_view operator[](std::size_t index) const noexcept { return entries_[index].text; }
  bool is_checked(std::size_t index) const noexcept { return entries_[index].checked; }

  /// Which element an error is about: of the statement of that number, at the character `position` of it, which a
  /// server counts from 1; 0: it did not say. Empty if it is about none.
  std::string place_of(std::size_t index, std::size_t position) const;

 private:
  struct entry {
    std::string_view text;
    std::size_t first, count;
    std::size_t bounds;  // where they begin in bounds_
    bool checked;
  };
  char* room(std::size_t size);

  static constexpr std::size_t unknown = static_cast<std::size_t>(-1);
  char const* called_;
  std::vector<entry> entries_;
  std::vector<std::size_t> bounds_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_size_ = 0, left_ = 0;  // of the last block
};

}  // namespace tusk::detail
