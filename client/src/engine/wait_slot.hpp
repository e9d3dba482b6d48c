// A place that holds a wait callback, or none. All that hold one are counted together, so that a blocking call finds
// out with one look that there is none anywhere.
#pragma once

#include <atomic>
#include <memory>
#include <tusk/wait.hpp>
#include <utility>

namespace tusk::detail {

/// The callback is shared with the calls that use it, so that it can be replaced meanwhile. One thread at a time.
class wait_slot {
 public:
  using held = std::shared_ptr<wait_callback const>;

  wait_slot() = default;
  wait_slot(wait_slot const&) = delete;
  wait_slot& operator=(wait_slot const&) = delete;
  ~wait_slot() { set(nullptr); }

  /// Gives the one before, for the caller to destroy when it holds no lock.
  held set(held callback) noexcept {
    taken_ += (callback ? 1U : 0U) - (callback_ ? 1U : 0U);
    return std::exchange(callback_, std::move(callback));
  }
  held const& get() const noexcept { return callback_; }
  static bool any() noexcept { return taken_.load(std::memory_order_relaxed) != 0; }

  static held hold(wait_callback callback) {
    return callback ? std::make_shared<wait_callback const>(std::move(callback)) : nullptr;
  }

 private:
  [[gnu::visibility("hidden")]] static std::atomic<unsigned> taken_;  // in wait_callbacks.cpp
  held callback_;
};

}  // namespace tusk::detail
