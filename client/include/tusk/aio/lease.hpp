// A connection that an Asio pool has lent, and what becomes of it at the lease's end.
//
//   ~lease() ─► looked at ─► clean: the next one who waits gets it, at once
//                       ├──► something to do: done behind, within pool_options::return_limit, while the slot counts as
//                       │    lent: what is under way is cancelled, ROLLBACK, settings, UNLISTEN (pooled_session.hpp)
//                       └──► closed
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <system_error>
#include <tusk/aio/connection.hpp>
#include <tusk/aio/lending.hpp>
#include <tusk/aio/stepper.hpp>
#include <tusk/aio/waiter.hpp>
#include <tusk/pooled_session.hpp>
#include <utility>

namespace tusk::aio {

class pool;

namespace detail {

/// The connection by itself: what else has a share in `at` ends, or is an error from here on.
inline std::shared_ptr<stepper> detached(std::shared_ptr<stepper>&& at, asio::any_io_executor const& to) {
  if (at.use_count() == 1 && at->executor() == to) return std::move(at);
  auto made = std::make_shared<stepper>(to);
  made->take_over(at->surrender(tusk::detail::pooled_session::ended()));
  return made;
}

/// The end of what is under way on a connection that comes back.
struct ending {
  static constexpr bool has_turn = false;
  using value_type = void;

  void begin(stepper& on) const {
    on.await_quiet(true);
    cancel(on);
  }
  bool has_ended(stepper& on) const {
    if (on.closed() || on.is_quiet()) return true;
    cancel(on);  // the one that is in front now
    // Whoever waits for what has ended by this step is to look.
    if (!on.closed() && !on.native()->isexecuting() && !on.holds()) on.wake();
    return on.closed() || on.is_quiet();
  }
  void interrupt(stepper const&) const noexcept {}
  void finish(stepper& on) const noexcept { on.await_quiet(false); }

  static void cancel(stepper& on) {
    tusk::detail::pooled_session::cancel_front(*on.native());
    on.step();
  }
};

/// What is to be undone then.
struct undoing {
  static constexpr bool has_turn = false;
  using value_type = void;

  void begin(stepper const&, tusk::detail::pooled_session::cleaning* what) { how = what; }
  bool has_ended(stepper& on) {
    while (!ended && !on.native()->isexecuting() && !on.holds()) {
      ended = on.has_stray() || how->advance(*on.native());
      if (!ended) on.step();
    }
    return ended;
  }
  void interrupt(stepper const&) const noexcept {}
  void finish(stepper& on) const {
    if (on.has_stray()) std::rethrow_exception(on.take_stray());
  }

  tusk::detail::pooled_session::cleaning* how = nullptr;
  bool ended = false;
};

/// A connection that comes back, and is not clean. Shared by its waits in the event loop: when they end with the loop,
/// it is thrown away.
class returning : public std::enable_shared_from_this<returning> {
 public:
  returning(std::shared_ptr<lending> to, lending::slot slot, std::shared_ptr<stepper>&& what,
            tusk::detail::return_plan const& plan, std::source_location where, bool is_meant)
      : limit_(what->executor()),
        to_(std::move(to)),
        slot_(slot),
        at_(std::move(what)),
        cleaning_(*at_->native(), plan),
        where_(where),
        is_meant_(is_meant),
        is_busy_(plan.is_busy) {}
  returning(returning const&) = delete;
  returning& operator=(returning const&) = delete;
  ~returning() {
    if (at_) throw_away(discard_reason::broken);
  }

  void begin() {
    limit_.expires_after(to_->options().return_limit);
    limit_.async_wait([weak = weak_from_this()](std::error_code error) {
      auto const self = weak.lock();
      if (self && self->at_ && !error) self->close();
    });
    if (is_busy_)
      wait_for<ending>(at_, step<&returning::clean>{shared_from_this()});
    else
      clean();
  }

 private:
  template <void (returning::*Then)()>
  struct step {
    std::shared_ptr<returning> self;
    void operator()(std::exception_ptr const& error) const {
      self->failed_ = error != nullptr;
      ((*self).*Then)();
    }
  };

  void clean() {
    if (failed_ || at_->closed()) return throw_away(is_busy_ ? discard_reason::busy : discard_reason::broken);
    // A handler of what has ended last may have begun something.
    if (!at_->is_quiet()) return wait_for<ending>(at_, step<&returning::clean>{shared_from_this()});
    at_->settle();
    at_ = detached(std::move(at_), asio::any_io_executor(at_->executor()));
    wait_for<undoing>(at_, step<&returning::done>{shared_from_this()}, &cleaning_);
  }
  void done() {
    if (cleaning_.failed()) return throw_away(*cleaning_.failed());
    if (failed_ || at_->closed()) return throw_away(discard_reason::broken);
    to_->cleaned(cleaning_.has_rolled_back() && !is_meant_, cleaning_.has_reset(), where_);
    tusk::detail::pooled_session::forget(*at_->native());
    limit_.cancel();
    at_->settle();
    to_->keep(slot_, std::move(at_), {}, where_);
  }
  void close() noexcept { at_->close(tusk::detail::pooled_session::ended()); }
  void throw_away(discard_reason why) noexcept {
    if (!at_->closed()) close();
    to_->keep(slot_, std::move(at_), why, where_);
  }

