// load_types(): one query of the catalogue, whose rows are for the connection.
#pragma once

#include <functional>
#include <memory>
#include <tusk/types/registry.hpp>
#include <vector>

#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// See the top of this file.
class catalogue_load final : public sql_operation {
 public:
  /// `adapters` get the types too. `warn` is told of a setting that spoils values. Both have to live until it ended.
  catalogue_load(session_context& in, adapter_registry& adapters, std::function<void(std::string_view)> warn)
      : sql_operation(in), adapters_(adapters), warn_(std::move(warn)) {}

  fed feed() override;
  std::string_view asked() const noexcept override { return session_types::catalogue_query(); }
  std::span<result> results() noexcept override { return {}; }
  bool is_barrier() const noexcept override { return false; }  // one SELECT

 private:
  void take_description(protocol::event const& told) override;
  void take_tag(std::string_view tag) override;
  void ready() override;

  adapter_registry& adapters_;
  std::function<void(std::string_view)> warn_;
  std::shared_ptr<column_set const> columns_;
  result rows_;
};

}  // namespace tusk::detail
