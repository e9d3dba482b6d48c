#include "engine/engine.hpp"

#include <algorithm>
#include <cerrno>
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

/// Whether the one in front takes no more until its caller has taken what it has.
bool is_full(session_context const& in, operation_queue& queue) {
  return in.obstacles.any_of(obstacles::streaming) && !queue.empty() && queue.front().is_full();
}

}  // namespace

engine::engine(client::settings const& to, connect_options const& options, session_context& in, handlers& told)
    : in_(in),
      told_(told),
      channel_(to, options, in, told),
      queue_(in.session, in.obstacles),
      cancelling_(to, channel_.route(), in, queue_, waits_) {
  want(true);
}

// ---- operations ----

void engine::begin(operation& what, std::unique_ptr<client::limit>&& limit, std::shared_ptr<operation>&& kept,
                   std::size_t size) {
  if (limit && limit->has_token()) limit->wakes(waits_.on_several());
  if (queue_.empty()) queue_.ended().drop();
  queue_.push(what, std::move(limit), std::move(kept), size);
  try {
    if (cancelling_.may_feed()) queue_.feed();
  } catch (...) {
    end_.rethrow();
  }
  busy_.store(!queue_.empty(), std::memory_order_release);
  want(false);
}

void engine::wait(operation const& what) {
  while (!has_come(what) || cancelling_.holds()) {
    client::wish next;
    if (!cancelling_.has_work()) {
      try {
        bool const sent = step_session(&what);
        next = {channel_.link().bytes.socket().descriptor(), true, !sent, {}};
      } catch (...) {
        end_.rethrow();
      }
      if (has_come(what) || in_.is_closed()) return;
    } else {
      next = step();
      if (next.is_none() || what.is_full()) return;
    }
    wait_for(next);
  }
}

void engine::wait_until_idle(client::deadline until) {
  while (!queue_.empty() || cancelling_.holds()) {
    client::wish next = step();
    if (next.is_none() || (queue_.empty() && !cancelling_.holds())) return;
    if (until && client::clock::now() >= *until) return;
    if (until && (!next.until || *until < *next.until)) next.until = until;
    wait_for(next);
  }
}

void engine::resume(bool fed) {
  if (!fed) {
    queue_.resume();
    try {
      if (cancelling_.may_feed()) queue_.feed();
    } catch (...) {
      end_.rethrow();
    }
  }
  want(false);
}

// ---- events ----

/// Takes all events there are.
void engine::take_events() {
  do in_.session.next();
  while (take_event());
}

/// Whether the operation in front, which says that it has not ended, is to go on.
bool engine::go_on(progress now) {
  operation& front = queue_.front();
  if (now == progress::broken) end_.break_off(front.error());
  if (now != progress::again) {
    queue_.resume();  // it may have waited for what it was told now
    return true;
  }
  if (!cancelling_.was_asked() && queue_.feed_front_again()) return true;
  front.end();
  return false;
}

/// Gives the operation in front the event. False if it was the last one for now.
inline bool engine::hand_to_front(protocol::event const& told) {
  progress const now = queue_.front().take(told);
  if (now != progress::ended && go_on(now)) return !in_.is_closed();

  queue_.end_front();
  cancelling_.front_ended();
  if (!queue_.empty()) [[unlikely]] {
    in_.obstacles.set(obstacles::cancelled, false);     // that was meant for the one that has ended
    if (in_.obstacles.any_of(obstacles::guard_broken))  // what was to be in the transaction is not to stand by itself
      queue_.end_unfed(std::make_exception_ptr(programming_error(broken_guard_text)));
    if (queue_.front_fed() == fed::nothing && !cancelling_.holds()) end_.if_doubtful();
    if (!queue_.empty()) return !in_.is_closed();
  }
  if (told_.farewell) [[unlikely]]
    told_.farewell.reset();
  in_.idle();
  if (!cancelling_.holds()) [[likely]] {
    busy_.store(false, std::memory_order_release);
    if (in_.obstacles.any_of(obstacles::doubtful)) [[unlikely]]
      end_.if_doubtful();
  }
  return in_.session.buffered() != 0 && !in_.is_closed();
}

/// Takes the session's present event. False if it was the last one for now.
bool engine::take_event() {
  using namespace protocol;
  event const& told = in_.session.current();
  if (std::holds_alternative<want_bytes>(told)) return false;
  if (told_.take(told, is_busy())) {
  } else if (auto const* how = std::get_if<violation>(&told)) {
    end_.break_off(std::make_exception_ptr(
        operational_error("the connection was closed: " + client::describe(*how), how->code, true)));
  } else if (auto const* changed = std::get_if<protocol::parameter_status>(&told)) {
    in_.setting_changed(changed->name, changed->value);
  } else if (queue_.front_fed() != fed::nothing) {
    return hand_to_front(told);
  } else if (auto const* error = std::get_if<error_response>(&told);
             error != nullptr && in_.session.state() == state::ended) {
    diagnostics fields;
    bool const replaced = write_fields(error->fields_sent, fields, !in_.text_is_utf8());
    end_.break_off(types::make_server_error(std::move(fields), {}, true, replaced ? encoding_advice : ""));
  }
  return !in_.is_closed();
}

// ---- stepping ----

/// Sends what there is to send, and what operations have behind it. True if nothing is left, or nothing can be sent any
/// more.
bool engine::write() {
  while (channel_.link().write()) {
    if (!queue_.feeds() || !cancelling_.may_feed() || channel_.link().has_failed()) return true;
    queue_.feed();
    if (queue_.empty()) busy_.store(false, std::memory_order_release);  // there was nothing to send
  }
  return false;
}

