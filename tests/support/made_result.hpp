// Results without a server, made of rows as a session gathers them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <tusk/protocol/backend.hpp>
#include <tusk/result.hpp>
#include <utility>
#include <vector>

#include "support/gathering.hpp"

namespace tusk::test {

using text_row = std::vector<std::optional<std::string>>;

/// The whole DataRow message of a row.
inline std::string data_row_of(text_row const& values) {
  protocol::list_storage<protocol::field_value> fields;
  for (auto const& each : values) fields.add(each ? protocol::field_value(*each) : std::nullopt);
  protocol::data_row message;
  message.values = fields;
  protocol::byte_buffer out;
  if (encode(out, message)) throw std::length_error("a row that is too long");
  return std::string(out.view());
}

inline result made_result(std::vector<column_info> columns, std::vector<text_row> const& rows) {
  gathering gathered(static_cast<std::uint16_t>(columns.size()));
  for (text_row const& each : rows) gathered.feed(data_row_of(each));
  auto read_as = std::make_shared<tusk::detail::column_set>();
  for (column_info const& each : columns) read_as->types.push_back(each.type);
  read_as->quick_types = read_as->types;
  read_as->infos = std::make_shared<std::vector<column_info> const>(std::move(columns));
  auto state =
      std::make_shared<tusk::detail::result_state>(std::move(read_as), "SELECT " + std::to_string(rows.size()), true);
  state->rows = gathered.finish();
  return result(std::move(state));
}

}  // namespace tusk::test
