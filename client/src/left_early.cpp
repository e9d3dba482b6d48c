#include "left_early.hpp"

#include "operations/script.hpp"

namespace tusk::detail {

void end_early(connection_state& on, sql_operation& what, early_end const& how) {
  if (what.has_ended()) return;
  if (on.context.obstacles.any_of(obstacles::forked) || on.lock.passes()) return close_locked(on);
  if (how.cancels) on.engine.cancel(what);  // it alone: others may be before it
  if (what.has_ended()) return;
  if (on.options.async) return;  // poll() goes on
  if (on.by_callback.in_force()) return close_locked(on);
  auto const until = client::clock::now() + on.options.guard_limit;
  on.engine.wait_until_idle(until);
  if (on.engine.is_busy() && !how.cancels) {
    on.engine.cancel(what);
    on.engine.wait_until_idle(client::clock::now() + client::limit::grace);
  }
  if (on.engine.is_busy()) return on.engine.end().close(how.text);
  if (!what.has_begun_transaction() || !how.rolls_back || on.context.is_closed()) return;
  on.context.transactions.begin_asked = on.context.transactions.guards != 0;  // a guard's goes on, with nothing in it
  std::vector<result> dropped;
  script undo(on.context, "ROLLBACK", dropped);
  undo.begin_nothing();
  on.run(undo, std::make_unique<client::limit>(within(on.options.guard_limit), client::limit::close));
}

}  // namespace tusk::detail
