// A statement whose rows are given out while it runs.
//
//   [Close ...] [BEGIN] [Parse Describe] Bind Execute Sync ─► rows ─► a chunk: is_full() until it is taken ─► ...
//
// A chunk is what one read from the socket brought. While one waits nothing is read, so that the server waits, and any
// number of rows needs no more memory than a chunk.
//
// With a fetch size the server makes so many rows, and waits with the unit open:
//
//   ... Bind Execute(n) Flush ─► rows ─► PortalSuspended ─► all chunks taken: Execute(n) Flush ─► ...
//                                                       └─► left, or cancelled: end_at_server()
//   CommandComplete, or an error ─► Sync
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <tusk/types/params.hpp>
#include <vector>

#include "operations/preparation.hpp"

namespace tusk::detail {

/// See the top of this file.
class stream_run final : public preparation {
 public:
  /// A statement that the server knows, or one that it has to be told. `args` have to live until it was fed.
  static std::shared_ptr<stream_run> of_known(session_context& in, std::shared_ptr<prepared_statement> statement,
                                              params const& args) {
    return std::shared_ptr<stream_run>(new stream_run(in, std::move(statement), args, is_known()));
  }
  static std::shared_ptr<stream_run> of_fresh(session_context& in, std::shared_ptr<prepared_statement> statement,
                                              params const& args) {
    return std::shared_ptr<stream_run>(new stream_run(in, std::move(statement), args));
  }

  fed feed() override;
  progress take(protocol::event const& told) override;
  fed feed_again() override;
  void keep() override {
    if (!kept_args_) args_ = &kept_args_.emplace(*args_);
  }
  bool is_barrier() const noexcept override { return is_barrier_with(*fresh_); }
  bool is_full() const noexcept override { return !chunks_.empty() && !is_left_; }
  void interrupt() noexcept override { is_interrupted_ = true; }

  /// How many rows the server is asked for at a time; 0: all. Before it is fed.
  void fetch(std::uint32_t rows) noexcept {
    fetch_size_ = static_cast<std::int32_t>(std::min<std::uint32_t>(rows, std::numeric_limits<std::int32_t>::max()));
  }
  /// Whether the server waits to be asked for more rows, or for the end; the engine is to resume it then.
  bool is_suspended() const noexcept { return stage_ == stage::suspended; }

  bool has_chunks() const noexcept { return !chunks_.empty(); }
  /// The next rows; empty: there are none now, or at all, if it has ended.
  std::optional<result> take_chunk();
  /// Rows that nobody reads any more: what comes is received into their memory.
  void give_back(result&& chunk) noexcept;
  /// What comes from now on is dropped. `undo`: nothing of the statement is to stand, which has it fail where it waits
  /// for more to be asked; else it is left there.
  void leave(bool undo) noexcept;

 private:
  stream_run(session_context& in, std::shared_ptr<prepared_statement> statement, params const& args, is_known known)
      : preparation(in, std::move(statement), known), args_(&args), args_count_(args.count()), is_known_(true) {}
  stream_run(session_context& in, std::shared_ptr<prepared_statement> statement, params const& args)
      : preparation(in, std::move(statement)), args_(&args), args_count_(args.count()), is_known_(false) {}

  enum class stage : std::uint8_t { whole, fetching, suspended, over };

  fed begin_fetching(std::error_code failed, std::optional<std::uint16_t> columns, result_form const* form);
  fed fetch_more();
  fed end_at_server();
  void add_chunk(std::string_view tag);
  void take_tag(std::string_view tag) override { add_chunk(tag); }
  std::optional<std::size_t> arguments() const noexcept override { return args_count_; }
  void ready() override;
  void lost() noexcept override { close(); }
  void plan_failed(bool may_heal) noexcept override;
  void statements_forgotten() override {}
  bool is_several() noexcept override { return false; }
  void close() noexcept;

  params const* args_;
  std::optional<params> kept_args_;
  std::size_t args_count_;
  std::shared_ptr<column_set const> formed_columns_;  // where some come in binary
  std::vector<result> chunks_;                        // that wait; mostly one
  bool is_known_;
  std::int32_t fetch_size_ = 0;
  stage stage_ = stage::whole;  // of one with a fetch size: whole before it is fed
  bool is_left_ = false, is_to_heal_ = false;
  bool is_interrupted_ = false, is_undone_ = false, is_ending_ = false;
};

}  // namespace tusk::detail
