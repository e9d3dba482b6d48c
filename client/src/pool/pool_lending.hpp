// What a pool and its leases share: the rules, the connections that are idle, and those who wait.
//
// One lock, and a condition variable for each who waits.
#pragma once

#include <condition_variable>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <tusk/pool.hpp>
#include <vector>

#include "pool/lending_base.hpp"

namespace tusk::detail {

/// See the top of this file.
class lending final : public lending_base {
 public:
  lending(std::string_view dsn, pool_options options, connect_options how);

  /// `self`: this object, which the lease keeps alive, and the call does, whatever becomes of the pool meanwhile.
  static lease acquire(std::shared_ptr<lending> self, within const* limit, std::source_location where);
  void give_back(lease& from) noexcept;
  void discard(lease& from) noexcept;

  std::size_t maintain(within const* limit);
  void warm_up(within const* limit);
  void run(std::stop_token const& stop);
  bool close(within const* limit);

 private:
  struct waiter final : pool_waiter {
    void wake() noexcept override { woken.notify_one(); }
    std::condition_variable woken;
  };
  /// Who asks for a connection.
  struct request {
    std::shared_ptr<lending> self;
    within const* limit;
    std::source_location where;
    time began;
  };

  // ---- acquiring ----

  lease acquire_slowly(request& by, waiter& me, guard& held);
  std::optional<lease> take(slot which, request& by, guard& held);
  void wait(waiter& me, within const& limit, guard& held);
  /// Makes a connection, without the lock. Null: it failed, in a way that may pass, or the pool is closed; else it
  /// throws.
  std::optional<connection> connect(slot which, within const& limit);
  lease lend(slot which, connection&& made, request& by, std::chrono::nanoseconds elapsed, guard& held);

  // ---- giving back ----

  std::optional<discard_reason> clean(connection& of, bool is_meant, std::source_location where) noexcept;
  void keep(slot which, connection&& back, std::optional<discard_reason> away, std::source_location where) noexcept;
  void throw_away(connection& which, discard_reason why, std::source_location where = {}) noexcept;
  void drop_stale(bool all) noexcept;

  void all_are_back() noexcept override { all_back_.notify_all(); }

  std::vector<std::optional<connection>> idle_;             // by slot
  std::vector<std::weak_ptr<connection_state>> connected_;  // by slot: those that are lent, too
  std::condition_variable all_back_, upkeep_;
};

}  // namespace tusk::detail