  asio::steady_timer limit_;  // the first: what comes behind it does not throw
  std::shared_ptr<lending> const to_;
  lending::slot const slot_;
  std::shared_ptr<stepper> at_;
  tusk::detail::pooled_session::cleaning cleaning_;
  std::source_location const where_;
  bool const is_meant_, is_busy_;
  bool failed_ = false;
};

/// Which one was lent: its user may have put another one in its place.
class lent_connection {
 public:
  lent_connection() noexcept = default;
  explicit lent_connection(stepper const& by) noexcept : state_(tusk::detail::pooled_session::watch(*by.native())) {}
  /// Whether that has it still. It is open.
  bool is(stepper const& by) const noexcept {
    auto const there = tusk::detail::pooled_session::watch(*by.native());
    return !state_.owner_before(there) && !there.owner_before(state_);
  }

 private:
  std::weak_ptr<tusk::detail::connection_state> state_;
};

/// What a lease has, at its end. `is_asked`: it is to be closed.
inline void give_back(std::shared_ptr<lending> const& to, lending::slot slot, std::shared_ptr<stepper> what,
                      lent_connection const& lent, std::source_location where, bool is_meant, bool is_asked) noexcept {
  using tusk::detail::pooled_session;
  std::optional<discard_reason> away;
  try {
    if (!what || what->closed() || !lent.is(*what)) {
      away = discard_reason::broken;  // its user has closed it, moved it away, or made another one in its place
    } else if (is_asked) {
      away = discard_reason::asked;
    } else if (to->is_child() || to->closed()) {
      away = discard_reason::closed;
    } else {
      auto plan = pooled_session::look(*what->native(), to->options().reset_on_return);
      plan.is_busy |= !what->is_quiet();
      away = plan.away;
      if (!away && plan.is_clean()) {
        pooled_session::forget(*what->native());
        what->settle();
        what = detached(std::move(what), asio::any_io_executor(what->executor()));
      } else if (!away) {
        std::make_shared<returning>(to, slot, std::move(what), plan, where, is_meant)->begin();
        return;
      }
    }
  } catch (...) {
    if (!what) return;  // ~returning() has done it
    away = discard_reason::broken;
  }
  if (away && what && !what->closed()) what->close(pooled_session::ended());
  to->keep(slot, std::move(what), away, where);
}

}  // namespace detail

/// A connection that a pool has lent. It moves.
///
/// What its end finds is undone, as at the end of a tusk::lease, and what the connection has given out ends with it;
/// see pool.hpp there. The end never waits: cleaning goes on in the event loop, and whoever waits for a connection gets
/// this one when that is done. Handlers of operations that are under way are called with query_canceled then,
/// next_notify() with interface_error.
///
/// Threads: it, and its connection, are bound to the executor that acquire() completed on, where that is of the pool's
/// execution context, else to the pool's; see aio::connection. Its end, too, is to come there.
class lease {
 public:
  /// One that has ended.
  lease() noexcept : connection_(std::shared_ptr<detail::stepper>()) {}
  lease(lease&& other) noexcept = default;
  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      release();
      from_ = std::move(other.from_);
      slot_ = other.slot_;
      lent_ = std::move(other.lent_);
      where_ = other.where_;
      is_meant_ = other.is_meant_;
      connection_.stepper_ = std::move(other.connection_.stepper_);
    }
    return *this;
  }
  ~lease() { release(); }

  /// The connection, until the lease has ended; throws interface_error then. Neither the reference nor operations that
  /// were not awaited yet are of use to anybody after that.
  aio::connection& operator*() {
    if (!from_)
      throw interface_error(
          "the lease of this connection has ended, and the pool may have lent it to somebody else; acquire() another "
          "one");
    return connection_;
  }
  aio::connection* operator->() { return &**this; }
  explicit operator bool() const noexcept { return from_ != nullptr; }

  /// Gives the connection back now; a second time does nothing.
  void release() noexcept { end(false); }
  /// Closes the connection instead: for one whose session has something that cleaning would leave.
  void discard() noexcept { end(true); }

  /// For the pool.
  lease(std::shared_ptr<detail::lending> from, detail::lending::slot slot, std::shared_ptr<detail::stepper> lent,
        std::source_location where) noexcept
      : from_(std::move(from)), slot_(slot), lent_(*lent), where_(where), connection_(std::move(lent)) {}
  /// That a transaction is open at the end is meant.
  void means_it() noexcept { is_meant_ = true; }

 private:
  void end(bool asked) noexcept {
    auto const from = std::exchange(from_, nullptr);
    if (from)
      detail::give_back(from, slot_, std::exchange(connection_.stepper_, nullptr), lent_, where_, is_meant_, asked);
  }

  std::shared_ptr<detail::lending> from_;  // null: it has ended
  detail::lending::slot slot_ = 0;
  detail::lent_connection lent_;
  std::source_location where_ = {};
  bool is_meant_ = false;
  aio::connection connection_;
};

}  // namespace tusk::aio
