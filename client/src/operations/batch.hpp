// Statements that travel together, without waiting for each other, up to the first that fails: a cursor's executemany
// and execute_values.
//
//   [BEGIN] (Parse Bind Describe Execute) for each statement, Sync
//
// So the server skips what stands behind a failure, and outside a transaction all of them are one. They are handed to
// the session in portions, as the socket takes them, so that a million statements do not stand in the send buffer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operations/sql_operation.hpp"
#include "operations/statement_batch.hpp"

namespace tusk::detail {

/// See the top of this file.
class batch final : public sql_operation {
 public:
  /// Throws programming_error if one of them cannot be sent.
  batch(session_context& in, std::shared_ptr<statement_batch const> statements, first_casters casters);

  fed feed() override;
  std::string_view asked() const noexcept override {
    return statements_ && completed_ < statements_->size() ? (*statements_)[completed_] : std::string_view();
  }
  bool is_barrier() const noexcept override { return true; }
  /// Of those without rows the last one's is kept.
  std::span<result> results() noexcept override { return results_; }
  void settle() noexcept override {
    statements_.reset();
    if (error()) std::vector<result>().swap(results_);
  }
  std::pair<std::size_t, std::uint64_t> reached() const noexcept override { return {completed_, rows_}; }

 private:
  bool is_whole() const noexcept { return fed_ == statements_->size(); }
  void take_description(protocol::event const& told) override;
  void take_tag(std::string_view tag) override;
  void ready() override;
  bool is_several() noexcept override { return statements_->size() > 1; }
  std::string advice(diagnostics const& fields) const override;

  std::shared_ptr<statement_batch const> statements_;
  first_casters casters_;
  std::vector<result> results_;
  std::shared_ptr<column_set const> columns_;  // of the statement whose end comes; null: it gives no rows
  std::size_t fed_ = 0, completed_ = 0;
  std::uint64_t rows_ = 0;
  bool begun_ = false;
  std::string tag_;  // of the last one that has ended, if it gave no rows
};

}  // namespace tusk::detail
