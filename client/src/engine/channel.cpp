#include "engine/channel.hpp"

#include <algorithm>
#include <mutex>
#include <tusk/types/error.hpp>

namespace tusk::detail {
namespace {

client::connecting_observer observer_of(connect_options const& options, session_context& in, handlers& told) {
  client::connecting_observer made;
  made.begun = [&in] { in.obstacles.set(obstacles::foreign, false); };
  made.notice = [&told](protocol::notice_response const& said) { told.take(said); };
  made.notification = [&told](protocol::notification_response const& said) { told.take(said, true); };
  made.setting = [&in](protocol::parameter_status const& said) { in.setting_changed(said.name, said.value); };
  made.password = [&options, &told](password_request const& of) {
    handlers::handling const now(told);
    return options.password(of);
  };
  return made;
}

}  // namespace

channel::channel(client::settings const& to, connect_options const& options, session_context& in, handlers& told)
    : in_(in),
      link_(in.session),
      connecting_(std::make_shared<client::connecting>(to, options, observer_of(options, in, told))) {}

/// A handler may close the connection meanwhile.
bool channel::connect() {
  auto const way = connecting_;
  if (limit_ && limit_->is_over()) {
    std::string const tried = way->failures().empty() ? "" : "; before that: " + client::describe(way->failures());
    throw query_canceled("the connection could not be made within its limit" + tried, true);
  }
  auto const state = way->step();
  if (in_.obstacles.any_of(obstacles::closed)) return false;
  if (state == client::connecting::state::failed) std::rethrow_exception(client::make_connect_error(way->failures()));
  if (state != client::connecting::state::connected) return false;
  link_.bytes = std::move(way->transport());
  in_.session = std::move(way->session());
  route_ = way->route();
  connecting_.reset();
  limit_.reset();
  in_.session.settle();
  in_.facts.set(in_.session.parameters(), link_.bytes.tls());
  in_.obstacles.set(obstacles::connecting, false);
  return true;
}

client::wish channel::wish() const {
  client::wish wanted = connecting_->wish();
  if (!limit_) return wanted;
  if (auto const until = limit_->until(); until && (!wanted.until || *until < *wanted.until)) wanted.until = until;
  return wanted;
}

void channel::close() noexcept {
  interrupt();
  if (in_.obstacles.any_of(obstacles::forked)) {
    if (connecting_) connecting_->abandon();
    link_.bytes.abandon();
  } else {
    std::lock_guard const guard(closing_);
    link_.bytes.close();
  }
  connecting_.reset();
  limit_.reset();
}

void channel::leave_to_parent() noexcept {
  interrupt();
  if (connecting_)
    connecting_->abandon();
  else
    link_.bytes.socket().abandon();
}

void channel::shut_down() noexcept {
  std::lock_guard const guard(closing_);
  link_.bytes.socket().shut_down();
}

}  // namespace tusk::detail
