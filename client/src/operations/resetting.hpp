// connection::reset(): the session as it was in the beginning, in one script.
//
//   [ROLLBACK;] RESET ALL; SET SESSION AUTHORIZATION DEFAULT
#pragma once

#include "operations/script.hpp"

namespace tusk::detail {

/// See the top of this file.
class resetting final : public script {
 public:
  /// Transactions begin as `first` says from then on.
  resetting(session_context& in, session_mode const& first)
      : script(in, std::string("RESET ALL; SET SESSION AUTHORIZATION DEFAULT")), first_(first) {
    begin_nothing();
  }

  fed feed() override;
  /// Whether there is something to roll back has to be known.
  bool is_fed_in_front() const noexcept override { return true; }

 private:
  session_mode first_;
};

}  // namespace tusk::detail
