// What a listener is made with, and what it tells.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <tusk/notify.hpp>
#include <variant>

namespace tusk {

/// A place in what a subscriber is told where notifications may be missing. Nobody knows which, or whether any: the
/// server keeps none for a session that is gone. So look yourself at what the notifications are about. What is
/// committed after this is told of will be notified: look now, and nothing is missed.
struct notification_gap {
  enum class reason : std::uint8_t {
    start,       ///< nothing came before; told where listen_options::tell_start asks for it
    lost,        ///< the connection was lost, and there is another one, which listens
    unreadable,  ///< a notification was dropped that is not UTF-8, of this channel or another one
    slow,        ///< the subscription's queue was full
  };
  reason why = reason::lost;
  std::string channel;
  /// The last notification before it that this subscriber was given; none: there was none.
  std::optional<notify> last = {};
  /// How many the full queue has dropped here, whatever `why` says. What was lost otherwise is not counted in this.
  std::uint64_t dropped = 0;
  std::string cause = {};  ///< how the connection was lost
};

/// What a subscription gives, in order.
using notification_or_gap = std::variant<notify, notification_gap>;

/// Of a function that is subscribed.
struct listen_options {
  /// Told of gaps, between the notifications where they are; else the listener's on_gap() is.
  std::function<void(notification_gap const&)> on_gap = {};
  /// Tell a gap with reason::start as soon as LISTEN is in force: the first look at the data is then the same code as
  /// that after a gap, and misses nothing either.
  bool tell_start = false;
};

/// Of a subscription, which has a queue.
struct subscription_options {
  std::size_t capacity = 10'000;  ///< notifications that may wait; at least 1
  std::size_t max_bytes = std::size_t{16}
                          << 20;  ///< that they may take, with about 50 bytes for each beside its payload
  bool tell_start = false;        ///< see listen_options
  /// Called when there is something in the queue that was empty, and when the listener is closed: to wake who reads it.
  /// By the thread that steps the listener, or that closes it; as a function that is subscribed.
  std::function<void()> on_ready = {};
};

/// What happens to a listener's connection.
struct listener_event {
  enum class kind : std::uint8_t {
    listening,       ///< there is a session, which listens to every channel that is asked for
    lost,            ///< it is gone
    connect_failed,  ///< none could be made, or LISTEN was refused
  };
  kind what = kind::listening;
  std::exception_ptr why = {};  ///< of the last two
  /// For how long it was tried; lost: for how long there was a session.
  std::chrono::nanoseconds elapsed{};
  /// Of the last two: after which time it is tried again.
  std::chrono::nanoseconds pause{};
};

/// Options of a listener. All times are at least zero.
struct listener_options {
  /// Of making a connection, all addresses and connect_options::session_hook included, and of a LISTEN or UNLISTEN.
  std::chrono::milliseconds connect_limit = std::chrono::seconds(30);
  /// Where nothing came from the server for that time it is asked for a sign of life (ping), which it has to give
  /// within check_limit; else the connection is lost. Zero: never.
  std::chrono::milliseconds check_after = std::chrono::seconds(30), check_limit = std::chrono::seconds(5);
  /// After a loss, or a failed connect, none is tried for that time, then twice as long, up to the longest; each time a
  /// random part of up to one half shorter. A session that lived for as long as the pause before it, and listened,
  /// begins anew with the first.
  std::chrono::milliseconds first_pause = std::chrono::milliseconds(100), longest_pause = std::chrono::seconds(10);
  /// A pooler stands between that gives each client a session of its own (PgBouncer's pool_mode = session). Without
  /// this a pooler is a not_supported_error, as behind one in another mode nothing would ever be heard: see
  /// listener.md.
  bool behind_pooler = false;
  /// Told of what happens, by the thread that steps. What it throws is dropped.
  std::function<void(listener_event const&)> on_event = {};
};

/// What a listener has done so far, and what it has now.
struct listener_statistics {
  std::size_t channels = 0;          ///< that somebody is subscribed to
  std::size_t subscribers = 0;       ///< functions and subscriptions
  bool listening = false;            ///< there is a session, and all of the channels have LISTEN in force
  std::uint64_t sessions = 0;        ///< that came to listen
  std::uint64_t lost = 0;            ///< of them
  std::uint64_t connect_failed = 0;  ///< attempts that came to nothing
  std::uint64_t notifications = 0;   ///< that came from the server
  std::uint64_t dropped = 0;         ///< by full queues, for each of them
  std::uint64_t thrown = 0;          ///< exceptions of functions
};

}  // namespace tusk
