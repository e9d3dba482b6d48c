// Batches: statements that travel together, without waiting for each other, up to the first that fails.
//
// Each is Parse, Bind, Describe, Execute of the extended protocol, and one Sync ends them all: so the server skips what
// stands behind a failure, and outside a transaction all of them are one. They are handed to the session in portions,
// as the socket takes them, so that a million statements do not stand in the send buffer.
#include <tusk/types/error.hpp>

#include "engine/engine.hpp"

namespace tusk::detail {
namespace {

constexpr std::size_t longest = protocol::max_sent_message - 16;
constexpr std::size_t portion = std::size_t{64} << 10;  // bytes that wait to be sent, about

}  // namespace

void engine::begin_exec_all(std::shared_ptr<statement_batch const> statements, first_casters casters) {
  for (std::string const& each : *statements) {  // now: a Sync behind half of them would have that half stand
    require_utf8(each);
    if (!text_is_utf8()) begin(each, params::none());  // which refuses it
    if (each.find('\0') != each.npos || each.size() > longest)
      throw programming_error("a statement of the batch cannot be sent: it has a NUL byte, or more than 1 GiB");
  }
  begin("", params::none());
  operation_.casters = std::move(casters);
  operation_.reached = {};
  if (statements->empty()) return;
  operation_.batch = std::move(statements);
  operation_.batched = 0;
  operation_.active = true;
  send_whole([&] {
    if (needs_begin()) send_begin();
    feed_batch();
  });
}

/// Hands the session the next portion; a Sync behind the last statement, or behind one that failed meanwhile.
void engine::feed_batch() {
  std::error_code failed;
  while (feeds_batch() && !operation_.error && !failed && session_.output().size() < portion)
    failed = batch_statement((*operation_.batch)[operation_.batched++]);
  if (feeds_batch() && !operation_.error && !failed) return;
  operation_.batched = operation_.batch->size();
  end_unit(failed);
}

std::error_code engine::batch_statement(std::string_view statement) {
  protocol::parse parse;
  parse.sql = statement;
  protocol::describe describe;
  describe.what = protocol::described_object::portal;
  if (auto const failed = session_.parse(parse)) return failed;
  if (auto const failed = session_.bind({})) return failed;
  if (auto const failed = session_.describe(describe)) return failed;
  return session_.execute({}, std::nullopt);
}

/// One of them has succeeded. Of those without rows the last one's result is kept.
void engine::take_batched(std::string_view tag) {
  auto& results = operation_.results;
  if (!results.empty() && results.back()->columns == no_columns()) results.pop_back();
  results.push_back(make_result(tag));
  ++operation_.reached.completed;
  operation_.reached.rows += counted_rows(results.back()->tag).value_or(0);  // taking the rows has ended the view
}

std::vector<result> engine::exec_all(std::shared_ptr<statement_batch const> statements, first_casters casters,
                                     batch_progress& reached, within const* limit) {
  lock const guard(mutex_);
  require_blocking("exec");
  reached = {};
  auto limited = admit(limit);
  begin_exec_all(std::move(statements), std::move(casters));
  limit_ = std::move(limited);
  try {
    wait_until_done();
  } catch (...) {
    reached = operation_.reached;
    throw;
  }
  reached = operation_.reached;
  return all_results();
}

void engine::start_exec_all(std::shared_ptr<statement_batch const> statements, first_casters casters,
                            within const* limit) {
  lock const guard(mutex_);
  auto limited = admit(limit);
  begin_exec_all(std::move(statements), std::move(casters));
  if (operation_.active) limit_ = std::move(limited);  // else there was nothing to do
}

batch_progress engine::progress() const {
  lock const guard(mutex_);
  return operation_.reached;
}

}  // namespace tusk::detail
