// The results of all statements that were sent together, in their order.
//
//   for (auto const& each : conn.exec("SELECT 1; SELECT 2")) use(each[0].get<int>(0));
//   auto row = conn.exec("SELECT 1")[0][0];  // of temporaries: it owns its bytes
#pragma once

#include <cstddef>
#include <span>
#include <tusk/result.hpp>
#include <utility>
#include <vector>

namespace tusk {

namespace detail {
[[noreturn]] void throw_no_result(std::size_t index, std::size_t size);
}  // namespace detail

/// A random-access range of results. From one that is a temporary a result comes by value; what would dangle does not
/// compile. Copies share the rows, as copies of a result do. A moved-from one is empty.
class results {
 public:
  results() = default;
  /// For do_execute of a derived connection that has results of its own.
  results(std::vector<result> all) noexcept : all_(std::move(all)) {}

  std::size_t size() const noexcept { return all_.size(); }
  bool empty() const noexcept { return all_.empty(); }

  /// Result `index`, from 0; front() is the first, back() the last. These throw programming_error if there is none.
  result const& operator[](std::size_t index) const& { return all_[checked(index)]; }
  result operator[](std::size_t index) && { return std::move(all_[checked(index)]); }
  result const& front() const& { return (*this)[0]; }
  result front() && { return std::move(*this)[0]; }
  result const& back() const& { return (*this)[size() - 1]; }
  result back() && { return std::move(*this)[size() - 1]; }

  result const* begin() const& noexcept { return all_.data(); }
  result const* end() const& noexcept { return all_.data() + all_.size(); }

  // Of a temporary that is const, which has nothing to give away.
  result operator[](std::size_t) const&& = delete;
  result front() const&& = delete;
  result back() const&& = delete;
  result const* begin() const&& = delete;
  result const* end() const&& = delete;

 private:
  friend class cursor;  // which uses its memory again
  std::size_t checked(std::size_t index) const {
    if (index >= all_.size()) [[unlikely]]
      detail::throw_no_result(index, all_.size());
    return index;
  }

  std::vector<result> all_;
};

}  // namespace tusk
