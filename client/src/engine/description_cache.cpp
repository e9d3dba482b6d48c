#include "engine/description_cache.hpp"

#include <algorithm>
#include <utility>

namespace tusk::detail {

void description_cache::keep(protocol::list<protocol::column_description> described, first_casters const& casters,
                             std::shared_ptr<column_set const> const& columns) {
  std::string_view const encoded = described.encoded();
  if (encoded.size() > worth_keeping) return;
  known_description fresh{std::string(encoded), described.size(), casters, columns, ++now_};
  kept_.reserve(most);
  std::size_t bytes = encoded.size();
  for (known_description const& each : kept_) bytes += each.encoded.size();
  while (kept_.size() == most || bytes > most_bytes) {
    auto const oldest = std::min_element(kept_.begin(), kept_.end(),
                                         [](auto const& one, auto const& other) { return one.used < other.used; });
    bytes -= oldest->encoded.size();
    kept_.erase(oldest);
  }
  last_ = kept_.size();
  kept_.push_back(std::move(fresh));
}

}  // namespace tusk::detail
