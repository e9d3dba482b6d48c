// Elements that were gathered from a range, for an operation that goes on when the range may be gone.
#pragma once

#include <cstddef>
#include <tusk/elements.hpp>
#include <vector>

namespace tusk::detail {

/// Throws the exception that is being handled; if it is about an argument, with the element that this is of. `called`:
/// what the user called.
[[noreturn]] void rethrow_with_element(char const* called, std::size_t number);

/// See the top of this file.
class kept_elements final : public element_source {
 public:
  /// All that there are. Throws what next() throws, with the element's number.
  explicit kept_elements(element_source& from);
  params const* next() override { return at_ == all_.size() ? nullptr : &all_[at_++]; }

 private:
  std::vector<params> all_;
  std::size_t at_ = 0;
};

}  // namespace tusk::detail
