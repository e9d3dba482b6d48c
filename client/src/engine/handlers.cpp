// Functions of the user's that the connection calls in the midst of stepping: handlers of notifications and notices,
// the trace's sink, the password callback.
//
//   bytes ─► event ─► handling: the lock lets this thread pass, `is_handling` is an obstacle ─► handler ─► next event
//
// So a handler may ask the connection things, and what would operate on it is refused. What cannot be done under the
// feet of those who step waits until they are done: a close(), and what a handler throws. A handler may also fork: its
// child loses the descriptor at once, so that whatever stands up the stack there can say nothing to the parent's
// server.

#include <algorithm>
#include <cstddef>
#include <tusk/types/error.hpp>
#include <utility>

#include "engine/engine.hpp"
#include "engine/foreign_text.hpp"

namespace tusk::detail {
namespace {

/// What a handler was told is not kept for the next one if it was longer than this.
constexpr std::size_t worth_keeping = kept_notices::worth_keeping;

}  // namespace

/// A scope in which a function of the user's runs. One may stand within another.
class engine::handling {
 public:
  explicit handling(engine& of) noexcept : of_(of), outermost_((of.obstacles_ & is_handling) == 0) {
    if (!outermost_) return;
    of_.set_obstacle(is_handling, true);
    of_.mutex_.let_pass();
  }
  handling(handling const&) = delete;
  handling& operator=(handling const&) = delete;
  ~handling() {
    if ((of_.obstacles_ & is_forked) != 0) [[unlikely]]
      of_.leave_to_parent();
    if (!outermost_) return;
    of_.mutex_.stop_passing();
    of_.set_obstacle(is_handling, false);
  }

