#include <tusk/listener.hpp>

#include <tusk/types/error.hpp>

#include "listener/listener_state.hpp"
#include "listener/subscribers.hpp"

namespace tusk {
namespace {

/// Whoever steps keeps it, so that the listener may be destroyed meanwhile.
std::shared_ptr<detail::listener_state> stepped(std::shared_ptr<detail::listener_state> const& of) noexcept {
  return of;
}

}  // namespace

listener::listener(std::string_view dsn, listener_options options, connect_options how)
    : state_(std::make_shared<detail::listener_state>(dsn, std::move(options), std::move(how))) {}
listener::~listener() { state_->close(); }

subscriber_id listener::listen(std::string_view channel, std::function<void(notify const&)> told, listen_options how) {
  return state_->add(channel, std::move(told), std::move(how));
}
bool listener::unlisten(subscriber_id which) { return state_->remove(which); }
subscription listener::subscribe(std::string_view channel, subscription_options how) {
  return subscription(state_->add_queue(channel, std::move(how)));
}
void listener::on_gap(std::function<void(notification_gap const&)> told) { state_->on_gap(std::move(told)); }
void listener::on_error(std::function<void(std::exception_ptr)> told) { state_->on_error(std::move(told)); }

void listener::run(std::stop_token const& stop) { stepped(state_)->run(stop); }
poll_status listener::poll() { return stepped(state_)->poll(); }
int listener::fileno() const { return state_->descriptor(); }
std::optional<std::chrono::milliseconds> listener::timeout() const { return state_->timeout(); }
void listener::close() noexcept { stepped(state_)->close(); }
bool listener::closed() const noexcept { return state_->closed(); }
bool listener::is_listening(std::string_view channel) const { return state_->is_listening(channel); }
listener_statistics listener::statistics() const { return state_->statistics(); }

subscription::operator bool() const noexcept { return queue_ && !queue_->has_left(); }
/// A copy: who waits in next() keeps it, so that the subscription may end meanwhile.
std::shared_ptr<detail::queue_member> subscription::queue() const {
  if (!*this) throw interface_error("the subscription was ended, or moved to another object");
  return queue_;
}
std::optional<notification_or_gap> subscription::pop() { return queue()->pop(); }
std::optional<notification_or_gap> subscription::next(within const& limit) { return queue()->next(limit); }
std::size_t subscription::size() const { return queue()->size(); }
std::uint64_t subscription::dropped() const { return queue()->dropped(); }
void subscription::end() noexcept {
  if (queue_) queue_->leave();
}

}  // namespace tusk
