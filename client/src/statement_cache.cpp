#include "statement_cache.hpp"

#include <algorithm>
#include <functional>

namespace tusk::detail {

bool operator==(statement_key const& a, statement_key const& b) noexcept {
  return a.sql == b.sql && std::equal(a.types.begin(), a.types.end(), b.types.begin(), b.types.end());
}

std::size_t statement_cache::hash::operator()(statement_key const& of) const noexcept {
  std::size_t value = std::hash<std::string_view>()(of.sql);
  for (oid const each : of.types) value = value * 31 + each;
  return value;
}

std::shared_ptr<prepared_statement> const* statement_cache::find(std::string_view sql, std::span<oid const> types) {
  auto const found = by_text_.find({sql, types});
  if (found == by_text_.end()) return nullptr;
  if (found->second != used_.begin()) used_.splice(used_.begin(), used_, found->second);
  return &used_.front();
}

std::shared_ptr<prepared_statement> statement_cache::add(std::shared_ptr<prepared_statement> fresh) {
  std::shared_ptr<prepared_statement> oldest;
  if (capacity_ == 0) return fresh;
  if (used_.size() == capacity_) {
    oldest = std::move(used_.back());
    by_text_.erase(key_of(*oldest));
    used_.pop_back();
  }
  used_.push_front(std::move(fresh));
  by_text_.emplace(key_of(*used_.front()), used_.begin());
  return oldest;
}

std::vector<std::string> statement_cache::clear() {
  std::vector<std::string> names;
  for (auto const& each : used_) names.push_back(each->name);
  by_text_.clear();
  used_.clear();
  return names;
}

}  // namespace tusk::detail
