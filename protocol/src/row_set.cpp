#include <tusk/protocol/row_set.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace tusk::protocol {

namespace {

char const* behind(char const* field) noexcept {
  auto const size = load_big_endian<std::int32_t>(field);
  return field + (size < 0 ? 4 : 4 + std::ptrdiff_t{size});
}

}  // namespace

row_fields::found row_fields::look_up(std::size_t i, std::size_t next, char const* at, char const* message,
                                      std::uint16_t count) noexcept {
  constexpr std::size_t near = 8;  // fields that are walked over sooner than memory is asked for
  if (i < next) {
    at = message + 7;
    std::uint32_t* const places = next > near ? new (std::nothrow) std::uint32_t[count] : nullptr;
    if (places != nullptr) {
      auto place = static_cast<std::uint32_t>(at - message);
      for (std::uint32_t *to = places, *const end = places + count; to != end; ++to) {
        *to = place;
        auto const size = load_big_endian<std::int32_t>(message + place);
        place += 4 + static_cast<std::uint32_t>(std::max(size, 0));
      }
      return {message + places[i], places};
    }
    next = 0;  // near, or there is no memory
  }
  for (; next != i; ++next) at = behind(at);
  return {at, nullptr};
}

row_set::chunk const& row_set::find_chunk(std::size_t row) const noexcept {
  auto const after = std::upper_bound(more_.begin(), more_.end(), row,
                                      [](std::size_t number, chunk const& each) { return number < each.first; });
  return *std::prev(after);
}

std::size_t row_set::memory() const noexcept {
  auto const taken = [](chunk const& each) {
    return (each.memory ? each.bytes : 0) + (each.own_offsets ? each.rows * sizeof(std::uint32_t) : 0);
  };
  std::size_t sum = taken(first_) + more_.capacity() * sizeof(chunk);
  for (chunk const& each : more_) sum += taken(each);
  return sum;
}

row_set::chunk& row_set::add(std::size_t rows, std::size_t bytes) {
  chunk& added = size_ == 0 ? first_ : more_.emplace_back();
  added.first = size_;
  added.rows = static_cast<std::uint32_t>(rows);
  added.bytes = static_cast<std::uint32_t>(bytes);
  added.is_buffer = false;
  size_ += rows;
  return added;
}

/// Makes a result of one small row, without memory of its own.
void row_set::place(std::string_view row, std::uint16_t columns) noexcept {
  std::uint32_t const offset = sizeof offset;
  std::memcpy(in_place_, &offset, sizeof offset);
  std::memcpy(in_place_ + sizeof offset, row.data(), row.size());
  first_.rows = 1;
  size_ = 1;
  columns_ = columns;
}

void row_set::iterator::enter(std::size_t index) noexcept {
  if (index == rows_->size_) {
    at_ = end_ = nullptr;
    next_ = index;
    return;
  }
  chunk const& in = rows_->chunk_of(index);
  base_ = rows_->base(in);
  at_ = rows_->offsets(in) + (index - in.first);
  end_ = rows_->offsets(in) + in.rows;
  next_ = in.first + in.rows;
}

void row_collector::more_room(std::uint32_t*& to, std::uint32_t*& room) {
  auto const used = static_cast<std::size_t>(to - offsets_.data());
  offsets_.resize(std::max<std::size_t>(16, 2 * used));
  to = offsets_.data() + used;
  room = offsets_.data() + offsets_.size();
}

void row_collector::take_buffer(frame_reader& reader) {
  auto index = std::make_unique_for_overwrite<std::uint32_t[]>(gathered_);
  std::copy_n(offsets_.data(), gathered_, index.get());
  // What may fail comes first: once the buffer is detached the offsets mean nothing.
  if (rows_.size_ != 0 && rows_.more_.size() == rows_.more_.capacity()) rows_.more_.reserve(2 * rows_.more_.size() + 4);
  bytes_ += reader.position() - offsets_[0];
  auto taken = reader.detach();
  auto& chunk = rows_.add(gathered_, taken.size);
  chunk.memory = std::move(taken.memory);
  chunk.own_offsets = std::move(index);
  chunk.is_buffer = taken.capacity == frame_reader::chunk_capacity;
  gathered_ = 0;
}

/// Copies the rows that are in the reader's buffer, their offsets before them.
void row_collector::pack(row_set& into, frame_reader const& reader) {
  char const* const first = reader.origin() + offsets_[0];
  std::string_view const last = row_fields(reader.origin() + offsets_[gathered_ - 1], into.columns_).message();
  auto const index_bytes = static_cast<std::uint32_t>(gathered_ * sizeof(std::uint32_t));
  auto const row_bytes = static_cast<std::size_t>(last.data() + last.size() - first);

  auto memory = allocate_buffer(index_bytes + row_bytes);
  std::uint32_t const shift = index_bytes - offsets_[0];  // modulo 2^32, as the sum is
  for (std::size_t i = 0; i < gathered_; ++i) offsets_[i] += shift;
  std::memcpy(memory.get(), offsets_.data(), index_bytes);
  std::memcpy(memory.get() + index_bytes, first, row_bytes);
  into.add(gathered_, index_bytes + row_bytes).memory = std::move(memory);
  gathered_ = 0;
}

void row_collector::finish(frame_reader& reader, row_set& into, bool last) {
  if (gathered_ == 0 && rows_.size_ == 0) {  // mostly of a statement that gives none
    into.columns_ = rows_.columns_;
    bytes_ = 0;
    return;
  }
  if (gathered_ == 1 && rows_.size_ == 0) {
    std::string_view const row = row_fields(reader.origin() + offsets_[0], rows_.columns_).message();
    if (sizeof(std::uint32_t) + row.size() <= sizeof into.in_place_) {
      into.place(row, rows_.columns_);
      gathered_ = 0;
      return reader.hold(false);
    }
  }
  // Copying is cheaper than a new buffer for the reader as long as little is copied.
  constexpr std::size_t little = 4096;
  bool const large = gathered_ != 0 && reader.position() - offsets_[0] > little;
  if (large) {
    take_buffer(reader);
    row_set::chunk& taken = rows_.more_.empty() ? rows_.first_ : rows_.more_.back();
    // What belongs to a stream is soon recycled, or freed.
    if (last) shrink_buffer(taken.memory, taken.bytes), taken.is_buffer = false;
  }
  bytes_ = 0;
  into = std::move(rows_);
  if (gathered_ != 0) pack(into, reader);
  reader.hold(false);
}

void row_collector::recycle(frame_reader& reader, row_set&& rows) noexcept {
  row_set done = std::move(rows);
  if (done.size_ == 0) return;
  auto const give = [&reader](row_set::chunk& each) {
    if (each.is_buffer && each.memory) reader.keep(std::move(each.memory));
  };
  give(done.first_);
  for (row_set::chunk& each : done.more_) give(each);
}

void row_collector::reset(frame_reader& reader) noexcept {
  rows_ = {};
  bytes_ = 0;
  offsets_ = std::vector<std::uint32_t>();
  gathered_ = 0;
  reader.hold(false);
}

void row_collector::shrink() noexcept {
  if (gathered_ == 0 && offsets_.capacity() > 64)
    offsets_ = std::vector<std::uint32_t>();  // `= {}` would keep the memory
}

}  // namespace tusk::protocol
