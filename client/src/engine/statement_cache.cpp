#include "engine/statement_cache.hpp"

#include <algorithm>
#include <functional>

#include "net/random_bytes.hpp"

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
  if (used_.size() == capacity_) {
    oldest = std::move(used_.back());
    by_text_.erase(key_of(*oldest));
    used_.pop_back();
  }
  used_.push_front(std::move(fresh));
  by_text_.emplace(key_of(*used_.front()), used_.begin());
  return oldest;
}

void statement_cache::forget(prepared_statement const& which) {
  which.era = 0;
  if (!which.cached) return;
  auto const found = by_text_.find(key_of(which));
  if (found == by_text_.end() || found->second->get() != &which) return;
  auto const gone = found->second;
  by_text_.erase(found);  // first: its key is a view into the statement
  used_.erase(gone);
}

std::vector<std::string> statement_cache::forget_all() {
  std::vector<std::string> names;
  for (auto const& each : used_) names.push_back(each->name);
  by_text_.clear();
  used_.clear();
  ++era_;
  return names;
}

std::string statement_cache::next_name() {
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";
  if (prefix_.empty()) {
    prefix_ = "tusk_";
    for (std::byte const each : client::random_bytes<10>())
      prefix_ += digits[static_cast<unsigned>(each) % digits.size()];
    prefix_ += '_';
  }
  return prefix_ + std::to_string(++last_number_);
}

}  // namespace tusk::detail
