#include "engine/operation_queue.hpp"

#include <algorithm>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::detail {
namespace {

constexpr char unsent[] = "the statement was cancelled before it was sent";
constexpr std::size_t worth_moving = 64;  // entries that have left

}  // namespace

bool operation_queue::feed_next() {
  queued_operation& next = entries_[first_ + fed_];
  auto const done = next.what->feed();
  in_part_ = done == fed::part || done == fed::later;
  stalled_ = done == fed::later;
  waiting_ -= std::exchange(next.size, 0);
  if (in_part_) return false;
  if (done == fed::nothing && fed_ == 0)
    remove_unfed(first_);
  else
    ++fed_;  // if it has ended it leaves when those before it have
  return true;
}

bool operation_queue::feed_front_again() {
  auto const done = front().feed_again();
  if (done == fed::nothing) return false;
  in_part_ = done != fed::whole;
  stalled_ = done == fed::later;
  if (in_part_) --fed_;
  return true;
}

void operation_queue::push(operation& what, std::unique_ptr<client::limit>&& limit, std::shared_ptr<operation>&& kept,
                           std::size_t size) {
  bool const limited = limit != nullptr;
  entries_.push_back({&what, std::move(limit), std::move(kept), size});
  if (limited) ++limits_;
  waiting_ += size;
}

/// One that has ended.
void operation_queue::leave(queued_operation& which) {
  if (which.limit) --limits_;
  ++left_;
  waiting_ -= which.size;
  if (which.kept) ended_.keep(std::move(which.kept));
}

void operation_queue::remove_front() {
  leave(entries_[first_]);
  if (++first_ == entries_.size()) entries_.clear(), first_ = 0;
  if (fed_ != 0)
    --fed_;
  else
    in_part_ = stalled_ = false;
}

void operation_queue::end_front_of_several() {
  remove_front();
  while (fed_ != 0 && !empty() && front().has_ended()) remove_front();
  if (first_ < worth_moving || first_ < entries_.size() / 2) return;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

void operation_queue::remove_unfed(std::size_t index) {
  leave(entries_[index]);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
  if (empty()) entries_.clear(), first_ = 0;
}

void operation_queue::interrupt(operation const& what) {
  std::size_t index = first_;
  while (index < entries_.size() && entries_[index].what != &what) ++index;
  if (index == entries_.size()) return;
  queued_operation& found = entries_[index];
  if (index >= first_ + begun()) {
    found.what->end(std::make_exception_ptr(query_canceled(unsent)));
    return remove_unfed(index);
  }
  if (found.limit && found.limit->is_over()) return;
  if (!found.limit) ++limits_;
  found.limit = std::make_unique<client::limit>(within(std::chrono::seconds(0)));
}

void operation_queue::end_unsent() {
  for (std::size_t i = first_ + begun(); i < entries_.size();) {
    auto const& limit = entries_[i].limit;
    if (!limit || !limit->cancels() || !limit->is_over()) {
      ++i;
      continue;
    }
    entries_[i].what->end(std::make_exception_ptr(query_canceled(client::unsent_text)));
    remove_unfed(i);
    i = std::max(i, first_);
  }
}

void operation_queue::end_unfed(std::exception_ptr const& error) noexcept {
  while (first_ + begun() < entries_.size()) {
    std::size_t const index = first_ + begun();
    entries_[index].what->end(error);
    remove_unfed(index);
  }
}

void operation_queue::end_all(std::exception_ptr const& error) noexcept {
  auto entries = std::exchange(entries_, {});
  auto const first = static_cast<std::ptrdiff_t>(std::exchange(first_, 0));
  fed_ = limits_ = waiting_ = 0;
  in_part_ = stalled_ = false;
  for (auto each = entries.begin() + first; each != entries.end(); ++each) {
    ++left_;
    each->what->end(error);
    if (each->kept) ended_.keep(std::move(each->kept));
  }
}

client::deadline operation_queue::until() const {
  client::deadline earliest;
  for (std::size_t i = first_; i < entries_.size(); ++i) {
    auto const& limit = entries_[i].limit;
    // What was sent behind another operation cannot be cancelled yet.
    if (!limit || (i != first_ && i < first_ + begun() && limit->cancels())) continue;
    if (auto const until = limit->until(); until && (!earliest || *until < *earliest)) earliest = until;
  }
  return earliest;
}

client::limit const* operation_queue::spent() {
  for (std::size_t i = first_; i < entries_.size(); ++i) {
    auto const& limit = entries_[i].limit;
    if (limit && (i == first_ || !limit->cancels()) && limit->is_over() && limit->is_spent()) return limit.get();
  }
  return nullptr;
}

}  // namespace tusk::detail
