// An answer that is all there, regular, and the last that is awaited, is taken at once: what the table would do with
// its messages one by one, in a fraction of the instructions.
#pragma once

#include <algorithm>
#include <cstring>

#include "session_inline.hpp"

namespace tusk::protocol {

/// The answer to a unit. If it is not as above, takes what it knows and says false: the table rules the rest.
inline bool session::take_unit() {
  constexpr std::string_view bound("2\0\0\0\x04", 5);
  if (queue_.front().kind != request_kind::unit || !queue_.has_one() || is_limited()) return false;
  if (!reader_.held().starts_with(bound)) return false;
  reader_.skip(bound.size());
  spare_syncs_ = 0;
  advance_unit();
  begin_rows();
  return take_ending();
}

/// The answer to a run_once(), or to a Bind and an Execute, whose statement gave no rows: its CommandComplete is the
/// one event. False, and nothing is taken, for any other.
inline bool session::take_without_rows() {
  constexpr std::string_view parsed(
      "1\0\0\0\x04"
      "2\0\0\0\x04"
      "n\0\0\0\x04",
      15);  // ParseComplete, BindComplete, NoData
  constexpr std::string_view bound = parsed.substr(5, 5);
  bool const is_once = queue_.front().kind == request_kind::parse_once;
  bool const is_bound = queue_.front().kind == request_kind::bind && queue_.goes_on_with(request_kind::execute);
  if (!(is_once || is_bound) || is_limited()) return false;
  std::string_view const begin = is_once ? parsed : bound;
  std::string_view const here = reader_.held(), rest = here.substr(std::min(begin.size(), here.size()));
  if (rest.size() < 5 || !here.starts_with(begin) || rest[0] != command_complete::type) return false;
  auto const length = load_big_endian<std::uint32_t>(rest.data() + 1);
  if (length < 5 || length > std::min(max_short_message, limits_.max_message) || rest.size() <= length) return false;
  char const* const tag = rest.data() + 5;
  if (std::memchr(tag, 0, length - 4) != tag + length - 5) return false;

  reader_.skip(begin.size() + 1 + length);
  for (int i = is_once ? 3 : 1; i != 0; --i) queue_.pop();
  enter(queue_.front());
  begin_rows();
  event_.emplace<command_complete>().tag = {tag, length - 5};
  answer_front();
  finish_request();
  return true;
}

/// Rows, CommandComplete, ReadyForQuery, and nothing behind them.
inline bool session::take_ending() {
  constexpr std::size_t ready_size = 6;
  if (reader_.row_comes()) rows_.collect(reader_);

  std::string_view const rest = reader_.held();
  if (rest.size() < 1 + 5 + ready_size || rest[0] != command_complete::type) return false;
  auto const length = load_big_endian<std::uint32_t>(rest.data() + 1);
  if (length < 5 || length > std::min(max_short_message, limits_.max_message) ||
      rest.size() != 1 + std::size_t{length} + ready_size)
    return false;
  char const* const tag = rest.data() + 5;
  char const* const ready = rest.data() + 1 + length;
  if (std::memchr(tag, 0, length - 4) != ready - 1) return false;
  char const status = ready[5];
  if (ready[0] != ready_for_query::type || load_big_endian<std::uint32_t>(ready + 1) != 5 ||
      (status != 'I' && status != 'T' && status != 'E'))
    return false;

  reader_.skip(rest.size());
  transaction_ = static_cast<transaction_indicator>(status);
  event_.emplace<unit_complete>(unit_complete{{tag, length - 5}, transaction_});
  described_ = false;
  queue_.pop_only();
  state_ = state::idle;
  return true;
}

}  // namespace tusk::protocol
