#include "engine/kept_notices.hpp"

#include <algorithm>
#include <utility>

#include "engine/foreign_text.hpp"

namespace tusk::detail {

bool write_fields(protocol::list<protocol::error_field> const& sent, diagnostics& to, bool foreign) {
  bool replaced = false;
  for (protocol::error_field const& each : sent) {
    bool const readable = is_readable(each.value, foreign);
    replaced |= !readable;
    if (readable)
      to.set(each.code, each.value);
    else
      to.set(each.code, with_replacements(each.value));
  }
  return replaced;
}

void kept_notices::drop_oldest() noexcept {
  entry& oldest = ring_[first_];
  bytes_ -= oldest.bytes;
  if (oldest.bytes > worth_keeping)
    diagnostics(std::move(oldest.fields)).clear();  // takes the memory along
  else
    oldest.fields.clear();
  first_ = first_ + 1 == ring_.size() ? 0 : first_ + 1;
  --count_;
}

diagnostics* kept_notices::add(std::size_t bytes) {
  if (bytes > most_bytes) return nullptr;
  if (count_ == ring_.size() && count_ < most) {
    std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(first_), ring_.end());
    first_ = 0;
    ring_.emplace_back();
  }
  while (count_ == most || bytes_ + bytes > most_bytes) drop_oldest();
  std::size_t const place = first_ + count_;
  entry& newest = ring_[place < ring_.size() ? place : place - ring_.size()];
  newest.bytes = bytes;
  bytes_ += bytes;
  ++count_;
  return &newest.fields;
}

std::vector<diagnostics> kept_notices::take() {
  std::vector<diagnostics> taken;
  taken.reserve(count_);
  for (std::size_t i = 0; i < count_; ++i) taken.push_back(std::move(ring_[(first_ + i) % ring_.size()].fields));
  *this = {};
  return taken;
}

}  // namespace tusk::detail
