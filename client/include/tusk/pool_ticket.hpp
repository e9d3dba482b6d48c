// One who wants a connection of a pool, as the pool's rules see it: for the faces of the pool.
#pragma once

#include <cstdint>

namespace tusk::detail {

class pool_core;

enum class pool_answer : std::uint8_t {
  waiting,  ///< in the queue
  given,    ///< a connection
  connect,  ///< there is room for one more, which whoever holds the ticket makes
  full,     ///< the queue is
  closed,   ///< the pool is
};

/// It is not to move or to end while it waits.
class pool_ticket {
 public:
  pool_ticket() noexcept = default;
  pool_ticket(pool_ticket const&) = delete;
  pool_ticket& operator=(pool_ticket const&) = delete;

  pool_answer answer() const noexcept { return answer_; }
  /// Which connection; where it is given, or to be made.
  std::uint32_t slot() const noexcept { return slot_; }

 private:
  friend class pool_core;
  pool_answer answer_ = pool_answer::waiting;
  std::uint32_t slot_ = 0;
  std::uint64_t number_ = 0;  // in order of arrival; 0: it has not waited yet
  pool_ticket *before_ = nullptr, *after_ = nullptr;
};

/// One that can be woken. Each that a pool is given is one of these.
class pool_waiter : public pool_ticket {
 public:
  /// It has an answer, or is to look at the clock anew. Called with the pool's lock held, on any thread.
  virtual void wake() noexcept = 0;

 protected:
  ~pool_waiter() = default;
};

}  // namespace tusk::detail
