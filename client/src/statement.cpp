#include <tusk/statement.hpp>

#include "calls.hpp"

namespace tusk {

statement::statement(std::shared_ptr<detail::connection_state> state,
                     std::shared_ptr<detail::prepared_statement> prepared) noexcept
    : state_(std::move(state)), prepared_(std::move(prepared)) {}

statement& statement::operator=(statement&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
    prepared_ = std::move(other.prepared_);
  }
  return *this;
}

statement::~statement() { release(); }

void statement::release() noexcept {
  if (state_) detail::release(*state_, std::move(prepared_));
  state_.reset();
}

result statement::query_params(params const& args) {
  if (!state_) throw interface_error("this statement was moved to another object; use that one");
  if (state_->watched) [[unlikely]]
    return query_watched(nullptr, args);
  return detail::query(*state_, prepared_, args);
}

/// Goes to the session that reconnect() has made since, if it has, where it is to be prepared again.
bool statement::follow() noexcept {
  auto latest = state_->latest ? state_->latest->lock() : nullptr;
  if (!latest || latest == state_) return false;
  state_ = std::move(latest);
  prepared_->name.clear();
  prepared_->era = 0;
  return true;
}

/// Through the connection's hooks, or after a reconnect(); a function of its own, so that the other way needs no stack
/// frame.
result statement::query_watched(within const* limit, params const& args) {
  if (follow()) return limit != nullptr ? query_params(*limit, args) : query_params(args);
  auto* const conn = state_->owner;
  if (conn == nullptr) throw interface_error("connection already closed", true);
  auto all = conn->run_watched({.sql = prepared_->sql, .args = args, .prepared = &prepared_, .limit = limit});
  return all.empty() ? result() : std::move(all).back();
}

result statement::query_params(within const& limit, params const& args) {
  if (!state_) throw interface_error("this statement was moved to another object; use that one");
  if (state_->watched) [[unlikely]]
    return query_watched(&limit, args);
  return detail::query(*state_, prepared_, args, &limit);
}

detail::pending_operation statement::start_query_params(within const* limit, params const& args) {
  if (!state_) throw interface_error("this statement was moved to another object; use that one");
  follow();
  if (!state_->watched) return detail::start_query(*state_, prepared_, args, limit);
  auto* const conn = state_->owner;
  if (conn == nullptr) throw interface_error("connection already closed", true);
  return conn->start_watched(
      {.sql = prepared_->sql, .args = args, .starts = true, .prepared = &prepared_, .limit = limit});
}

std::shared_ptr<detail::prepared_statement> const* statement::prepared_of(detail::connection_state const& on) {
  if (!state_) throw interface_error("this statement was moved to another object; use that one");
  follow();
  if (state_.get() != &on) throw programming_error("this statement was prepared by another connection");
  return &prepared_;
}

detail::row_stream statement::stream_params(stream_options const& how, params const& args) {
  if (!state_) throw interface_error("this statement was moved to another object; use that one");
  follow();
  auto* const conn = state_->owner;
  if (conn == nullptr) throw interface_error("connection already closed", true);
  return conn->stream_params(how, !state_->options.async, prepared_->sql, args, &prepared_);
}

// One that was moved to another object has nothing to tell.
std::span<oid const> statement::parameters() const& noexcept {
  return prepared_ ? std::span<oid const>(prepared_->parameters) : std::span<oid const>();
}
std::span<column_info const> statement::columns() const& noexcept {
  return prepared_ ? std::span<column_info const>(*prepared_->columns->infos) : std::span<column_info const>();
}
std::string_view statement::sql() const& noexcept { return prepared_ ? prepared_->sql : std::string_view(); }

}  // namespace tusk
