// What is known of a session and changes while operations are under way, for whoever asks on another thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <tusk/connection_info.hpp>

#include "engine/operation_lock.hpp"
#include "net/tls.hpp"

namespace tusk::detail {

/// Any thread.
class session_facts {
 public:
  /// `reported`: the settings that the server reports, as session::parameters() has them. `tls`: null if it is not new,
  /// or there is none.
  void set(std::string_view reported, client::tls const* tls);
  void tell(connection_info& to) const;

 private:
  mutable operation_lock lock_;
  std::string parameters_, tls_version_, tls_cipher_;
};

}  // namespace tusk::detail
