// Results without a server, made of rows as a session gathers them.
#pragma once

#include <memory>
#include <string>
#include <tusk/result.hpp>
#include <utility>
#include <vector>

#include "support/data_rows.hpp"
#include "support/gathering.hpp"

namespace tusk::test {

using text_row = row_values;

inline result made_result(std::vector<column_info> columns, std::vector<text_row> const& rows) {
  gathering gathered(static_cast<std::uint16_t>(columns.size()));
  for (text_row const& each : rows) gathered.feed(data_row_of(each));
  auto read_as = std::make_shared<tusk::detail::column_set>();
  for (column_info const& each : columns) read_as->types.push_back(each.type);
  read_as->quick_types = read_as->types;
  for (oid const type : read_as->types) read_as->readers.push_back(types::any_reader_of(type));
  read_as->infos = std::make_shared<std::vector<column_info> const>(std::move(columns));
  auto state =
      std::make_shared<tusk::detail::result_state>(std::move(read_as), "SELECT " + std::to_string(rows.size()), true);
  state->rows = gathered.finish();
  return result(std::move(state));
}

}  // namespace tusk::test
