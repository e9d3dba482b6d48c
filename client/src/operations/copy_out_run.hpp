// COPY TO STDOUT.
//
//   [Close ...] [BEGIN] Parse Bind Execute Sync ─► CopyOutResponse ─► CopyData ... ─► a chunk: is_full() until it is
//   taken ─► ... ─► CopyDone, CommandComplete
//
// A chunk is what one read from the socket brought. While one waits nothing is read, so that the server waits.
#pragma once

#include <optional>
#include <string>
#include <tusk/copy.hpp>

#include "operations/copy_statement.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// See the top of this file.
class copy_out_run final : public sql_operation {
 public:
  /// Throws programming_error if its text is not UTF-8, or no COPY.
  copy_out_run(session_context& in, std::string_view sql, std::optional<copy_format> const& format);

  fed feed() override;
  progress take(protocol::event const& told) override;
  std::string_view asked() const noexcept override { return sql_; }
  std::span<result> results() noexcept override { return {}; }
  std::pair<std::size_t, std::uint64_t> reached() const noexcept override { return {1, count_}; }
  bool is_full() const noexcept override { return has_chunk() && !is_left_; }

  bool has_chunk() const noexcept { return chunk_.size() != 0; }
  std::optional<copy_chunk> take_chunk();
  /// What comes from now on is dropped.
  void leave() noexcept;
  /// How typed rows are read. Throws programming_error if that is not known. The server's answer has to agree.
  copy_format const& row_format();
  std::uint64_t received() const noexcept { return bytes_; }
  std::uint64_t rows() const noexcept { return rows_; }

 private:
  void take_tag(std::string_view tag) override;
  bool is_several() noexcept override { return false; }
  void ready() override { close(); }
  void lost() noexcept override { close(); }
  void close() noexcept { in_.obstacles.set(obstacles::streaming, false); }
  void check_format();

  std::string sql_;
  copy_statement stated_;
  std::optional<copy_format> format_;
  std::optional<bool> is_binary_;  // as the server says
  copy_chunk chunk_;
  std::uint64_t count_ = 0, bytes_ = 0, rows_ = 0;
  bool is_typed_ = false, is_left_ = false, has_copied_ = false;
};

}  // namespace tusk::detail
