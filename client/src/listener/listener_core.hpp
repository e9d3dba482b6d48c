// The rules of a listener, without connections, threads or a clock: when it connects, what it sends, and who is told of
// a gap. listener_state steps it; a test plays it from a seed.
//
//   the session      pausing ─► connecting ─► up ─► pausing          may_connect(); connected(), ended()
//
//   a channel        off ─► turning_on ─► on ─► turning_off ─► off   next_statement(); confirmed()
//                    ended() makes every channel off; one without members that is off is forgotten
//
//   a member         waiting ─► hears ◄──► missed                    LISTEN is in force: take_due(); ended()
//
// * A channel has one statement under way at most, so the answer of the last one is what is so.
// * LISTEN is in force once it is confirmed, or when a notification of the channel has come, which the server may send
//   before the end of the statement. Only then is a gap told: who looks before that may miss what comes between.
// * Who subscribed hears from when LISTEN is in force, or, if it asks for `start`, from when it was told that.
//   Before, it misses nothing, and is told of no gap.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/listener_options.hpp>
#include <vector>

namespace tusk::detail {

/// Who is told of a channel's notifications.
class listening_member {
 public:
  explicit listening_member(bool tells_start) noexcept : tells_start_(tells_start) {}
  listening_member(listening_member const&) = delete;
  listening_member& operator=(listening_member const&) = delete;
  virtual ~listening_member() = default;

 private:
  friend class listener_core;
  enum class hearing : std::uint8_t { waiting, hears, missed };
  hearing hearing_ = hearing::waiting;
  notification_gap::reason why_ = notification_gap::reason::start;  // of what it has missed
  bool const tells_start_;
};

/// See the top of this file. One thread at a time: the listener's lock sees to it.
class listener_core {
 public:
  using time = std::chrono::steady_clock::time_point;
  using gap_reason = notification_gap::reason;
  using members = std::vector<std::shared_ptr<listening_member>>;

  class channel : public std::enable_shared_from_this<channel> {
   public:
    explicit channel(std::string_view name) : name_(name) {}
    std::string const& name() const noexcept { return name_; }

   private:
    friend class listener_core;
    enum class state : std::uint8_t { off, turning_on, on, turning_off };
    std::string const name_;
    channel::state state_ = state::off;
    bool in_force_ = false, is_queued_ = false, is_due_ = false;
    listener_core::members members_;
    std::shared_ptr<listener_core::members const> snapshot_;  // null: members_ has changed
  };
  using channel_pointer = std::shared_ptr<channel>;
  using channels = std::map<std::string, channel_pointer, std::less<>>;

  /// `seed`: of the jitter. Throws programming_error if the options are no sensible ones.
  listener_core(listener_options const& options, std::uint64_t seed);

  // ---- subscribers ----

  channel_pointer join(std::string_view name, std::shared_ptr<listening_member> who);
  void leave(channel& from, listening_member const& who) noexcept;
  std::size_t channel_count() const noexcept { return channels_.size(); }
  std::size_t member_count() const noexcept { return member_count_; }
  bool is_listening(std::string_view name) const noexcept;
  /// Forgets all of them; gives them away, to be destroyed without the lock.
  channels clear() noexcept;

  // ---- the session ----

  bool may_connect(time now) const noexcept { return phase_ == phase::pausing && now >= retry_at_; }
  void connecting() noexcept { phase_ = phase::connecting; }
  /// `checks`: how many answers are awaited before it counts as listening, beside those to LISTEN; see checked().
  void connected(time now, std::size_t checks);
  void checked() noexcept;
  /// The connection is gone, or could not be made. Gives the pause.
  std::chrono::nanoseconds ended(time now) noexcept;
  /// All channels have had LISTEN in force in this session.
  bool is_settled() const noexcept { return is_settled_; }
  /// They have it now.
  bool is_listening() const noexcept { return is_settled_ && queued_.empty() && under_way_ == 0; }
  /// So it was once, in this session or an earlier one.
  bool has_listened() const noexcept { return has_listened_; }

  struct statement {
    channel_pointer of;
    bool listens;  ///< LISTEN, or UNLISTEN
  };
  /// The next one to be sent; it is under way then.
  std::optional<statement> next_statement();
  void confirmed(channel& of, time now);

  /// Something came from the server.
  void heard(time now) noexcept { check_at_ = now + check_after_; }
  /// Whether it is to be asked for a sign of life now; that is under way then, until check_ended().
  bool begin_check(time now) noexcept;
  void check_ended(time now) noexcept;

  // ---- who is told ----

  /// A notification of the channel came. False: it is for nobody, as UNLISTEN is under way.
  bool arrived(channel& of);
  /// Those who listen now, in the order in which they came.
  std::shared_ptr<members const> members_of(channel& of);
  /// All who hear have missed something, although the session goes on.
  void missed(gap_reason why);

  struct due {
    std::shared_ptr<listening_member> whom;
    gap_reason why;
  };
  bool has_due(channel const& of) const noexcept { return of.is_due_ && of.in_force_; }
  /// Who is to be told of a gap, before anything else of this channel.
  std::vector<due> take_due(channel& of);
  /// A channel in force that has some; null: none has.
  channel_pointer next_due() noexcept;

  /// When something has to be done; nothing: never, by itself.
  std::optional<time> wakes_at() const noexcept;

 private:
  enum class phase : std::uint8_t { pausing, connecting, up };

  void queue(channel& of);
  void mark_due(channel& of);
  void put_in_force(channel& of);
  void settle() noexcept;
  std::chrono::nanoseconds random_part(std::chrono::nanoseconds of) noexcept;

  std::chrono::milliseconds const check_after_, first_pause_, longest_pause_;

  channels channels_;
  std::size_t member_count_ = 0;
  std::deque<channel_pointer> queued_;  // may need a statement
  std::vector<channel_pointer> due_;    // may have somebody to be told
  std::size_t under_way_ = 0;           // statements and checks without an answer

  phase phase_ = phase::pausing;
  bool is_settled_ = false, has_listened_ = false, is_checking_ = false;
  time retry_at_{}, up_since_{}, check_at_{};
  std::chrono::nanoseconds pause_{};  // the last one; none: there was none
  std::uint64_t random_;
};

}  // namespace tusk::detail
