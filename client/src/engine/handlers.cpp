#include "engine/handlers.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "engine/foreign_text.hpp"

namespace tusk::detail {
namespace {

/// What a handler was told is not kept for the next one if it was longer than this.
constexpr std::size_t worth_keeping = kept_notices::worth_keeping;

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

void handlers::inherit(handlers const& other) {
  notifications_ = other.notifications_;
  if (other.functions_) functions_ = std::make_unique<functions>(*other.functions_);
}

handlers::functions& handlers::made() {
  if (!functions_) functions_ = std::make_unique<functions>();
  return *functions_;
}

/// It may take itself off, and is there nevertheless until `after`, which gets what it was told.
template <class What, class After>
inline void handlers::run(handler<What>& one, After const& after) noexcept {
  handling const now(*this);
  try {
    one.function(std::as_const(one.told));
  } catch (...) {
    if (!thrown_) thrown_ = std::current_exception();
    in_.obstacles.set(obstacles::thrown, true);
  }
  after(one.told);
  if (!functions_->replaced.empty() && now.is_outermost()) [[unlikely]]
    functions_->replaced.clear();
}

std::shared_ptr<void> handlers::replace(std::shared_ptr<void> before) {
  if (before && in_.obstacles.any_of(obstacles::handling)) functions_->replaced.push_back(before);
  return before;
}

void handlers::rethrow_slowly() {
  in_.obstacles.set(obstacles::thrown, false);
  std::rethrow_exception(std::exchange(thrown_, nullptr));
}

// ---- notifications ----

std::shared_ptr<void> handlers::set(std::string_view channel, on_notification function) {
  auto& known = made().of_channels;
  std::size_t const place = place_of(channel, known);
  bool const is_known = stands_at(place, channel, known);
  auto const at = known.begin() + static_cast<std::ptrdiff_t>(place);
  std::shared_ptr<void> before;
  if (!function) {
    if (!is_known) return before;
    before = replace(*at);
    known.erase(at);
    return before;
  }
  handler<notify> fresh{std::move(function), {0, std::string(channel), {}}};
  auto one = std::make_shared<handler<notify>>(std::move(fresh));
  if (is_known)
    before = replace(std::exchange(*at, std::move(one)));
  else
    known.insert(at, std::move(one));
  return before;
}

void handlers::take(protocol::notification_response const& arrived, bool busy) {
  // The payload stands behind the channel's NUL: mostly one look at both is enough.
  auto const* const end = arrived.payload.data() + arrived.payload.size();
  bool const uncertain = busy || !in_.text_is_utf8();
  if (uncertain && !has_ascii_only({arrived.channel.data(), static_cast<std::size_t>(end - arrived.channel.data())}) &&
      !(is_readable(arrived.channel, !in_.text_is_utf8()) && is_readable(arrived.payload, !in_.text_is_utf8())))
      [[unlikely]]
    return refuse(arrived);
  auto const is_handled = [&] {
    auto const& known = functions_->of_channels;
    std::size_t& place = functions_->latest;
    if (stands_at(place, arrived.channel, known)) return true;  // most come of one channel
    place = place_of(arrived.channel, known);
    return stands_at(place, arrived.channel, known);
  };
  if (functions_ && is_handled()) {
    auto& to = *functions_->of_channels[functions_->latest];
    to.told.pid = arrived.process_id;
    to.told.payload = arrived.payload;
    run(to, [](tusk::notify& told) {
      if (told.payload.capacity() > worth_keeping) std::string().swap(told.payload);
    });
  } else {
    notifications_.push({arrived.process_id, std::string(arrived.channel), std::string(arrived.payload)});
    for (int const event : watching_) ::eventfd_write(event, 1);
  }
}

/// Neither a handler nor the queue gets text that means something else than was sent: it counts as dropped.
void handlers::refuse(protocol::notification_response const& arrived) {
  notifications_.lose();
  add_warning("a notification of process " + std::to_string(arrived.process_id) + " on channel \"" +
              shown(arrived.channel, !in_.text_is_utf8()) + "\" was dropped, as it is not UTF-8: " + encoding_advice);
}

// ---- notices ----

std::shared_ptr<void> handlers::set(on_notice function) {
  auto one = function ? std::make_shared<handler<diagnostics>>(handler<diagnostics>{std::move(function), {}}) : nullptr;
  one.swap(made().of_notices);
  return replace(std::move(one));
}

void handlers::take(protocol::notice_response const& arrived) {
  std::size_t const size = arrived.fields_sent.encoded().size();
  diagnostics* const kept = notices_.add(size);
  if (kept != nullptr) write_fields(arrived.fields_sent, *kept, !in_.text_is_utf8());
  if (kept != nullptr && kept->sqlstate.starts_with("57P"))  // a server that crashes says so as a WARNING, and goes
    farewell = std::make_unique<diagnostics const>(*kept);
  if (!functions_ || !functions_->of_notices) return;
  auto& to = *functions_->of_notices;
  to.told.clear();
  write_fields(arrived.fields_sent, to.told, !in_.text_is_utf8());  // a copy: the handler may take what is kept
  run(to, [size](diagnostics& told) {
    if (size > worth_keeping) diagnostics(std::move(told)).clear();  // takes the memory along
  });
}

void handlers::add_warning(std::string_view message) {
  diagnostics* const fields = notices_.add(message.size());
  if (fields == nullptr) return;
  fields->set('S', "WARNING");
  fields->set('V', "WARNING");
  fields->set('C', "01000");
  fields->set('M', message);
}

// ---- the trace ----

handlers::sink handlers::set_trace(sink function) {
  sink shown;
  if (function)
    shown = [this](std::string_view line) {
      handling const now(*this);
      functions_->trace(line);
    };
  made().trace = std::move(function);
  return shown;
}

}  // namespace tusk::detail
