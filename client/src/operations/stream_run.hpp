// A statement whose rows are given out while it runs.
//
//   [Close ...] [BEGIN] [Parse Describe] Bind Execute Sync ─► rows ─► a chunk: is_full() until it is taken ─► ...
//
// A chunk is what one read from the socket brought. While one waits nothing is read, so that the server waits, and any
// number of rows needs no more memory than a chunk.
#pragma once

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

  bool has_chunks() const noexcept { return !chunks_.empty(); }
  /// The next rows; empty: there are none now, or at all, if it has ended.
  std::optional<result> take_chunk();
  /// Rows that nobody reads any more: what comes is received into their memory.
  void give_back(result&& chunk) noexcept;
  /// What comes from now on is dropped.
  void leave() noexcept;
  /// Whether it ran in a transaction that it has begun itself, or in none.
  bool is_alone() const noexcept { return is_alone_; }

 private:
  stream_run(session_context& in, std::shared_ptr<prepared_statement> statement, params const& args, is_known known)
      : preparation(in, std::move(statement), known), args_(&args), args_count_(args.count()), is_known_(true) {}
  stream_run(session_context& in, std::shared_ptr<prepared_statement> statement, params const& args)
      : preparation(in, std::move(statement)), args_(&args), args_count_(args.count()), is_known_(false) {}

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
  bool is_left_ = false, is_alone_ = true, is_to_heal_ = false;
};

}  // namespace tusk::detail
