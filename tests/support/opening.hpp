// A connection that is made without a connection: client::connecting alone, stepped by its wishes.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <utility>
#include <variant>

#include "conninfo/conninfo.hpp"
#include "engine/connecting.hpp"

namespace tusk::test {

inline client::settings settings_of(std::string_view dsn) {
  auto resolved = client::resolve(dsn);
  if (auto const* error = std::get_if<client::conninfo_error>(&resolved)) throw std::runtime_error(error->message);
  return std::get<client::settings>(std::move(resolved));
}

struct opening {
  client::settings to;
  connect_options options;
  client::connecting way;
  int steps = 0;

  explicit opening(client::settings how, connect_options with = {}, client::connecting_observer observer = {})
      : to(std::move(how)), options(std::move(with)), way(to, options, std::move(observer)) {}
  explicit opening(std::string_view dsn, connect_options with = {}, client::connecting_observer observer = {})
      : opening(settings_of(dsn), std::move(with), std::move(observer)) {}

  /// To the end.
  client::connecting::state run() {
    for (;;) {
      auto const state = way.step();
      ++steps;
      if (state != client::connecting::state::waiting) return state;
      wait();
    }
  }
  void wait() const {
    client::wish const& wanted = way.wish();
    client::wait_for(wanted.descriptor, wanted.read, wanted.write, wanted.until);
  }
  /// Of the failures; they must be the end.
  std::string text() const { return client::describe(way.failures()); }
};

}  // namespace tusk::test