 private:
  engine& of_;
  bool const outermost_;
};

void engine::refuse_in_handler() const {
  if (mutex_.passes())
    throw programming_error(
        "a handler may not operate on the connection that calls it; note what there is to do, and do it after the "
        "call");
}

/// Its caller holds it, so that it may take itself off.
template <class What>
inline void engine::run(handler<What> const& one) noexcept {
  handling const now(*this);
  try {
    one.function(one.told);
  } catch (...) {
    if (!thrown_) thrown_ = std::current_exception();
    set_obstacle(is_thrown, true);
  }
}

/// The function has forked, and this is the child: what is under way goes on in the parent alone. Here it ends as with
/// a close() by a handler; finish() throws.
void engine::leave_to_parent() noexcept {
  obstacles_ |= is_closed;
  close_asked_ = true;
  transport_.socket().abandon();
}

void engine::rethrow_thrown() {
  if ((obstacles_ & is_thrown) == 0) [[likely]]
    return;
  set_obstacle(is_thrown, false);
  std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void engine::rethrow_from_handlers() {
  lock const guard(mutex_);
  if ((obstacles_ & is_waited) == 0) rethrow_thrown();  // else the call that waits does it
}

engine::handlers& engine::made_handlers() {
  if (!handlers_) handlers_ = std::make_unique<handlers>();
  return *handlers_;
}

// ---- notifications ----

namespace {

/// Where the handler of a channel stands, or would, in the channels' order.
std::size_t place_of(std::string_view channel, auto const& handlers) noexcept {
  auto const before = [](auto const& each, std::string_view name) { return each->told.channel < name; };
  return static_cast<std::size_t>(std::lower_bound(handlers.begin(), handlers.end(), channel, before) -
                                  handlers.begin());
}

[[gnu::always_inline]] inline bool stands_at(std::size_t place, std::string_view channel,
                                             auto const& handlers) noexcept {
  return place < handlers.size() && handlers[place]->told.channel == channel;
}

}  // namespace

void engine::on_notify(std::string_view channel, std::function<void(tusk::notify const&)> function) {
  std::shared_ptr<handler<notify>> before;  // what is replaced is destroyed when the lock is not held
  lock const guard(mutex_);
  auto& known = made_handlers().of_channels;
  std::size_t const place = place_of(channel, known);
  bool const is_known = stands_at(place, channel, known);
  auto const at = known.begin() + static_cast<std::ptrdiff_t>(place);
  if (!function) {
    if (!is_known) return;
    before = std::move(*at);
    known.erase(at);
    return;
  }
  handler<notify> made{std::move(function), {0, std::string(channel), {}}};
  auto one = std::make_shared<handler<notify>>(std::move(made));
  if (is_known)
    before = std::exchange(*at, std::move(one));
  else
    known.insert(at, std::move(one));
}

void engine::take_notification(protocol::notification_response const& arrived) {
  // While a statement runs the server tells of a notification before it tells that client_encoding has changed.
  bool const certain = text_is_utf8() && !operation_.active;
  // The payload stands behind the channel's NUL: mostly one look at both is enough.
  auto const* const end = arrived.payload.data() + arrived.payload.size();
  if (!certain && !has_ascii_only({arrived.channel.data(), static_cast<std::size_t>(end - arrived.channel.data())}) &&
      !(is_readable(arrived.channel, !text_is_utf8()) && is_readable(arrived.payload, !text_is_utf8()))) [[unlikely]]
    return refuse_notification(arrived);
  auto const is_handled = [&] {
    auto const& known = handlers_->of_channels;
    std::size_t& place = handlers_->latest;
    if (stands_at(place, arrived.channel, known)) return true;  // most come of one channel
    place = place_of(arrived.channel, known);
    return stands_at(place, arrived.channel, known);
  };
  if (handlers_ && is_handled()) {
    auto const held = handlers_->of_channels[handlers_->latest];
    held->told.pid = arrived.process_id;
    held->told.payload = arrived.payload;
    run(*held);
    if (held->told.payload.capacity() > worth_keeping) std::string().swap(held->told.payload);
  } else {
    notifications_.push({arrived.process_id, std::string(arrived.channel), std::string(arrived.payload)});
  }
}

/// Neither a handler nor the queue gets text that means something else than was sent: it counts as dropped.
void engine::refuse_notification(protocol::notification_response const& arrived) {
  notifications_.lose();
  add_warning("a notification of process " + std::to_string(arrived.process_id) + " on channel \"" +
              shown(arrived.channel, !text_is_utf8()) + "\" was dropped, as it is not UTF-8: " + encoding_advice);
}

// ---- notices ----

void engine::on_notice(std::function<void(diagnostics const&)> function) {
  auto one = function ? std::make_shared<handler<diagnostics>>(handler<diagnostics>{std::move(function), {}}) : nullptr;
  lock const guard(mutex_);
  one.swap(made_handlers().of_notices);  // what is replaced is destroyed when the lock is not held
}

void engine::take_notice(protocol::notice_response const& arrived) {
  std::size_t const size = arrived.fields_sent.encoded().size();
  diagnostics* const kept = notices_.add(size);
  if (kept != nullptr) write_fields(arrived.fields_sent, *kept, !text_is_utf8());
  if (kept != nullptr && kept->sqlstate.starts_with("57P")) {  // a server that crashes says so as a WARNING, and goes
    farewell_ = std::make_unique<diagnostics const>(*kept);
    set_obstacle(is_parting, true);
  }
  if (!handlers_ || !handlers_->of_notices) return;
  auto const held = handlers_->of_notices;
  held->told.clear();
  write_fields(arrived.fields_sent, held->told, !text_is_utf8());  // a copy, because the handler may take what is kept
  run(*held);
  if (size > worth_keeping) diagnostics(std::move(held->told)).clear();  // takes the memory along
}

/// Of our own, among the server's.
void engine::add_warning(std::string_view message) {
  diagnostics* const fields = notices_.add(message.size());
  if (fields == nullptr) return;
  fields->set('S', "WARNING");
  fields->set('V', "WARNING");
  fields->set('C', "01000");
  fields->set('M', message);
}

std::vector<diagnostics> engine::take_notices() {
  lock const guard(mutex_);
  return notices_.take();
}

// ---- the trace ----

void engine::trace(std::function<void(std::string_view)> sink) {
  lock const guard(mutex_);
  refuse_in_handler();
  bool const starting = connector_ && session_.state() != protocol::state::unstarted;
  if (sink && (starting || !session_.output().empty()))
    throw programming_error(
        "a trace cannot begin here, in the midst of messages; begin it when poll() says ok, or with "
        "connect_options::trace before the first one");
  show_messages(std::move(sink), connector_ ? protocol::trace_from::startup : protocol::trace_from::session,
                session_.received());
}

void engine::show_messages(std::function<void(std::string_view)> sink, protocol::trace_from from,
                           std::string_view received) {
  protocol::tracer::sink shown;
  if (sink)
    shown = [this](std::string_view line) {
      handling const now(*this);
      handlers_->trace(line);
    };
  made_handlers().trace = std::move(sink);
  transport_.trace(std::move(shown), options_.limits, from, received);
}

// ---- the password callback ----

/// It is among what the connector calls.
client::progress engine::step_connector() {
  handling const now(*this);
  return connector_->step();
}

}  // namespace tusk::detail
