// A statement that the server knows by its name, and whose columns we know.
//
//   [Close ...] [BEGIN] Bind Execute Sync ─► BindComplete, rows, CommandComplete, ReadyForQuery
//                                            error before BindComplete ─► a first_run, once, and its outcome
//
// The session sends and takes that as one request, which is the cheapest way to run a statement.
//
// It heals: if the server refuses to bind it, it may be stale (the tables or their types were changed, the server's
// session is another one, or has forgotten it), so that it is prepared and run again, and only what that gives is told.
// Nothing of the statement has run then. It does not heal inside a transaction, which has failed, but for one that it
// has begun itself; nor behind what may have been sent for it to be true; nor after a cancel.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tusk/types/params.hpp>

#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// The text of the error that a wrong number of arguments is.
std::string wrong_argument_count(std::size_t parameters, std::size_t arguments);
/// Throws programming_error if one is in the binary form of another type than its parameter has.
void require_types(prepared_statement const& statement, params const& args);
[[gnu::always_inline]] inline void require_arguments(prepared_statement const& statement, params const& args) {
  if (args.count() != statement.parameters.size()) [[unlikely]]
    throw programming_error(wrong_argument_count(statement.parameters.size(), args.count()));
  if (!args.formats().empty()) [[unlikely]]
    require_types(statement, args);
}
/// What is wrong with the parameters of a statement that was described just now: there are more than Bind can carry,
/// as the server allows, or not as many as `arguments`, which may be none to compare with. Null: nothing.
std::exception_ptr wrong_parameters(prepared_statement const& described, std::optional<std::size_t> arguments);

/// See the top of this file.
class known_statement final : public sql_operation {
 public:
  /// The statement has to live until it has ended, but for hold(); the arguments until it was fed. Throws
  /// programming_error if the arguments do not fit.
  [[gnu::always_inline]] known_statement(session_context& in, std::shared_ptr<prepared_statement> const& statement,
                                         params const& args)
      : sql_operation(in), statement_(statement.get()), from_(&statement), args_(&args) {
    require_arguments(*statement_, args);
  }
  [[gnu::always_inline]] ~known_statement() override {}  // else it is a call, where it has nothing to do
  /// Keeps the statement, from here on.
  void hold() {
    if (!held_) held_ = std::shared_ptr<prepared_statement>(*from_);  // less work than copying into it
  }

  fed feed() override {
    if (statement_->era == 0 && statement_->cached) [[unlikely]]
      return feed_forgotten();
    if (!in_.released.empty()) [[unlikely]]
      in_.close_released();
    if (in_.needs_begin()) [[unlikely]]
      if (auto const failed = begin()) return end_unit(failed);
    if (!args_->formats().empty() || args_->results() != nullptr) return feed_with_formats();
    auto const columns = static_cast<std::uint16_t>(statement_->columns->types.size());
    if (auto const failed = in_.session.run(statement_->name, {args_->wire(), args_->count()}, columns)) [[unlikely]]
      return end_unit(failed);
    return fed::whole;
  }
  /// Mostly there is one event, and nothing else that its end could concern.
  progress take(protocol::event const& told) override {
    auto const* whole = std::get_if<protocol::unit_complete>(&told);
    if (whole == nullptr || has_begun_ || in_.transactions.guards != 0) [[unlikely]]
      return take_slowly(told);
    take_tag(whole->tag);
    end();
    return progress::ended;
  }
  void keep() override;
  void settle() noexcept override;
  fed feed_again() override;
  std::string_view asked() const noexcept override { return statement_->sql; }
  std::span<result> results() noexcept override {
    return result_ ? std::span<result>(&*result_, 1) : std::span<result>();
  }

  bool is_barrier() const noexcept override { return heals() ? is_second_barrier() : is_barrier_with(*statement_); }

  /// The result, when the only event of the answer has this tag.
  [[gnu::always_inline]] std::shared_ptr<result_state> take_at_once(std::string_view tag) {
    return make_result(tag, current_columns());
  }

 private:
  void take_tag(std::string_view tag) override { result_.emplace(take_at_once(tag)); }
  bool was_described() const noexcept override { return true; }
  void plan_failed(bool may_heal) noexcept override;
  progress take_slowly(protocol::event const& told);
  progress take_second(protocol::event const& told);
  bool is_second_barrier() const noexcept;
  /// What it is prepared and run again with, and what does that.
  struct second_try;
  bool heals() const noexcept { return args_ == nullptr; }
  second_try& second() const noexcept { return *static_cast<second_try*>(held_.get()); }
  fed feed_forgotten();
  fed feed_with_formats();
  void statements_forgotten() override { hold(); }  // it may go with the cache's
  [[gnu::always_inline]] std::shared_ptr<column_set const> const& current_columns() {
    auto& columns = formed_columns_ ? formed_columns_ : statement_->columns;
    if (in_.types.is_stale(*columns)) [[unlikely]]
      in_.types.refresh(columns);
    return columns;
  }

  prepared_statement const* statement_;
  std::shared_ptr<prepared_statement> const* from_;  // until it is held
  params const* args_;                               // until it is fed; null: it heals
  std::optional<result> result_;
  std::shared_ptr<column_set const> formed_columns_;  // where some come in binary
  std::shared_ptr<void> held_;  // the statement; a second_try if it heals: what does not has nothing more to destroy
};

}  // namespace tusk::detail
