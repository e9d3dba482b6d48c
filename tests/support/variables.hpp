// A variable of the environment, another one for as long as this lives. For tests that have no other thread that reads
// it.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace tusk::test {

class variable {
 public:
  variable(char const* name, std::string const& value) : name_(name) {
    if (char const* const now = std::getenv(name)) before_ = now;
    ::setenv(name, value.c_str(), 1);
  }
  variable(variable const&) = delete;
  variable& operator=(variable const&) = delete;
  ~variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  char const* name_;
  std::optional<std::string> before_;
};

}  // namespace tusk::test
