// The simple query: one message with one or more statements, and its own Sync. An answer whose columns are known
// already can be taken whole.

#include "session_inline.hpp"
#include "whole_answer.hpp"

namespace tusk::protocol {

std::error_code session::query(std::string_view sql) {
  protocol::query message;
  message.sql = sql;
  return send(message, {request_kind::query});
}

query_answer session::take_query_answer(list<column_description> columns) {
  if (state_ != state::querying || !queue_.has_one() || is_limited()) return query_answer::nothing;
  constexpr std::size_t prefix = 7;  // type, length, count
  std::string_view const known = columns.encoded(), here = reader_.held();
  if (here.size() < prefix + known.size() || here[0] != row_description::type ||
      load_big_endian<std::uint32_t>(here.data() + 1) != prefix - 1 + known.size() ||
      load_big_endian<std::uint16_t>(here.data() + 5) != columns.size() || here.substr(prefix, known.size()) != known)
    return query_answer::nothing;
  reader_.skip(prefix + known.size());
  spare_syncs_ = 0;
  state_ = state::querying_rows;
  described_ = true;
  described_columns_ = static_cast<std::uint16_t>(columns.size());
  begin_rows();
  return take_ending() ? query_answer::all : query_answer::description;
}

}  // namespace tusk::protocol
