#include "operations/statement_batch.hpp"

#include <algorithm>
#include <cstring>

namespace tusk::detail {
namespace {

constexpr std::size_t smallest_block = 1024, largest_block = std::size_t{64} << 10;

/// Where the character of that number begins, counted from 1.
std::size_t byte_of(std::string_view text, std::size_t position) noexcept {
  std::size_t characters = 0;
  auto const found = std::find_if(text.begin(), text.end(), [&](char c) {
    bool const begins = (c & 0xc0) != 0x80;
    return begins && ++characters == position;
  });
  return static_cast<std::size_t>(found - text.begin());
}

}  // namespace

/// A text that is larger than a block has one of its own.
char* statement_batch::room(std::size_t size) {
  if (size > left_) {
    std::size_t const next = std::max(size, std::clamp(2 * block_size_, smallest_block, largest_block));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(next));
    block_size_ = left_ = next;
  }
  char* const at = blocks_.back().get() + (block_size_ - left_);
  left_ -= size;
  return at;
}

void statement_batch::add(std::string_view text, element_span const& from, bool checked) {
  char* to = nullptr;
  if (!text.empty()) {
    to = room(text.size());
    std::memcpy(to, text.data(), text.size());
  }
  entries_.push_back(
      {{to, text.size()}, from.first, from.count, from.bounds.empty() ? unknown : bounds_.size(), checked});
  if (!from.bounds.empty()) bounds_.insert(bounds_.end(), from.bounds.begin(), from.bounds.end());
}

std::string statement_batch::place_of(std::size_t index, std::size_t position) const {
  entry const& of = entries_[index];
  std::size_t first = of.first, last = of.first + of.count - 1;
  if (position != 0 && of.bounds != unknown) {
    auto const begin = bounds_.begin() + static_cast<std::ptrdiff_t>(of.bounds);
    auto const end = begin + static_cast<std::ptrdiff_t>(of.count) + 1;
    auto const behind = std::upper_bound(begin, end, byte_of(of.text, position));
    if (behind == begin || behind == end) return {};
    first = last = of.first + static_cast<std::size_t>(behind - begin) - 1;
  }
  std::string const which = first == last
                                ? "element " + std::to_string(first)
                                : "one of the elements " + std::to_string(first) + " to " + std::to_string(last);
  return "this is " + which + " of " + called_ + ", counted from 0";
}

}  // namespace tusk::detail
