// What an operation requires of its connection before it begins: it is open, nothing has to be ended first, the server
// would read the text as it is meant. Each function throws what is missing, with what to do about it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <tusk/options.hpp>
#include <tusk/types/params.hpp>
#include <tusk/within.hpp>

#include "engine/engine.hpp"
#include "engine/handlers.hpp"
#include "engine/operation_lock.hpp"
#include "engine/session_context.hpp"

namespace tusk::detail {

/// Null where there is none.
inline within const* pointer(std::optional<within> const& limit) noexcept { return limit ? &*limit : nullptr; }

/// See the top of this file. Called with the connection's lock held.
class preconditions {
 public:
  /// What it is given must outlive it.
  preconditions(connect_options const& options, operation_lock const& lock, session_context& in, handlers& told,
                detail::engine& engine) noexcept
      : is_async_(options.async), lock_(lock), in_(in), told_(told), engine_(engine) {}

  /// Whether what operations that were started have failed with is thrown before the next one begins.
  enum class errors_of_others : std::uint8_t { are_told, wait };
  /// An operation can begin, and the server would read the text and the arguments as they are meant. Whether it is the
  /// only one.
  [[gnu::always_inline]] bool ready(std::string_view text, params const& args,
                                    errors_of_others now = errors_of_others::are_told) {
    if (in_.obstacles.none() && !engine_.is_busy()) [[likely]]
      return true;
    return ready_slowly(text, args, now);
  }
  /// It is not a handler of the connection that asks. Needs no lock.
  void no_handler() const {
    if (in_.obstacles.any_of(obstacles::handling)) [[unlikely]]
      refuse_in_handler();
  }
  /// The same for what goes on with an operation: it is no forked child's, either.
  void going_on() const {
    if (in_.obstacles.any_of(obstacles::handling | obstacles::forked)) [[unlikely]]
      refuse_to_go_on();
  }
  /// The connection is open, and no_handler(). If it is closed the first call throws the reason, where no operation has
  /// told it.
  void open();
  /// open(), no wait callback steps the connection for another operation, and there is no guard, pipeline or stream
  /// that has to be ended first.
  void turn();
  /// Throws what an operation that was started has failed with, if nobody was told; one a call.
  void tell_errors() {
    if (in_.obstacles.any_of(obstacles::untold)) [[unlikely]]
      engine_.queue().ended().rethrow();
  }
  /// No guard is open: it owns the transaction, which nothing else ends, nor changes how the next one begins.
  void no_guard(char const* what) const;
  /// Nor has tpc_begin() begun one.
  void unguarded(char const* what) const;
  /// It is a blocking connection.
  void blocking(char const* what) const {
    if (is_async_) [[unlikely]]
      throw_asynchronous(what);
  }
  /// The limit is not over; gives what the engine takes for it: null where there is none. Throws query_canceled.
  std::unique_ptr<client::limit> time(within const* limit, client::limit::remedy when_over = client::limit::cancel);

 private:
  void refuse_in_handler() const;
  void refuse_to_go_on() const;
  bool ready_slowly(std::string_view text, params const& args, errors_of_others now);
  [[noreturn]] static void throw_asynchronous(char const* what);

  bool const is_async_;
  operation_lock const& lock_;
  session_context& in_;
  handlers& told_;
  detail::engine& engine_;
};

}  // namespace tusk::detail
