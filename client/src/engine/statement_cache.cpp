#include "engine/statement_cache.hpp"

#include <algorithm>
#include <cstring>

#include "net/random_bytes.hpp"

namespace tusk::detail {

/// Eight bytes at a time. Equal hashes are no more than slow, and a program chooses its statements itself.
std::size_t statement_cache::hash::operator()(statement_key const& of) const noexcept {
  constexpr std::uint64_t factor = 0x9e37'79b9'7f4a'7c15;  // 2^64 divided by the golden ratio
  std::uint64_t value = of.sql.size();
  auto const mix = [&](std::uint64_t with) {
    value = (value ^ with) * factor;
    value ^= value >> 32;
  };
  char const* at = of.sql.data();
  std::size_t left = of.sql.size();
  for (std::uint64_t word = 0; left >= sizeof word; at += sizeof word, left -= sizeof word) {
    std::memcpy(&word, at, sizeof word);
    mix(word);
  }
  if (left != 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    mix(word);
  }
  for (oid const each : of.types) mix(each);
  return static_cast<std::size_t>(value);
}

std::shared_ptr<prepared_statement> const* statement_cache::look_up(statement_key const& asked) {
  auto const found = by_text_.find(asked);
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
