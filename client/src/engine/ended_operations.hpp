// The operations that have ended and that nobody has a handle for: the last one, for what it gives, and before it those
// with an error that nobody was told.
#pragma once

#include <memory>
#include <vector>

#include "engine/obstacles.hpp"
#include "engine/operation.hpp"

namespace tusk::detail {

/// One thread at a time.
class ended_operations {
 public:
  /// `of`: the bit `untold` says there whether rethrow() has something to throw.
  explicit ended_operations(obstacles& of) noexcept : obstacles_(of) {}

  /// One that has left the queue.
  void keep(std::shared_ptr<operation>&& ended) noexcept {
    ended->settle();
    if (ended->is_held()) return;
    if (ended->has_untold_error()) [[unlikely]]
      obstacles_.set(obstacles::untold, true);
    if (last_) [[unlikely]]
      replace_last();
    last_ = std::move(ended);
  }
  /// The one that has ended last, until drop(); null: there is none.
  operation* last() const noexcept { return last_.get(); }
  void drop() noexcept {
    if (!last_) return;
    if (obstacles_.any_of(obstacles::untold)) [[unlikely]]
      replace_last();
    last_.reset();
  }
  /// Throws the first error that was not thrown yet, last()'s included.
  void rethrow();

 private:
  void replace_last() noexcept;

  obstacles& obstacles_;
  std::shared_ptr<operation> last_;
  std::vector<std::shared_ptr<operation>> untold_;  // before that one
};

}  // namespace tusk::detail