/// True if all is sent. With an operation that is awaited, which is in the queue, the read waits once all is sent.
bool engine::step_session(operation const* awaited) {
  detail::link& link = channel_.link();
  bool const wait = awaited != nullptr;
  auto const write_all = [this] { return (in_.session.output().empty() && !queue_.feeds()) || write(); };
  bool const was_busy = !queue_.empty(), wrote = !in_.session.output().empty();
  bool sent = write_all();
  // The answer to what was sent just now has hardly come: the caller waits first.
  if (!wait && wrote && sent && was_busy && !link.pending() && !link.has_failed()) return true;
  for (std::size_t turn = 0; !in_.is_closed(); ++turn) {
    if (is_full(in_, queue_) || (wait && awaited->has_ended() && !link.pending())) break;
    // What the TLS layer holds the descriptor does not show; but it is writable, so the caller comes back at once.
    if (!wait && turn >= reads_a_step) return sent && !link.pending();
    bool const waits = wait && !awaited->has_ended() && sent;
    // A peer that takes nothing may have said why; but it may also be silent for ever.
    if (waits && link.has_failed())
      wait_for({link.bytes.socket().descriptor(), true, false, client::clock::now() + last_words});
    auto const came = link.read(waits && !link.has_failed());
    if (came == link::arrival::nothing) break;
    if (came == link::arrival::bytes)
      take_events();
    else
      end_.lose(link.reason());
    sent = write_all();
    bool const ended = was_busy && queue_.empty() && !link.pending();
    if (!wait && (ended || link.is_drained())) break;
  }
  return sent && !link.wants_write();
}

client::wish const& engine::step() {
  // Mostly there are a bare socket and one operation, which was fed: it is one send, or one receive that has the whole
  // answer.
  constexpr unsigned special = obstacles::closed | obstacles::connecting | obstacles::doubtful | obstacles::streaming;
  detail::link& link = channel_.link();
  if (!queue_.is_one_whole() || in_.obstacles.any_of(special) || waits_.has_several() || cancelling_.has_work() ||
      !link.is_bare() || link.has_failed())
    return step_fully();
  try {
    if (!in_.session.output().empty()) {
      if (!link.send()) return step_fully();
      waits_.set(link.bytes.socket().descriptor(), true, false);  // the answer has hardly come
      return waits_.wanted();
    }
    auto const came = link.receive(false);
    if (came == link::arrival::bytes) [[likely]] {
      protocol::event const& told = in_.session.next();
      bool const whole = std::holds_alternative<protocol::unit_complete>(told);
      if (whole ? hand_to_front(told) : take_event()) [[unlikely]]
        take_events();
    } else if (came == link::arrival::gone) {
      end_.lose(link.reason());
    }
    if (!link.is_drained() || !in_.session.output().empty()) return step_fully();
  } catch (...) {
    end_.rethrow();
  }
  want(true);
  return waits_.wanted();
}

client::wish const& engine::step_fully() {
  waits_.calm();
  if (in_.obstacles.any_of(obstacles::streaming)) queue_.resume();  // its caller may have taken what there was
  if (queue_.front_fed() == fed::part && cancelling_.asks_front()) {
    queue_.front().interrupt();
    queue_.resume();
  }
  cancelling_.step();
  bool sent = true;
  try {
    if (channel_.is_connecting() && channel_.connect()) take_events();
    if (!channel_.is_connecting() && !in_.is_closed()) sent = step_session(nullptr);
  } catch (...) {
    end_.rethrow();
  }
  cancelling_.step();
  if (queue_.front_fed() == fed::nothing && !cancelling_.holds()) {
    if (queue_.empty()) busy_.store(false, std::memory_order_release);
    end_.if_doubtful();
    if (queue_.feeds() && !channel_.is_connecting()) {
      try {
        sent = write();
      } catch (...) {
        end_.rethrow();
      }
    }
  }
  if (queue_.has_limits()) end_.if_spent();
  want(sent);
  return waits_.wanted();
}

void engine::want_several(bool sent) {
  if (in_.is_closed()) return waits_.clear();
  bool const connects = channel_.is_connecting();
  client::wish wanted{channel_.link().bytes.socket().descriptor(), is_busy() || !sent, !sent, {}};
  if (connects)
    wanted = channel_.wish();
  else if (cancelling_.has_work())
    wanted.until = cancelling_.until();
  cancelling_.watch();
  if (!waits_.set(wanted, connects))
    end_.break_off(std::make_exception_ptr(operational_error(
        "the connection was closed: waiting for it: " + std::generic_category().message(errno), true)));
}

void engine::take_over(engine& from) noexcept {
  if (!from.in_.obstacles.any_of(obstacles::closed | obstacles::forked)) {
    from.channel_.say_goodbye();
    channel_.take_socket(from.channel_);
  }
  waits_.take_several(from.waits_);
}

void engine::wait_for(client::wish const& what) {
  try {
    client::wait_for(what.descriptor, what.read, what.write, what.until);
  } catch (std::system_error const& e) {
    end_.give_up();
    throw operational_error(std::string("the connection was closed: ") + e.what(), e.code(), true);
  }
}

void engine::limit_connecting(std::unique_ptr<client::limit> limit) {
  if (limit->has_token()) limit->wakes(waits_.on_several());
  channel_.limit(std::move(limit));
  want(true);
}

void engine::begin_cancel(std::chrono::milliseconds time) {
  cancelling_.begin(time);
  bool sent = false;
  try {
    sent = write();
  } catch (...) {
    end_.rethrow();
  }
  want(sent);
}

void engine::cancel(operation const& what) {
  queue_.interrupt(what);
  if (queue_.empty()) busy_.store(false, std::memory_order_release);
  want(in_.session.output().empty());
}

}  // namespace tusk::detail
