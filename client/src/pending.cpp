#include <tusk/pending.hpp>
#include <tusk/results.hpp>
#include <tusk/statement.hpp>

#include <iterator>

#include "calls.hpp"
#include "operations/preparation.hpp"

namespace tusk::detail {

started_preparation::started_preparation(std::shared_ptr<connection_state> const& on,
                                         std::shared_ptr<prepared_statement> fresh)
    : preparation(on->context, std::move(fresh)), on_(on), lease_(on->context.lease) {}

statement started_preparation::given() const {
  auto on = on_.lock();
  if (!on) throw interface_error("connection already closed", true);
  if (on->context.lease != lease_)
    throw interface_error(
        "the lease in which this statement was prepared has ended, and its connection may be another's");
  return {std::move(on), fresh_};
}

bool pending_operation::ready() const {
  if (!what_) throw programming_error("this tusk::pending has nothing: get() was called before, or it was moved from");
  return what_->has_ended();
}

void pending_operation::cancel() {
  if (!ready()) on_->cancel_started(*what_);
}

std::shared_ptr<sql_operation> pending_operation::take() {
  bool const ended = ready();
  what_->require_takeable();
  if (!ended) {
    on_->wait_for_started(*what_);
    tell_ended(*on_);
  }
  auto const what = std::move(what_);
  what->rethrow();
  return what;
}

template <>
result given_by<result>(sql_operation& ended) {
  return last_of(ended.results());
}

template <>
results given_by<results>(sql_operation& ended) {
  return all_of(ended.results());
}

template <>
statement given_by<statement>(sql_operation& ended) {
  return static_cast<started_preparation&>(ended).given();
}

template <>
std::uint64_t given_by<std::uint64_t>(sql_operation& ended) {
  return ended.reached().second;
}

}  // namespace tusk::detail
