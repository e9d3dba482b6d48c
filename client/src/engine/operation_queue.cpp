#include "engine/operation_queue.hpp"

#include <algorithm>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::detail {

void operation_queue::interrupt() {
  if (entries_.empty() || (limit() != nullptr && limit()->is_over())) return;
  if (limit() == nullptr) ++limits_;
  entries_.front().limit = std::make_unique<client::limit>(within(std::chrono::seconds(0)));
}

void operation_queue::end_unsent() {
  for (std::size_t i = begun(); i < entries_.size();) {
    auto const& limit = entries_[i].limit;
    if (!limit || !limit->cancels() || !limit->is_over()) {
      ++i;
      continue;
    }
    entries_[i].what->end(std::make_exception_ptr(query_canceled(client::unsent_text)));
    remove(i);
  }
}

void operation_queue::end_all(std::exception_ptr const& error) noexcept {
  auto entries = std::exchange(entries_, {});
  fed_ = limits_ = 0;
  in_part_ = false;
  for (entry& each : entries) {
    each.what->end(error);
    if (each.kept) keep(std::move(each.kept));
  }
}

client::deadline operation_queue::until() const {
  client::deadline earliest;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto const& limit = entries_[i].limit;
    // What was sent behind another operation cannot be cancelled yet.
    if (!limit || (i != 0 && i < begun() && limit->cancels())) continue;
    if (auto const until = limit->until(); until && (!earliest || *until < *earliest)) earliest = until;
  }
  return earliest;
}

client::limit const* operation_queue::spent() {
  for (entry const& each : entries_)
    if (each.limit && (&each == entries_.data() || !each.limit->cancels()) && each.limit->is_over() &&
        each.limit->is_spent())
      return each.limit.get();
  return nullptr;
}

}  // namespace tusk::detail
