// Two more visitors of a message's `fields`: one writes down what they hold, the other where they stand on the wire.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/wire.hpp>
#include <vector>

#include "support/bytes.hpp"

namespace tusk::test {

/// Writes the fields as text, so that two messages can be compared and a difference can be read.
class field_writer {
 public:
  template <std::integral T>
  void integer(T value) {
    add(std::to_string(value));
  }
  template <class E>
  void enumerator(E value, std::string_view) {
    add(std::to_string(static_cast<int>(value)));
  }
  void format(auto value) { integer(value); }
  void cstring(std::string_view value) { add("'" + std::string(value) + "'"); }
  void bytes(std::string_view value, std::size_t) { rest(value); }
  void rest(std::string_view value) { add("<" + readable(value) + ">"); }
  void nullable(protocol::field_value const& value) { add(value ? "<" + readable(*value) + ">" : "NULL"); }
  template <std::integral Count, class T>
  void counted(protocol::list<T> const& values) {
    all(values);
  }
  template <class T>
  void terminated(protocol::list<T> const& values) {
    all(values);
  }
  std::string const& text() const noexcept { return text_; }

 private:
  void add(std::string const& word) {
    if (!text_.empty() && text_.back() != '[') text_ += ' ';
    text_ += word;
  }
  template <class T>
  void all(protocol::list<T> const& values) {
    add(std::to_string(values.size()) + " of [");
    for (T const& each : values) {
      if constexpr (std::integral<T>)
        integer(each);
      else if constexpr (std::same_as<T, std::string_view>)
        cstring(each);
      else if constexpr (std::same_as<T, protocol::field_value>)
        nullable(each);
      else
        T::fields(*this, each);
    }
    text_ += ']';
  }
  std::string text_;
};

template <protocol::described Message>
std::string fields_of(Message const& message) {
  field_writer out;
  Message::fields(out, message);
  return out.text();
}

/// What an integer on the wire is there for.
enum class integer_role { value, enumerator, count, length };

struct integer_place {
  std::size_t offset, width;
  integer_role role;
};

/// Finds each integer of a message, and where its free end begins, if it has one: bytes without a length of their own.
class field_map {
 public:
  explicit field_map(std::size_t offset) : at_(offset) {}

  template <std::integral T>
  void integer(T) {
    add(sizeof(T), integer_role::value);
  }
  template <class E>
  void enumerator(E, std::string_view) {
    add(1, integer_role::enumerator);
  }
  template <std::integral T>
  void format(T) {
    add(sizeof(T), integer_role::enumerator);
  }
  void cstring(std::string_view value) { at_ += value.size() + 1; }
  void bytes(std::string_view value, std::size_t) { at_ += value.size(); }
  void rest(std::string_view value) {
    free_end_ = at_;
    at_ += value.size();
  }
  void nullable(protocol::field_value const& value) {
    add(4, integer_role::length);
    at_ += value ? value->size() : 0;
  }
  template <std::integral Count, class T>
  void counted(protocol::list<T> const& values) {
    add(sizeof(Count), integer_role::count);
    all(values);
  }
  template <class T>
  void terminated(protocol::list<T> const& values) {
    all(values);
    ++at_;
  }
  std::vector<integer_place> const& integers() const noexcept { return integers_; }
  std::optional<std::size_t> free_end() const noexcept { return free_end_; }

 private:
  void add(std::size_t width, integer_role role) {
    integers_.push_back({at_, width, role});
    at_ += width;
  }
  template <class T>
  void all(protocol::list<T> const& values) {
    for (T const& each : values) {
      if constexpr (std::integral<T>)
        integer(each);
      else if constexpr (std::same_as<T, std::string_view>)
        cstring(each);
      else if constexpr (std::same_as<T, protocol::field_value>)
        nullable(each);
      else
        T::fields(*this, each);
    }
  }
  std::size_t at_;
  std::vector<integer_place> integers_;
  std::optional<std::size_t> free_end_;
};

/// The map of a message's body, the code that it may begin with included.
template <protocol::described Message>
field_map map_of(Message const& message) {
  field_map map(0);
  if constexpr (requires { Message::code; }) map.integer(Message::code);
  Message::fields(map, message);
  return map;
}

}  // namespace tusk::test
