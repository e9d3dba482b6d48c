// Answers of a server that a script plays as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/scripted_server.hpp"

namespace tusk::test {

inline std::string notice(std::string_view what) { return message('N', fields("NOTICE", "00000", what)); }
inline std::string notification(std::string_view payload) {
  return message('A', int32(99) + text("channel") + text(payload));
}
inline std::string column(std::string_view name) {
  return text(name) + int32(0) + int16(0) + int32(23) + int16(4) + int32(0xffffffff) + int16(0);
}
inline std::string one_row(std::string_view value) {
  return message('T', int16(1) + column("n")) +
         message('D', int16(1) + int32(static_cast<std::uint32_t>(value.size())) + std::string(value)) +
         message('C', text("SELECT 1"));
}

inline std::string first_answer() {
  return message('1') + message('t', int16(0)) + message('T', int16(1) + column("n")) + message('2') +
         message('D', int16(1) + int32(1) + "7") + message('C', text("SELECT 1")) + ready();
}
inline std::string next_answer() {
  return message('2') + message('D', int16(1) + int32(1) + "8") + message('C', text("SELECT 1")) + ready();
}

inline void receive_messages(peer& client, int count) {
  while (count-- > 0) client.receive_message();
}

}  // namespace tusk::test
