// What a pool is made with, and what it tells of itself.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <source_location>
#include <string_view>

namespace tusk {

/// When the settings of a session are put back as its connection returns to the pool (connection::reset: one round
/// trip, and the statements that are kept there are prepared anew).
enum class reset_on_return : std::uint8_t {
  never,
  /// Where a SET, RESET, DISCARD, DO or CALL has run, a setting that the server reports has another value, or
  /// set_session() and its like were called. What a function has set by itself (set_config in a SELECT) is not seen,
  /// unless the server reports it.
  when_changed,
  always,
};

/// Why a connection was thrown away.
enum class discard_reason : std::uint8_t {
  broken,      ///< it was lost, or closed by its user; or what cleans it has failed
  busy,        ///< what was under way on it did not end within pool_options::return_limit
  held,        ///< a statement, cursor, guard, stream or pipeline of it has outlived the lease
  customised,  ///< handlers, a trace, a wait callback or a cursor factory were set in the lease
  unread,      ///< it has bytes that nobody has asked for
  lifetime,    ///< it is as old as it may become
  idle,        ///< nobody has used it for long
  closed,      ///< the pool is closed
  asked,       ///< lease::discard()
};
inline constexpr std::size_t discard_reasons = 9;
/// Its name: "broken", ...
std::string_view name_of(discard_reason why) noexcept;

/// What happens in a pool.
struct pool_event {
  enum class kind : std::uint8_t {
    connected,
    connect_failed,
    acquired,
    returned,
    discarded,    ///< see `why`
    rolled_back,  ///< a transaction was open when the connection came back; `where` says who had it
    timed_out,    ///< nobody gave a connection within the limit, or the stop token was asked to stop
    refused,      ///< the queue of those who wait is full, or the pool is closed
  };
  kind what = kind::connected;
  discard_reason why = discard_reason::broken;
  /// Where the connection was acquired; the views in it live as long as the program. Line 0: not known.
  std::source_location where = {};
  /// acquired and timed_out: from the call of acquire(). connected and connect_failed: for how long it was tried.
  std::chrono::nanoseconds elapsed{};
};

/// Options of a pool. All times are at least zero.
struct pool_options {
  std::size_t minimum = 0;   ///< connections that maintain() and warm_up() see to
  std::size_t maximum = 10;  ///< connections at one time, those that are being made included; 1 to 65,535
  /// How many may wait for a connection at one time; who comes then gets an operational_error. 0: nobody waits.
  std::size_t max_waiting = 10'000;
  std::chrono::milliseconds acquire_limit = std::chrono::seconds(30);  ///< of acquire() without a limit of its own
  std::chrono::milliseconds idle_time = std::chrono::minutes(10);      ///< those above the minimum are closed then
  std::chrono::milliseconds lifetime = std::chrono::hours(1);          ///< a connection is closed then, when it is idle
  /// Each connection lives a random part of this shorter, so that they do not all end at once.
  std::chrono::milliseconds lifetime_jitter = std::chrono::minutes(6);
  /// One that was idle for longer is asked for a sign of life before it is given out (ping, a round trip); one that was
  /// for a second or more has its socket looked at, which is not.
  std::chrono::milliseconds check_after = std::chrono::seconds(30);
  std::chrono::milliseconds check_limit = std::chrono::seconds(2);  ///< within which it has to give that
  /// How long a connection that comes back may take to end what is under way, roll back and be reset.
  std::chrono::milliseconds return_limit = std::chrono::seconds(2);
  /// After a connect has failed none is tried for that time, then twice as long, up to the longest; each time a random
  /// part of up to one half shorter. Meanwhile one is tried at a time.
  std::chrono::milliseconds first_pause = std::chrono::milliseconds(100), longest_pause = std::chrono::seconds(10);
  tusk::reset_on_return reset_on_return = tusk::reset_on_return::when_changed;
  /// Told of what happens, on the thread that it happens on, outside of the pool's lock. What it throws is dropped.
  /// acquire() of the same pool is a programming_error in there, as in connect_options::session_hook.
  std::function<void(pool_event const&)> on_event = {};
};

/// What a pool has done so far, and what it has now.
struct pool_statistics {
  std::size_t leased = 0, idle = 0, connecting = 0, waiting = 0;
  std::uint64_t connected = 0, connect_failed = 0;
  std::uint64_t acquired = 0;     ///< connections that were given out
  std::uint64_t timed_out = 0;    ///< callers that got none within their limit
  std::uint64_t refused = 0;      ///< callers that found the queue full, or the pool closed
  std::uint64_t rolled_back = 0;  ///< transactions that were open when the connection came back
  std::uint64_t resets = 0;       ///< connections whose settings were put back
  std::array<std::uint64_t, discard_reasons> discarded = {};  ///< by discard_reason
  /// How long those waited that got a connection: [0] below a microsecond, [i] below 2^i of them, the last the rest.
  std::array<std::uint64_t, 32> acquire_times = {};

  std::uint64_t discarded_for(discard_reason why) const noexcept { return discarded[static_cast<std::size_t>(why)]; }
};

}  // namespace tusk
