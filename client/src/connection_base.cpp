#include <tusk/connection_base.hpp>

#include <tusk/types/error.hpp>

#include "connection_state.hpp"

namespace tusk {

void connection_base::throw_moved() {
  throw interface_error("this connection was moved to another object; use that one");
}
int connection_base::fileno() const noexcept {
  return state_ && !state_->context.is_closed() ? state_->engine.shown_descriptor() : -1;
}
std::optional<std::chrono::milliseconds> connection_base::timeout() const { return detail::timeout_of(state()); }
bool connection_base::isexecuting() const noexcept { return state_ && state_->engine.is_busy(); }
adapter_registry& connection_base::adapters() const { return *state().arguments.adapters; }
types::binding const& connection_base::binding() const { return state().arguments.binding; }
oid connection_base::type_oid(std::string_view name) const {
  if (oid const built_in = type_of_name(name); built_in != 0) return built_in;
  detail::operation_guard const guard(state().lock);
  auto const& types = state_->context.types;
  if (oid const found = types.find(name); found != 0) return found;
  throw programming_error("no type is named \"" + std::string(name) + "\"; " +
                          (types.has_catalogue() ? "if it was made since, call load_types() again"
                                                 : "types that were made in the database need load_types() first"));
}
std::string connection_base::type_name(oid type) const {
  detail::operation_guard const guard(state().lock);
  return state_->context.types.name_of(type);
}
void connection_base::on_notify(std::string_view channel, std::function<void(tusk::notify const&)> handler) {
  std::shared_ptr<void> before;  // is destroyed when the lock is not held
  detail::operation_guard const guard(state().lock);
  before = state_->told.set(channel, std::move(handler));
  state_->context.changes.functions = true;
}
void connection_base::on_notice(std::function<void(diagnostics const&)> handler) {
  std::shared_ptr<void> before;
  detail::operation_guard const guard(state().lock);
  before = state_->told.set(std::move(handler));
  state_->context.changes.functions = true;
}
std::vector<diagnostics> connection_base::take_notices() {
  detail::operation_guard const guard(state().lock);
  return state_->told.take_notices();
}
void connection_base::trace(std::function<void(std::string_view)> sink) {
  detail::operation_guard const guard(state().lock);
  state_->require.no_handler();
  if (sink && (state_->engine.channel().has_begun() || !state_->context.session.output().empty()))
    throw programming_error(
        "a trace cannot begin here, in the midst of messages; begin it when poll() says ok, or with "
        "connect_options::trace before the first one");
  state_->trace(std::move(sink));
  state_->context.changes.functions = true;
}
connection_info connection_base::info() const { return detail::info_of(state()); }
std::string connection_base::dsn() const { return client::masked(*state().settings); }
std::string connection_base::parameter_status(std::string_view name) const {
  detail::operation_guard const guard(state().lock);
  return std::string(state_->engine.channel().session().parameter(name));
}
bool connection_base::closed() const noexcept { return !state_ || state_->context.is_closed(); }
std::size_t connection_base::queued() const {
  detail::operation_guard const guard(state().lock);
  return state_->engine.queued();
}

}  // namespace tusk
