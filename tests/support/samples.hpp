// A message and its bytes, the whole of it: what the tables of every message are made of.
#pragma once

#include <deque>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <tusk/protocol/wire.hpp>
#include <variant>

#include "support/bytes.hpp"
#include "support/message_walk.hpp"

namespace tusk::test {

/// One row of a table. `Any` is the variant of its family.
template <class Any>
struct sample {
  std::string_view name;
  Any message;
  std::string_view bytes;  ///< as bytes() of support/bytes.hpp takes them

  friend std::ostream& operator<<(std::ostream& out, sample const& row) { return out << row.name; }
};

/// A list that stays valid until the program ends.
template <class T>
protocol::list<T> list_of(std::initializer_list<T> values) {
  static std::deque<protocol::list_storage<T>> kept;
  return kept.emplace_back(values).view();
}

/// For INSTANTIATE_TEST_SUITE_P: a row is called by its name.
constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };

template <class Any>
std::string encoded(Any const& message) {
  protocol::byte_buffer out;
  auto const error = std::visit([&out](auto const& each) { return protocol::encode(out, each); }, message);
  return error ? "not encoded: " + error.message() : std::string(out.view());
}

template <class Any>
std::string fields_of_any(Any const& message) {
  return std::visit([](auto const& each) { return fields_of(each); }, message);
}

}  // namespace tusk::test
