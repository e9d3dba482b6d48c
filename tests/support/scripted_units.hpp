// A server that answers a client's units with what a test says, and remembers what each unit was.
//
//   std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")}, {failed("26000")}};
//   scripted_server server([&](peer& client) { converse(client, steps); });
//   ...
//   EXPECT_EQ(steps[1].sent, "B1ES");
#pragma once

#include <string>
#include <tusk/result.hpp>
#include <vector>

#include "support/scripted_server.hpp"

namespace tusk::test {

/// What a client sends up to a Sync: the type of each message, and for Parse, Bind and Close the statement's number,
/// which its name ends with.
inline std::string unit_of(peer& client) {
  std::string told;
  for (;;) {
    std::string const sent = client.receive_message();
    if (sent.empty()) return told;
    char const type = sent[0];
    told += type;
    if (type == 'S') return told;
    if (type != 'P' && type != 'B' && type != 'C') continue;
    std::string const name = sent.c_str() + (type == 'P' ? 5 : 6);  // behind the portal's empty name, or the kind
    if (std::size_t const end = name.rfind('_'); end != name.npos) told += name.substr(end + 1);
  }
}

/// ReadyForQuery with another status than ready()'s.
inline std::string ready_in(char status) { return message('Z', std::string_view(&status, 1)); }
/// Of a statement without parameters and columns.
inline std::string described() { return message('1') + message('t', int16(0)) + message('n'); }
inline std::string ended(char const* tag) { return message('C', text(tag)); }
inline std::string run_well(char const* tag) { return message('2') + ended(tag) + ready(); }
/// BEGIN, ROLLBACK in front of a statement.
inline std::string command_run(char const* tag) { return message('1') + message('2') + ended(tag); }
inline std::string refused(std::string const& code, char const* severity = "ERROR") {
  return message('E', fields(severity, code, "as the test wants it"));
}
inline std::string failed(std::string const& code) { return refused(code) + ready(); }

inline std::string tag(result const& of) { return std::string(of.command_tag()); }

struct scripted_unit {
  std::string answer;
  std::string sent = {};
};

/// Answers each unit with the next of these; one more, and it closes.
inline void converse_with(peer& client, std::vector<scripted_unit>& steps) {
  client.send(welcome());
  for (scripted_unit& each : steps) {
    each.sent = unit_of(client);
    client.send(each.answer);
  }
  unit_of(client);
}
/// The same from the startup on.
inline void converse(peer& client, std::vector<scripted_unit>& steps) {
  client.receive_startup();
  converse_with(client, steps);
}

}  // namespace tusk::test
