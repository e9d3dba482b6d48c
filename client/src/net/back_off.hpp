// Pauses between attempts: a descriptor that becomes readable when it is time for the next one.
#pragma once

#include <chrono>

namespace tusk::client {

/// The first pause is a millisecond, each further one twice as long, up to a tenth of a second. One thread at a time.
class back_off {
 public:
  /// How long attempts go on where nobody set a limit: as long as the kernel tries a TCP connection.
  static constexpr std::chrono::minutes longest{2};

  back_off() noexcept;
  back_off(back_off const&) = delete;
  back_off& operator=(back_off const&) = delete;
  ~back_off();

  /// Begins the next pause. False if the attempts have taken long enough, or the system has no timer.
  bool begin() noexcept;
  bool is_over() const noexcept { return std::chrono::steady_clock::now() >= until_; }
  /// Becomes readable when the pause is over.
  int descriptor() const noexcept { return timer_; }

 private:
  int timer_;
  std::chrono::milliseconds pause_{1};
  std::chrono::steady_clock::time_point first_, until_;
};

}  // namespace tusk::client
