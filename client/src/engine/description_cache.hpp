// The RowDescriptions that scripts were answered with last, and what they meant: mostly the next one is among them.
//
// A description is known again by its bytes, as the server sent them, never by the script's text: that may give other
// columns the next time. What it means depends on the typecasters too, and on client_encoding: clear() when that
// changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tusk/protocol/session.hpp>
#include <tusk/result.hpp>
#include <vector>

#include "engine/session_types.hpp"

namespace tusk::detail {

struct known_description {
  std::string encoded;
  std::size_t count = 0;
  first_casters casters;
  std::shared_ptr<column_set const> columns;
  std::uint64_t used = 0;  ///< when it came last

  protocol::list<protocol::column_description> list() const noexcept { return {encoded, count}; }
};

/// See the top of this file.
class description_cache {
 public:
  // An idle connection has to be small.
  static constexpr std::size_t most = 4;
  static constexpr std::size_t most_bytes = 2048;     ///< of all, as the server sends them
  static constexpr std::size_t worth_keeping = 1024;  ///< bytes of one
  static_assert(worth_keeping <= most_bytes);

  /// Asks `is_the_one` of those that were kept with these typecasters, the one that came last first, until it is true
  /// of one. Null: of none.
  template <class Ask>
  [[gnu::always_inline]] known_description* find(first_casters const& casters, Ask const& is_the_one) {
    std::size_t const size = kept_.size();
    for (std::size_t asked = 0, i = last_; asked < size; ++asked, i = i + 1 < size ? i + 1 : 0) {
      known_description& each = kept_[i];
      if (each.casters != casters || !is_the_one(each.list())) continue;
      each.used = ++now_;
      last_ = i;
      return &each;
    }
    return nullptr;
  }

  /// Keeps one that is not there yet, in place of those that came longest ago; not if it is large.
  void keep(protocol::list<protocol::column_description> described, first_casters const& casters,
            std::shared_ptr<column_set const> const& columns);
  void clear() noexcept {
    kept_.clear();
    last_ = 0;
  }

 private:
  std::vector<known_description> kept_;
  std::size_t last_ = 0;  // the place of the one that came last
  std::uint64_t now_ = 0;
};

}  // namespace tusk::detail
