// What an Asio pool does for its callers, see pool_task.hpp: acquiring, a single statement, closing, upkeep.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <tusk/aio/bind.hpp>
#include <tusk/aio/lease.hpp>
#include <tusk/aio/lending.hpp>
#include <tusk/aio/pool_task.hpp>
#include <tusk/aio/tasks.hpp>
#include <tusk/pooled_session.hpp>
#include <tusk/types/error.hpp>
#include <utility>
#include <vector>

namespace tusk::aio::detail {

struct sign_of_life {
  using value_type = void;
  static pending<void> start(tusk::connection& on, within const& limit) { return on.start_ping(limit); }
};

/// What may have to connect. Where the pool may not be asked for a connection it ends with why.
class connecting_task : public pool_task {
 public:
  connecting_task(std::shared_ptr<lending> of, asio::any_io_executor executor)
      : pool_task(std::move(of), std::move(executor)) {
    if (!of_->is_usable()) try {
        of_->require_usable();
      } catch (...) {
        error_ = std::current_exception();
      }
  }

 protected:
  ~connecting_task() = default;

  template <class Kind>
  void connect(pointer& self, lending::slot which, within const& limit) {
    made_ = std::make_shared<stepper>(executor_);
    of_->connecting(which, made_);
    which_ = which;
    until_ = limit;
    since_ = within::clock::now();
    wait_for<lone_operation<connecting<tusk::connection>>>(
        made_, next<Kind, &connecting_task::connected<Kind>>{std::move(self)}, of_->dsn(), of_->how(), until_);
  }

 private:
  template <class Kind>
  static void connected(Kind& of, pointer self, std::exception_ptr error) {
    connecting_task& me = of;
    auto made = std::move(me.made_);
    bool const abandoned = error && (me.until_->is_over() || me.is_interrupted());
    if (!error) tusk::detail::pooled_session::begin(*made->native());
    bool useless = true;
    std::exception_ptr failed;
    try {
      useless = me.of_->connected(me.which_, me.since_, error, abandoned);
    } catch (...) {
      failed = std::current_exception();
    }
    of.has_connected(error || useless ? nullptr : std::move(made), std::move(failed));
    go_on(std::move(self));
  }

  std::shared_ptr<stepper> made_;
  lending::slot which_ = 0;
  std::optional<within> until_;
  lending::time since_{};
};

/// acquire().
class acquiring : public connecting_task {
 public:
  using value_type = lease;

  acquiring(std::shared_ptr<lending> of, asio::any_io_executor executor, std::optional<within> limit,
            std::source_location where)
      : connecting_task(std::move(of), std::move(executor)),
        limit_(limit ? std::move(*limit) : within(of_->options().acquire_limit)),
        where_(where) {
    if (limit_.token().stop_possible()) stops_.emplace(limit_.token(), stopping{this});
  }

 protected:
  ~acquiring() {
    stops_.reset();
    if (holds_) of_->give_up(*this);
    if (at_) of_->discard(slot(), std::move(at_), discard_reason::broken);
  }
  lease take() { return std::move(lent_); }

  lease lent_;
  within const limit_;

 private:
  friend class connecting_task;

  void go_on_with(pointer self) override {
    try {
      if (!advance(self)) return;
    } catch (...) {
      if (!self) throw;
      error_ = std::current_exception();
    }
    finish(std::move(self));
  }

  /// Whether it has ended; else it waits, and `self` is there.
  bool advance(pointer& self) {
    if (error_) return true;
    if (of_->is_child()) of_->require_usable();  // by now
    for (;;) {
      if (at_ && lend()) return has_lent(self);
      if (!holds_) ask();
      switch (look(self)) {
        case lending::answer::waiting: return false;
        case lending::answer::full:
        case lending::answer::closed: holds_ = false; of_->throw_refused(answer(), where_);
        case lending::answer::given:
          if (!is_to_be_asked()) break;
          if (!is_interrupted()) return ask_for_life(self), false;
          of_->discard(slot(), std::move(at_), discard_reason::broken);  // as if that had been cancelled
          break;
        case lending::answer::connect:
          if (!is_interrupted()) return connect<acquiring>(self, slot(), limit_), false;
          of_->give_up(*this);
          holds_ = false;
          break;
      }
    }
  }

