// Sync alone, which every server answers.
#pragma once

#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// See the top of this file.
class ping_operation final : public sql_operation {
 public:
  explicit ping_operation(session_context& in) noexcept : sql_operation(in) {}
  fed feed() override { return end_unit({}); }
  std::span<result> results() noexcept override { return {}; }
  bool is_barrier() const noexcept override { return false; }

 private:
  void take_tag(std::string_view) override {}
};

}  // namespace tusk::detail
