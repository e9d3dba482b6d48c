#include "engine/connect_failure.hpp"

#include <tusk/protocol/errc.hpp>

#include <algorithm>
#include <string_view>

namespace tusk::client {
namespace {

/// What the server's own words leave out.
std::string_view advice(std::string_view sqlstate) {
  if (sqlstate == "28P01") return "; check user and password";
  if (sqlstate == "28000") return "; check user and dbname, and the server's pg_hba.conf";
  if (sqlstate == "3D000") return "; check dbname";
  if (sqlstate == "53300") return "; close other connections, or raise max_connections at the server";
  if (sqlstate == "57P03") return "; try again when it is up";
  return "";
}

std::string server(connect_failure const& of) {
  if (of.is_local) return "socket \"" + of.host + "\"";
  return "server at \"" + of.host + "\"" +
         (of.address.empty() || of.address == of.host ? std::string() : " (" + of.address + ")") + ", port " +
         std::to_string(of.port);
}

std::string line(connect_failure const& of) {
  std::string const to = "connection to " + server(of);
  if (!of.words) return to + " failed: " + of.detail;
  if (!of.is_final) return to + " failed: " + types::describe(*of.words) + of.detail;
  return to + " was refused" + std::string(advice(of.words->sqlstate)) + of.detail + ": " + types::describe(*of.words);
}

/// Of the pass that was the last one: the standby that the first one looked for is not missed.
std::span<connect_failure const> last_pass(std::span<connect_failure const> tries) {
  auto const first = std::find_if(tries.begin(), tries.end(), [&](connect_failure const& each) {
    return each.is_second_pass == tries.back().is_second_pass;
  });
  return {first, tries.end()};
}

}  // namespace

std::string describe(std::span<connect_failure const> tries) {
  connect_failure const& last = tries.back();
  if (last.fault == connect_fault::parameters || last.fault == connect_fault::interrupted) return last.detail;
  auto const told = last_pass(tries);
  std::string text = told.size() > 1 && !last.is_final ? "no connection could be made: " : "";
  for (connect_failure const& each : told) text += (&each == &told.front() ? "" : "\n") + line(each);
  return text;
}

std::exception_ptr make_connect_error(std::span<connect_failure const> tries) {
  connect_failure const& last = tries.back();
  std::string const what = describe(tries);
  if (last.fault == connect_fault::parameters) return std::make_exception_ptr(programming_error(what, last.code, true));
  auto const& words = last.is_second && !last.words && !last.is_final ? tries[tries.size() - 2].words : last.words;
  if (words) return std::make_exception_ptr(operational_error(what, words, true));
  return std::make_exception_ptr(
      operational_error(what, last.is_final ? last.code : std::make_error_code(std::errc::not_connected), true));
}

std::string describe(protocol::violation const& how) {
  std::string const what = how.code.message();
  // What is a limit of ours, or went wrong with authentication, is no riddle of the protocol.
  if (how.code.value() >= static_cast<int>(protocol::errc::unsupported_authentication)) return what;
  return what + " (" + (how.type != '\0' ? "message '" + std::string(1, how.type) + "' " : std::string()) +
         "in state " + std::string(name(how.in)) + ")";
}

}  // namespace tusk::client
