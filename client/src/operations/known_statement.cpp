#include "operations/known_statement.hpp"

#include "operations/preparation.hpp"

namespace tusk::detail {

void require_types(prepared_statement const& statement, params const& args) {
  for (std::size_t i = 0; i < args.count(); ++i)
    if (args.is_binary(i) && args.types()[i] != statement.parameters[i])
      throw programming_error("argument " + std::to_string(i + 1) + " is in the binary form of type " +
                              std::to_string(args.types()[i]) + ", and the parameter is of type " +
                              std::to_string(statement.parameters[i]) +
                              ": a prepared statement takes arguments of tusk::bind(), which are text");
}

std::string wrong_argument_count(std::size_t parameters, std::size_t arguments) {
  return "the statement has " + std::to_string(parameters) + " parameter(s), but " + std::to_string(arguments) +
         " argument(s) were given";
}

std::exception_ptr wrong_parameters(prepared_statement const& described, std::optional<std::size_t> arguments) {
  std::size_t const count = described.parameters.size();
  if (count > protocol::max_parameters) {
    std::error_code const code = protocol::errc::too_many_parameters;
    return std::make_exception_ptr(programming_error(code.message(), code));
  }
  if (!arguments || *arguments == count) return nullptr;
  return std::make_exception_ptr(programming_error(wrong_argument_count(count, *arguments)));
}

void known_statement::keep() {
  struct call {
    std::shared_ptr<void> statement;
    params args;
  };
  hold();
  auto const kept = std::shared_ptr<call>(new call{held_, *args_});
  args_ = &kept->args;
  held_ = std::shared_ptr<void>(kept, held_.get());
}

struct known_statement::second_try {
  std::shared_ptr<prepared_statement> statement;
  std::string values, formats;  // the caller's may be gone
  std::size_t count;
  std::unique_ptr<sql_operation> run = nullptr;
};

/// It is prepared anew: by itself, if it may and nothing was sent behind it; else when it is asked for again.
void known_statement::plan_failed(bool may_heal) noexcept {
  try {
    hold();
    in_.forget(*statement_);
    if (!may_heal || in_.session.answering() != in_.session.last_request()) return;
    auto const run = in_.session.last_run();
    held_ = std::shared_ptr<second_try>(
        new second_try{std::static_pointer_cast<prepared_statement>(held_), std::string(run.parameters.encoded()),
                       std::string(run.parameter_formats.encoded()), run.parameters.size()});
    args_ = nullptr;
  } catch (std::bad_alloc const&) {
    return;  // then it fails, maybe once more
  }
}

void known_statement::settle() noexcept {
  if (heals() && second().run) second().run->settle();
}

progress known_statement::take_slowly(protocol::event const& told) {
  if (!heals()) return sql_operation::take(told);
  if (second().run) return take_second(told);
  // What it is where the unit began outside a transaction.
  using status = protocol::transaction_indicator;
  auto const expected = has_begun_ ? status::failed : status::idle;
  if (!std::holds_alternative<protocol::ready_for_query>(told) || in_.session.transaction() != expected)
    return sql_operation::take(told);
  if (has_begun_) in_.transactions.begin_sent = false;
  return progress::again;
}

/// One that was kept by its text goes, with its name; another one of that text takes its place.
fed known_statement::feed_again() {
  auto& with = second();
  try {
    auto fresh = with.statement;
    if (fresh->cached) {
      fresh = std::make_shared<prepared_statement>();
      fresh->cached = true;
      fresh->sql = with.statement->sql;
      fresh->types = with.statement->types;
    }
    bound_values const args(with.values, with.formats, with.count);
    with.run = std::make_unique<first_run>(in_, std::move(fresh), args, has_begun_);
  } catch (std::exception const&) {
    return fed::nothing;  // no memory, or no name for it
  }
  forget_error();
  auto const done = with.run->feed();
  with.values = {};
  if (done == fed::nothing) fail(with.run->error());
  return done;
}

fed known_statement::feed_with_formats() {
  auto& columns = statement_->columns;
  if (in_.types.is_stale(*columns)) in_.types.refresh(columns);
  auto const* const form = form_of(in_, *statement_, *args_);
  if (form != nullptr) formed_columns_ = form->columns;
  auto const failed = in_.session.run(statement_->name, {args_->wire(), args_->count()},
                                      static_cast<std::uint16_t>(columns->types.size()), formats_of(*args_, form));
  return failed ? end_unit(failed) : fed::whole;
}

/// One before it, which was sent while this one waited, has failed with the statement: its name is closed by now.
fed known_statement::feed_forgotten() {
  hold();
  if (auto const* again = in_.statements.find(statement_->sql, statement_->types)) {  // it was prepared again
    auto const both =
        std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<prepared_statement>>>(held_, *again);
    held_ = {both, both->second.get()};
    statement_ = both->second.get();
    return feed();
  }
  held_ = std::shared_ptr<second_try>(new second_try{std::static_pointer_cast<prepared_statement>(held_),
                                                     std::string(args_->wire()), std::string(args_->formats()),
                                                     args_->count()});
  args_ = nullptr;
  if (auto const done = feed_again(); done != fed::nothing) return done;
  end();
  return fed::nothing;
}

/// Until it is fed again, nothing is to be sent behind it.
bool known_statement::is_second_barrier() const noexcept { return !second().run || second().run->is_barrier(); }

progress known_statement::take_second(protocol::event const& told) {
  auto& run = *second().run;
  auto const now = run.take(told);
  if (now == progress::under_way) return now;
  if (!run.results().empty()) result_ = std::move(run.results().back());
  if (run.error()) fail(run.error());
  end();
  second().run.reset();
  return now;
}

}  // namespace tusk::detail