  void ask() {
    if (!was_asked_ && limit_.is_over())
      throw query_canceled("no connection was asked for, because the limit was over before");
    if (was_asked_ && (limit_.is_over() || is_interrupted())) {
      auto held = of_->lock();
      give_up(held);
    }
    was_asked_ = true;
    of_->ask(*this);
    holds_ = true;
  }
  [[noreturn]] void give_up(lending::guard& held) {
    if (!limit_.is_over()) of_->throw_cancelled(held, where_, began_);
    of_->throw_timed_out(limit_, held, where_, began_);
  }

  /// The answer; where there is none yet it waits for that.
  lending::answer look(pointer& self) {
    std::optional<lending::time> until;
    {
      auto held = of_->lock();
      look_around();
      if (answer() == lending::answer::waiting) {
        if (limit_.is_over() || is_interrupted()) {
          of_->leave(*this, held);
          holds_ = false;
          give_up(held);
        }
        until = of_->attend(*this, held);
      }
      if (answer() != lending::answer::waiting) return answer();
    }
    if (limit_.until()) until = until ? std::min(*until, *limit_.until()) : *limit_.until();
    wait(std::move(self), until);
    return lending::answer::waiting;
  }

  /// Takes the connection that was given, if it is of use. Whether it has to be asked for a sign of life.
  bool is_to_be_asked() {
    auto found = of_->take(slot());
    holds_ = false;
    at_ = std::move(found.connection);
    if (!found.away && found.is_looked_at && tusk::detail::pooled_session::is_dead(*at_->native()))
      found.away = discard_reason::broken;
    if (found.away) of_->discard(slot(), std::move(at_), *found.away);
    return !found.away && found.is_asked;
  }
  void ask_for_life(pointer& self) {
    at_ = detached(std::move(at_), executor_);
    of_->connecting(slot(), at_);
    auto const left = limit_.until().value_or(lending::time::max()) - within::clock::now();
    within const limit(std::min<std::chrono::nanoseconds>(left, of_->options().check_limit), limit_.token());
    wait_for<operation<sign_of_life>>(at_, next<acquiring, &acquiring::answered>{std::move(self)}, limit);
  }
  static void answered(acquiring& of, pointer self, std::exception_ptr error) {
    if (error) of.of_->discard(of.slot(), std::move(of.at_), discard_reason::broken);
    go_on(std::move(self));
  }
  void has_connected(std::shared_ptr<stepper> made, std::exception_ptr failed) {
    holds_ = false;
    at_ = std::move(made);
    error_ = std::move(failed);
  }

  /// Not where the pool was closed meanwhile.
  bool lend() {
    at_ = detached(std::move(at_), executor_);
    if (!of_->lend(slot(), at_, where_, within::clock::now() - began_))
      return of_->discard(slot(), std::move(at_), discard_reason::closed), false;
    lent_ = lease(of_, slot(), std::move(at_), where_);
    return true;
  }
  virtual bool has_lent(pointer&) { return true; }

  std::source_location const where_;
  lending::time const began_ = within::clock::now();
  on_stop stops_;
  bool was_asked_ = false;
  bool holds_ = false;           // an answer, or a place in the queue
  std::shared_ptr<stepper> at_;  // what it was given, and has not lent yet
};

/// query(): acquires, and runs one statement.
class querying : public acquiring {
 public:
  using value_type = result;

  querying(std::shared_ptr<lending> of, asio::any_io_executor executor, bound&& what)
      : acquiring(std::move(of), std::move(executor), what.limit, std::source_location{}), what_(std::move(what)) {}

 protected:
  ~querying() = default;
  result take() { return std::move(given_); }

 private:
  struct ended {
    pointer self;
    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return slot_of(*self); }
    void operator()(std::exception_ptr error, result given) {
      auto& of = static_cast<querying&>(*self);
      of.error_ = std::move(error);
      of.given_ = std::move(given);
      of.lent_.release();
      finish(std::move(self));
    }
  };
  bool has_lent(pointer& self) override {
    if (is_interrupted()) throw query_canceled("the statement was cancelled before it was sent");
    lent_.means_it();
    lent_->query(std::move(what_), ended{std::move(self)});
    return false;
  }

  bound what_;
  result given_;
};

/// close().
class closing_pool : public pool_task {
 public:
  using value_type = bool;

  closing_pool(std::shared_ptr<lending> of, asio::any_io_executor executor, std::optional<within> limit)
      : pool_task(std::move(of), std::move(executor)), limit_(std::move(limit)) {
    of_->close();
    of_->watch(*this);
    if (limit_ && limit_->token().stop_possible()) stops_.emplace(limit_->token(), stopping{this});
  }

