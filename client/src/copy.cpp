// COPY FROM STDIN, as a program sees it.

#include <tusk/copy.hpp>

#include <istream>
#include <tusk/connection.hpp>
#include <utility>

#include "calls.hpp"
#include "left_early.hpp"
#include "operations/copy_in_run.hpp"
#include "operations/copy_out_run.hpp"

namespace tusk {
namespace {

constexpr char unfinished_text[] = "a COPY was left without finish(), and it did not end in time";

/// Waits until more may be given, or it has ended.
void await_hunger(detail::connection_state& on, detail::copy_in_run& what) {
  if (auto const callback = on.by_callback.in_force()) {
    if (!what.has_ended() && !what.is_hungry()) on.by_callback.wait(*callback, &what);
  } else {
    on.engine.step_until([&] { return what.has_ended() || what.is_hungry(); });
  }
  on.finish();
  on.told.rethrow();
}

/// Begins one of the two.
template <class Run>
std::shared_ptr<Run> start(detail::connection_state& on, std::shared_ptr<Run> what, std::string_view sql,
                           std::unique_ptr<client::limit>&& limit) {
  on.context.obstacles.set(detail::obstacles::streaming, true);
  try {
    on.start(what, std::move(limit), sql.size());
  } catch (...) {
    on.context.obstacles.set(detail::obstacles::streaming, false);
    throw;
  }
  if (what->has_ended()) on.context.obstacles.set(detail::obstacles::streaming, false);
  return what;
}

}  // namespace

namespace detail {

tusk::copy_in copy_calls::start_copy_in(std::string_view sql, copy_options const& how) {
  auto& on = state();
  operation_guard const guard(on.lock);
  auto limited = on.require.time(pointer(how.limit));
  on.require.ready(sql, params::none());
  auto what = std::make_shared<copy_in_run>(on.context, sql, how.format, on.arguments.adapters);
  return {state_, start(on, std::move(what), sql, std::move(limited)), how};
}

tusk::copy_in copy_calls::copy_in(std::string_view sql, copy_options const& how) {
  auto& on = state();
  on.require.blocking("copy_in");
  tusk::copy_in made = start_copy_in(sql, how);
  made.await_begin();
  return made;
}

tusk::copy_out copy_calls::start_copy_out(std::string_view sql, copy_options const& how) {
  auto& on = state();
  operation_guard const guard(on.lock);
  auto limited = on.require.time(pointer(how.limit));
  on.require.ready(sql, params::none());
  auto what = std::make_shared<copy_out_run>(on.context, sql, how.format);
  return {state_, start(on, std::move(what), sql, std::move(limited)), how};
}

tusk::copy_out copy_calls::copy_out(std::string_view sql, copy_options const& how) {
  state().require.blocking("copy_out");
  return start_copy_out(sql, how);
}

}  // namespace detail

copy_in::copy_in(std::shared_ptr<detail::connection_state> on, std::shared_ptr<detail::copy_in_run> what,
                 copy_options const& how)
    : state_(std::move(on)), what_(std::move(what)), encoder_(&what_->encoder()), progress_(how.progress) {
  what_->set_held(true);
}
copy_in::copy_in(copy_in&& other) noexcept
    : state_(std::move(other.state_)),
      what_(std::move(other.what_)),
      encoder_(std::exchange(other.encoder_, nullptr)),
      progress_(std::move(other.progress_)),
      total_(other.total_) {}
copy_in& copy_in::operator=(copy_in&& other) noexcept {
  if (this != &other) {
    leave("the COPY was left without finish()");
    state_ = std::move(other.state_);
    what_ = std::move(other.what_);
    encoder_ = std::exchange(other.encoder_, nullptr);
    progress_ = std::move(other.progress_);
    total_ = other.total_;
  }
  return *this;
}
copy_in::~copy_in() { leave("the COPY was left without finish()"); }

detail::connection_state& copy_in::state() const {
  if (!what_) throw programming_error("this COPY has ended, or was moved to another object");
  return *state_;
}

/// Until rows may be given; throws what it has failed with.
void copy_in::await_begin() {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  await_hunger(on, *what_);
  if (what_->error()) on.wait(*what_);
}

void copy_in::begin_rows() {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  throw_if_ended();
  what_->encoder().begin(what_->row_format());
}

/// Throws what it has failed with, once that has ended; or that nothing more can be given.
void copy_in::throw_if_ended() {
  auto& on = *state_;
  on.require.going_on();
  if (!what_->is_over()) return;
  if (!on.options.async && !what_->has_ended()) on.await(*what_);  // it has failed, or its limit is over
  if (!what_->has_ended()) return;                                 // poll() goes on
  what_->rethrow();
  throw programming_error("this COPY has ended, or was given up; nothing more can be given to it");
}

void copy_in::push() {
  {
    auto& on = state();
    detail::operation_guard const guard(on.lock);
    throw_if_ended();
    if (what_->is_over()) return encoder_->clear();  // its error is told when it has ended
    if (on.options.async && on.engine.queued() + encoder_->size() > on.options.limits.queued)
      throw programming_error("limits.queued bytes wait to be sent already; step the connection with poll() first");
    what_->give();
    on.engine.resume();
    if (!on.options.async) {
      on.engine.step();
      if (on.context.session.output().empty() && !what_->has_ended()) on.engine.step();  // the server may have failed
      await_hunger(on, *what_);
      throw_if_ended();
    }
  }
  tell_progress();
}

void copy_in::write(std::string_view bytes) {
  (void)state();
  while (!bytes.empty()) {
    auto const now = bytes.substr(0, portion);
    encoder_->write(now);
    bytes.remove_prefix(now.size());
    if (encoder_->size() >= portion) push();
  }
}

void copy_in::require_blocking(char const* instead) const {
  if (state().options.async)
    throw programming_error(std::string("a COPY of an asynchronous connection cannot wait; ") + instead);
}

std::uint64_t copy_in::finish() {
  require_blocking("use start_finish(), and step the connection with poll()");
  auto& on = state();
  {
    detail::operation_guard const guard(on.lock);
    throw_if_ended();
    if (!encoder_->has_data() && !what_->encoder().has_begun()) {  // that a binary one has no row is said, too
      try {
        encoder_->begin(what_->row_format());
      } catch (programming_error const&) {  // it is not known; the server tells what is missing
      }
    }
    on.engine.step();  // a limit that is over ends it otherwise
    encoder_->end();
    what_->finish();
    on.engine.resume();
    on.await(*what_);
  }
  auto const what = std::move(what_);
  encoder_ = nullptr;
  tell_ended(on);
  what->rethrow();
  on.told.rethrow();
  if (progress_) progress_({what->given(), what->encoder().rows(), total_});
  return what->reached().second;
}

pending<std::uint64_t> copy_in::start_finish() {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  on.require.going_on();
  if (!what_->is_over()) {
    encoder_->end();
    what_->finish();
    on.engine.resume();
  }
  encoder_ = nullptr;
  return detail::handle_to(std::exchange(what_, nullptr), on);
}

bool copy_in::ready() const {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  return what_->is_hungry() && encoder_->size() < portion;
}

bool copy_in::ended() const {
  if (!what_) return true;
  detail::operation_guard const guard(state_->lock);
  return what_->has_ended();
}

void copy_in::check() {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  if (what_->has_ended()) what_->rethrow();
}

void copy_in::cancel() { state().cancel_started(*what_); }

void copy_in::fail(std::string_view why) {
  (void)state();
  leave(why);
}

void copy_in::give_up(std::exception_ptr why) noexcept {
  try {
    std::rethrow_exception(std::move(why));
  } catch (std::exception const& e) {
    leave(e.what());
  } catch (...) {
    leave("the source of the COPY has failed");
  }
}

/// Whoever destroys it may be a handler, or another thread.
void copy_in::leave(std::string_view why) noexcept {
  auto const left = std::move(what_);
  encoder_ = nullptr;
  if (!left) return;
  auto& on = *state_;
  detail::operation_guard const guard(on.lock);
  left->forgive();
  if (left->has_ended()) return;
  try {
    left->give_up(std::string(why).c_str());
    if (!on.lock.passes() && !on.context.obstacles.any_of(detail::obstacles::forked)) on.engine.resume();
    detail::end_early(on, *left, {.rolls_back = true, .text = unfinished_text});
  } catch (...) {
    detail::close_locked(on);
  }
}

void copy_in::tell_progress() {
  if (progress_) progress_({what_->given(), encoder_->rows(), total_});
}

std::uint64_t copy_in::finish_with(std::function<std::size_t(std::span<char>)> const& from) {
  try {
    std::vector<char> memory(portion);
    while (auto const size = from(memory)) {
      if (size > memory.size()) throw programming_error("the source of the COPY has filled more than it was given");
      write({memory.data(), size});
    }
    return finish();
  } catch (...) {
    give_up(std::current_exception());
    throw;
  }
}

std::uint64_t copy_in::finish_with(std::istream& from) {
  if (from) {
    if (auto const begin = from.tellg(); begin >= 0) {
      from.seekg(0, std::ios::end);
      if (auto const end = from.tellg(); from && end >= begin) total_ = static_cast<std::uint64_t>(end - begin);
      from.clear();
      from.seekg(begin);
    } else {
      from.clear();  // it cannot be sought
    }
  }
  return finish_with([&from](std::span<char> into) -> std::size_t {
    if (from.eof()) return 0;
    if (from) from.read(into.data(), static_cast<std::streamsize>(into.size()));
    if (from.bad() || (from.fail() && !from.eof()))
      throw operational_error("the source of the COPY cannot be read: the stream has failed");
    return static_cast<std::size_t>(from.gcount());
  });
}

}  // namespace tusk
