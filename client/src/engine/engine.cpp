#include "engine/engine.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <tusk/types/error.hpp>
#include <utility>

#include "engine/foreign_text.hpp"
#include "engine/kept_notices.hpp"
#include "engine/last_words.hpp"

namespace tusk::detail {
namespace {

constexpr std::chrono::seconds last_words{1};  // how long they are waited for after a failed send
// A step that always finds more gives the caller a turn after about 1 MiB.
constexpr std::size_t reads_a_step = (std::size_t{1} << 20) / protocol::frame_reader::chunk_capacity;

}  // namespace

engine::engine(client::settings const& to, connect_options const& options, session_context& in, handlers& told)
    : options_(options),
      in_(in),
      told_(told),
      link_(in.session),
      connecting_(std::make_shared<client::connecting>(to, options, hearing())),
      cancelling_(to, route_, in, queue_, waits_) {}

// ---- operations ----

void engine::begin(operation& what, std::unique_ptr<client::limit> limit, std::shared_ptr<operation> kept) {
  if (limit && limit->has_token()) limit->wakes(waits_.on_several());
  queue_.push(what, std::move(limit), std::move(kept));
  busy_ = true;
  try {
    queue_.feed();
  } catch (...) {
    rethrow();
  }
  busy_ = !queue_.empty();
  want(false);
}

void engine::wait(operation const& what) {
  while (!what.has_ended() || cancelling_.holds()) {
    client::wish next;
    if (queue_.limit() == nullptr && !cancelling_.is_under_way()) {
      try {
        bool const sent = step_session(true);
        next = {link_.bytes.socket().descriptor(), true, !sent, {}};
      } catch (...) {
        rethrow();
      }
      if (what.has_ended() || is_closed()) return;
    } else {
      next = step();
      if (next.is_none()) return;
    }
    wait_for(next);
  }
}

/// The operation in front has had its last event.
void engine::front_ended() {
  queue_.end_front();
  cancelling_.front_ended();
  if (!queue_.empty()) return;
  told_.farewell.reset();
  in_.idle();
  if (cancelling_.is_under_way()) return;
  busy_ = false;
  end_if_doubtful();
}

// ---- events ----

/// Takes all events there are.
void engine::take_events() {
  do in_.session.next();
  while (take_event());
}

/// Takes the session's present event. False if it was the last one for now.
bool engine::take_event() {
  protocol::event const& told = in_.session.current();
  if (std::holds_alternative<protocol::want_bytes>(told)) return false;
  return take(told) && !is_closed();
}

/// False if nothing more is to be taken now.
bool engine::take(protocol::event const& told) {
  using namespace protocol;
  if (auto const* arrived = std::get_if<notification_response>(&told)) return told_.take(*arrived, is_busy()), true;
  if (auto const* notice = std::get_if<notice_response>(&told)) return told_.take(*notice), true;
  if (auto const* changed = std::get_if<protocol::parameter_status>(&told))
    return in_.setting_changed(changed->name, changed->value), true;
  if (auto const* how = std::get_if<violation>(&told)) {
    break_off(std::make_exception_ptr(
        operational_error("the connection was closed: " + client::describe(*how), how->code, true)));
    return false;
  }
  if (queue_.empty()) {
    auto const* error = std::get_if<error_response>(&told);
    if (error == nullptr || in_.session.state() != state::ended) return true;  // it is nobody's
    diagnostics fields;
    bool const replaced = write_fields(error->fields_sent, fields, !in_.text_is_utf8());
    break_off(types::make_server_error(std::move(fields), {}, true, replaced ? encoding_advice : ""));
    return false;
  }
  operation const& front = queue_.front();
  switch (queue_.front().take(told)) {
    case progress::under_way: break;
    case progress::ended: front_ended(); return in_.session.buffered() != 0 || !queue_.empty();
    case progress::broken: break_off(front.error()); return false;
  }
  return true;
}

// ---- stepping ----

/// Sends what there is to send, and what operations have behind it. True if nothing is left, or nothing can be sent any
/// more.
bool engine::write() {
  while (link_.write()) {
    if (!queue_.feeds() || link_.has_failed()) return true;
    queue_.feed();
  }
  return false;
}

/// True if all is sent. With `wait`, the read waits while an operation is under way and all of it is sent.
bool engine::step_session(bool wait) {
  bool sent = write();
  for (std::size_t turn = 0; !is_closed(); ++turn) {
    if (wait && queue_.empty() && !link_.pending()) break;
    // What the TLS layer holds the descriptor does not show; but it is writable, so the caller comes back at once.
    if (!wait && turn >= reads_a_step) return sent && !link_.pending();
    bool const waits = wait && !queue_.empty() && sent;
    // A peer that takes nothing may have said why; but it may also be silent for ever.
    if (waits && link_.has_failed())
      wait_for({link_.bytes.socket().descriptor(), true, false, client::clock::now() + last_words});
    auto const came = link_.read(waits && !link_.has_failed());
    if (came == link::arrival::nothing) break;
    if (came == link::arrival::bytes)
      take_events();
    else
      lost(link_.reason());
    sent = write();
  }
  return sent && !link_.wants_write();
}

/// What comes before the session is ready.
client::connecting_observer engine::hearing() {
  client::connecting_observer made;
  made.begun = [this] { in_.obstacles.set(obstacles::foreign, false); };
  made.notice = [this](protocol::notice_response const& said) { told_.take(said); };
  made.notification = [this](protocol::notification_response const& said) { told_.take(said, true); };
  made.setting = [this](protocol::parameter_status const& said) { in_.setting_changed(said.name, said.value); };
  made.password = [this](password_request const& of) {
    handlers::handling const now(told_);
    return options_.password(of);
  };
  return made;
}

/// A handler may close the connection meanwhile.
void engine::step_connecting() {
  auto const way = connecting_;
  auto const state = way->step();
  if (is_closed()) return;
  if (state == client::connecting::state::failed) std::rethrow_exception(client::make_connect_error(way->failures()));
  if (state != client::connecting::state::connected) return;
  link_.bytes = std::move(way->transport());
  in_.session = std::move(way->session());
  route_ = way->route();
  connecting_.reset();
  in_.session.settle();
  in_.facts.set(in_.session.parameters(), link_.bytes.tls());
  in_.obstacles.set(obstacles::connecting, false);
  take_events();  // it may have more to tell
}

client::wish const& engine::step() {
  waits_.calm();
  cancelling_.heed_limits();
  cancelling_.step();
  bool sent = true;
  try {
    if (connecting_) step_connecting();
    if (!connecting_ && !is_closed()) sent = step_session(false);
  } catch (...) {
    rethrow();
  }
  cancelling_.step();
  if (queue_.empty() && !cancelling_.is_under_way()) {
    busy_ = false;
    end_if_doubtful();
  }
  end_if_spent();
  want(sent);
  return waits_.wanted();
}

/// Works out what to wait for.
void engine::want(bool sent) {
  if (is_closed()) return waits_.clear();
  client::wish const session = connecting_
                                   ? connecting_->wish()
                                   : client::wish{link_.bytes.socket().descriptor(), is_busy() || !sent, !sent, {}};
  cancelling_.watch();
  if (!waits_.set(session, connecting_ != nullptr))
    break_off(std::make_exception_ptr(operational_error(
        "the connection was closed: waiting for it: " + std::generic_category().message(errno), true)));
}

client::deadline engine::until() const {
  if (connecting_) return connecting_->wish().until;
  auto const limit = queue_.until(cancelling_.is_under_way()), cancel = cancelling_.until();
  return limit && cancel ? std::min(limit, cancel) : limit ? limit : cancel;
}

void engine::wait_for(client::wish const& what) {
  try {
    client::wait_for(what.descriptor, what.read, what.write, what.until ? what.until : until());
  } catch (std::system_error const& e) {
    give_up();
    throw operational_error(std::string("the connection was closed: ") + e.what(), e.code(), true);
  }
}

void engine::begin_cancel(client::deadline until) {
  cancelling_.begin(until);
  bool sent = false;
  try {
    sent = write();
  } catch (...) {
    rethrow();
  }
  want(sent);
}

// ---- the end ----

/// No cancel request has helped.
void engine::end_if_spent() {
  client::limit const* const limit = queue_.limit();
  if (limit == nullptr || !limit->is_spent() || is_closed()) return;
  break_off(std::make_exception_ptr(
      operational_error("the connection was closed: the statement's limit was over, and it had not ended " +
                            std::to_string(client::limit::grace.count()) + " s later" +
                            (limit->reason.empty() ? "" : "; ") + limit->reason,
                        true)));
}

void engine::end_if_doubtful() noexcept {
  if (!in_.obstacles.any_of(obstacles::doubtful) || is_closed()) return;
  break_off(std::make_exception_ptr(operational_error(
      "the connection was closed: a cancel request was sent whose end is not known, and it could hit the next "
      "statement",
      true)));
}

/// The connection broke without a word from the server.
void engine::lost(std::string const& reason) {
  if (is_closed())  // by another thread
    return break_off(std::make_exception_ptr(operational_error(closed_text, true)));
  std::exception_ptr lost = std::make_exception_ptr(operational_error("the connection was lost: " + reason, true));
  if (told_.farewell) lost = with_earlier(std::move(lost), types::make_server_error(*told_.farewell, {}, true));
  break_off(std::move(lost));
}

/// Ends everything with that error; if nothing was under way, the next call has it to throw.
void engine::break_off(std::exception_ptr error) noexcept {
  hang_up();
  if (queue_.empty()) parting_ = error;
  queue_.end_all(error);
  in_.session.abandon();
  in_.idle();
}

void engine::give_up() noexcept {
  hang_up();
  queue_.end_all(std::current_exception());
  in_.session.abandon();
  in_.idle();
}

/// What was thrown ends the connection. In a forked child it comes of the fork.
void engine::rethrow() {
  give_up();
  if (in_.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  throw;
}

/// Closes the transport. In a forked child only its descriptor is closed: the session, and what was said in it, are the
/// parent's.
void engine::hang_up() noexcept {
  in_.obstacles.set(obstacles::closed, true);
  if (connecting_) connecting_->interrupt();
  if (in_.obstacles.any_of(obstacles::forked)) {
    if (connecting_) connecting_->abandon();
    cancelling_.abandon();
    link_.bytes.abandon();
  } else {
    std::lock_guard const guard(descriptor_);
    link_.bytes.close();
  }
  cancelling_.drop();
  connecting_.reset();
  busy_ = false;
  waits_.clear();
}

void engine::end_from_elsewhere() noexcept {
  in_.obstacles.set(obstacles::closed, true);
  std::lock_guard const guard(descriptor_);
  link_.bytes.socket().shut_down();
}

void engine::close(char const* why) noexcept {
  if (is_hung_up()) return;
  if (!in_.obstacles.any_of(obstacles::forked) && !connecting_) link_.say_goodbye();
  hang_up();
  in_.session.abandon();
  if (queue_.empty()) return;
  try {
    queue_.end_all(std::make_exception_ptr(operational_error(why, true)));
  } catch (std::bad_alloc const&) {
    queue_.end_all(std::current_exception());
  }
}

void engine::interrupt() noexcept {
  in_.obstacles.set(obstacles::closed, true);
  if (connecting_) connecting_->interrupt();
}

void engine::leave_to_parent() noexcept {
  interrupt();
  if (connecting_)
    connecting_->abandon();
  else
    link_.bytes.socket().abandon();
}

void engine::throw_parting() {
  if (parting_) std::rethrow_exception(std::exchange(parting_, nullptr));
  throw interface_error("connection already closed", true);
}

void engine::take_over(engine& from) noexcept {
  if (!from.in_.obstacles.any_of(obstacles::closed | obstacles::forked)) {
    if (!from.connecting_) from.link_.say_goodbye();
    transport().take_socket(from.transport());
  }
  waits_.take_several(from.waits_);
}

}  // namespace tusk::detail