 protected:
  ~closing_pool() {
    stops_.reset();
    of_->forget(*this);
  }
  bool take() const noexcept { return are_back_; }

 private:
  void go_on_with(pointer self) override {
    are_back_ = of_->is_child();  // its connections are the parent's
    if (are_back_) return finish(std::move(self));
    std::vector<std::shared_ptr<stepper>> lent;
    {
      auto held = of_->lock();
      look_around();
      are_back_ = of_->are_all_back(held);
      if (!are_back_ && limit_ && !limit_->is_over() && !is_interrupted()) {
        held.unlock();
        return wait(std::move(self), limit_->until());
      }
      if (!are_back_ && limit_) lent = of_->lent(held);
    }
    for (auto& each : lent) {
      auto const executor = each->executor();
      asio::post(executor, [what = std::move(each)] {
        what->close("the pool was closed, and this connection did not come back within the limit");
      });
    }
    finish(std::move(self));
  }

  std::optional<within> const limit_;
  on_stop stops_;
  bool are_back_ = false;
};

/// warm_up() and run(); of maintain() all but its value.
class upkeep : public connecting_task {
 public:
  using value_type = void;
  enum class until : std::uint8_t { done, warm, closed };

  upkeep(std::shared_ptr<lending> of, asio::any_io_executor executor, until when, std::optional<within> limit)
      : connecting_task(std::move(of), std::move(executor)), when_(when), limit_(std::move(limit)) {
    of_->watch(*this);
    if (limit_ && limit_->token().stop_possible()) stops_.emplace(limit_->token(), stopping{this});
  }

 protected:
  ~upkeep() {
    stops_.reset();
    of_->forget(*this);
    if (making_) of_->abandon(*making_);
  }
  std::size_t there_ = 0;

 private:
  friend class connecting_task;

  void go_on_with(pointer self) override {
    try {
      if (!advance(self)) return;
    } catch (...) {
      if (!self) throw;
      error_ = std::current_exception();
    }
    finish(std::move(self));
  }
  bool advance(pointer& self) {
    if (error_) return true;
    if (of_->is_child()) of_->require_usable();  // by now
    of_->drop_stale(true);
    auto const limit = limit_ ? *limit_ : within(of_->options().acquire_limit);
    if (!limit.is_over() && !is_interrupted()) making_ = of_->take_missing();
    if (making_) return connect<upkeep>(self, *making_, limit), false;
    std::optional<lending::time> due;
    {
      auto held = of_->lock();
      look_around();
      there_ = of_->total(held);
      if (is_to_end(held)) return true;
      due = of_->maintains_at(held);
    }
    constexpr std::chrono::seconds at_least_every(1);
    auto const now = within::clock::now();
    auto const first = now + (when_ == until::warm ? std::chrono::milliseconds(5) : std::chrono::milliseconds(1));
    auto latest = now + at_least_every;
    if (limit_ && limit_->until()) latest = std::max(first, std::min(latest, *limit_->until()));
    wait(std::move(self), std::clamp<lending::time>(due.value_or(latest), first, latest));
    return false;
  }
  bool is_to_end(lending::guard& held) {
    if (when_ == until::done) return true;
    bool const closed = of_->is_closed(held);
    if (when_ == until::closed && closed) return true;
    if (when_ == until::warm && !closed && there_ >= of_->options().minimum) return true;
    if (closed) {
      held.unlock();
      of_->throw_refused(lending::answer::closed, {});
    }
    if (failed_ && when_ == until::warm) std::rethrow_exception(failed_);
    if (is_interrupted()) throw query_canceled("the upkeep of the pool was cancelled");
    if (limit_ && limit_->is_over()) of_->throw_timed_out(*limit_, held, {}, began_);
    return false;
  }
  void has_connected(std::shared_ptr<stepper> made, std::exception_ptr failed) {
    auto const slot = *std::exchange(making_, std::nullopt);
    failed_ = std::move(failed);
    if (made) of_->keep(slot, std::move(made), {}, {});
  }

  until const when_;
  std::optional<within> const limit_;
  lending::time const began_ = within::clock::now();
  on_stop stops_;
  std::optional<lending::slot> making_;
  std::exception_ptr failed_;  // what comes again each time
};

class maintaining : public upkeep {
 public:
  using value_type = std::size_t;
  using upkeep::upkeep;

 protected:
  ~maintaining() = default;
  std::size_t take() const noexcept { return there_; }
};

}  // namespace tusk::aio::detail
