#include <tusk/pipeline.hpp>

#include <tusk/connection.hpp>
#include <utility>

#include "calls.hpp"
#include "operations/unit.hpp"

namespace tusk {
namespace {

constexpr char left_text[] = "the pipeline was left without sync(), so that nothing of its last unit stands";

/// Why an open unit is not to go on; null: it is.
std::exception_ptr obstacle(detail::unit const& open, std::optional<within> const& limit) {
  if (open.is_open() && limit && limit->is_over())
    return std::make_exception_ptr(query_canceled("the pipeline's limit was over before its sync()"));
  if (open.is_open() && open.is_cancelled())
    return std::make_exception_ptr(query_canceled("a request of the pipeline was cancelled before its sync()"));
  return open.has_ended() ? open.error() : nullptr;
}

/// Whether there may be one.
bool is_obstructed(detail::unit const& open, std::optional<within> const& limit) noexcept {
  return limit || open.is_cancelled() || open.has_ended();
}

/// Lifts the obstacle that an open unit is for everything else.
class unit_goes_on {
 public:
  unit_goes_on(detail::session_context& in, bool open) noexcept : is_open(open), in_(in) {
    in_.obstacles.set(detail::obstacles::unit_open, false);
  }
  unit_goes_on(unit_goes_on const&) = delete;
  unit_goes_on& operator=(unit_goes_on const&) = delete;
  ~unit_goes_on() { in_.obstacles.set(detail::obstacles::unit_open, is_open); }

  bool is_open;

 private:
  detail::session_context& in_;
};

}  // namespace

pipeline::pipeline(std::shared_ptr<detail::connection_state> on, within const* limit) : state_(std::move(on)) {
  if (limit != nullptr) limit_ = *limit;
}
pipeline::pipeline(pipeline&& other) noexcept
    : state_(std::move(other.state_)), open_(std::move(other.open_)), limit_(std::move(other.limit_)) {}
pipeline& pipeline::operator=(pipeline&& other) noexcept {
  if (this != &other) {
    leave();
    state_ = std::move(other.state_);
    open_ = std::move(other.open_);
    limit_ = std::move(other.limit_);
  }
  return *this;
}
pipeline::~pipeline() { leave(); }

detail::connection_state& pipeline::state() const {
  if (!state_) throw interface_error("this pipeline was moved to another object; use that one");
  return *state_;
}
types::binding const& pipeline::binding() const { return state().arguments.binding; }

detail::pending_operation pipeline::add(statement* prepared, std::string_view sql, params const& args) {
  auto& on = state();
  auto const* const kept = prepared == nullptr ? nullptr : prepared->prepared_of(on);
  if (!on.watched) [[likely]]
    return add_now(kept, sql, args);
  if (on.owner == nullptr) throw interface_error("connection already closed", true);
  return on.owner->start_watched({.sql = kept == nullptr ? sql : std::string_view((*kept)->sql),
                                  .args = args,
                                  .starts = true,
                                  .prepared = kept,
                                  .in = this});
}

detail::pending_operation pipeline::add_now(std::shared_ptr<detail::prepared_statement> const* prepared,
                                            std::string_view sql, params const& args) {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  bool const is_first = !open_;
  std::shared_ptr<detail::unit_request> request;
  if (is_first) {
    auto limited = on.require.time(detail::pointer(limit_));
    on.require.ready(sql, args);
    auto fresh = std::make_shared<detail::unit>(on.context);
    request = prepared != nullptr ? fresh->add(*prepared, args, false) : fresh->add(sql, args, false);
    fresh->set_held(true);  // what ends it before sync() is told there
    unit_goes_on now(on.context, false);
    on.engine.begin(*fresh, std::move(limited), fresh);
    open_ = std::move(fresh);
    now.is_open = true;
  } else {
    if (!on.context.obstacles.none_but(detail::obstacles::unit_open) || is_obstructed(*open_, limit_)) [[unlikely]]
      require_open_unit(sql, args);
    if (on.options.async && open_->has_unfed() && on.engine.queued() > on.options.limits.queued)
      throw programming_error("limits.queued bytes wait to be sent already; step the connection with poll() first");
    bool const at_once = on.engine.cancelling().may_feed();
    request = prepared != nullptr ? open_->add(*prepared, args, at_once) : open_->add(sql, args, at_once);
    on.engine.resume(!open_->has_unfed());
  }
  if (open_->has_unfed()) request->keep();
  if (on.watched) on.started = request;
  detail::pending_operation made = detail::handle_to(std::move(request), on);
  if (!on.options.async) detail::wait_for_room(on);
  return made;
}

pending<void> pipeline::sync() {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  on.require.no_handler();
  auto ended = std::exchange(open_, nullptr);
  if (!ended) {
    ended = std::make_shared<detail::unit>(on.context);
    ended->sync();
    ended->feed();
    return detail::handle_to(std::move(ended), on);
  }
  on.context.obstacles.set(detail::obstacles::unit_open, false);
  detail::pending_operation made = detail::handle_to(std::shared_ptr(ended), on);
  if (ended->has_ended()) return made;  // with the connection, or cancelled before it was sent
  if (auto const why = obstacle(*ended, limit_))
    ended->abandon(why);
  else
    ended->sync();
  on.engine.resume();
  if (!on.options.async) on.engine.step();
  return made;
}

/// Throws if the open unit cannot go on: for ever, and then it is given up, or now.
void pipeline::require_open_unit(std::string_view sql, params const& args) {
  auto& on = *state_;
  on.require.no_handler();
  unit_goes_on now(on.context, true);
  if (auto const why = obstacle(*open_, limit_); why && !on.context.is_closed()) {
    now.is_open = false;
    give_up(why);
    std::rethrow_exception(why);
  }
  on.require.ready(sql, args, detail::preconditions::errors_of_others::wait);
}

/// Nothing of the open unit is to stand.
void pipeline::give_up(std::exception_ptr why) {
  auto& on = *state_;
  auto const left = std::exchange(open_, nullptr);
  on.context.obstacles.set(detail::obstacles::unit_open, false);
  if (left->has_ended()) return;
  left->abandon(std::move(why));
  left->forgive();  // its requests say it
  on.engine.resume();
  if (!on.options.async && !on.by_callback.in_force())
    on.engine.wait_until_idle(client::clock::now() + on.options.guard_limit);
  if (!on.options.async && on.engine.is_busy()) on.engine.end().close(left_text);
}

void pipeline::leave() noexcept {
  if (!open_) return;
  auto& on = *state_;
  if (on.lock.passes()) return on.close();  // in a handler nothing can be sent
  detail::operation_guard const guard(on.lock);
  try {
    give_up(std::make_exception_ptr(operational_error(left_text)));
  } catch (...) {
    on.engine.end().close(left_text);  // the server has no Sync for it, and so nothing of it stands
  }
}

}  // namespace tusk
