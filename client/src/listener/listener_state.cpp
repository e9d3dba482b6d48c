#include "listener/listener_state.hpp"

#include <algorithm>
#include <tusk/types/error.hpp>
#include <utility>

#include "net/random_bytes.hpp"
#include "process_generation.hpp"
#include "server_name.hpp"

namespace tusk::detail {

listener_state::listener_state(std::string_view dsn, listener_options options, connect_options how)
    : options_(std::move(options)),
      dsn_(dsn),
      how_([&] {
        how.async = true;
        if (!how.scram_keys) how.scram_keys = keep_scram_keys();
        return std::move(how);
      }()),
      generation_(watch_forks()),
      core_(options_, client::random_seed()) {}

listener_state::~listener_state() = default;

// ---- subscribers ----

subscriber_id listener_state::add(std::string_view channel, std::function<void(notify const&)> told,
                                  listen_options how) {
  require_server_name("a channel", channel);
  if (!told) throw programming_error("listen() was given an empty function; nothing could be told to it");
  require_parent();
  auto const who = std::make_shared<function_member>(channel, std::move(told), std::move(how));
  subscriber_id id{};
  {
    std::lock_guard const locked(lock_);
    id = subscriber_id(++ids_);
    auto const at = functions_.emplace(id, who).first;
    try {
      join(who, channel);
    } catch (...) {
      functions_.erase(at);
      throw;
    }
  }
  waker_.wake();
  return id;
}

std::shared_ptr<queue_member> listener_state::add_queue(std::string_view channel, subscription_options how) {
  require_server_name("a channel", channel);
  require_parent();
  auto who = std::make_shared<queue_member>(channel, std::move(how), weak_from_this(), generation_);
  {
    std::lock_guard const locked(lock_);
    auto const at = queues_.emplace(who.get(), who).first;
    try {
      join(who, channel);
    } catch (...) {
      queues_.erase(at);
      throw;
    }
  }
  waker_.wake();
  return who;
}

/// With the lock.
void listener_state::join(std::shared_ptr<subscriber> const& who, std::string_view channel) {
  require_open();
  who->of = core_.join(channel, who);
}

bool listener_state::remove(subscriber_id which) {
  require_parent();
  std::shared_ptr<function_member> gone;  // the user's function is destroyed without the lock
  {
    std::lock_guard const locked(lock_);
    auto const found = functions_.find(which);
    if (found == functions_.end()) return false;
    gone = std::move(found->second);
    functions_.erase(found);
    gone->end();
    if (auto const of = gone->of.lock()) core_.leave(*of, *gone);
  }
  waker_.wake();
  return true;
}

void listener_state::remove(queue_member const& which) noexcept {
  {
    std::lock_guard const locked(lock_);
    queues_.erase(&which);
    if (auto const of = which.of.lock()) core_.leave(*of, which);
  }
  waker_.wake();
}

void listener_state::on_gap(std::function<void(notification_gap const&)> told) {
  require_parent();
  auto next = told ? std::make_shared<std::function<void(notification_gap const&)> const>(std::move(told)) : nullptr;
  std::lock_guard const locked(lock_);
  on_gap_.swap(next);
}

void listener_state::on_error(std::function<void(std::exception_ptr)> told) {
  require_parent();
  auto next = told ? std::make_shared<std::function<void(std::exception_ptr)> const>(std::move(told)) : nullptr;
  std::lock_guard const locked(lock_);
  on_error_.swap(next);
}

bool listener_state::is_listening(std::string_view channel) const {
  require_parent();
  std::lock_guard const locked(lock_);
  return core_.is_listening(channel);
}

listener_statistics listener_state::statistics() const {
  require_parent();
  std::lock_guard const locked(lock_);
  listener_statistics now = counters_;
  now.channels = core_.channel_count();
  now.subscribers = core_.member_count();
  now.listening = core_.is_listening();
  return now;
}

// ---- misuse ----

bool listener_state::is_child() const noexcept { return is_child_of(generation_); }

void listener_state::require_parent() const {
  if (is_child()) [[unlikely]]
    throw interface_error(
        "this listener is the parent process's, whose session a forked child must not touch; make a listener of the "
        "child's own");
}

void listener_state::require_open() const {
  if (is_closed_) throw interface_error("the listener is closed; make another one");
}

void listener_state::require_other_thread() const {
  std::lock_guard const locked(lock_);
  if (stepper_ == std::this_thread::get_id())
    throw programming_error(
        "a function that the listener has called waits for a notification, which only the listener could bring, once "
        "the function has returned; use pop(), or another thread");
}

// ---- closing ----

void listener_state::close() noexcept {
  if (is_child()) return;  // the session is the parent's, and stays there
  decltype(queues_) queues;
  bool steps = false;
  {
    std::lock_guard const locked(lock_);
    if (is_closed_) return;
    is_closed_ = true;
    queues = queues_;
    steps = stepper_ != std::thread::id();
    if (!steps) stepper_ = std::this_thread::get_id();  // so that nobody begins to
  }
  for (auto const& [place, each] : queues) each->end();
  waker_.wake();  // also for who waits between two steps
  if (steps) return;
  shut();
  std::lock_guard const locked(lock_);
  stepper_ = {};
}

/// By the thread that steps, or in its place.
void listener_state::shut() noexcept {
  drop_connection();
  listener_core::channels channels;  // the user's functions are destroyed without the lock
  decltype(functions_) functions;
  decltype(queues_) queues;
  std::lock_guard const locked(lock_);
  is_shut_ = true;
  channels = core_.clear();
  functions.swap(functions_);
  queues.swap(queues_);
}

}  // namespace tusk::detail
