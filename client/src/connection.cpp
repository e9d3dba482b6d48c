#include <tusk/connection.hpp>

#include <algorithm>

#include "engine.hpp"
#include "random_bytes.hpp"

namespace tusk {

connection::connection(std::shared_ptr<detail::engine> engine)
    : notifies(engine->notifications()), engine_(std::move(engine)) {}

connection& connection::operator=(connection&& other) noexcept {
  if (this != &other) {
    close();
    notifies = other.notifies;
    engine_ = std::move(other.engine_);
  }
  return *this;
}

connection::~connection() { close(); }

connection connect(std::string_view dsn, connect_options const& options) {
  connection made(std::make_shared<detail::engine>(dsn, options));
  if (!options.async) made.engine_->connect();
  return made;
}

/// The engine; throws interface_error if the connection was moved from.
detail::engine& connection::engine() const {
  if (!engine_) throw interface_error("this connection was moved to another object; use that one");
  return *engine_;
}

std::vector<result> connection::exec(std::string_view script) { return engine().exec(script); }
result connection::query_params(std::string_view sql, params const& args) { return engine().query(sql, args); }
statement connection::prepare(std::string_view sql) {
  auto prepared = engine().prepare(sql);
  return {engine_, std::move(prepared)};
}

poll_status connection::poll() { return engine().poll(); }
int connection::fileno() const noexcept { return engine_ ? engine_->fileno() : -1; }
std::optional<std::chrono::milliseconds> connection::timeout() const { return engine().timeout(); }
void connection::ping() { engine().ping(); }
void connection::start_ping() { engine().start_ping(); }
adapter_registry& connection::adapters() const { return engine().adapters(); }
adapter_registry const* statement::adapters() const noexcept { return engine_ ? &engine_->adapters() : nullptr; }
void register_type(typecaster const& caster, connection& conn) { conn.engine().register_type(caster); }
void connection::load_types() { engine().load_types(); }
void connection::start_load_types() { engine().start_load_types(); }
oid connection::type_oid(std::string_view name) const { return engine().type_oid(name); }
void connection::cancel(std::chrono::milliseconds within) { engine().cancel(within); }

void connection::reconnect() {
  auto next = engine().another();
  engine_->close();
  engine_ = std::move(next);
  if (!engine_->is_async()) engine_->connect();
}

void connection::start_exec(std::string_view script) { engine().start_exec(script); }
void connection::start_query_params(std::string_view sql, params const& args) { engine().start_query(sql, args); }
std::vector<result> connection::take_results() { return engine().take_results(); }
bool connection::isexecuting() const noexcept { return engine_ && engine_->isexecuting(); }

std::vector<diagnostics> connection::take_notices() { return engine().take_notices(); }
void connection::trace(std::function<void(std::string_view)> sink) { engine().trace(std::move(sink)); }
connection_info connection::info() const { return engine().info(); }
std::string connection::dsn() const { return engine().dsn(); }
std::string connection::parameter_status(std::string_view name) const { return engine().parameter_status(name); }
bool connection::closed() const noexcept { return !engine_ || engine_->closed(); }
void connection::close() noexcept {
  if (engine_) engine_->close();
}

std::shared_ptr<protocol::scram_key_store> keep_scram_keys(std::size_t capacity) {
  return std::make_shared<protocol::scram_key_cache>(client::random_bytes<32>(), capacity);
}

ping_status ping(std::string_view dsn, connect_options const& options) {
  connect_options blocking = options;
  blocking.async = false;
  try {
    connect(dsn, blocking);
  } catch (operational_error const& e) {
    if (e.condition() == condition::cannot_connect_now) return ping_status::rejecting;
    if (e.code() == std::errc::not_connected) return ping_status::no_response;
    if (e.sqlstate().empty() && !e.code()) throw;  // a file of ours
  }
  return ping_status::ok;
}

bool wait_readable(connection& conn, std::chrono::milliseconds time) {
  int const descriptor = conn.fileno();
  if (descriptor < 0) throw interface_error("connection already closed", true);
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);  // the clock's end is not to be passed
  try {
    return client::wait_for(descriptor, true, false, client::clock::now() + std::min(time, longest));
  } catch (std::system_error const& e) {
    throw operational_error(e.what(), e.code());
  }
}

statement::statement(std::shared_ptr<detail::engine> engine,
                     std::shared_ptr<detail::prepared_statement> prepared) noexcept
    : engine_(std::move(engine)), prepared_(std::move(prepared)) {}

statement& statement::operator=(statement&& other) noexcept {
  if (this != &other) {
    release();
    engine_ = std::move(other.engine_);
    prepared_ = std::move(other.prepared_);
  }
  return *this;
}

statement::~statement() { release(); }

void statement::release() noexcept {
  if (engine_) engine_->release(*prepared_);
  engine_.reset();
}

result statement::query_params(params const& args) {
  if (!engine_) throw interface_error("this statement was moved to another object; use that one");
  return engine_->query(prepared_, args);
}

// One that was moved to another object has nothing to tell.
std::span<oid const> statement::parameters() const noexcept {
  return prepared_ ? std::span<oid const>(prepared_->parameters) : std::span<oid const>();
}
std::span<column_info const> statement::columns() const noexcept {
  return prepared_ ? std::span<column_info const>(*prepared_->columns->infos) : std::span<column_info const>();
}
std::string_view statement::sql() const noexcept { return prepared_ ? prepared_->sql : std::string_view(); }

}  // namespace tusk
