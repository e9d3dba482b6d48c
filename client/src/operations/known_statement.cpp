#include "operations/known_statement.hpp"

#include "operations/preparation.hpp"

namespace tusk::detail {

std::string wrong_argument_count(std::size_t parameters, std::size_t arguments) {
  return "the statement has " + std::to_string(parameters) + " parameter(s), but " + std::to_string(arguments) +
         " argument(s) were given";
}

known_statement::second_try::~second_try() = default;

/// It is prepared anew: by itself, if it may and nothing was sent behind it; else when it is asked for again.
void known_statement::plan_failed(bool may_heal) noexcept {
  try {
    hold();
    in_.forget(*statement_);
    if (!may_heal || in_.session.answering() != in_.session.last_request()) return;
    second_ = std::make_unique<second_try>(in_.session.last_run().parameters);  // the caller's may be gone
  } catch (std::bad_alloc const&) {
    return;  // then it fails, maybe once more
  }
}

progress known_statement::take_slowly(protocol::event const& told) {
  if (!second_) return sql_operation::take(told);
  if (second_->run) return take_second(told);
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
  try {
    auto fresh = held_;
    if (fresh->cached) {
      fresh = std::make_shared<prepared_statement>();
      fresh->cached = true;
      fresh->sql = held_->sql;
      fresh->types = held_->types;
    }
    protocol::list<protocol::field_value> const values(second_->values, second_->count);
    second_->run = std::make_unique<first_run>(in_, std::move(fresh), values, has_begun_);
  } catch (std::exception const&) {
    return fed::nothing;  // no memory, or no name for it
  }
  forget_error();
  auto const done = second_->run->feed();
  second_->values = {};
  if (done == fed::nothing) fail(second_->run->error());
  return done;
}

progress known_statement::take_second(protocol::event const& told) {
  auto& run = *second_->run;
  auto const now = run.take(told);
  if (now == progress::under_way) return now;
  if (!run.results().empty()) result_ = std::move(run.results().back());
  if (run.error()) fail(run.error());
  end();
  second_.reset();
  return now;
}

}  // namespace tusk::detail
