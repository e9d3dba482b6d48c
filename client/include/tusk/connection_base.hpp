// What a connection tells of itself, and how it is watched and waited for: all that is no operation.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/connection_info.hpp>
#include <tusk/fwd.hpp>
#include <tusk/notify.hpp>
#include <tusk/session_mode.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/params.hpp>
#include <tusk/wait.hpp>
#include <vector>

namespace tusk {

namespace detail {
class connection_state;
}

/// See the top of this file; a part of tusk::connection, which has the operations, and says what holds for all of it.
class connection_base {
 public:
  /// The OID of a type, by the name that SQL uses ("int4", "int4[]", "color", "shop.color"; one with capitals in
  /// quotes). Throws programming_error if there is none, or load_types() did not find it.
  oid type_oid(std::string_view name) const;
  /// The other way: a name that type_oid() knows; empty where that knows none.
  std::string type_name(oid type) const;

  // ---- for event loops ----

  /// The descriptor to wait on; -1 when closed. It may change between polls while connecting. From the first stop token
  /// or cancel() on it is one that stands for several (an epoll instance), the same for the connection's whole life,
  /// over reconnect() too; poll() then says `read` or `ok`, and nobody waits until it is writable.
  int fileno() const noexcept;
  /// Time until poll() has to be called although the descriptor is silent: a limit's end, ... Nothing: for ever.
  std::optional<std::chrono::milliseconds> timeout() const;
  /// Whether an operation is under way: until poll() says ok. This, closed(), fileno(), timeout(), transaction_status()
  /// and info() do not wait for another thread's operation.
  bool isexecuting() const noexcept;
  tusk::transaction_status transaction_status() const;
  /// How many bytes of what was started wait to be sent, about.
  std::size_t queued() const;

  // ---- waiting ----

  /// Sets how this connection's blocking calls wait, see wait.hpp; it comes before the callback of the process. An
  /// empty one: as the process says. connect_options::wait_callback sets it before connecting.
  void set_wait_callback(wait_callback callback);
  /// The connection's own; empty if it has none.
  wait_callback get_wait_callback() const;

  // ---- handlers ----

  /// Has a function called for each notification of a channel in place of queueing it; an empty one: they are queued
  /// again. It does not LISTEN. Handlers stay when the connection is moved or reconnected.
  ///
  /// A handler runs inside of whatever call takes the bytes (poll(), or an operation that waits), on that thread. There
  /// it may ask the connection things (info(), closed(), notifies, ...), set handlers, take itself off, and close();
  /// what operates on the connection is a programming_error, other connections are free. It must not destroy the
  /// connection, nor assign to it. What it throws comes out of that call, when the bytes are taken and other handlers
  /// have run: the connection stays open, and what an operation did stands. If several throw the first counts; if the
  /// operation itself fails, its error comes out, and the next call throws the handler's.
  void on_notify(std::string_view channel, std::function<void(tusk::notify const&)> handler);
  /// The same for notices and warnings of the server, which are kept for take_notices() as well.
  void on_notice(std::function<void(diagnostics const&)> handler);
  /// The last 50 notices and warnings of the server, at most 1 MiB of them, oldest first, each with all its fields;
  /// taking them empties the list. One that is larger by itself goes to a handler alone. Nothing is ever printed.
  std::vector<diagnostics> take_notices();

  // ---- about the connection ----

  /// Shows every message, both ways, as a line in the format of libpq's PQtrace without its time stamps: direction (F
  /// or B), length, name, fields, with tabs between. Passwords, SASL data and cancel keys are shown as ***; what the
  /// statements say is not. The sink is called by whatever call moves the bytes, and may do no more with the connection
  /// than handlers, see on_notify; if it throws, the connection is closed and the exception comes out there (but for
  /// close(), which swallows it). An empty sink ends it. Throws programming_error in the midst of connecting, or while
  /// something is being sent.
  void trace(std::function<void(std::string_view line)> sink);
  connection_info info() const;
  /// The connection string in effect, its password masked.
  std::string dsn() const;
  /// A setting that the server reports ("TimeZone"); empty if it does not.
  std::string parameter_status(std::string_view name) const;
  bool closed() const noexcept;

 protected:
  connection_base() noexcept = default;
  explicit connection_base(std::shared_ptr<detail::connection_state> state) noexcept : state_(std::move(state)) {}
  connection_base(connection_base&&) noexcept = default;
  connection_base& operator=(connection_base&&) noexcept = default;
  ~connection_base() = default;

  /// Throws interface_error if the connection was moved from.
  detail::connection_state& state() const {
    if (!state_) [[unlikely]]
      throw_moved();
    return *state_;
  }
  [[noreturn]] static void throw_moved();
  adapter_registry& adapters() const;
  /// What the arguments of a statement are bound to that is prepared with their types.
  types::binding const& binding() const;

  std::shared_ptr<detail::connection_state> state_;
};

}  // namespace tusk
