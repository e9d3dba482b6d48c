// How a statement ended: what `did_execute` of a cursor or a connection is told.
#pragma once

#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <tusk/result.hpp>

namespace tusk {

/// The end of one statement. Its views live as long as the call that it is given to.
class outcome {
 public:
  /// Parameters: the statement with its arguments as it was sent, its results, the error it ended with or null, and
  /// the time from its start.
  outcome(std::string_view query, std::span<result const> results, std::exception_ptr error,
          std::chrono::nanoseconds elapsed);

  /// What was sent; for a statement that was not sent, what was asked for.
  std::string_view query() const noexcept { return query_; }
  /// In order; empty after an error.
  std::span<result const> results() const noexcept { return results_; }
  /// The error that the caller gets, or null.
  std::exception_ptr const& error() const noexcept { return error_; }
  /// The error's text; empty without one.
  std::string_view what() const noexcept { return what_; }
  /// From the call that started it to its last answer; of an asynchronous statement to the poll() that took it.
  std::chrono::nanoseconds elapsed() const noexcept { return elapsed_; }

 private:
  std::string_view query_;
  std::span<result const> results_;
  std::exception_ptr error_;
  std::string what_;
  std::chrono::nanoseconds elapsed_;
};

}  // namespace tusk
