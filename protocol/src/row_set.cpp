#include <tusk/protocol/row_set.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tusk::protocol {

row_set::chunk const& row_set::find_chunk(std::size_t row) const noexcept {
  auto const after = std::upper_bound(chunks_.begin(), chunks_.end(), row,
                                      [](std::size_t number, chunk const& each) { return number < each.first; });
  return *std::prev(after);
}

std::size_t row_set::memory() const noexcept {
  std::size_t sum = chunks_.capacity() * sizeof(chunk);
  for (chunk const& each : chunks_) sum += each.bytes + (each.own_offsets ? each.rows * sizeof(std::uint32_t) : 0);
  return sum;
}

void row_set::iterator::enter() noexcept {
  chunk const& in = rows_->chunk_of(index_);
  base_ = in.memory.get();
  at_ = in.offsets() + (index_ - in.first);
  end_ = in.offsets() + in.rows;
}

void row_collector::take_buffer(frame_reader& reader) {
  auto taken = reader.detach();
  row_set::chunk chunk{std::move(taken.memory), std::make_unique_for_overwrite<std::uint32_t[]>(offsets_.size()),
                       rows_.size_, offsets_.size(), taken.size};
  std::copy(offsets_.begin(), offsets_.end(), chunk.own_offsets.get());
  rows_.size_ += offsets_.size();
  rows_.chunks_.push_back(std::move(chunk));
  offsets_.clear();
}

void row_collector::pack(frame_reader const& reader) {
  char const* const first = reader.origin() + offsets_.front();
  std::string_view const last = row_fields(reader.origin() + offsets_.back(), rows_.columns_).message();
  auto const index_bytes = static_cast<std::uint32_t>(offsets_.size() * sizeof(std::uint32_t));
  auto const row_bytes = static_cast<std::size_t>(last.data() + last.size() - first);

  row_set::chunk chunk{std::make_unique_for_overwrite<char[]>(index_bytes + row_bytes), nullptr, rows_.size_,
                       offsets_.size(), index_bytes + row_bytes};
  std::uint32_t const shift = index_bytes - offsets_.front();  // modulo 2^32, as the sum is
  for (std::uint32_t& offset : offsets_) offset += shift;
  std::memcpy(chunk.memory.get(), offsets_.data(), index_bytes);
  std::memcpy(chunk.memory.get() + index_bytes, first, row_bytes);
  rows_.size_ += offsets_.size();
  rows_.chunks_.push_back(std::move(chunk));
  offsets_.clear();
}

row_set row_collector::finish(frame_reader& reader) {
  if (!offsets_.empty()) {
    // Copying is cheaper than a new buffer for the reader as long as little is copied.
    if (reader.position() - offsets_.front() > frame_reader::chunk_capacity / 2)
      take_buffer(reader);
    else
      pack(reader);
  }
  reader.hold(false);
  return std::exchange(rows_, {});
}

void row_collector::reset(frame_reader& reader) noexcept {
  rows_ = {};
  offsets_ = {};
  reader.hold(false);
}

void row_collector::shrink() noexcept {
  if (offsets_.empty() && offsets_.capacity() > 64) offsets_ = {};
}

}  // namespace tusk::protocol
