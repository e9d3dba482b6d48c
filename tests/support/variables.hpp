// Variables of the environment, for tests that have no other thread that reads them.
#pragma once

#include <stdlib.h>

#include <optional>
#include <string>
#include <utility>

namespace tusk::test {

/// A variable's value; none: it is not set.
using variable_value = std::optional<std::string>;

inline variable_value get_variable(std::string const& name) {
  char const* const value = ::getenv(name.c_str());
  return value == nullptr ? variable_value() : variable_value(value);
}
inline void set_variable(std::string const& name, variable_value const& value) {
  if (value)
    ::setenv(name.c_str(), value->c_str(), 1);
  else
    ::unsetenv(name.c_str());
}

/// Another value for as long as this lives.
class variable {
 public:
  variable(std::string name, std::string const& value) : name_(std::move(name)), before_(get_variable(name_)) {
    set_variable(name_, value);
  }
  variable(variable const&) = delete;
  variable& operator=(variable const&) = delete;
  ~variable() { set_variable(name_, before_); }

 private:
  std::string name_;
  variable_value before_;
};

}  // namespace tusk::test
