// The results of all statements that were sent together, in their order.
//
//   for (auto const& each : conn.exec("SELECT 1; SELECT 2")) use(each[0].get<int>(0));
//   auto row = conn.exec("SELECT 1")[0][0];  // of temporaries: it owns its bytes
#pragma once

#include <cstddef>
#include <optional>
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
  /// For do_execute of a derived connection that has results of its own: all of them, or the only one.
  results(std::vector<result> all) noexcept : several_(std::move(all)) {}
  results(result&& only) noexcept : one_(std::move(only)) {}
  results(results const&) = default;
  results& operator=(results const&) = default;
  results(results&& other) noexcept
      : one_(std::exchange(other.one_, std::nullopt)), several_(std::exchange(other.several_, {})) {}
  results& operator=(results&& other) noexcept {
    if (this == &other) return *this;
    one_ = std::exchange(other.one_, std::nullopt);
    several_ = std::exchange(other.several_, {});
    return *this;
  }

  std::size_t size() const noexcept { return one_ ? 1 : several_.size(); }
  bool empty() const noexcept { return size() == 0; }

  /// Result `index`, from 0; front() is the first, back() the last. These throw programming_error if there is none.
  result const& operator[](std::size_t index) const& { return begin()[checked(index)]; }
  result operator[](std::size_t index) && { return std::move((one_ ? &*one_ : several_.data())[checked(index)]); }
  result const& front() const& { return (*this)[0]; }
  result front() && { return std::move(*this)[0]; }
  result const& back() const& { return (*this)[size() - 1]; }
  result back() && { return std::move(*this)[size() - 1]; }

  result const* begin() const& noexcept { return one_ ? &*one_ : several_.data(); }
  result const* end() const& noexcept { return begin() + size(); }

  // Of a temporary that is const, which has nothing to give away.
  result operator[](std::size_t) const&& = delete;
  result front() const&& = delete;
  result back() const&& = delete;
  result const* begin() const&& = delete;
  result const* end() const&& = delete;

 private:
  friend class cursor;  // which uses its memory again
  std::size_t checked(std::size_t index) const {
    if (index >= size()) [[unlikely]]
      detail::throw_no_result(index, size());
    return index;
  }
  void clear() noexcept {
    one_.reset();
    several_.clear();
  }

  std::optional<result> one_;  // the only one, which then needs no heap; or none, and
  std::vector<result> several_;
};

}  // namespace tusk
